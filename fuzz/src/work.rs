//! Work, counted: allocations and the bytes in them, and under the fuzzer every comparison.
//!
//! No clock is read, so the same call counts the same on every machine. The compiler calls
//! `__sanitizer_cov_trace_cmp` before each comparison of a program that is built for fuzzing;
//! `comparisons.c` is in between, and counts. Code that was compiled before (the part of the
//! standard library that is not generic) is not included in that count, but its allocations are
//! counted.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Every comparison so far: counted by `comparisons.c`.
#[cfg_attr(fuzzing, allow(unsafe_code, reason = "C counts, and finds it by its name"))]
#[cfg_attr(fuzzing, unsafe(export_name = "quixote_session_fuzz_comparisons"))]
static COMPARISONS: AtomicU64 = AtomicU64::new(0);

/// The most comparisons per byte of input, and per call: more than twice what was seen under the
/// address sanitizer, whose own comparisons are counted too.
const COMPARISONS_PER_BYTE: u64 = 96;
const COMPARISONS_PER_CALL: u64 = 1_024;

/// The most bytes that are allocated per byte of input, and per call: a copy of the header, its
/// text, and the value.
const BYTES_PER_BYTE: u64 = 16;
const BYTES_PER_CALL: u64 = 1_024;

/// What one call cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Work {
    comparisons: u64,
    bytes: u64,
}

/// Counts the work of one call.
pub(crate) fn count(call: impl FnOnce()) -> Work {
    let before = COMPARISONS.load(Relaxed);
    let allocated = allocation_counter::measure(call);
    Work { comparisons: COMPARISONS.load(Relaxed) - before, bytes: allocated.bytes_total }
}

/// Whether comparisons of every width are counted, if there is a fuzzer to announce them. If they
/// are not, `build.rs` fails to lead the callbacks to the counter, and nothing could ever exceed
/// the limit.
pub(crate) fn counts_comparisons() -> bool {
    let (one, two, four, eight) = black_box((1_u8, 2_u16, 4_u32, 8_u64));
    let other = black_box((1_u8, 2_u16, 4_u32, 8_u64));
    let before = COMPARISONS.load(Relaxed);
    black_box([one == other.0, two == other.1, four == other.2, eight == other.3]);
    black_box([one == 0x5e, two == 0x5e5e, four == 0x5e5e_5e5e, eight == 0x5e5e_5e5e_5e5e_5e5e]);
    !cfg!(fuzzing) || COMPARISONS.load(Relaxed) - before >= 8
}

impl Work {
    /// What was more than linear in `length`, if anything was.
    pub(crate) fn exceeds_linear(self, length: usize) -> Option<String> {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let linear = |per_byte: u64, per_call: u64| length.saturating_mul(per_byte) + per_call;
        let comparisons = self.comparisons > linear(COMPARISONS_PER_BYTE, COMPARISONS_PER_CALL);
        let bytes = self.bytes > linear(BYTES_PER_BYTE, BYTES_PER_CALL);
        (comparisons || bytes).then(|| format!("more than linear in {length} bytes: {self:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn what_is_quadratic_is_noticed() {
        let text = "a".repeat(4_096);
        let linear = count(|| drop(text.clone()));
        assert_eq!(linear.exceeds_linear(text.len()), None);
        let quadratic = count(|| (0..text.len()).for_each(|end| drop(text[..end].to_owned())));
        assert!(quadratic.exceeds_linear(text.len()).is_some(), "{quadratic:?}");
    }
}
