//! The notation of recorded exchanges.

/// A request, and its response in the notation.
pub(super) struct Exchange {
    /// The request line, for reports.
    pub(super) request: String,
    pub(super) method: String,
    /// As isomorphic text.
    pub(super) target: String,
    pub(super) range: Option<Vec<u8>>,
    /// What was recorded: lines that begin with `<`, `|`, `\`, `*` or `!`.
    pub(super) response: String,
}

pub(super) fn exchanges(text: &str) -> Vec<Exchange> {
    text.split("\n\n").filter(|block| block.starts_with('>')).map(exchange).collect()
}

fn exchange(block: &str) -> Exchange {
    let (asked, answered): (Vec<_>, Vec<_>) = block.lines().partition(|line| line.starts_with('>'));
    let asked: Vec<&str> = asked.into_iter().map(|line| &line[2..]).collect();
    let mut words = asked[0].split(' ');
    let (method, target) = (words.next().expect("a method"), words.next().expect("a target"));
    let range = asked.iter().find_map(|line| line.strip_prefix("Range: ")).map(unescape);
    Exchange {
        request: asked.join(", "),
        method: method.to_owned(),
        target: crate::wptserve::isomorphic::decode(&unescape(target)),
        // Fields lose white space around them before anybody sees them; the recorder sent the value as it is.
        range: range.map(|value| value.trim_ascii_start().to_vec()),
        response: answered.join("\n"),
    }
}

pub(super) fn unescape(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\\x") {
        octets.extend_from_slice(before.as_bytes());
        octets.push(u8::from_str_radix(&after[..2], 16).expect("two digits"));
        rest = &after[2..];
    }
    octets.extend_from_slice(rest.as_bytes());
    octets
}

pub(super) fn escape(octets: &[u8]) -> String {
    let escaped = octets.iter().map(|octet| match octet {
        b' '..=b'[' | b']'..=b'~' => char::from(*octet).to_string(),
        _ => format!("\\x{octet:02x}"),
    });
    escaped.collect()
}
