//! Octets as text of the same code points, and back: the original reads request heads as ISO 8859-1, and all it makes
//! of them (documents, URLs, listings) is text that leaves as UTF-8. What was `E9` in a request is `C3 A9` in a page.

/// Each octet as the character of its number.
pub fn decode(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

/// Each character as the octet of its number; those beyond U+00FF, which no octet is, in UTF-8.
pub fn encode(text: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    for character in text.chars() {
        match u8::try_from(character) {
            Ok(octet) => octets.push(octet),
            Err(_) => octets.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_come_back_as_they_were() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(encode(&decode(&all)), all);
        assert_eq!(decode(b"\xe9"), "\u{e9}");
        assert_eq!(encode("\u{65e5}"), "\u{65e5}".as_bytes());
    }
}
