//! `cargo fuzz run step`: see `src/step.rs` for what it does, and README.md for how to run it.

#![no_main]
#![cfg_attr(fuzzing, allow(unsafe_code, reason = "the fuzzer finds its counters by a section"))]

/// To the fuzzer a cell of behaviour is like an edge of the code: it keeps an input that reaches a
/// new one.
#[cfg(fuzzing)]
mod cells {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicU8, Ordering};
    use std::sync::{Mutex, PoisonError};

    use quixote_session::check::Cell;

    /// More than there are cells. The fuzzer reads and clears the memory in this section.
    const COUNTERS: usize = 1024;

    // Nothing here reads it, so the compiler would otherwise remove it.
    #[used]
    #[unsafe(link_section = "__libfuzzer_extra_counters")]
    static REACHED: [AtomicU8; COUNTERS] = [const { AtomicU8::new(0) }; COUNTERS];

    /// The counter of each cell. Counters are given out in the order in which cells are first
    /// reached.
    static PLACES: Mutex<BTreeMap<Cell, usize>> = Mutex::new(BTreeMap::new());

    pub(super) fn reached(cell: Cell) {
        let mut places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
        let next = places.len();
        let place = *places.entry(cell).or_insert(next);
        REACHED[place].store(1, Ordering::Relaxed);
    }
}

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| quixote_session_fuzz::step::run(
    data,
    &mut cells::reached
));
