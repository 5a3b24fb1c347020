use proptest::prelude::*;

use super::*;

fn frame(kind: FrameKind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    [&FrameHeader { length, kind, flags, reserved: false, stream }.encode(), payload].concat()
}

const FREE: Obstacles = Obstacles { held_for: None, room: u64::MAX, open_block: false };

/// Everything on its way.
fn sent(outgoing: &mut Outgoing) -> Vec<u8> {
    let mut octets = Vec::new();
    while let Some(next) = outgoing.next().cloned() {
        octets.extend_from_slice(&next);
        outgoing.advance(next.len());
    }
    octets
}

/// What leaves of these frames, however they are cut.
fn pass(frames: &[Vec<u8>], rules: impl Fn() -> Rules, obstacles: Obstacles) -> Vec<u8> {
    let whole = frames.concat();
    let mut first = None;
    for cut in 0..=whole.len() {
        let (mut outgoing, mut rules) = (Outgoing::default(), rules());
        outgoing.take(&whole[..cut], &mut rules);
        outgoing.take(&whole[cut..], &mut rules);
        outgoing.let_go(obstacles);
        let now = sent(&mut outgoing);
        assert_eq!(*first.get_or_insert(now.clone()), now, "cut at {cut}");
    }
    first.unwrap_or_default()
}

#[test]
fn without_rules_octets_leave_as_they_came() {
    let frames = [
        frame(FrameKind::SETTINGS, 0, 0, &[0; 6]),
        frame(FrameKind::HEADERS, 0, 1, b"ab"),
        frame(FrameKind::CONTINUATION, 4, 1, b"c"),
        frame(FrameKind::DATA, 1, 1, b"content"),
        frame(FrameKind::RST_STREAM, 0, 3, &[0, 0, 0, 8]),
        frame(FrameKind::GOAWAY, 0, 0, &[0; 8]),
    ];
    assert_eq!(pass(&frames, Rules::default, FREE), frames.concat());
}

#[test]
fn resets_and_goaways_that_a_handler_has_taken_over_are_dropped() {
    let frames = [
        frame(FrameKind::RST_STREAM, 0, 1, &[0, 0, 0, 8]),
        frame(FrameKind::RST_STREAM, 0, 3, &[0, 0, 0, 8]),
        frame(FrameKind::GOAWAY, 0, 0, &[0; 8]),
        frame(FrameKind::DATA, 0, 1, b"x"),
    ];
    let rules = || Rules { suppressed: vec![1], suppress_goaway: true, ..Rules::default() };
    assert_eq!(pass(&frames, rules, FREE), [frames[1].clone(), frames[3].clone()].concat());
}

#[test]
fn the_next_data_frame_of_a_stream_is_padded() {
    let frames =
        [frame(FrameKind::DATA, 0, 3, b"x"), frame(FrameKind::DATA, 1, 1, b"y"), frame(FrameKind::DATA, 0, 1, b"z")];
    let padded = frame(FrameKind::DATA, 1 | flags::PADDED, 1, &[2, b'y', 0, 0]);
    let expected = [frames[0].clone(), padded, frames[2].clone()].concat();
    assert_eq!(pass(&frames, || Rules { padding: vec![(1, 2)], ..Rules::default() }, FREE), expected);

    let mut outgoing = Outgoing::default();
    outgoing.take(&frames[1], &mut Rules { padding: vec![(1, 2)], ..Rules::default() });
    assert_eq!(outgoing.take_unknown_data(), 3);
    let tight = Obstacles { room: 3, ..FREE };
    assert_eq!(outgoing.let_go(tight), Gone::default(), "four octets need a window of four");
    assert_eq!(outgoing.let_go(Obstacles { room: 4, ..FREE }).data, 4);
}

#[test]
fn field_blocks_are_split() {
    let rules = || Rules { fragments: vec![(1, 2)], ..Rules::default() };
    let frames = [frame(FrameKind::HEADERS, 1, 1, b"abc"), frame(FrameKind::CONTINUATION, 4, 1, b"de")];
    let expected = [
        frame(FrameKind::HEADERS, 1, 1, b"ab"),
        frame(FrameKind::CONTINUATION, 0, 1, b"cd"),
        frame(FrameKind::CONTINUATION, 4, 1, b"e"),
    ];
    assert_eq!(pass(&frames, rules, FREE), expected.concat());
    let promise = [frame(FrameKind::PUSH_PROMISE, 4, 1, b"\0\0\0\x02abc")];
    let expected = [frame(FrameKind::PUSH_PROMISE, 0, 1, b"\0\0\0\x02ab"), frame(FrameKind::CONTINUATION, 4, 1, b"c")];
    assert_eq!(pass(&promise, rules, FREE), expected.concat());
    let empty = [frame(FrameKind::HEADERS, 5, 1, b"")];
    assert_eq!(pass(&empty, rules, FREE), empty.concat());
}

#[test]
fn while_one_stream_has_the_connection_others_wait_in_order() {
    let others = [
        frame(FrameKind::DATA, 0, 3, b"x"),
        frame(FrameKind::PING, 1, 0, &[0; 8]),
        frame(FrameKind::HEADERS, 4, 5, b"h"),
    ];
    let own = [frame(FrameKind::DATA, 0, 1, b"a"), frame(FrameKind::DATA, 0, 1, b"b")];
    let mixed = [&own[..1], &others[..], &own[1..]].concat();
    let held = Obstacles { held_for: Some(1), ..FREE };
    assert_eq!(pass(&mixed, Rules::default, held), own.concat());

    let mut outgoing = Outgoing::default();
    outgoing.take(&mixed.concat(), &mut Rules::default());
    outgoing.let_go(held);
    assert_eq!(outgoing.waiting_of_others(1), others.concat().len());
    outgoing.let_go(FREE);
    assert_eq!(sent(&mut outgoing), [own.concat(), others.concat()].concat());
}

#[test]
fn a_field_block_does_not_pass_another() {
    let frames = [frame(FrameKind::HEADERS, 4, 3, b"x"), frame(FrameKind::HEADERS, 4, 1, b"y")];
    let mut outgoing = Outgoing::default();
    outgoing.take(&frames.concat(), &mut Rules::default());
    assert!(outgoing.let_go(Obstacles { held_for: Some(1), ..FREE }).stuck);
    assert!(sent(&mut outgoing).is_empty());
    assert!(!outgoing.let_go(FREE).stuck);
    assert_eq!(sent(&mut outgoing), frames.concat());
}

#[test]
fn content_waits_for_the_window_and_its_stream_with_it() {
    let frames = [
        frame(FrameKind::DATA, 0, 1, b"abc"),
        frame(FrameKind::HEADERS, 5, 1, b"t"),
        frame(FrameKind::DATA, 0, 3, b"d"),
        frame(FrameKind::HEADERS, 5, 3, b"u"),
        frame(FrameKind::PING, 1, 0, &[0; 8]),
    ];
    let tight = Obstacles { room: 2, ..FREE };
    // The trailers of stream 3 wait for those of stream 1.
    assert_eq!(pass(&frames, Rules::default, tight), [frames[2].clone(), frames[4].clone()].concat());
    assert!(pass(&frames, Rules::default, Obstacles { open_block: true, ..FREE }).is_empty());
}

proptest! {
    /// Whatever the obstacles: in the end everything has left, in order within each stream, and with field blocks in
    /// order among themselves.
    #[test]
    fn nothing_is_lost_or_reordered(
        frames in prop::collection::vec((0u8..3, 0u32..4, 0usize..5), 0..40),
        turns in prop::collection::vec((prop::option::of(0u32..4), 0u64..10, any::<bool>()), 0..10),
        width in 1usize..50,
    ) {
        let frames: Vec<Vec<u8>> = frames
            .iter()
            .enumerate()
            .map(|(index, (kind, stream, length))| {
                let kind = [FrameKind::DATA, FrameKind::HEADERS, FrameKind::PING][usize::from(*kind)];
                let mut payload = index.to_be_bytes().to_vec();
                payload.extend(vec![0; *length]);
                frame(kind, flags::END_HEADERS, *stream, &payload)
            })
            .collect();
        let mut outgoing = Outgoing::default();
        let mut turns = turns.into_iter();
        let mut arrived = Vec::new();
        for piece in frames.concat().chunks(width) {
            outgoing.take(piece, &mut Rules::default());
            if let Some((held_for, room, open_block)) = turns.next() {
                outgoing.let_go(Obstacles { held_for, room, open_block });
                arrived.extend(sent(&mut outgoing));
            }
        }
        outgoing.let_go(FREE);
        arrived.extend(sent(&mut outgoing));
        prop_assert_eq!(outgoing.waiting_octets(), 0);
        prop_assert_eq!(outgoing.left(), outgoing.appended());

        let mut left = BytesMut::from(&arrived[..]);
        let mut units = Vec::new();
        while let Some(unit) = cut(&mut left) {
            units.push(unit.to_vec());
        }
        let of = |units: &[Vec<u8>], wanted: &dyn Fn(FrameHeader) -> bool| {
            units.iter().filter(|unit| wanted(header_of(unit).unwrap())).cloned().collect::<Vec<_>>()
        };
        for stream in 0..4 {
            let same = |header: FrameHeader| header.stream == stream;
            prop_assert_eq!(of(&units, &same), of(&frames, &same));
        }
        let blocks = |header: FrameHeader| header.kind == FrameKind::HEADERS;
        prop_assert_eq!(of(&units, &blocks), of(&frames, &blocks));
    }
}
