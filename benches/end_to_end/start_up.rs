//! Start-up with many compiled handlers, and what the server keeps resident afterwards.

use std::{fmt::Write as _, fs, time::Duration};

use anyhow::ensure;
use tokio::time::sleep;

use super::{
    lab::{HELLO, Lab, NotMeasured},
    load::Carrier,
    probe,
    report::Figure,
    stats::{Bound, Goal, Spread},
};

/// Handlers under `[[route]]`.
const HANDLERS: usize = 500;

/// Warm starts that are timed.
const STARTS: usize = 7;

/// In seconds, from the start of the process to its ready line.
const GOAL: Goal = Goal { bound: Bound::Under(1.0), name: "s" };

/// Starts the server once cold, so that every handler is compiled and kept, then warm a few times.
///
/// # Errors
/// A server that does not start, or whose routes do not answer.
pub(crate) async fn run(lab: &Lab) -> anyhow::Result<Vec<Figure>> {
    if lab.is_rehearsal() {
        return Err(NotMeasured("the control has no handlers".to_owned()).into());
    }
    let configuration = lay_out(lab)?;
    let root = lab.path("routed");
    let cold = lab.start_framewright(&configuration, &root, &[]).await?;
    let compiling = cold.took;
    cold.stop().await?;
    let (mut times, mut memory) = (Vec::new(), Vec::new());
    for number in 1..=STARTS {
        let server = lab.start_framewright(&configuration, &root, &[]).await?;
        sleep(Duration::from_secs(1)).await;
        let idle = server.memory()?;
        eprintln!(
            "  {number}/{STARTS}: ready after {:.3} s, {} MiB resident",
            server.took.as_secs_f64(),
            idle.resident >> 20
        );
        times.push(server.took.as_secs_f64());
        memory.push(idle);
        if let Some(port) = server.http {
            let response = probe::get(Carrier::Http1, port, &format!("/routed/{}", HANDLERS / 2)).await?;
            ensure!(response.status == 200 && response.content == HELLO, "a route answers {response:?}");
        }
        server.stop().await?;
    }
    let time = Spread::of(times)?;
    #[expect(clippy::cast_precision_loss, reason = "sizes far below 2^52")]
    let mib = |octets: u64| octets as f64 / f64::from(1 << 20);
    let resident = Spread::of(memory.iter().map(|memory| mib(memory.resident)))?;
    let anonymous = Spread::of(memory.iter().map(|memory| mib(memory.anonymous)))?;
    Ok(vec![
        Figure {
            what: format!("warm start, {HANDLERS} handlers, seconds to the ready line"),
            value: time.to_string(),
            goal: Some((GOAL, GOAL.verdict(time))),
            remark: format!("the cold start, which compiles them all, took {:.1} s", compiling.as_secs_f64()),
        },
        Figure {
            what: "resident memory at idle after it, MiB".to_owned(),
            value: resident.to_string(),
            goal: None,
            remark: format!("of it {anonymous} MiB not backed by a file"),
        },
    ])
}

/// Writes the handlers, no two alike, and returns the configuration that names them.
fn lay_out(lab: &Lab) -> anyhow::Result<String> {
    let folder = lab.path("handlers");
    fs::create_dir_all(&folder)?;
    fs::create_dir_all(lab.path("routed"))?;
    let component = lab.handler("rust/hello.wasm")?;
    let mut configuration = String::new();
    for number in 0..HANDLERS {
        let file = folder.join(format!("{number}.wasm"));
        fs::write(&file, distinct(&component, number)?)?;
        write!(configuration, "[[route]]\npath = \"/routed/{number}\"\nhandler = {:?}\n\n", file)?;
    }
    Ok(configuration)
}

/// The component with a custom section at its end that no other has.
fn distinct(component: &[u8], number: usize) -> anyhow::Result<Vec<u8>> {
    let mut section = b"\x06number".to_vec();
    section.extend_from_slice(&number.to_be_bytes());
    let mut octets = component.to_vec();
    octets.extend([0, u8::try_from(section.len())?]);
    octets.extend(section);
    Ok(octets)
}
