//! `cargo fuzz run cookie`: see `src/cookie.rs` for what it does, and README.md for how to run it.

#![no_main]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| quixote_session_fuzz::cookie::run(data));
