//! Whole numbers, as Python's `int` reads them.

/// Reads a whole number: space around it, a sign, leading zeros and single underscores between digits are allowed.
/// Numbers out of range become the nearest in range, which selects the same octets of any content.
///
/// Not read: digits other than ASCII's, which Python takes too.
pub(crate) fn parse_integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let mut number = 0i64;
    for group in digits.split('_') {
        if group.is_empty() {
            return None;
        }
        for digit in group.bytes() {
            if !digit.is_ascii_digit() {
                return None;
            }
            let digit = i64::from(digit - b'0');
            // Negative numbers grow downwards: their range reaches one further.
            let signed = if negative { -digit } else { digit };
            number = number.saturating_mul(10).saturating_add(signed);
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_as_python_reads_them() {
        for (text, expected) in [
            ("204", Some(204)),
            (" 204\n", Some(204)),
            ("\u{3000}7", Some(7)),
            ("2_0_4", Some(204)),
            ("+5", Some(5)),
            ("-5", Some(-5)),
            ("007", Some(7)),
            ("99999999999999999999", Some(i64::MAX)),
            ("-99999999999999999999", Some(i64::MIN)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("", None),
            ("-", None),
            ("- 5", None),
            ("_1", None),
            ("1_", None),
            ("1__0", None),
            ("1.0", None),
            ("0x1", None),
            ("\u{1c}5", None),
        ] {
            assert_eq!(parse_integer(text), expected, "{text:?}");
        }
    }
}
