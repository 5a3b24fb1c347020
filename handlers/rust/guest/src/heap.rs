//! The allocator: the first 64 KiB come out of the module's own initial memory, what is more from `memory.grow`.
//!
//! Rust's default allocator grows memory at the first allocation. Each growth makes the host change page protections,
//! and change them back before the next exchange, which costs more than all of a small handler's own work.

use core::{alloc::Layout, arch::wasm32::memory_grow};

use talc::{
    base::{Talc, binning::Binning},
    cell::TalcSyncCell,
    source::Source,
    wasm::WasmBinning,
};

/// Octets of the first part.
const ARENA_OCTETS: usize = 64 << 10;
/// The size of a page (WebAssembly core specification §4.2.8), in octets.
const PAGE_OCTETS: usize = 64 << 10;
/// What the allocator needs for itself in each part that it is given, in octets.
const OVERHEAD_OCTETS: usize = 1 << 10;

static mut ARENA: [u8; ARENA_OCTETS] = [0; ARENA_OCTETS];

#[global_allocator]
static HEAP: TalcSyncCell<Memory, WasmBinning> = TalcSyncCell::new_wasm(Memory { arena_claimed: false });

/// Where the allocator gets memory from.
#[derive(Debug)]
struct Memory {
    arena_claimed: bool,
}

// SAFETY: it calls no other allocator, and each range is handed over once: the arena is used by nobody else, and the
// pages are new.
unsafe impl Source for Memory {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        if !talc.source.arena_claimed {
            talc.source.arena_claimed = true;
            // SAFETY: see above.
            unsafe { talc.claim((&raw mut ARENA).cast(), ARENA_OCTETS) };
            return Ok(());
        }
        let pages = (layout.size() + layout.align() + OVERHEAD_OCTETS).div_ceil(PAGE_OCTETS);
        let first = memory_grow(0, pages);
        if first == usize::MAX {
            return Err(());
        }
        // SAFETY: see above.
        unsafe { talc.claim((first * PAGE_OCTETS) as *mut u8, pages * PAGE_OCTETS) };
        Ok(())
    }
}
