//! Documents with expressions. Sans I/O.

use super::{
    evaluate::{Variables, evaluate},
    facts::{Facts, Value},
    fault::{ExpressionFault, SubstitutionError},
    scan::Expressions,
};

/// How results are made fit for the document that they stand in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Escape {
    /// `&`, `<`, `>`, `"` and `'` become references.
    Html,
    /// Not at all.
    None,
    /// An escaping that does not exist: a fault as soon as there is an expression.
    Unknown(String),
}

impl Escape {
    /// By name.
    pub fn named(name: &str) -> Self {
        match name {
            "html" => Self::Html,
            "none" => Self::None,
            _ => Self::Unknown(name.to_owned()),
        }
    }
}

/// The document with each expression replaced by what it comes to, in one pass from the start. All other octets stay as
/// they are.
///
/// # Errors
/// The first expression that cannot be substituted.
pub fn substitute(octets: &[u8], escape: &Escape, facts: &dyn Facts) -> Result<Vec<u8>, SubstitutionError> {
    let mut document = Vec::with_capacity(octets.len());
    let mut variables = Variables::new();
    let mut copied = 0;
    for place in Expressions::of(octets) {
        let expression = &octets[place.start + BRACES..place.end - BRACES];
        let error = |fault| error_at(octets, place.start, expression, fault);
        document.extend_from_slice(&octets[copied..place.start]);
        copied = place.end;
        let value = evaluate(expression, facts, &mut variables).map_err(error)?;
        // Only now, so that what is wrong with the expression itself is said first.
        if let Escape::Unknown(name) = escape {
            return Err(error(ExpressionFault::Escape(name.clone())));
        }
        let text = text(value).map_err(error)?;
        match escape {
            Escape::Html => document.extend_from_slice(escape_html(&text).as_bytes()),
            Escape::None | Escape::Unknown(_) => document.extend_from_slice(text.as_bytes()),
        }
        if document.len() > RESULT_OCTETS {
            return Err(error(ExpressionFault::TooLarge(RESULT_OCTETS)));
        }
    }
    document.extend_from_slice(&octets[copied..]);
    Ok(document)
}

fn text(value: Value) -> Result<String, ExpressionFault> {
    match value {
        Value::Text(text) => Ok(text),
        Value::Octets(octets) => String::from_utf8(octets).map_err(|_| ExpressionFault::ResultNotUtf8),
        Value::Number(number) => Ok(number.to_string()),
        other => Err(ExpressionFault::NoResult(super::evaluate::kind(&other))),
    }
}

/// What Python's `html.escape` makes of text.
pub(crate) fn escape_html(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#x27;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn error_at(octets: &[u8], offset: usize, expression: &[u8], fault: ExpressionFault) -> SubstitutionError {
    let line = 1 + memchr::memchr_iter(b'\n', &octets[..offset]).count();
    let shown = String::from_utf8_lossy(&expression[..expression.len().min(SHOWN_OCTETS)]).into_owned();
    SubstitutionError { line, offset, expression: shown, fault }
}

/// The length of `{{` and of `}}`.
const BRACES: usize = 2;

/// The most octets of an expression that an error repeats: enough for any that was written by hand.
const SHOWN_OCTETS: usize = 200;

/// The most octets of a substituted document: expressions repeat what a request says, so that a short document could
/// become one of any length. Larger than any document of a test by far.
const RESULT_OCTETS: usize = 64 << 20;
