use super::*;
use crate::exchange::Indexing;

fn literal(name: &'static [u8], value: &'static [u8]) -> Instruction {
    Instruction::Literal {
        name: Bytes::from_static(name),
        value: Bytes::from_static(value),
        indexing: Indexing::Without,
        huffman: false,
    }
}

fn section(block: Vec<Instruction>, split: Vec<u32>, padding: Option<u8>, end_headers: bool) -> RawSection {
    RawSection { block, split, padding, end_headers }
}

fn octets(body: Body) -> Composed {
    frames(&[RawFrame { stream: None, body }], 5)
}

/// A clause, a frame, and its octets.
type Row = (&'static str, Body, &'static [u8]);

const PRIORITY: Priority = Priority { exclusive: true, dependency: 3, weight: 9 };

#[test]
fn frames_of_messages_are_written_as_their_sections_have_them() {
    let bytes = Bytes::from_static;
    let status = || vec![Instruction::Indexed(8), literal(b"a", b"b")];
    check(vec![
        (
            "RFC 9113 §6.1",
            Body::Data { octets: bytes(b"xy"), padding: None, end_stream: true },
            b"\0\0\x02\x00\x01\0\0\0\x05xy",
        ),
        (
            "RFC 9113 §6.1: padded",
            Body::Data { octets: bytes(b"x"), padding: Some(2), end_stream: false },
            b"\0\0\x04\x00\x08\0\0\0\x05\x02x\0\0",
        ),
        (
            "RFC 9113 §6.2: split",
            Body::Headers { fields: section(status(), vec![2, 0], None, true), priority: None, end_stream: false },
            b"\0\0\x02\x01\x00\0\0\0\x05\x88\0\0\0\0\x09\x00\0\0\0\x05\0\0\x04\x09\x04\0\0\0\x05\x01a\x01b",
        ),
        (
            "RFC 9113 §6.2: padding and priority",
            Body::Headers {
                fields: section(vec![Instruction::Indexed(8)], vec![], Some(1), true),
                priority: Some(PRIORITY),
                end_stream: true,
            },
            b"\0\0\x08\x01\x2d\0\0\0\x05\x01\x80\0\0\x03\x09\x88\0",
        ),
    ]);
}

#[test]
fn all_other_frames_are_written_as_their_sections_have_them() {
    let bytes = Bytes::from_static;
    check(vec![
        ("RFC 9113 §6.3", Body::Priority(PRIORITY), b"\0\0\x05\x02\0\0\0\0\x05\x80\0\0\x03\x09"),
        ("RFC 9113 §6.4", Body::RstStream(8), b"\0\0\x04\x03\0\0\0\0\x05\0\0\0\x08"),
        (
            "RFC 9113 §6.5",
            Body::Settings { ack: false, settings: vec![(4, 65_536)] },
            b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\x01\0\0",
        ),
        (
            "RFC 9113 §6.6",
            Body::PushPromise { promised: 2, fields: section(vec![Instruction::Indexed(2)], vec![], None, true) },
            b"\0\0\x05\x05\x04\0\0\0\x05\0\0\0\x02\x82",
        ),
        ("RFC 9113 §6.7", Body::Ping { ack: true, opaque: bytes(b"12345678") }, b"\0\0\x08\x06\x01\0\0\0\x0012345678"),
        (
            "RFC 9113 §6.8",
            Body::Goaway { last_stream: 1, code: 2, debug: bytes(b"why") },
            b"\0\0\x0b\x07\0\0\0\0\0\0\0\0\x01\0\0\0\x02why",
        ),
        ("RFC 9113 §6.9", Body::WindowUpdate(0), b"\0\0\x04\x08\0\0\0\0\x05\0\0\0\0"),
        (
            "RFC 9113 §6.10",
            Body::Continuation { block: vec![Instruction::Octets(bytes(b"\xff"))], end_headers: false },
            b"\0\0\x01\x09\0\0\0\0\x05\xff",
        ),
        (
            "RFC 7838 §4",
            Body::Altsvc { origin: bytes(b""), value: bytes(b"clear") },
            b"\0\0\x07\x0a\0\0\0\0\x05\0\0clear",
        ),
        ("RFC 8336 §2", Body::Origin(vec![bytes(b"o")]), b"\0\0\x03\x0c\0\0\0\0\0\0\x01o"),
        (
            "RFC 9218 §7.1",
            Body::PriorityUpdate { prioritized: 1, value: bytes(b"u=0") },
            b"\0\0\x07\x10\0\0\0\0\0\0\0\0\x01u=0",
        ),
        (
            "RFC 9113 §4.1: a length that is not the payload's",
            Body::Other { kind: 0xfe, flags: 0xff, reserved: true, payload: bytes(b"x"), declared: Some(0x01_0203) },
            b"\x01\x02\x03\xfe\xff\x80\0\0\x05x",
        ),
    ]);
}

fn check(rows: Vec<Row>) {
    for (clause, body, expected) in rows {
        let raw = [RawFrame { stream: None, body: body.clone() }];
        assert_eq!(octets(body).octets, expected, "{clause}");
        assert!(octets_of(&raw) <= expected.len() + 4, "{clause}");
    }
}

#[test]
fn notes_what_the_connection_has_to_know() {
    let data = octets(Body::Data { octets: Bytes::from_static(b"abc"), padding: Some(4), end_stream: false });
    assert_eq!((data.data, data.touched, data.spoils), (vec![(5, 8)], vec![5], None));

    let spoiling = [
        Body::Settings { ack: false, settings: vec![] },
        Body::Headers {
            fields: section(vec![Instruction::SizeUpdate(0)], vec![], None, true),
            priority: None,
            end_stream: false,
        },
        Body::Continuation { block: vec![Instruction::Indexed(62)], end_headers: true },
        Body::Other { kind: 7, flags: 0, reserved: false, payload: Bytes::new(), declared: Some(1) },
    ];
    for body in spoiling {
        assert!(octets(body.clone()).spoils.is_some(), "{body:?}");
    }
    let window = |stream| frames(&[RawFrame { stream: Some(stream), body: Body::WindowUpdate(1) }], 5);
    assert!(window(0).spoils.is_some() && window(5).spoils.is_none());
    assert_eq!(octets(Body::Settings { ack: false, settings: vec![] }).settings, 1);
    assert_eq!(octets(Body::Settings { ack: true, settings: vec![] }).settings, 0);
    let open = section(vec![Instruction::Indexed(8)], vec![], None, false);
    let headers = octets(Body::Headers { fields: open.clone(), priority: None, end_stream: true });
    assert!(headers.open_block == Some(true) && headers.spoils.is_none());
    let promise = octets(Body::PushPromise { promised: 2, fields: open });
    assert_eq!(promise.promised, [2]);
}
