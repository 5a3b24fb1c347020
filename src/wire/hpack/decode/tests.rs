use super::{super::encode_literal, *};

type Lines = Vec<(String, String, Representation)>;

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|octet| !octet.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn lines(block: FieldBlock) -> Lines {
    let FieldBlock::Section(section) = block else { panic!("not a section: {block:?}") };
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    section.iter().map(|field| (text(field.name), text(field.value), field.representation)).collect()
}

fn expected(lines: &[(&str, &str, Representation)]) -> Lines {
    lines.iter().map(|&(name, value, representation)| (name.into(), value.into(), representation)).collect()
}

use Representation::{Incremental, Indexed, NeverIndexed, WithoutIndexing};

#[test]
fn single_lines_of_appendix_c2_decode() {
    let rows: [(&str, &str, (&str, &str, Representation)); 4] = [
        (
            "C.2.1",
            "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
            ("custom-key", "custom-header", Incremental),
        ),
        ("C.2.2", "040c 2f73 616d 706c 652f 7061 7468", (":path", "/sample/path", WithoutIndexing)),
        ("C.2.3", "1008 7061 7373 776f 7264 0673 6563 7265 74", ("password", "secret", NeverIndexed)),
        ("C.2.4", "82", (":method", "GET", Indexed)),
    ];
    for (clause, hex, line) in rows {
        let block = Decoder::new(65_536, 256).decode(&octets(hex)).unwrap();
        assert_eq!(lines(block), expected(&[line]), "{clause}");
    }
}

/// The three requests of C.3 and C.4: the same lists, without and with the Huffman code.
#[test]
fn requests_of_appendix_c3_and_c4_decode() {
    let head: [(&str, &str, Representation); 3] =
        [(":method", "GET", Indexed), (":scheme", "http", Indexed), (":path", "/", Indexed)];
    let second = [(":authority", "www.example.com", Indexed), ("cache-control", "no-cache", Incremental)];
    let third = [
        (":method", "GET", Indexed),
        (":scheme", "https", Indexed),
        (":path", "/index.html", Indexed),
        (":authority", "www.example.com", Indexed),
        ("custom-key", "custom-value", Incremental),
    ];
    let requests = [
        [&head[..], &[(":authority", "www.example.com", Incremental)]].concat(),
        [&head[..], &second].concat(),
        third.to_vec(),
    ];
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let coded = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    for (clause, blocks) in [("C.3", plain), ("C.4", coded)] {
        let mut decoder = Decoder::new(65_536, 256);
        for (number, (hex, lines_)) in blocks.iter().zip(&requests).enumerate() {
            let block = decoder.decode(&octets(hex)).unwrap();
            assert_eq!(lines(block), expected(lines_), "{clause}.{}", number + 1);
        }
    }
}

/// The responses of C.5 and C.6, whose table holds 256 octets, so that entries are evicted.
#[test]
fn responses_of_appendix_c5_and_c6_decode() {
    let date = |second: &str| format!("Mon, 21 Oct 2013 20:13:{second} GMT");
    let cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
    let (at_21, at_22) = (date("21"), date("22"));
    let first = [
        (":status", "302", Incremental),
        ("cache-control", "private", Incremental),
        ("date", at_21.as_str(), Incremental),
        ("location", "https://www.example.com", Incremental),
    ];
    let second = [
        (":status", "307", Incremental),
        ("cache-control", "private", Indexed),
        ("date", at_21.as_str(), Indexed),
        ("location", "https://www.example.com", Indexed),
    ];
    let third = [
        (":status", "200", Indexed),
        ("cache-control", "private", Indexed),
        ("date", at_22.as_str(), Incremental),
        ("location", "https://www.example.com", Indexed),
        ("content-encoding", "gzip", Incremental),
        ("set-cookie", cookie, Incremental),
    ];
    let plain = [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d
         546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f
         6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b
         2076 6572 7369 6f6e 3d31",
    ];
    let coded = [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7
         8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335
         dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ];
    for (clause, blocks) in [("C.5", plain), ("C.6", coded)] {
        let mut decoder = Decoder::new(65_536, 256);
        // §6.3: the size update that the examples take as given.
        decoder.decode(&octets("3fe1 01")).unwrap();
        for (number, (hex, lines_)) in blocks.iter().zip([&first[..], &second, &third]).enumerate() {
            let block = decoder.decode(&octets(hex)).unwrap();
            assert_eq!(lines(block), expected(lines_), "{clause}.{}", number + 1);
        }
    }
}

#[test]
fn malformed_blocks_are_errors() {
    let rows: [(&str, &str, HpackError); 13] = [
        ("§6.1: index 0", "80", HpackError::InvalidIndex(0)),
        ("§2.3.3: beyond both tables", "be", HpackError::InvalidIndex(62)),
        ("§2.3.3: name beyond both tables", "7e 00", HpackError::InvalidIndex(62)),
        ("§5.1: an endless index", "ff ff ff ff ff ff", HpackError::IntegerOverflow),
        ("§5.1: a cut index", "ff", HpackError::Truncated),
        ("§5.2: a cut name", "40 05 61", HpackError::Truncated),
        ("§5.2: no value", "40 01 61", HpackError::Truncated),
        ("§5.2: a cut value", "40 01 61 02 61", HpackError::Truncated),
        ("§5.2: bad padding", "40 01 61 81 00", HpackError::InvalidPadding),
        ("§5.2: EOS", "40 01 61 84 ff ff ff ff", HpackError::EndOfString),
        ("§6.3: above the limit", "3f e2 1f", HpackError::InvalidTableSize(4_097)),
        ("§4.2: update behind a line", "82 20", HpackError::LateTableSize),
        ("RFC 9113 §8.2: an empty name", "00 00 00", HpackError::EmptyName),
    ];
    for (clause, hex, error) in rows {
        assert_eq!(Decoder::new(65_536, 256).decode(&octets(hex)).unwrap_err(), error, "{clause}");
    }
}

#[test]
fn blocks_at_every_cut_end_in_a_value() {
    let whole = octets(
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7",
    );
    for cut in 0..whole.len() {
        let _ = Decoder::new(65_536, 256).decode(&whole[..cut]);
    }
}

#[test]
fn blocks_over_the_limits_are_dropped_but_fill_the_table() {
    let mut block = octets("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572");
    for _ in 0..9 {
        encode_literal(&mut block, b"n", b"v");
    }
    let wanted = [("custom-key", "custom-header", Indexed)];

    let mut decoder = Decoder::new(65_536, 9);
    assert!(matches!(decoder.decode(&block), Ok(FieldBlock::TooManyLines)));
    assert_eq!(lines(decoder.decode(&[0xbe]).unwrap()), expected(&wanted));

    // 55 octets of the first line and 34 of each other make 361.
    let mut decoder = Decoder::new(361, 256);
    assert!(matches!(decoder.decode(&block), Ok(FieldBlock::TooLarge)));
    assert_eq!(lines(decoder.decode(&[0xbe]).unwrap()), expected(&wanted));
    assert_eq!(lines(Decoder::new(362, 10).decode(&block).unwrap()).len(), 10);
}
