//! Components with something broken in them: a good one, changed at random. The generator is seeded, so that each run
//! tries the same.

use std::sync::Arc;

use super::{Arena, Attack, arena::HOSTILE, components::settled};
use crate::support::handler;

/// Changed components of one attack.
const EACH: usize = 25;

/// A change of these octets.
type Change = fn(&mut Vec<u8>, &mut Random);

const CHANGES: &[(&str, Change)] = &[
    ("one bit flipped", |octets, random| {
        let at = random.below(octets.len());
        octets[at] ^= 1 << random.below(8);
    }),
    ("sixteen octets overwritten", |octets, random| {
        for _ in 0..16 {
            let at = random.below(octets.len());
            octets[at] = random.octet();
        }
    }),
    ("cut off", |octets, random| octets.truncate(random.below(octets.len()))),
    ("a piece left out", |octets, random| {
        let at = random.below(octets.len());
        let to = (at + 1 + random.below(64)).min(octets.len());
        octets.drain(at..to);
    }),
    ("a piece doubled", |octets, random| {
        let at = random.below(octets.len());
        let to = (at + 1 + random.below(4096)).min(octets.len());
        let piece = octets[at..to].to_vec();
        octets.splice(at..at, piece);
    }),
    ("a length that lies", |octets, random| {
        // LEB128 of 2³² − 1, over whatever stands there.
        let at = 8 + random.below(octets.len() - 16);
        octets[at..at + 5].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0x0f]);
    }),
    ("a header and noise", |octets, random| {
        octets.truncate(8);
        octets.extend((0..4096).map(|_| random.octet()));
    }),
];

pub(super) fn attacks() -> Vec<Attack> {
    let each = CHANGES.iter().enumerate().map(|(index, (name, change))| {
        let attack = Attack::new(&format!("malformed component: {name}"), move |arena| mutate(arena, index, *change));
        if index == 2 || index == 6 { attack.quick() } else { attack }
    });
    each.collect()
}

async fn mutate(arena: Arc<Arena>, seed: usize, change: Change) -> String {
    let good = handler("rust/hello");
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed as u64);
    let mut answers = [0; 3];
    for index in 0..EACH {
        let mut octets = good.clone();
        change(&mut octets, &mut random);
        let path = format!("malformed{seed}-{index}.handler.wasm");
        arena.server.site.file(&format!("{HOSTILE}/{path}"), octets);
        // A change in a name or in data may leave a component that works; one in code may do anything that code can.
        match settled(&arena, &path).await {
            200 => answers[0] += 1,
            500 => answers[1] += 1,
            503 => answers[2] += 1,
            other => panic!("{path}: {other}"),
        }
    }
    format!("{} refused or failed with 500, {} with 503, {} ran all the same", answers[1], answers[2], answers[0])
}

/// Marsaglia's xorshift with shifts 13, 7 and 17.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        // The remainder is below `most`.
        usize::try_from(self.next() % most.max(1) as u64).unwrap_or(0)
    }

    fn octet(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}
