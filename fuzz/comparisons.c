/*
 * Counts the comparisons that the fuzzer's instrumentation announces, and passes each on to the
 * fuzzer: the linker leads the calls of the callbacks here (see build.rs).
 *
 * It is in C because Rust that is compiled with the targets is instrumented like them: under the
 * address sanitizer even the access to the counter is checked by a comparison, which would be
 * announced to the counter without end.
 */
#include <stdint.h>

/* The counter of src/work.rs. */
extern uint64_t quixote_session_fuzz_comparisons;

#define COUNTED(callback, number, other_number)                                                    \
    void __real___sanitizer_cov_trace_##callback(number, other_number);                            \
    void __wrap___sanitizer_cov_trace_##callback(number one, other_number other) {                 \
        __atomic_fetch_add(&quixote_session_fuzz_comparisons, 1, __ATOMIC_RELAXED);                \
        __real___sanitizer_cov_trace_##callback(one, other);                                       \
    }

COUNTED(cmp1, uint8_t, uint8_t)
COUNTED(cmp2, uint16_t, uint16_t)
COUNTED(cmp4, uint32_t, uint32_t)
COUNTED(cmp8, uint64_t, uint64_t)
COUNTED(const_cmp1, uint8_t, uint8_t)
COUNTED(const_cmp2, uint16_t, uint16_t)
COUNTED(const_cmp4, uint32_t, uint32_t)
COUNTED(const_cmp8, uint64_t, uint64_t)
COUNTED(switch, uint64_t, uint64_t *)
