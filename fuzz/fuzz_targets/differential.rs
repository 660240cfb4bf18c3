//! `cargo fuzz run differential`: see `src/differential.rs` for what it does, and README.md for how
//! to run it.

#![no_main]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| quixote_session_fuzz::differential::run(data));
