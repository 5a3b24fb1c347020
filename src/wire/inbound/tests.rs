use super::*;
use crate::wire::hpack::encode_literal;

const LIMITS: Limits = Limits { frame_octets: 16_384, block_octets: 32_768, section_octets: 4_096, section_lines: 16 };

fn frame(kind: FrameKind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    let mut frame = FrameHeader { length, kind, flags, reserved: false, stream }.encode().to_vec();
    frame.extend_from_slice(payload);
    frame
}

/// What came, in words, after the octets were cut at `cuts`.
fn read(octets: &[u8], cuts: &[usize]) -> (Vec<String>, bool) {
    let mut inbound = Inbound::new(LIMITS);
    let mut arrivals = Vec::new();
    let mut from = 0;
    for &cut in cuts.iter().chain([&octets.len()]) {
        inbound.take(&octets[from..cut], &mut arrivals);
        from = cut;
    }
    let meanings = arrivals.iter().filter(|arrival| !matches!(arrival, Arrival::Frame(_)));
    (meanings.map(tell).collect(), matches!(inbound.state, State::Stopped))
}

fn tell(arrival: &Arrival) -> String {
    match arrival {
        Arrival::Section { stream, end_stream, block: FieldBlock::Section(section) } => {
            let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
            let lines: Vec<_> = section.iter().map(|line| text(line.name) + "=" + &text(line.value)).collect();
            format!("{stream}{} {}", if *end_stream { "." } else { "" }, lines.join(" "))
        }
        Arrival::Section { stream, block, .. } => format!("{stream} {block:?}"),
        Arrival::Window { stream, octets } => format!("window {stream} {octets}"),
        Arrival::InitialWindow(octets) => format!("initial {octets}"),
        Arrival::EnablePush(enabled) => format!("push {enabled}"),
        Arrival::FrameOctets(octets) => format!("frames {octets}"),
        Arrival::Frame(frame) => {
            format!(
                "{:?} {} {} {:?} {:?}",
                frame.header.kind, frame.header.stream, frame.header.length, frame.padding, frame.payload
            )
        }
    }
}

fn lines(lines: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in lines {
        encode_literal(&mut block, name.as_bytes(), value.as_bytes());
    }
    block
}

/// A connection with every kind of frame that matters.
fn conversation() -> (Vec<u8>, Vec<&'static str>) {
    let head = lines(&[(":method", "POST"), (":path", "/"), ("a", "1"), ("a", "2")]);
    let padded = [&[3, 0x80, 0, 0, 0, 16][..], &head, &[0; 3]].concat();
    let octets = [
        PREFACE.to_vec(),
        frame(FrameKind::SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100, 0, 4, 0, 1, 0, 0]),
        frame(FrameKind::SETTINGS, flags::ACK, 0, &[]),
        frame(FrameKind::WINDOW_UPDATE, 0, 0, &[0, 0, 1, 0]),
        frame(FrameKind::HEADERS, flags::END_HEADERS | flags::PADDED | flags::PRIORITY, 1, &padded),
        frame(FrameKind::DATA, 0, 1, b"content that nobody looks at"),
        frame(FrameKind(0xfe), 0xff, 7, b"unknown"),
        frame(FrameKind::HEADERS, flags::END_STREAM, 3, &head[..7]),
        frame(FrameKind::CONTINUATION, 0, 3, &[]),
        frame(FrameKind::CONTINUATION, 0, 3, &head[7..9]),
        frame(FrameKind::CONTINUATION, flags::END_HEADERS, 3, &head[9..]),
        frame(FrameKind::PING, 0, 0, &[0; 8]),
        frame(FrameKind::HEADERS, flags::END_HEADERS | flags::END_STREAM, 1, &lines(&[("t", "v")])),
        frame(FrameKind::WINDOW_UPDATE, 0, 3, &[0x80, 0, 0, 5]),
    ]
    .concat();
    let told = vec![
        "initial 65536",
        "window 0 256",
        "1 :method=POST :path=/ a=1 a=2",
        "3. :method=POST :path=/ a=1 a=2",
        "1. t=v",
        "window 3 5",
    ];
    (octets, told.into_iter().collect())
}

#[test]
fn one_cut_at_every_octet_changes_nothing() {
    let (octets, told) = conversation();
    for cut in 0..=octets.len() {
        let (arrivals, stopped) = read(&octets, &[cut]);
        assert_eq!(arrivals, told, "cut at {cut}");
        assert!(!stopped);
    }
    let every: Vec<usize> = (0..octets.len()).collect();
    assert_eq!(read(&octets, &every).0, told, "octet by octet");
}

#[test]
fn a_field_block_can_be_split_over_frames_at_every_octet() {
    let head = lines(&[(":method", "POST"), (":path", "/"), ("a", "1")]);
    for split in 0..=head.len() {
        let octets = [
            PREFACE.to_vec(),
            frame(FrameKind::HEADERS, 0, 1, &head[..split]),
            frame(FrameKind::CONTINUATION, flags::END_HEADERS, 1, &head[split..]),
        ]
        .concat();
        assert_eq!(read(&octets, &[]).0, ["1 :method=POST :path=/ a=1"], "split at {split}");
    }
}

#[test]
fn broken_framing_stops_it() {
    let head = lines(&[("a", "1")]);
    let mut too_large = frame(FrameKind::DATA, 0, 1, &[]);
    too_large[1] = 0x40;
    too_large[2] = 1;
    let block = |length| frame(FrameKind::CONTINUATION, 0, 1, &vec![0; length]);
    let rows: [(&str, Vec<u8>); 11] = [
        ("§4.2: a frame too large", too_large),
        ("§6.2: padding longer than the payload", frame(FrameKind::HEADERS, flags::PADDED, 1, &[2, 0])),
        ("§6.2: no pad length", frame(FrameKind::HEADERS, flags::PADDED, 1, &[])),
        ("§6.2: no room for the priority", frame(FrameKind::HEADERS, flags::PRIORITY, 1, &[0; 4])),
        ("§6.9: a short WINDOW_UPDATE", frame(FrameKind::WINDOW_UPDATE, 0, 1, &[0; 3])),
        ("§6.10: CONTINUATION first", frame(FrameKind::CONTINUATION, flags::END_HEADERS, 1, &head)),
        (
            "§6.10: another stream",
            [frame(FrameKind::HEADERS, 0, 1, &head), frame(FrameKind::CONTINUATION, 4, 3, &head)].concat(),
        ),
        ("§6.10: parted", [frame(FrameKind::HEADERS, 0, 1, &head), frame(FrameKind::PING, 0, 0, &[0; 8])].concat()),
        ("§8.4: a push", frame(FrameKind::PUSH_PROMISE, flags::END_HEADERS, 1, &[0, 0, 0, 2])),
        ("§4.3: HPACK", frame(FrameKind::HEADERS, flags::END_HEADERS, 1, &[0x80])),
        (
            "a field block over the limit",
            [frame(FrameKind::HEADERS, 0, 1, &head), block(16_000), block(16_000), block(16_000)].concat(),
        ),
    ];
    for (clause, octets) in rows {
        let octets = [PREFACE.as_slice(), &octets, &frame(FrameKind::HEADERS, 4, 1, &head)].concat();
        for cut in 24..octets.len().min(100) {
            let (arrivals, stopped) = read(&octets, &[cut]);
            assert!(stopped && arrivals.is_empty(), "{clause}: {arrivals:?}");
        }
    }
    assert_eq!(read(b"GET / HTTP/1.1\r\n\r\n", &[]), (vec![], true), "§3.4: not the preface");
}

#[test]
fn sections_over_the_limits_are_named_and_the_next_is_read() {
    let large = "v".repeat(5_000);
    let many: Vec<_> = (0..17).map(|_| ("a", "1")).collect();
    let octets = [
        PREFACE.to_vec(),
        frame(FrameKind::HEADERS, flags::END_HEADERS, 1, &lines(&[("a", large.as_str())])),
        frame(FrameKind::HEADERS, flags::END_HEADERS, 3, &lines(&many)),
        frame(FrameKind::HEADERS, flags::END_HEADERS, 5, &lines(&[("a", "1")])),
    ]
    .concat();
    assert_eq!(read(&octets, &[]).0, ["1 TooLarge", "3 TooManyLines", "5 a=1"]);
}

#[test]
fn every_frame_is_seen_with_what_it_says_of_itself_for_every_cut() {
    let head = [&[2, 0, 0, 0, 1, 9][..], &lines(&[(":method", "GET")]), &[0; 2]].concat();
    let long = [7; SEEN_OCTETS + 1];
    let octets = [
        PREFACE.to_vec(),
        frame(FrameKind::SETTINGS, 0, 0, &[0, 5, 0, 0, 0x40, 0]),
        frame(FrameKind::HEADERS, flags::END_HEADERS | flags::PADDED | flags::PRIORITY, 1, &head),
        frame(FrameKind::DATA, flags::PADDED, 1, &[1, b'x', 0]),
        frame(FrameKind::DATA, 0, 1, b"content"),
        frame(FrameKind::PING, 0, 0, b"12345678"),
        frame(FrameKind::RST_STREAM, 0, 1, &[0, 0, 0, 8]),
        frame(FrameKind(0xfe), 3, 9, &long),
        frame(FrameKind::DATA, 0, 3, b""),
    ]
    .concat();
    let seen = |cut: usize| {
        let (mut inbound, mut arrivals) = (Inbound::new(LIMITS), Vec::new());
        inbound.take(&octets[..cut], &mut arrivals);
        inbound.take(&octets[cut..], &mut arrivals);
        let frames = arrivals.iter().filter_map(|arrival| match arrival {
            Arrival::Frame(frame) => Some((frame.header.kind.0, frame.padding, frame.payload.to_vec())),
            _ => None,
        });
        frames.collect::<Vec<_>>()
    };
    let expected = [
        (4, None, vec![0, 5, 0, 0, 0x40, 0]),
        (1, Some(2), vec![0, 0, 0, 1, 9]),
        (0, Some(1), vec![]),
        (0, None, vec![]),
        (6, None, b"12345678".to_vec()),
        (3, None, vec![0, 0, 0, 8]),
        (0xfe, None, vec![7; SEEN_OCTETS]),
        (0, None, vec![]),
    ];
    for cut in 0..octets.len() {
        assert_eq!(seen(cut), expected, "cut at {cut}");
    }
}
