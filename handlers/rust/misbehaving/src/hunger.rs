//! Uses up what is limited: CPU time, memory, wall-clock time.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use framewright_guest::{Fault, clock, field};

use crate::Behaviour;

/// Computes for `ms` milliseconds of wall-clock time, then ends the response; forever if there is no `ms`, without
/// calling the host even once.
pub fn spin(one: Behaviour) -> Result<(), Fault> {
    one.reach()?;
    let mut state = 1_u64;
    match one.query.number("ms") {
        None => loop {
            state = step(state);
        },
        Some(ms) => {
            let end = clock::now() + Duration::from_millis(ms);
            while clock::now() < end {
                for _ in 0..10_000 {
                    state = step(state);
                }
            }
        }
    }
    if one.query.text("at").is_some_and(|at| at != "start") {
        return Ok(one.response.end_stream()?);
    }
    Ok(one.answer(200, "spun\n")?)
}

fn step(state: u64) -> u64 {
    std::hint::black_box(state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1))
}

/// Grows memory by `step` KiB (64) at a time and touches every page of it, until `mib` are there or growth is refused.
/// Without `mib` it goes on as long as it may.
pub fn allocate(one: Behaviour) -> Result<(), Fault> {
    one.reach()?;
    let wanted = one.number("mib", u64::MAX).saturating_mul(1 << 20);
    let pages = usize::try_from(one.number("step", 64) / 64).unwrap_or(usize::MAX).max(1);
    let mut grown = 0;
    let outcome = loop {
        if grown >= wanted {
            break "granted";
        }
        let first = grow(pages);
        if first == usize::MAX {
            break "refused";
        }
        for page in first..first + pages {
            touch(page);
        }
        grown += pages as u64 * WASM_PAGE as u64;
    };
    Ok(one.answer(200, &format!("{outcome} after {} KiB\n", grown >> 10))?)
}

/// Suspends for `ms` milliseconds, then ends the response with a line; as long as it may if there is no `ms`.
/// `on`: `clock` (the default) or `content`, which waits in `request.read`.
pub fn wait(one: Behaviour) -> Result<(), Fault> {
    one.reach()?;
    let time = one.query.number("ms").map(Duration::from_millis);
    if one.query.text("on") == Some("content") {
        let deadline = time.and_then(|time| u64::try_from(time.as_nanos()).ok());
        while let Ok(framewright_guest::ContentEvent::Data(_)) = one.request.read(0, deadline) {}
    } else {
        clock::sleep(time.unwrap_or(Duration::MAX));
    }
    if one.query.text("at").is_none_or(|at| at == "start") {
        one.response.send_headers(200, &[field("content-type", "text/plain")], false)?;
    }
    Ok(one.response.send_data(b"waited\n", true)?)
}

/// Answers how often this instance has been called: always once, as nothing is shared between exchanges.
pub fn count(one: Behaviour) -> Result<(), Fault> {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    Ok(one.answer(200, &format!("{calls}\n"))?)
}

/// The old size in pages, or `usize::MAX` if there is no more.
#[cfg(target_arch = "wasm32")]
fn grow(pages: usize) -> usize {
    core::arch::wasm32::memory_grow::<0>(pages)
}

#[cfg(target_arch = "wasm32")]
fn touch(page: usize) {
    let start = (page * WASM_PAGE) as *mut u8;
    for offset in (0..WASM_PAGE).step_by(HOST_PAGE) {
        // SAFETY: the page has just been added to linear memory, and the allocator doesn't know of it.
        unsafe { start.add(offset).write_volatile(1) };
    }
}

/// Only wasm has a linear memory; elsewhere this is compiled for the linter alone.
#[cfg(not(target_arch = "wasm32"))]
fn grow(_: usize) -> usize {
    usize::MAX
}

#[cfg(not(target_arch = "wasm32"))]
fn touch(_: usize) {
    let _ = HOST_PAGE;
}

const WASM_PAGE: usize = 65_536;
const HOST_PAGE: usize = 4_096;
