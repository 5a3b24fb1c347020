//! Error responses: a status and a JSON object that says it again, with what went wrong.
//!
//! The messages are what Python makes of the original's exceptions: of `HTTPException(404)` it is `404`, of one with a
//! text the tuple of both. Tracebacks are not imitated: no page reads them.

use std::fmt::Write;

use super::{exposure::Global, file_path::PathFault, range::RangeFault, sidecar::SidecarFault};
use crate::reply::{Body, Reply};

/// Why a request has no other answer.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// No route has its method and path, or one that forbids it.
    #[error("no route")]
    NoRoute,
    /// The file does not exist, cannot be read or would be outside.
    #[error("no such file")]
    NoFile,
    /// The test does not run in this global.
    #[error("the test does not run in {}", .0.keyword())]
    NotExposed(Global),
    /// A range that is none, or that the file does not have.
    #[error(transparent)]
    Range(#[from] RangeFault),
    /// Whatever else goes wrong while a document is generated, pipes and side files included: the original tells the
    /// client nothing of it.
    #[error("the document cannot be generated: {0}")]
    Generated(String),
    /// A side file, a pipe or a template that is wrong, with what is wrong.
    #[error("{0}")]
    Internal(String),
    /// The request line is too long.
    #[error("the request line is too long")]
    TargetTooLong,
}

impl Fault {
    /// The status.
    pub fn status(&self) -> u16 {
        match self {
            Self::NoRoute | Self::NoFile | Self::NotExposed(_) => 404,
            Self::TargetTooLong => 414,
            Self::Range(RangeFault::Unit | RangeFault::Specifier(_)) => 416,
            Self::Range(RangeFault::NotAscii) | Self::Generated(_) | Self::Internal(_) => 500,
        }
    }

    /// What the response says.
    pub fn message(&self) -> String {
        match self {
            Self::NoRoute | Self::TargetTooLong => String::new(),
            Self::NoFile => "404".to_owned(),
            Self::NotExposed(global) => tuple(404, &format!("This test cannot be loaded in {} mode", global.keyword())),
            Self::Range(RangeFault::Unit) => "416".to_owned(),
            Self::Range(RangeFault::Specifier(specifier)) => tuple(416, &format!("Bad range specifier {specifier}")),
            // There, the handler goes on without the ranges that it could not read, and trips over them.
            Self::Range(RangeFault::NotAscii) => {
                "cannot access local variable 'byte_ranges' where it is not associated with a value".to_owned()
            }
            Self::Generated(_) => "500".to_owned(),
            Self::Internal(text) => text.clone(),
        }
    }

    /// The same fault, if it came up while a document was generated.
    #[must_use]
    pub fn in_document(self) -> Self {
        match self {
            Self::Internal(text) => Self::Generated(text),
            other => other,
        }
    }

    /// The response. It replaces all that was prepared: a 416 has no `Content-Range`.
    pub fn reply(&self) -> Reply {
        reply(self.status(), &self.message())
    }
}

impl From<PathFault> for Fault {
    fn from(fault: PathFault) -> Self {
        match fault {
            PathFault::Outside => Self::NoFile,
            // Opening fails otherwise than for a file that does not exist.
            PathFault::Nul => Self::Internal("embedded null byte".to_owned()),
        }
    }
}

impl From<SidecarFault> for Fault {
    fn from(fault: SidecarFault) -> Self {
        Self::Internal(fault.to_string())
    }
}

/// An error response with this status and message.
pub fn reply(status: u16, message: &str) -> Reply {
    let content = format!("{{\"error\": {{\"code\": {status}, \"message\": {}}}}}", json(message));
    let mut reply = Reply::new(status);
    reply.fields.append(&b"Content-Type"[..], &b"application/json"[..]);
    reply.fields.append(&b"Content-Length"[..], content.len().to_string());
    reply.body = Body::Octets(content.into());
    reply
}

/// A status and a text as Python shows a tuple of them.
pub fn tuple(status: u16, text: &str) -> String {
    format!("({status}, {})", repr(text))
}

/// A text as Python shows it (`repr`): single quotes, unless these alone are in it; what is not printable escaped. All
/// of Unicode outside of the controls passes as printable here.
fn repr(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = String::with_capacity(text.len() + 2);
    shown.push(quote);
    for character in text.chars() {
        match character {
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if character == quote => {
                shown.push('\\');
                shown.push(quote);
            }
            '\0'..=' ' | '\u{7f}'..='\u{a0}' if character != ' ' => {
                write!(shown, "\\x{:02x}", u32::from(character)).expect("strings take everything");
            }
            other => shown.push(other),
        }
    }
    shown.push(quote);
    shown
}

/// A text as Python's `json.dumps` writes it: in ASCII.
pub fn json(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    for character in text.chars() {
        match character {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            '\u{8}' => written.push_str("\\b"),
            '\u{c}' => written.push_str("\\f"),
            ' '..='~' => written.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(written, "\\u{unit:04x}").expect("strings take everything");
                }
            }
        }
    }
    written.push('"');
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn content(fault: &Fault) -> (u16, String) {
        let reply = fault.reply();
        let Body::Octets(content) = reply.body else { panic!("octets") };
        let length = reply.fields.all(b"content-length").to_vec();
        assert_eq!(length, [bytes::Bytes::from(content.len().to_string())]);
        (reply.status, String::from_utf8(content.to_vec()).expect("text"))
    }

    #[test]
    fn causes_have_statuses_and_messages() {
        for (fault, status, message) in [
            (Fault::NoRoute, 404, r#""""#),
            (Fault::NoFile, 404, r#""404""#),
            (
                Fault::NotExposed(Global::SharedWorkerModule),
                404,
                r#""(404, 'This test cannot be loaded in sharedworker-module mode')""#,
            ),
            (Fault::Range(RangeFault::Unit), 416, r#""416""#),
            (
                Fault::Range(RangeFault::Specifier("1'\"\\\u{7f}".into())),
                416,
                r#""(416, 'Bad range specifier 1\\'\"\\\\\\x7f')""#,
            ),
            (Fault::Generated("unheard".into()), 500, r#""500""#),
            (Fault::Internal("\u{e9}\u{1f600}\n".into()), 500, r#""\u00e9\ud83d\ude00\n""#),
            (Fault::TargetTooLong, 414, r#""""#),
        ] {
            let expected = format!(r#"{{"error": {{"code": {status}, "message": {message}}}}}"#);
            assert_eq!(content(&fault), (status, expected), "{fault:?}");
        }
    }

    #[test]
    fn texts_are_shown_as_python_shows_them() {
        for (text, expected) in [
            ("a", "'a'"),
            ("it's", "\"it's\""),
            ("\"it's\"", "'\"it\\'s\"'"),
            ("\"", "'\"'"),
            ("\0\x1f\t\r\n\\", "'\\x00\\x1f\\t\\r\\n\\\\'"),
            ("\u{e9}\u{85}\u{a0}", "'\u{e9}\\x85\\xa0'"),
        ] {
            assert_eq!(repr(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn json_is_read_back_as_it_was(text in any::<String>()) {
            let written = json(&text);
            prop_assert!(written.is_ascii());
            prop_assert_eq!(serde_json::from_str::<String>(&written).expect("JSON"), text);
        }
    }
}
