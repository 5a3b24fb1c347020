//! What is measured, and what is asked of it.

use super::{
    lab::{HELLO, Peer},
    load::{Carrier, Load},
    stats::{Bound, Goal},
};

/// One line of the tables.
pub(crate) struct Scenario {
    /// As it is named on the command line.
    pub(crate) name: &'static str,
    /// What it compares or takes.
    pub(crate) what: &'static str,
    /// How it is run.
    pub(crate) kind: Kind,
}

/// How a scenario is run.
pub(crate) enum Kind {
    /// Alternating runs of two servers.
    Duel(Duel),
    /// Memory of suspended exchanges.
    Suspended,
    /// Memory of Python handlers that sleep, and others' latency meanwhile.
    Sleeping,
    /// Start-up with many compiled handlers.
    StartUp,
}

/// Two servers under the same load in turn.
#[derive(Clone, Copy)]
pub(crate) struct Duel {
    /// Whose rate stands above the line.
    pub(crate) subject: Peer,
    /// Whose rate stands below.
    pub(crate) control: Peer,
    /// What the subject is asked for.
    pub(crate) subject_path: &'static str,
    /// What the control is asked for.
    pub(crate) control_path: &'static str,
    /// Octets of content of each response.
    pub(crate) octets: u64,
    /// The load.
    pub(crate) load: Load,
    /// The load of the control, where another one shows it at its best.
    pub(crate) control_load: Option<Load>,
    /// What the ratio must reach; may be empty.
    pub(crate) goals: &'static [Goal],
}

/// The load of the contract: enough requests in flight that neither side waits for the other.
const BUSY: Load = Load { carrier: Carrier::Http2, connections: 50, streams: 20 };

/// HTTP/1.1 without pipelining, which browsers do not use.
const BUSY_HTTP1: Load = Load { carrier: Carrier::Http1, connections: 50, streams: 1 };

/// Large files: few, so that what is in flight stays below what the socket buffers of a small machine hold.
const LARGE: Load = Load { carrier: Carrier::Http2, connections: 10, streams: 4 };

/// What wptserve's HTTP/2 answers most requests under: it has a thread for each, and a thousand of them starve each other.
const MODERATE: Load = Load { carrier: Carrier::Http2, connections: 10, streams: 4 };

/// Path of the handler under test.
const HANDLER: &str = "/hello.handler.wasm";

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// The handler `hello` of the server under test against the native control.
const HELLO_DUEL: Duel = Duel {
    subject: Peer::Framewright,
    control: Peer::Native,
    subject_path: HANDLER,
    control_path: HANDLER,
    octets: HELLO.len() as u64,
    load: BUSY,
    control_load: None,
    goals: &[],
};

/// A static file of the server under test against the native control.
const STATIC_DUEL: Duel = Duel { subject_path: "/1k.bin", control_path: "/1k.bin", octets: KIB, ..HELLO_DUEL };

/// One site, served by us as wptserve does and by wptserve itself.
const WPT_DUEL: Duel = Duel {
    subject: Peer::FramewrightWpt,
    control: Peer::Wptserve,
    subject_path: "/hello.py",
    control_path: "/hello.py",
    control_load: Some(MODERATE),
    ..HELLO_DUEL
};

/// A page with one expression, which comes out as the text of the handlers.
const TEMPLATE: &str = "/page.sub.html?text=Hello,%20world!";

const HTTP1_GOAL: &[Goal] = &[at_least(0.6, "")];

const fn at_least(ratio: f64, name: &'static str) -> Goal {
    Goal { bound: Bound::AtLeast(ratio), name }
}

/// All scenarios, in the order in which they run.
pub(crate) const ALL: &[Scenario] = &[
    duel("noise", "the native control against itself", Duel { subject: Peer::StandIn, ..HELLO_DUEL }),
    duel(
        "hello-h2",
        "`hello` handler / native control",
        Duel { goals: &[at_least(0.5, "floor"), at_least(0.75, "wanted")], ..HELLO_DUEL },
    ),
    duel("hello-h1", "`hello` handler / native control", Duel { load: BUSY_HTTP1, goals: HTTP1_GOAL, ..HELLO_DUEL }),
    duel(
        "hello-h1-tls",
        "`hello` handler / native control",
        Duel { load: Load { carrier: Carrier::Http1Tls, ..BUSY_HTTP1 }, goals: HTTP1_GOAL, ..HELLO_DUEL },
    ),
    duel(
        "hello-wptserve-h2",
        "`hello` handler / wptserve's Python handler",
        Duel {
            control: Peer::Wptserve,
            control_path: "/hello.py",
            control_load: Some(MODERATE),
            goals: &[at_least(60.0, "")],
            ..HELLO_DUEL
        },
    ),
    duel(
        "hello-wptserve-h1",
        "`hello` handler / wptserve's Python handler",
        Duel { control: Peer::Wptserve, control_path: "/hello.py", load: BUSY_HTTP1, ..HELLO_DUEL },
    ),
    duel(
        "wpt-static-h2",
        "1 KiB file as wptserve serves it / wptserve",
        Duel {
            subject_path: "/1k.bin",
            control_path: "/1k.bin",
            octets: KIB,
            goals: &[at_least(60.0, "")],
            ..WPT_DUEL
        },
    ),
    duel(
        "wpt-static-h1",
        "1 KiB file as wptserve serves it / wptserve, which ends each connection",
        Duel {
            subject_path: "/1k.bin",
            control_path: "/1k.bin",
            octets: KIB,
            load: Load { carrier: Carrier::Http1Reconnecting, ..BUSY_HTTP1 },
            control_load: None,
            goals: &[at_least(60.0, "")],
            ..WPT_DUEL
        },
    ),
    duel(
        "wpt-sub-h2",
        "`.sub.html` page / wptserve",
        Duel { subject_path: TEMPLATE, control_path: TEMPLATE, goals: &[at_least(30.0, "")], ..WPT_DUEL },
    ),
    duel(
        "wpt-sub-h1",
        "`.sub.html` page / wptserve",
        Duel {
            subject_path: TEMPLATE,
            control_path: TEMPLATE,
            load: BUSY_HTTP1,
            control_load: None,
            goals: &[at_least(30.0, "")],
            ..WPT_DUEL
        },
    ),
    duel(
        "wpt-python-h2",
        "Python handler in its sandbox / wptserve, without any",
        Duel { goals: &[at_least(4.0, "")], ..WPT_DUEL },
    ),
    duel(
        "wpt-python-h1",
        "Python handler in its sandbox / wptserve, without any",
        Duel {
            load: BUSY_HTTP1,
            control_load: None,
            goals: &[at_least(1.0, "milestone"), at_least(2.0, "")],
            ..WPT_DUEL
        },
    ),
    duel(
        "hello-wasmtime",
        "`hello` handler / `wasmtime serve`",
        Duel {
            control: Peer::Wasmtime,
            control_path: "/",
            load: BUSY_HTTP1,
            goals: &[at_least(2.0, "")],
            ..HELLO_DUEL
        },
    ),
    duel(
        "hello-logging",
        "`hello` handler with access lines / without",
        Duel { subject: Peer::FramewrightLogging, control: Peer::Framewright, ..HELLO_DUEL },
    ),
    duel("static-1k", "1 KiB file / native control from memory", Duel { goals: &[at_least(0.75, "")], ..STATIC_DUEL }),
    duel("static-1k-nghttpd", "1 KiB file / nghttpd", Duel { control: Peer::Nghttpd, ..STATIC_DUEL }),
    duel(
        "static-1m",
        "1 MiB file / native control from memory",
        Duel { goals: &[at_least(0.9, "")], ..large(STATIC_DUEL) },
    ),
    duel("hello-h2-baseline", "`hello` handler / an earlier build", Duel { control: Peer::Baseline, ..HELLO_DUEL }),
    duel("static-1m-baseline", "1 MiB file / an earlier build", Duel { control: Peer::Baseline, ..large(STATIC_DUEL) }),
    duel("static-1m-nghttpd", "1 MiB file / nghttpd", Duel { control: Peer::Nghttpd, ..large(STATIC_DUEL) }),
    Scenario { name: "suspended", what: "memory of 10,000 exchanges that wait", kind: Kind::Suspended },
    Scenario { name: "sleeping-python", what: "500 Python handlers that sleep, and others", kind: Kind::Sleeping },
    Scenario { name: "start-up", what: "start with 500 compiled handlers under `[[route]]`", kind: Kind::StartUp },
];

const fn duel(name: &'static str, what: &'static str, duel: Duel) -> Scenario {
    Scenario { name, what, kind: Kind::Duel(duel) }
}

const fn large(duel: Duel) -> Duel {
    Duel { subject_path: "/1m.bin", control_path: "/1m.bin", octets: MIB, load: LARGE, ..duel }
}
