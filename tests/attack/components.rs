//! Components that are well made and ask for too much: of the compiler, or where they are instantiated. All pass through
//! the server's own way from a file to running code.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{Arena, Attack, arena::HOSTILE};

/// What is wrong with it, its core module, and whether the ordinary suite tries it.
type Case = (&'static str, fn() -> String, bool);

const CASES: &[Case] = &[
    ("10,000 functions", || functions(10_000), false),
    ("one function of 300,000 additions", || body(&"i32.const 1 i32.add ".repeat(300_000)), false),
    ("a br_table of 100,000 targets", br_table, false),
    ("20,000 nested blocks", || nested(20_000), false),
    ("50,001 locals", || format!("(func (export \"handle\") (param i32 i32) {})", "(local i64)".repeat(50_001)), true),
    ("5,000 calls in one expression", || body(&"call $self ".repeat(5_000)), true),
    ("a memory of 4 GiB", || format!("(memory 65536) {EMPTY}"), true),
    ("twenty memories", || format!("{} {EMPTY}", "(memory 100)".repeat(20)), true),
    ("a table of 10,000,000 elements", || format!("(table 10000000 funcref) {EMPTY}"), true),
    ("a table that grows without end", grown_table, true),
    ("a start function that loops", || format!("(func $s (loop br 0)) (start $s) {EMPTY}"), true),
    ("a start function that recurses", || format!("(func $s call $s) (start $s) {EMPTY}"), true),
    ("a start function that traps", || format!("(func $s unreachable) (start $s) {EMPTY}"), true),
    ("10,000 globals", || format!("{} {EMPTY}", "(global (mut i64) (i64.const 0))".repeat(10_000)), true),
    ("10,000 data segments", || format!("(memory 1) {} {EMPTY}", "(data (i32.const 0) \"x\")".repeat(10_000)), true),
    ("a data segment out of bounds", || format!("(memory 1) (data (i32.const 65536) \"x\") {EMPTY}"), true),
    ("1,000 core imports of nobody", imports, true),
];

/// A handler that does nothing.
const EMPTY: &str = "(func (export \"handle\") (param i32 i32))";

pub(super) fn attacks() -> Vec<Attack> {
    let single = CASES.iter().map(|(name, core, is_quick)| {
        let attack = Attack::new(&format!("component: {name}"), move |arena| offer(arena, name, component(&core())));
        if *is_quick { attack.quick() } else { attack }
    });
    let others = [
        Attack::new("component: 1,000 imports of nobody", |arena| offer(arena, "import bomb", import_bomb())).quick(),
        Attack::new("component: 2,000 instances", |arena| offer(arena, "instances", instances())).quick(),
        Attack::new("component: 90 components in one another", |arena| offer(arena, "nested", components(90))).quick(),
        Attack::new("component: 40 of them at once", crowd),
    ];
    single.chain(others).collect()
}

/// Puts it into the tenant's folder and asks for it.
pub(super) async fn offer(arena: Arc<Arena>, name: &str, text: String) -> String {
    let octets = tokio::task::spawn_blocking(move || wat::parse_str(text)).await.expect("a thread");
    ask(&arena, name, &octets.expect("a component")).await
}

/// Puts octets into the tenant's folder as a handler, asks for it, and tells what came of it: nothing but an error.
pub(super) async fn ask(arena: &Arena, name: &str, octets: &[u8]) -> String {
    let file: String = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    let path = format!("{file}.handler.wasm");
    arena.server.site.file(&format!("{HOSTILE}/{path}"), octets);
    let before = arena.server.log().len();
    let status = settled(arena, &path).await;
    assert!([500, 503].contains(&status), "{status}");
    let line = timeout(Duration::from_secs(5), arena.logged(before, &format!("GET /{path} HTTP/1.1 {status}"))).await;
    let line = line.unwrap_or_else(|_| panic!("{status} and no word about it in the log"));
    let cause = line.split_once("cause=").map_or("no cause", |(_, cause)| cause);
    format!("{status}: {}", cause.chars().take(110).collect::<String>())
}

/// The status once the tenant's share of CPU time, of which compiling is part, lets it be served; 503 if it never does.
pub(super) async fn settled(arena: &Arena, path: &str) -> u16 {
    for _ in 0..60 {
        let status = arena.get(&format!("/{path}")).await.status;
        if status != 503 {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    503
}

/// Many at once: the compiler has a queue of its own, and each tenant a share of it.
async fn crowd(arena: Arc<Arena>) -> String {
    let mut clients = tokio::task::JoinSet::new();
    for index in 0..40 {
        let octets = wat::parse_str(component(&functions(2_000 + index))).expect("a component");
        let arena = arena.clone();
        arena.server.site.file(&format!("{HOSTILE}/crowd{index}.handler.wasm"), octets);
        clients.spawn(async move { arena.get(&format!("/crowd{index}.handler.wasm")).await.status });
    }
    let answers = clients.join_all().await;
    let refused = answers.iter().filter(|status| **status == 503).count();
    format!(
        "{refused} of 40 answered 503, the others 500; refused by `compilations`: {}",
        arena.refusals("compilations").await
    )
}

/// A handler in our world whose core module is this.
pub(super) fn component(core: &str) -> String {
    format!(
        "(component
            (import \"framewright:handler/types@0.1.0\" (instance $types
                (export \"request\" (type (sub resource)))
                (export \"response-writer\" (type (sub resource)))))
            (alias export $types \"request\" (type $request))
            (alias export $types \"response-writer\" (type $response))
            (core module $core {core})
            (core instance $made (instantiate $core))
            (func $handle (param \"request\" (own $request)) (param \"response\" (own $response))
                (canon lift (core func $made \"handle\")))
            (instance $handler (export \"handle\" (func $handle)))
            (export \"framewright:handler/incoming-handler@0.1.0\" (instance $handler)))"
    )
}

fn body(steps: &str) -> String {
    format!("(func $self (export \"self\") (param i32) (result i32) local.get 0 {steps}) {EMPTY}")
}

fn functions(count: usize) -> String {
    let one = "(func (param i64) (result i64) local.get 0 local.get 0 i64.mul local.get 0 i64.div_s)";
    format!("{} {EMPTY}", one.repeat(count))
}

fn br_table() -> String {
    format!("(func (param i32) (block local.get 0 br_table {} )) {EMPTY}", "0 ".repeat(100_000))
}

/// Blocks without their parentheses, so that the text's own parser needs no stack for them.
fn nested(depth: usize) -> String {
    format!("(func {} {}) {EMPTY}", "block ".repeat(depth), "end ".repeat(depth))
}

fn grown_table() -> String {
    "(table 1 funcref) (func (export \"handle\") (param i32 i32)
        (loop (drop (table.grow 0 (ref.null func) (i32.const 1000))) br 0))"
        .to_owned()
}

fn imports() -> String {
    // A core module's imports are the component's business: here nobody gives them, which is invalid.
    let mut text = String::new();
    for index in 0..1000 {
        // Writing to a string cannot fail.
        let _ = write!(text, "(import \"m\" \"f{index}\" (func))");
    }
    format!("{text} {EMPTY}")
}

fn import_bomb() -> String {
    let mut text = String::from("(component ");
    for index in 0..1000 {
        let _ = write!(text, "(import \"stranger:none/i{index}\" (instance (export \"f\" (func))))");
    }
    text + ")"
}

fn instances() -> String {
    let core = component(EMPTY);
    core.replace(
        "(core instance $made",
        &format!("{} (core instance $made", "(core instance (instantiate $core))".repeat(2000)),
    )
}

fn components(depth: usize) -> String {
    format!("{}{}", "(component ".repeat(depth), ")".repeat(depth))
}
