//! Makes the Python objects of a component's snapshot immortal (PEP 683), so that using them writes nothing.
//!
//! The snapshot itself says which: a table in its memory (`handlers/python/wptserve/_framewright/snapshot.py`) lists their
//! addresses. Every object begins with its reference count, a word of four octets, which is set here, where the component
//! holds the memory's initial content: in the active data segments of one core module.

use std::ops::Range;

use anyhow::{Context, Result, bail, ensure};
use wasmparser::{DataKind, Operator, Parser, Payload};

/// What stands before the table: then come the number of addresses and the addresses.
const MARK: &[u8] = b"FRAMEWRIGHT: THE OBJECTS THAT THE BUILD MAKES IMMORTAL\n";
/// CPython 3.14 on 32 bits, `Include/refcount.h`: `_Py_IMMORTAL_INITIAL_REFCNT`.
const IMMORTAL: u32 = 5 << 28;
/// There, `_Py_IMMORTAL_MINIMUM_REFCNT`.
const IMMORTAL_FROM: u32 = 1 << 30;
const WORD: usize = 4;

/// Changes `component` in place; gives the number of objects that were mortal.
///
/// # Errors
/// If the component can't be parsed, has no table or more than one, or an address in it is none of a living object.
pub fn make_immortal(component: &mut [u8]) -> Result<usize> {
    let (image, table) = find_table(component)?;
    let count = image.word(component, table).context("the table's number of objects")? as usize;
    let mut changed = 0;
    for index in 0..count {
        let place = table + (1 + index) * WORD;
        let address = image.word(component, place).with_context(|| format!("entry {index} of the table"))? as usize;
        let references = image.word(component, address).with_context(|| format!("the object at {address:#x}"))?;
        ensure!(references != 0, "entry {index} of the table, {address:#x}, is no living object");
        if references < IMMORTAL_FROM {
            image.set_word(component, address, IMMORTAL).with_context(|| format!("the object at {address:#x}"))?;
            changed += 1;
        }
    }
    Ok(changed)
}

/// Where a core module's memory begins: its active data segments by address.
struct Image {
    /// Address in the memory, and place in the component's octets.
    segments: Vec<(usize, Range<usize>)>,
}

impl Image {
    /// Where the octet at `address` stands in the component; none if it is zero without being written down.
    fn place(&self, address: usize) -> Option<usize> {
        let after = self.segments.partition_point(|(start, _)| *start <= address);
        let (start, octets) = self.segments.get(after.checked_sub(1)?)?;
        let place = octets.start + (address - start);
        octets.contains(&place).then_some(place)
    }

    fn word(&self, component: &[u8], address: usize) -> Result<u32> {
        let (first, _) = self.segments.first().context("the memory is empty")?;
        let (last, octets) = self.segments.last().context("the memory is empty")?;
        ensure!((*first..last + octets.len()).contains(&address), "{address:#x} is outside the memory's content");
        let mut word = [0; WORD];
        for (offset, octet) in word.iter_mut().enumerate() {
            *octet = self.place(address + offset).map_or(0, |place| component[place]);
        }
        Ok(u32::from_le_bytes(word))
    }

    fn set_word(&self, component: &mut [u8], address: usize, word: u32) -> Result<()> {
        for (offset, octet) in word.to_le_bytes().into_iter().enumerate() {
            match self.place(address + offset) {
                Some(place) => component[place] = octet,
                None => ensure!(octet == 0, "{:#x} can't be written: it stands in no segment", address + offset),
            }
        }
        Ok(())
    }
}

/// The memory that holds the table, and the address of the number in front of it.
fn find_table(component: &[u8]) -> Result<(Image, usize)> {
    let mut found = None;
    for payload in Parser::new(0).parse_all(component) {
        let Payload::DataSection(section) = payload.context("the component can't be parsed")? else { continue };
        let mut segments = Vec::new();
        for segment in section {
            let segment = segment.context("a data segment can't be parsed")?;
            let end = segment.range.end;
            let octets = end - segment.data.len()..end;
            let DataKind::Active { memory_index: 0, offset_expr } = segment.kind else { continue };
            let Operator::I32Const { value } = offset_expr.get_operators_reader().read()? else { continue };
            segments.push((u32::from_ne_bytes(value.to_ne_bytes()) as usize, octets));
        }
        segments.sort_unstable_by_key(|(start, _)| *start);
        for (start, octets) in &segments {
            for at in places(&component[octets.clone()]) {
                ensure!(found.is_none(), "the snapshot has more than one table of objects");
                found = Some((segments.clone(), start + at + MARK.len()));
            }
        }
    }
    let Some((segments, table)) = found else { bail!("the snapshot has no table of objects") };
    Ok((Image { segments }, table))
}

fn places(octets: &[u8]) -> impl Iterator<Item = usize> {
    octets.windows(MARK.len()).enumerate().filter(|(_, window)| *window == MARK).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{ConstExpr, DataSection, MemorySection, MemoryType, Module};

    use super::*;

    /// A module with one memory of these segments.
    fn module(segments: &[(u32, Vec<u8>)]) -> Vec<u8> {
        let mut memories = MemorySection::new();
        memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
        let mut data = DataSection::new();
        for (address, octets) in segments {
            data.active(0, &ConstExpr::i32_const(i32::from_ne_bytes(address.to_ne_bytes())), octets.iter().copied());
        }
        let mut module = Module::new();
        module.section(&memories).section(&data);
        module.finish()
    }

    fn table(addresses: &[u32]) -> Vec<u8> {
        let words = std::iter::once(addresses.len() as u32).chain(addresses.iter().copied());
        MARK.iter().copied().chain(words.flat_map(u32::to_le_bytes)).collect()
    }

    fn words(octets: &[u32]) -> Vec<u8> {
        octets.iter().copied().flat_map(u32::to_le_bytes).collect()
    }

    #[test]
    fn listed_objects_become_immortal_and_nothing_else_changes() -> Result<()> {
        let objects =
            |first: u32, second: u32| vec![(64, words(&[first, 7, 3, 7, second, 7])), (512, table(&[64, 80]))];
        let mut changed = module(&objects(2, 1));
        assert_eq!(make_immortal(&mut changed)?, 2);
        assert_eq!(changed, module(&objects(IMMORTAL, IMMORTAL)));
        Ok(())
    }

    #[test]
    fn what_is_immortal_already_stays_as_it_is() -> Result<()> {
        let octets = module(&[(64, words(&[7 << 28, 7])), (512, table(&[64]))]);
        let mut same = octets.clone();
        assert_eq!(make_immortal(&mut same)?, 0);
        assert_eq!(same, octets);
        Ok(())
    }

    #[test]
    fn faults_are_named() {
        let faults = [
            (vec![(64, words(&[1, 7]))], "no table"),
            (vec![(64, table(&[])), (512, table(&[]))], "more than one"),
            (vec![(64, words(&[0, 7])), (512, table(&[64]))], "no living object"),
            (vec![(512, table(&[8000]))], "outside"),
            (vec![(512, table(&[u32::MAX]))], "outside"),
            (vec![(64, vec![1]), (512, table(&[64]))], "can't be written"),
            (vec![(512, [MARK, &[255, 255, 255, 255]].concat())], "entry 0"),
        ];
        for (segments, words) in faults {
            let said =
                make_immortal(&mut module(&segments)).map_or_else(|fault| format!("{fault:#}"), |_| String::new());
            assert!(said.contains(words), "{said:?} for {words:?}");
        }
        assert!(make_immortal(&mut b"\0asm rubbish".to_vec()).is_err());
    }
}
