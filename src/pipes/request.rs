//! Which pipes a request asks for.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// The pipes of a response, as one text: `sub` if the path of what is sent says so, then those of the request's query;
/// none if neither does. The query is what stands between `?` and `#`, as it was sent.
///
/// `.sub.` anywhere in the path, folders included, is the `sub` pipe, which escapes in documents of HTML and XML, by the
/// extension in lower case. The last parameter `pipe` that is not empty counts.
pub fn of_request(path: &[u8], query: Option<&[u8]>) -> Option<String> {
    let sub = memchr::memmem::find(path, b".sub.").map(|_| match extension(path) {
        b".html" | b".htm" | b".xht" | b".xhtml" | b".xml" | b".svg" => "sub(html)",
        _ => "sub(none)",
    });
    let asked = query.and_then(last_pipe);
    match (sub, asked) {
        (Some(sub), Some(asked)) => Some(format!("{sub}|{asked}")),
        (Some(sub), None) => Some(sub.to_owned()),
        (None, asked) => asked,
    }
}

/// The extension with its dot. Dots that a file's name starts with start none.
fn extension(path: &[u8]) -> &[u8] {
    let name = path.rsplit(|&octet| octet == b'/').next().unwrap_or_default();
    let leading = name.iter().take_while(|octet| **octet == b'.').count();
    memchr::memrchr(b'.', &name[leading..]).map_or(&[], |dot| &name[leading + dot..])
}

fn last_pipe(query: &[u8]) -> Option<String> {
    query.rsplit(|&octet| octet == b'&').find_map(value_of_pipe).map(unquote)
}

/// The value as it was sent; none of other parameters and where there is no value.
fn value_of_pipe(parameter: &[u8]) -> Option<&[u8]> {
    let equals = memchr::memchr(b'=', parameter)?;
    let value = &parameter[equals + 1..];
    (!value.is_empty() && unquote(&parameter[..equals]) == "pipe").then_some(value)
}

/// The text of a name or a value: `+` is a space, percent-encoded octets are UTF-8 and other octets ISO 8859-1, with the
/// replacement character for what is neither.
fn unquote(octets: &[u8]) -> String {
    let spaced: Cow<'_, [u8]> = match memchr::memchr(b'+', octets) {
        None => Cow::Borrowed(octets),
        Some(_) => octets.iter().map(|&octet| if octet == b'+' { b' ' } else { octet }).collect::<Vec<u8>>().into(),
    };
    // Not decoded at one go: an octet beyond ASCII ends what is read as UTF-8.
    let runs = spaced.chunk_by(|one, next| one.is_ascii() && next.is_ascii());
    runs.fold(String::with_capacity(spaced.len()), |mut text, run| {
        match run {
            [octet] if !octet.is_ascii() => text.push(char::from(*octet)),
            ascii => text.push_str(&percent_decode(ascii).decode_utf8_lossy()),
        }
        text
    })
}
