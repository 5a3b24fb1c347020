//! Endings that no handler should have, and a flooded log.

use framewright_guest::{Fault, Level, log};

use crate::Behaviour;

/// `how`: `unreachable` (the default), `panic`, `stack` (endless recursion) or `memory` (a read out of bounds).
pub fn trap(one: Behaviour) -> Result<(), Fault> {
    one.reach()?;
    match one.query.text("how") {
        Some("panic") => panic!("asked to"),
        Some("stack") => log(Level::Info, &recurse(1).to_string()),
        Some("memory") => log(Level::Info, &out_of_bounds().to_string()),
        _ => std::process::abort(),
    }
    Ok(())
}

#[inline(never)]
fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    if frame[0] == u64::MAX { 0 } else { recurse(depth + 1) + frame[63] }
}

fn out_of_bounds() -> u8 {
    let last = std::hint::black_box(u32::MAX as usize) as *const u8;
    // SAFETY: there is none; on wasm32 the last address of 4 GiB is past the end of memory, which is what is asked for.
    unsafe { last.read_volatile() }
}

/// Returns with the response incomplete, its resources dropped.
pub fn return_early(one: Behaviour) -> Result<(), Fault> {
    Ok(one.reach()?)
}

/// Resets the response with `code` (8, CANCEL).
pub fn reset(one: Behaviour) -> Result<(), Fault> {
    one.reach()?;
    let code = u32::try_from(one.number("code", 8)).unwrap_or(u32::MAX);
    Ok(one.response.reset(code)?)
}

/// Logs `n` lines (1) of `size` octets (20), with terminal escapes among them if `escapes` is there, then answers.
pub fn log_much(one: Behaviour) -> Result<(), Fault> {
    let lines = one.number("n", 1);
    let size = usize::try_from(one.number("size", 20)).unwrap_or(usize::MAX);
    for line in 0..lines {
        let mut text = format!("line {line} ");
        if one.query.text("escapes").is_some() {
            text.push_str("\u{1b}[31mred\u{1b}[0m\r\nforged line\u{7}\u{202e}");
        }
        while text.len() < size {
            text.push('x');
        }
        log(Level::Info, &text);
    }
    Ok(one.answer(200, &format!("logged {lines} lines\n"))?)
}
