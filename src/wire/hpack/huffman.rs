//! The Huffman code for strings (RFC 7541 §5.2, Appendix B).
//!
//! The code is canonical: among codes of one length, order follows the symbols, and each length continues where the
//! shorter one ended. So the lengths of Appendix B say everything, and the tables below are made of them.

use super::HpackError;

/// Code lengths in bits of the symbols 0 to 255 and of EOS (Appendix B).
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12,
    10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6,
    5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22,
    22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20,
    22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28,
    27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28,
    27, 27, 27, 27, 27, 26, 30,
];

/// The longest code, in bits.
const LONGEST: usize = 30;

/// Bits looked up at once: enough for all letters and digits.
const QUICK_BITS: u32 = 8;

/// For the next eight bits: the symbol and the length of its code; length 0 if the code is longer.
const QUICK: [(u8, u8); 1 << QUICK_BITS] = quick();

/// The longer codes, by length.
const SLOW: Slow = slow();

struct Slow {
    /// All symbols in the order of their codes.
    symbols: [u16; 257],
    /// For each length: the first code beyond it, left-aligned in 32 bits; 33 bits are needed for the last.
    limits: [u64; LONGEST + 1],
    /// For each length: its first code, and where its symbols start.
    firsts: [(u64, usize); LONGEST + 1],
}

/// Decodes `octets` and appends the string to `out`.
///
/// # Errors
/// [`HpackError::EndOfString`] and [`HpackError::InvalidPadding`]; `out` then holds a part of the string.
pub fn decode(octets: &[u8], out: &mut Vec<u8>) -> Result<(), HpackError> {
    // The shortest code has five bits.
    out.reserve(octets.len() * 8 / 5 + 1);
    // `held` bits, left-aligned; below them stand ones, which are the prefix of EOS.
    let mut window = u64::MAX;
    let mut held = 0u32;
    let mut rest = octets;
    loop {
        while held <= 32 {
            if let Some((four, tail)) = rest.split_first_chunk::<4>() {
                let shift = 32 - held;
                window &= !(u64::from(u32::MAX) << shift) | u64::from(u32::from_be_bytes(*four)) << shift;
                held += 32;
                rest = tail;
            } else if let Some((&octet, tail)) = rest.split_first() {
                let shift = 56 - held;
                window &= !(0xff << shift) | u64::from(octet) << shift;
                held += 8;
                rest = tail;
            } else {
                break;
            }
        }
        let (symbol, length) = match QUICK[usize::from(window.to_be_bytes()[0])] {
            (_, 0) => long(window),
            (symbol, length) => (u16::from(symbol), u32::from(length)),
        };
        if length > held {
            // RFC 7541 §5.2: fewer than eight bits are left, and all of them ones.
            return if held < 8 && window == u64::MAX { Ok(()) } else { Err(HpackError::InvalidPadding) };
        }
        let [0, octet] = symbol.to_be_bytes() else { return Err(HpackError::EndOfString) };
        out.push(octet);
        window = window << length | ((1 << length) - 1);
        held -= length;
    }
}

/// Appends the code of `octets` to `out`, padded with the first bits of EOS (RFC 7541 §5.2).
pub fn encode(octets: &[u8], out: &mut Vec<u8>) {
    let mut window = 0u64;
    let mut held = 0u32;
    for &octet in octets {
        let (code, length) = CODES[usize::from(octet)];
        window = window << length | u64::from(code);
        held += u32::from(length);
        while held >= 8 {
            held -= 8;
            out.push((window >> held).to_le_bytes()[0]);
        }
    }
    if held > 0 {
        let padded = window << (8 - held) | (0xff >> held);
        out.push(padded.to_le_bytes()[0]);
    }
}

/// The code of each octet and its length.
const CODES: [(u32, u8); 256] = codes();

const fn codes() -> [(u32, u8); 256] {
    let mut codes = [(0, 0); 256];
    let mut length = 1;
    while length <= LONGEST {
        let (mut code, _) = SLOW.firsts[length];
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                if symbol < codes.len() {
                    #[expect(clippy::cast_possible_truncation, reason = "a code has at most 30 bits")]
                    let narrow = code as u32;
                    codes[symbol] = (narrow, LENGTHS[symbol]);
                }
                code += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    codes
}

/// The symbol and the length of a code longer than [`QUICK_BITS`].
fn long(window: u64) -> (u16, u32) {
    let bits = window >> 32;
    let mut length = QUICK_BITS as usize + 1;
    // The limit of the longest lies beyond 32 bits of ones, so that the search ends.
    while bits >= SLOW.limits[length] {
        length += 1;
    }
    let (code, symbols) = SLOW.firsts[length];
    #[expect(clippy::cast_possible_truncation, reason = "a length is at most 30, an offset at most 256")]
    let (length, offset) = (length as u32, ((bits >> (32 - length)) - code) as usize);
    (SLOW.symbols[symbols + offset], length)
}

const fn slow() -> Slow {
    let mut slow = Slow { symbols: [0; 257], limits: [0; LONGEST + 1], firsts: [(0, 0); LONGEST + 1] };
    let mut next = 0;
    let mut code = 0u64;
    let mut length = 1;
    while length <= LONGEST {
        code <<= 1;
        slow.firsts[length] = (code, next);
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                #[expect(clippy::cast_possible_truncation, reason = "the loop ends at 257")]
                let narrow = symbol as u16;
                slow.symbols[next] = narrow;
                next += 1;
                code += 1;
            }
            symbol += 1;
        }
        slow.limits[length] = code << (32 - length);
        length += 1;
    }
    slow
}

const fn quick() -> [(u8, u8); 1 << QUICK_BITS] {
    let slow = slow();
    let mut table = [(0, 0); 1 << QUICK_BITS];
    let mut length = 1;
    let mut at = 0;
    while length <= QUICK_BITS as usize {
        let (_, mut symbol) = slow.firsts[length];
        while symbol < slow.firsts[length + 1].1 {
            let mut tails = 1 << (QUICK_BITS as usize - length);
            while tails > 0 {
                #[expect(clippy::cast_possible_truncation, reason = "short codes stand for octets, lengths are small")]
                let entry = (slow.symbols[symbol] as u8, length as u8);
                table[at] = entry;
                at += 1;
                tails -= 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const EOS: u16 = 256;

    /// Writes symbols by the book: code by code, then ones.
    fn encode(symbols: &[u16]) -> Vec<u8> {
        let mut bits = String::new();
        for &symbol in symbols {
            let length = usize::from(LENGTHS[usize::from(symbol)]);
            let (first, start) = SLOW.firsts[length];
            let offset =
                SLOW.symbols[start..].iter().position(|&other| other == symbol).expect("every symbol is there");
            bits.push_str(&format!("{:0length$b}", first + offset as u64));
        }
        while !bits.len().is_multiple_of(8) {
            bits.push('1');
        }
        bits.as_bytes()
            .chunks(8)
            .map(|octet| u8::from_str_radix(std::str::from_utf8(octet).unwrap(), 2).unwrap())
            .collect()
    }

    #[test]
    fn codes_are_those_of_appendix_b() {
        let rows: [(u16, u64, u8); 9] = [
            (0, 0x1ff8, 13),
            (10, 0x3fff_fffc, 30),
            (u16::from(b'0'), 0x0, 5),
            (u16::from(b'a'), 0x3, 5),
            (u16::from(b' '), 0x14, 6),
            (u16::from(b'X'), 0xfc, 8),
            (u16::from(b'~'), 0x1ffd, 13),
            (255, 0x3ff_ffee, 26),
            (EOS, 0x3fff_ffff, 30),
        ];
        for (symbol, code, length) in rows {
            let (first, start) = SLOW.firsts[usize::from(length)];
            let offset =
                SLOW.symbols[start..].iter().position(|&other| other == symbol).expect("every symbol is there");
            assert_eq!((LENGTHS[usize::from(symbol)], first + offset as u64), (length, code), "symbol {symbol}");
        }
    }

    #[test]
    fn every_octet_survives_at_every_alignment() {
        for symbol in 0..256u16 {
            for before in 0..8 {
                let mut symbols = vec![u16::from(b'0'); before];
                symbols.push(symbol);
                symbols.push(symbol);
                let mut out = Vec::new();
                assert_eq!(decode(&encode(&symbols), &mut out), Ok(()), "symbol {symbol} behind {before}");
                assert!(out.iter().map(|&octet| u16::from(octet)).eq(symbols), "symbol {symbol} behind {before}");
            }
        }
    }

    #[test]
    fn padding_and_eos_are_checked() {
        type Outcome<'a> = Result<&'a [u8], HpackError>;
        let rows: [(&str, Vec<u8>, Outcome<'_>); 8] = [
            ("no octets", vec![], Ok(b"")),
            (
                "C.4.1",
                vec![0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff],
                Ok(b"www.example.com"),
            ),
            ("§5.2: a whole octet of padding", vec![0xff], Err(HpackError::InvalidPadding)),
            ("§5.2: padding of eight bits", vec![0b1111_1000, 0xff], Err(HpackError::InvalidPadding)),
            ("§5.2: padding with a zero", vec![0b0001_1110], Err(HpackError::InvalidPadding)),
            ("§5.2: padding of zeros", vec![0b0001_1000], Err(HpackError::InvalidPadding)),
            ("§5.2: EOS inside", vec![0xff, 0xff, 0xff, 0xff], Err(HpackError::EndOfString)),
            ("§5.2: EOS behind text", encode(&[u16::from(b'a'), EOS]), Err(HpackError::EndOfString)),
        ];
        for (clause, octets, outcome) in rows {
            let mut out = Vec::new();
            let result = decode(&octets, &mut out);
            assert_eq!(result.map(|()| out.as_slice()), outcome, "{clause}");
        }
    }
}
