//! Properties of whatever is asked for.

use proptest::{prelude::*, sample::select};

use super::*;

/// Pieces that pipes are made of, and others.
fn texts() -> impl Strategy<Value = String> {
    let parts = select(vec![
        "status",
        "header",
        "slice",
        "gzip",
        "trickle",
        "sub",
        "(",
        ")",
        ",",
        "|",
        "\\",
        ":",
        "d",
        "r",
        "0",
        "1",
        "2",
        "4",
        "-3",
        "null",
        "true",
        "html",
        "é",
        "天",
        "99999999999999999999",
        "e9",
        "_",
        ".",
        " ",
        "\n",
    ]);
    proptest::collection::vec(parts, 0..16).prop_map(|parts| parts.concat())
}

/// Scripts of items that are well-formed one by one.
fn scripts() -> impl Strategy<Value = String> {
    let item = prop_oneof![
        (-12i64..12).prop_map(|number| number.to_string()),
        (0u32..9).prop_map(|time| format!("d{time}")),
        (-4i64..4).prop_map(|number| format!("r{}", number * 2)),
    ];
    proptest::collection::vec(item, 1..8).prop_map(|items| items.join(":"))
}

fn run(text: &str) -> Result<Reply, PipeError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(piped(text, reply("0123456789{{host}}")))
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>(), octets in proptest::collection::vec(any::<u8>(), 0..60)) {
        let _ = parse(&text).map(|calls| calls.iter().map(Call::check).collect::<Vec<_>>());
        let _ = of_request(&octets, Some(&octets));
    }

    #[test]
    fn nothing_made_of_the_grammars_own_parts_panics(text in texts()) {
        let _ = run(&text);
    }

    #[test]
    fn a_trickle_that_goes_forward_sends_all_of_the_content(
        first in 1u32..9, second in 0u32..9, time in 0u32..3, repeats in 1u32..4,
    ) {
        let text = format!("trickle({first}:d{time}:{second}:d{time}:r{})", repeats * 2);
        // Without a step forward in what is repeated it never ends.
        prop_assume!(second > 0 || repeats > 1);
        let reply = run(&text).expect("it is applied");
        let Body::Script(steps) = reply.body else { panic!("a script") };
        let sent: Vec<u8> = steps.iter().filter_map(|step| match step {
            Step::Send(octets) => Some(octets.to_vec()),
            Step::Pause(_) => None,
        }).flatten().collect();
        prop_assert_eq!(sent, b"0123456789{{host}}");
    }

    #[test]
    fn any_trickle_is_bounded(script in scripts()) {
        if let Ok(Reply { body: Body::Script(steps), .. }) = run(&format!("trickle({script})")) {
            let waited: Duration = steps.iter().filter_map(|step| match step {
                Step::Pause(time) => Some(*time),
                Step::Send(_) => None,
            }).sum();
            prop_assert!(waited <= Duration::from_secs(24 * 60 * 60));
            prop_assert!(steps.len() <= (1 << 18) + 2);
        }
    }
}
