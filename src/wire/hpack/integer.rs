//! Integers with a prefix (RFC 7541 §5.1).

use super::HpackError;

/// Most octets of one integer, the prefix included. Its values stay below 2²⁸ + 2⁸: far above every limit of ours, and
/// never an overflow. The same as h2's.
const MAX_OCTETS: usize = 5;

/// Reads an integer whose first octet keeps `prefix` bits (1 to 8) for it. Answers the value and the octets used.
#[inline]
pub(super) fn decode(octets: &[u8], prefix: u32) -> Result<(usize, usize), HpackError> {
    let mask = (1usize << prefix) - 1;
    let first = usize::from(*octets.first().ok_or(HpackError::Truncated)?) & mask;
    if first < mask {
        return Ok((first, 1));
    }
    let mut value = first;
    for (index, &octet) in octets.iter().enumerate().skip(1) {
        value += usize::from(octet & 0x7f) << (7 * (index - 1));
        if octet & 0x80 == 0 {
            return Ok((value, index + 1));
        }
        if index + 1 == MAX_OCTETS {
            return Err(HpackError::IntegerOverflow);
        }
    }
    Err(HpackError::Truncated)
}

/// Writes an integer behind the high bits of `first`, which says what follows.
pub(super) fn encode(out: &mut Vec<u8>, first: u8, prefix: u32, value: usize) {
    let mask = (1usize << prefix) - 1;
    let low = |value: usize| u8::try_from(value & 0x7f).expect("seven bits fit");
    if value < mask {
        out.push(first | low(value & mask) | if value & 0x80 == 0 { 0 } else { 0x80 });
        return;
    }
    out.push(first | u8::try_from(mask).expect("a prefix has at most eight bits"));
    let mut rest = value - mask;
    while rest >= 0x80 {
        out.push(low(rest) | 0x80);
        rest >>= 7;
    }
    out.push(low(rest));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_examples_and_refuses_what_is_too_long() {
        type Outcome = Result<(usize, usize), HpackError>;
        let rows: [(&str, &[u8], u32, Outcome); 9] = [
            ("C.1.1: 10 in 5 bits", &[0b1110_1010], 5, Ok((10, 1))),
            ("C.1.2: 1337 in 5 bits", &[0b0001_1111, 0b1001_1010, 0b0000_1010], 5, Ok((1337, 3))),
            ("C.1.3: 42 in 8 bits", &[42], 8, Ok((42, 1))),
            ("§5.1: the prefix alone is full", &[0x7f, 0], 7, Ok((127, 2))),
            ("§5.1: leading zeros are allowed", &[0x7f, 0x80, 0], 7, Ok((127, 3))),
            ("§5.1: no octet", &[], 7, Err(HpackError::Truncated)),
            ("§5.1: ends early", &[0x7f, 0x80], 7, Err(HpackError::Truncated)),
            ("§5.1: the longest", &[0xff, 0xff, 0xff, 0xff, 0x7f], 7, Ok((127 + 0xfff_ffff, 5))),
            ("§5.1: too long", &[0xff, 0xff, 0xff, 0xff, 0xff, 0], 7, Err(HpackError::IntegerOverflow)),
        ];
        for (clause, octets, prefix, outcome) in rows {
            assert_eq!(decode(octets, prefix), outcome, "{clause}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for prefix in 1..=8 {
            for value in [0, 1, 30, 31, 32, 126, 127, 128, 254, 255, 256, 1337, 65_535, 1 << 27] {
                let mut octets = Vec::new();
                encode(&mut octets, 0, prefix, value);
                assert_eq!(decode(&octets, prefix), Ok((value, octets.len())), "{value} in {prefix} bits");
            }
        }
    }
}
