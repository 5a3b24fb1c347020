use proptest::prelude::*;
use tokio::sync::oneshot;

use super::*;
use crate::wire::{backlog::Backlog, frame::FrameHeader};

fn frame(kind: FrameKind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap();
    [&FrameHeader { length, kind, flags, reserved: false, stream }.encode(), payload].concat()
}

const FREE: Obstacles = Obstacles { held_for: None, room: u64::MAX };

/// Everything on its way.
fn sent(outgoing: &mut Outgoing) -> Vec<u8> {
    let mut octets = Vec::new();
    while let Some(next) = outgoing.out.next().cloned() {
        octets.extend_from_slice(&next);
        outgoing.out.advance(next.len());
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
    let rules = || {
        let mut rules = Rules::default();
        rules.suppress_goaway = true;
        rules.suppress_reset(1);
        rules
    };
    assert_eq!(pass(&frames, rules, FREE), [frames[1].clone(), frames[3].clone()].concat());
}

#[test]
fn the_next_data_frame_of_a_stream_is_padded() {
    let frames =
        [frame(FrameKind::DATA, 0, 3, b"x"), frame(FrameKind::DATA, 1, 1, b"y"), frame(FrameKind::DATA, 0, 1, b"z")];
    let padded = frame(FrameKind::DATA, 1 | flags::PADDED, 1, &[2, b'y', 0, 0]);
    let expected = [frames[0].clone(), padded, frames[2].clone()].concat();
    let rules = || {
        let mut rules = Rules::default();
        rules.pad_next(1, 2);
        rules
    };
    assert_eq!(pass(&frames, rules, FREE), expected);

    let mut outgoing = Outgoing::default();
    outgoing.take(&frames[1], &mut rules());
    assert_eq!(outgoing.take_unknown_data(), 3);
    let tight = Obstacles { room: 3, ..FREE };
    let short = Gone { is_short: true, ..Gone::default() };
    assert_eq!(outgoing.let_go(tight), short, "four octets need a window of four");
    assert_eq!(outgoing.let_go(Obstacles { room: 4, ..FREE }).data, 4);
}

#[test]
fn field_blocks_are_split() {
    let rules = || {
        let mut rules = Rules::default();
        rules.split(1, 2);
        rules
    };
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
    assert_eq!(outgoing.let_go(held).held_octets, others.concat().len());
    outgoing.let_go(FREE);
    assert_eq!(sent(&mut outgoing), [own.concat(), others.concat()].concat());
}

#[test]
fn a_field_block_does_not_pass_another() {
    let frames = [frame(FrameKind::HEADERS, 4, 3, b"x"), frame(FrameKind::HEADERS, 4, 1, b"y")];
    let mut outgoing = Outgoing::default();
    outgoing.take(&frames.concat(), &mut Rules::default());
    assert!(outgoing.let_go(Obstacles { held_for: Some(1), ..FREE }).is_stuck);
    assert!(sent(&mut outgoing).is_empty());
    assert!(!outgoing.let_go(FREE).is_stuck);
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
}

/// A raw write of the exchange on stream `owner`, and its end.
fn raw(owner: u32, octets: &[u8], open_block: Option<bool>) -> (RawWrite, oneshot::Receiver<()>) {
    let (done, left) = oneshot::channel();
    let receipt = Receipt::new(done, Backlog::default().share(octets.len(), false).expect("room"));
    (RawWrite { owner, octets: Bytes::copy_from_slice(octets), data: 0, open_block, receipt }, left)
}

#[test]
fn a_raw_write_stands_behind_what_its_exchange_sent_and_before_nobody_else() {
    let content = [frame(FrameKind::DATA, 0, 1, b"abc"), frame(FrameKind::DATA, 0, 3, b"d")];
    let mut outgoing = Outgoing::default();
    outgoing.take(&content.concat(), &mut Rules::default());
    let (first, mut first_left) = raw(1, b"RAW 1", None);
    let (third, mut third_left) = raw(3, b"RAW 3", None);
    outgoing.write(first);
    outgoing.write(third);
    let gone = outgoing.let_go(Obstacles { room: 2, ..FREE });
    assert!(gone.is_short && gone.data == 1);
    assert_eq!(sent(&mut outgoing), [&content[1][..], b"RAW 3"].concat());
    outgoing.out.tell();
    assert!(first_left.try_recv().is_err() && third_left.try_recv().is_ok());
    outgoing.let_go(FREE);
    assert_eq!(sent(&mut outgoing), [&content[0][..], b"RAW 1"].concat());
    outgoing.out.tell();
    first_left.try_recv().expect("left");
}

#[test]
fn while_a_raw_block_is_open_only_its_exchange_s_raw_writes_leave() {
    let mut outgoing = Outgoing::default();
    outgoing.write(raw(1, b"(1", Some(true)).0);
    outgoing.write(raw(3, b"(3", Some(true)).0);
    outgoing.take(&frame(FrameKind::PING, 1, 0, b"12345678"), &mut Rules::default());
    outgoing.take(&frame(FrameKind::DATA, 0, 1, b"p"), &mut Rules::default());
    outgoing.write(raw(1, b"-1", None).0);
    outgoing.let_go(FREE);
    assert_eq!(sent(&mut outgoing), b"(1-1");
    assert!(outgoing.is_past(outgoing.end_of_line(), &[5, 1]) && !outgoing.is_past(outgoing.end_of_line(), &[3]));
    outgoing.write(raw(1, b"1)", Some(false)).0);
    outgoing.write(raw(1, b"x", None).0);
    outgoing.let_go(FREE);
    // The other block stood in line before what came behind its end, and keeps that waiting.
    assert_eq!(sent(&mut outgoing), b"1)(3");
    let (end, mut left) = raw(3, b"3)", Some(false));
    outgoing.write(end);
    outgoing.let_go(FREE);
    let octets = sent(&mut outgoing);
    assert!(octets.starts_with(b"3)") && octets.ends_with(b"px") && octets.len() == 2 + 17 + 10 + 1, "{octets:?}");
    outgoing.out.tell();
    left.try_recv().expect("left");
    assert_eq!(outgoing.waiting_octets(), 0);
}

#[test]
fn what_an_exchange_has_in_line_goes_with_it_and_its_open_block_ends() {
    let mut outgoing = Outgoing::default();
    outgoing.write(raw(1, b"(1", Some(true)).0);
    outgoing.write(raw(3, b"other", None).0);
    let held = Obstacles { held_for: Some(3), ..FREE };
    outgoing.let_go(held);
    assert_eq!(sent(&mut outgoing), b"other");
    outgoing.end_exchange(1);
    outgoing.let_go(FREE);
    assert_eq!((sent(&mut outgoing).len(), outgoing.waiting_octets()), (0, 0));

    outgoing.write(raw(5, b"(5", Some(true)).0);
    outgoing.write(raw(7, b"7", None).0);
    outgoing.let_go(FREE);
    assert_eq!(sent(&mut outgoing), b"(5");
    outgoing.end_exchange(5);
    outgoing.let_go(FREE);
    assert_eq!(sent(&mut outgoing), b"7");
}

#[test]
fn a_second_look_is_not_taken_at_what_waits_for_a_hold() {
    let mut outgoing = Outgoing::default();
    let held = Obstacles { held_for: Some(1), room: 100 };
    let other = frame(FrameKind::PING, 1, 0, b"12345678");
    for round in 1..=20_000 {
        outgoing.take(&other, &mut Rules::default());
        // A window that grows and shrinks makes no difference to them.
        let room = if round % 2 == 0 { 100 } else { 1_000 };
        assert_eq!(outgoing.let_go(Obstacles { room, ..held }).held_octets, round * other.len());
    }
    let own = frame(FrameKind::DATA, 0, 1, b"own");
    outgoing.take(&own, &mut Rules::default());
    assert_eq!(outgoing.let_go(held).data, 3);
    assert_eq!(sent(&mut outgoing), own);
    outgoing.let_go(FREE);
    assert_eq!(sent(&mut outgoing).len(), 20_000 * other.len());
}

#[test]
fn rules_of_exchanges_that_are_over_are_forgotten_in_the_end() {
    let mut rules = Rules::default();
    for stream in (1..40_001).step_by(2) {
        rules.suppress_reset(stream);
        rules.pad_next(stream, 1);
        rules.split(stream, 3);
        rules.end(stream);
        rules.end(stream);
    }
    assert!(rules.len() < 5_000, "{}", rules.len());
    let reset = frame(FrameKind::RST_STREAM, 0, 39_999, &[0; 4]);
    let mut outgoing = Outgoing::default();
    outgoing.take(&reset, &mut rules);
    assert_eq!(outgoing.waiting_octets(), 0, "the last ones hold");
}

/// What is lined up: of this kind, for this stream, with so many octets; raw with this part of a field block.
#[derive(Clone, Copy, Debug)]
struct Item {
    kind: FrameKind,
    stream: u32,
    length: usize,
    open_block: Option<bool>,
}

/// A type that only raw writes have.
const RAW: FrameKind = FrameKind(0xfe);

fn items() -> impl Strategy<Value = Vec<Item>> {
    let kind = prop::sample::select(vec![FrameKind::DATA, FrameKind::HEADERS, FrameKind::PING, RAW]);
    let item = (kind, 0u32..4, 0usize..5, prop::option::of(any::<bool>()));
    let item = item.prop_map(|(kind, stream, length, open_block)| {
        let stream = if kind == RAW { stream.max(1) } else { stream };
        Item { kind, stream, length, open_block }
    });
    prop::collection::vec(item, 0..40)
}

proptest! {
    /// Whatever the obstacles: in the end everything has left, in order within each exchange, and with field blocks in
    /// order among themselves. Where raw blocks are open, raw writes alone may pass polite ones.
    #[test]
    fn nothing_is_lost_or_reordered(
        items in items(),
        turns in prop::collection::vec((prop::option::of(0u32..4), 0u64..10), 40),
        opens in any::<bool>(),
    ) {
        let (mut outgoing, mut arrived, mut written) = (Outgoing::default(), Vec::new(), Vec::new());
        for (index, (item, (held_for, room))) in items.iter().zip(turns).enumerate() {
            let mut payload = index.to_be_bytes().to_vec();
            payload.extend(vec![0; item.length]);
            let octets = frame(item.kind, flags::END_HEADERS, item.stream, &payload);
            match item.kind {
                RAW => outgoing.write(raw(item.stream, &octets, item.open_block.filter(|_| opens)).0),
                _ => outgoing.take(&octets, &mut Rules::default()),
            }
            written.push(octets);
            let gone = outgoing.let_go(Obstacles { held_for, room });
            arrived.extend(sent(&mut outgoing));
            let look = outgoing.look.take();
            outgoing.let_go(Obstacles { held_for, room: room.saturating_sub(gone.data) });
            prop_assert!(outgoing.out.next().is_none(), "a look at all of them finds no more");
            outgoing.look = look;
        }
        for owner in (1..4).cycle().take(3 * items.len() + 3) {
            outgoing.write(raw(owner, b"", Some(false)).0);
            outgoing.let_go(FREE);
            arrived.extend(sent(&mut outgoing));
        }
        prop_assert_eq!(outgoing.waiting_octets(), 0);
        outgoing.out.tell();
        prop_assert!(outgoing.out.is_unmarked());

        let mut left = BytesMut::from(&arrived[..]);
        let mut units = Vec::new();
        while let Some(unit) = cut(&mut left) {
            units.push(unit.to_vec());
        }
        prop_assert_eq!(units.len(), written.len());
        let of = |units: &[Vec<u8>], wanted: &dyn Fn(FrameHeader) -> bool| {
            units.iter().filter(|unit| wanted(header_of(unit).unwrap())).cloned().collect::<Vec<_>>()
        };
        for stream in 0..4 {
            let same = |header: FrameHeader| header.stream == stream;
            let polite = |header: FrameHeader| header.stream == stream && header.kind != RAW;
            let raw = |header: FrameHeader| header.stream == stream && header.kind == RAW;
            if !opens {
                prop_assert_eq!(of(&units, &same), of(&written, &same));
            }
            prop_assert_eq!(of(&units, &polite), of(&written, &polite));
            prop_assert_eq!(of(&units, &raw), of(&written, &raw));
        }
        let blocks = |header: FrameHeader| header.kind == FrameKind::HEADERS;
        prop_assert_eq!(of(&units, &blocks), of(&written, &blocks));
    }
}
