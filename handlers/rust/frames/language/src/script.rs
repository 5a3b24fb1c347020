//! What a script consists of, once parsed. Each item stands in `docs/frames.md` under the name it has here.

use crate::{Line, Number, Octets, Piece};

/// A place in a script, both counted from 1; columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they say it")]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// A whole script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The most attempts under one token.
    pub cap: u64,
    /// In order.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Where its first word stands.
    pub at: Position,
    /// Its first word.
    pub word: &'static str,
    /// What it does.
    pub step: Step,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is a statement of `docs/frames.md`")]
pub enum Step {
    Informational {
        status: Number,
        fields: Vec<Line>,
    },
    Status {
        status: Number,
        fields: Vec<Line>,
        end_stream: bool,
    },
    Data {
        octets: Octets,
        padding: Option<Number>,
        one_frame: bool,
        end_stream: bool,
    },
    Trailers(Vec<Line>),
    End,
    Reset(Number),
    SplitFields(Number),
    Push {
        path: Piece,
        name: Option<String>,
        method: Piece,
        authority: Option<Piece>,
        fields: Vec<Line>,
    },
    On {
        name: String,
        block: Vec<Statement>,
    },
    Frames(Vec<FrameItem>),
    Octets(Octets),
    Flush,
    Close(How),
    Hold {
        time: Number,
        octets: Number,
    },
    Release,
    After(Rule),
    Absorb(StreamRef),
    Read {
        what: Read,
        within: Number,
    },
    Await(Await),
    Wait(Number),
    Hang(Number),
    Log(Octets),
    Stop,
    Abort(Number),
    Repeat {
        rounds: Number,
        block: Vec<Statement>,
    },
    If {
        branches: Vec<(Condition, Vec<Statement>)>,
        otherwise: Vec<Statement>,
    },
    /// `attempts`, which has its effect before the script runs.
    Attempts,
}

/// How to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `wit/raw.wit`")]
pub enum How {
    HalfClose,
    WithoutCloseNotify,
    Reset,
}

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `wit/raw.wit`")]
pub enum Rule {
    Keep,
    Close,
}

/// Which stream is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamRef {
    /// The exchange's own, and so many further.
    Own(i64),
    /// An even one that the script has not used.
    NextEven,
    /// The one promised last.
    Promised,
    /// By its number.
    Number(Number),
}

/// What `read` reads up to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they say it")]
pub enum Read {
    All,
    Trailers,
    Octets(Number),
}

/// Whose frames `await` looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they say it")]
pub enum StreamFilter {
    Any,
    One(StreamRef),
}

/// A frame of the client's to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Await {
    /// None: any.
    pub kind: Option<Number>,
    /// Whose.
    pub stream: StreamFilter,
    /// All of these are set.
    pub flags: Option<Number>,
    /// Of RST_STREAM or GOAWAY.
    pub code: Option<Number>,
    /// Whether to look from the connection's first frame on.
    pub from_start: bool,
    /// Longest wait, in nanoseconds.
    pub within: Number,
}

/// A frame, or the same ones several times.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they say it")]
pub enum FrameItem {
    Frame(Box<Frame>),
    Repeat(Number, Vec<Self>),
}

/// A raw frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Where it stands.
    pub at: Position,
    /// None: what is usual for the frame.
    pub stream: Option<StreamRef>,
    /// The whole octet, instead of the frame's own.
    pub flags: Option<Number>,
    /// The reserved bit.
    pub reserved: bool,
    /// The Length field, instead of the payload's length.
    pub length: Option<Number>,
    /// What it holds.
    pub body: Body,
}

/// A field section and how it is cut into frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// In order.
    pub block: Vec<Line>,
    /// Octets of the block in each frame but the last.
    pub split: Vec<Number>,
    /// None: no PADDED flag.
    pub padding: Option<Number>,
    /// Whether the last frame has END_HEADERS.
    pub end_headers: bool,
}

/// RFC 9113 §6.3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Priority {
    /// The E bit.
    pub exclusive: bool,
    /// The stream depended on.
    pub dependency: StreamRef,
    /// The octet on the wire.
    pub weight: Number,
}

/// What a frame holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in `wit/raw.wit`")]
pub enum Body {
    Data { octets: Octets, padding: Option<Number>, end_stream: bool },
    Headers { section: Section, priority: Option<Priority>, end_stream: bool },
    Priority(Priority),
    RstStream(Number),
    Settings { ack: bool, settings: Vec<(Number, Number)> },
    PushPromise { promised: StreamRef, section: Section },
    Ping { ack: bool, octets: Option<Octets> },
    Goaway { last: StreamRef, code: Number, debug: Octets },
    WindowUpdate(Number),
    Continuation(Section),
    Altsvc { origin: Piece, value: Piece },
    Origin(Vec<Piece>),
    PriorityUpdate { prioritized: StreamRef, value: Octets },
    Other { kind: Number, payload: Octets },
}

/// `if`'s condition: at least one group, all of whose comparisons hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition(pub Vec<Vec<Comparison>>);

/// One test of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Whether it has to fail.
    pub negated: bool,
    /// What is tested.
    pub fact: crate::Fact,
    /// None: whether there is one.
    pub against: Option<(Operator, Piece)>,
}

/// How a fact is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they say it")]
pub enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Contains,
}
