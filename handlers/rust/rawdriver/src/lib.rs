//! The test suite's driver of the raw door: takes the steps that the request's content spells, one a line, each as soon
//! as its line is there. It answers nothing by itself. Steps count from 1; the log has a line for each that was refused
//! (`step 3: gone`, at warn) and for each that tells something (`step 4: released`, at info).
//!
//! ```text
//! octets HEX                                  raw.send-octets
//! frame STREAM KIND FLAGS HEX [DECLARED]      raw.send-frames with one `other`; STREAM `-`: the exchange's own
//! flush                                       raw.flush
//! close half|silent|reset                     raw.close: half-close, without-close-notify, reset
//! hold MS OCTETS, release                     raw.hold, raw.release
//! after keep|close                            raw.after
//! absorb STREAM                               raw.absorb
//! head STATUS [NAME=VALUE]...                 send-headers; send-informational for 1xx
//! data TEXT                                   send-data
//! dataframe PADDING TEXT [end]                send-data-frame; PADDING `-`: none
//! split OCTETS                                split-fields
//! end                                         end-stream
//! push PATH                                   push.push, and the promised response with the path as its content
//! events N MS                                 inspect.next-frame, N times at most, MS each
//! inspect                                     inspect.fields, inspect.head and inspect.tls
//! report                                      send-data of what `events` and `inspect` saw
//! sleep MS, note TEXT, trap                   a pause, a line in the log, a trap
//! ```
//!
//! HEX is two digits for each octet, and `-` for none. Numbers are decimal.

mod lines;
mod steps;
mod wording;

use framewright_guest::{Level, Request, ResponseWriter, handler, log};

use lines::Lines;
use steps::Driver;

handler!(drive);

fn drive(request: Request, response: ResponseWriter) {
    let mut lines = Lines::default();
    let mut driver = Driver::new(response);
    let mut number = 0;
    while let Some(line) = lines.next(&request) {
        number += 1;
        match driver.step(&line) {
            Ok(None) => {}
            Ok(Some(told)) => log(Level::Info, &format!("step {number}: {told}")),
            Err(refused) => log(Level::Warn, &format!("step {number}: {}", refused.0)),
        }
    }
}
