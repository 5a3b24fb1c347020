//! A monotonic clock, and sleeping on it, by WASI 0.2. Sleeping suspends the handler on the host: it holds no thread and
//! costs no CPU time.

use std::time::Duration;

use self::bindings::wasi::clocks::monotonic_clock;

mod bindings {
    // No more of `wasi:clocks` and `wasi:io` than is used: a component may import a part of an interface.
    wit_bindgen::generate!({
        inline: "
            package framewright:guest;

            world clock {
                import wasi:clocks/monotonic-clock@0.2.0;
            }

            package wasi:io@0.2.0 {
                interface poll {
                    resource pollable {
                        block: func();
                    }
                }
            }

            package wasi:clocks@0.2.0 {
                interface monotonic-clock {
                    use wasi:io/poll@0.2.0.{pollable};

                    now: func() -> u64;
                    subscribe-duration: func(nanoseconds: u64) -> pollable;
                }
            }
        ",
        world: "clock",
        generate_all,
    });
}

/// Time since a moment that is the same throughout one exchange.
pub fn now() -> Duration {
    Duration::from_nanos(monotonic_clock::now())
}

/// Suspends the handler for this long.
pub fn sleep(duration: Duration) {
    let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    monotonic_clock::subscribe_duration(nanoseconds).block();
}
