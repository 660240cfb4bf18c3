//! `cargo fuzz run cookie`: see `src/cookie.rs` for what it does, and README.md for how to run it.

#![no_main]
#![cfg_attr(fuzzing, allow(unsafe_code, reason = "the callbacks of the instrumentation are C"))]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| quixote_session_fuzz::cookie::run(data));

/// Counts a comparison and hands it on to the fuzzer: `build.rs` has the linker lead every call of
/// the callback here.
#[cfg(fuzzing)]
macro_rules! counted {
    ($($wrap:ident, $real:ident, $number:ty;)*) => { $(
        unsafe extern "C" {
            fn $real(one: $number, other: $number);
        }

        #[unsafe(no_mangle)]
        extern "C" fn $wrap(one: $number, other: $number) {
            quixote_session_fuzz::work::COMPARISONS
                .fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            // SAFETY: the fuzzer's own callback, with the arguments that it was called with.
            unsafe { $real(one, other) }
        }
    )* };
}

#[cfg(fuzzing)]
counted! {
    __wrap___sanitizer_cov_trace_cmp1, __real___sanitizer_cov_trace_cmp1, u8;
    __wrap___sanitizer_cov_trace_cmp2, __real___sanitizer_cov_trace_cmp2, u16;
    __wrap___sanitizer_cov_trace_cmp4, __real___sanitizer_cov_trace_cmp4, u32;
    __wrap___sanitizer_cov_trace_cmp8, __real___sanitizer_cov_trace_cmp8, u64;
    __wrap___sanitizer_cov_trace_const_cmp1, __real___sanitizer_cov_trace_const_cmp1, u8;
    __wrap___sanitizer_cov_trace_const_cmp2, __real___sanitizer_cov_trace_const_cmp2, u16;
    __wrap___sanitizer_cov_trace_const_cmp4, __real___sanitizer_cov_trace_const_cmp4, u32;
    __wrap___sanitizer_cov_trace_const_cmp8, __real___sanitizer_cov_trace_const_cmp8, u64;
    // Its second argument is a pointer.
    __wrap___sanitizer_cov_trace_switch, __real___sanitizer_cov_trace_switch, u64;
}
