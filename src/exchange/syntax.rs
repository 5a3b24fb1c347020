//! The characters that field names, methods and field values are made of (RFC 9110 §5.5, §5.6.2).

/// Whether `octets` is a token (RFC 9110 §5.6.2): the form of methods and field names.
pub fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(|&octet| TOKEN[octet as usize])
}

/// Whether `octets` can stand as a field value: neither NUL, CR nor LF (RFC 9110 §5.5), nor white space at either end
/// (RFC 9113 §8.2.1), which a recipient would not see.
pub fn is_field_value(octets: &[u8]) -> bool {
    let blank = |octet: Option<&u8>| matches!(octet, Some(b' ' | b'\t'));
    !octets.iter().any(|octet| matches!(octet, 0 | b'\r' | b'\n')) && !blank(octets.first()) && !blank(octets.last())
}

/// Whether `octets` holds no control character other than tab: what HTTP/2 lets pass beyond [`is_field_value`], as the
/// other control characters, though only HTTP/1.x asks so (RFC 9110 §5.5), are refused by h2.
pub(super) fn has_no_controls(octets: &[u8]) -> bool {
    octets.iter().all(|&octet| octet == b'\t' || !octet.is_ascii_control())
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut octet = 0;
    while octet < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "the loop ends at 256")]
        let character = octet as u8;
        table[octet] = character.is_ascii_alphanumeric()
            || matches!(
                character,
                b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            );
        octet += 1;
    }
    table
};
