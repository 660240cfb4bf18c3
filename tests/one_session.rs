//! An exchange for each request, over a shared store outside, against one state that holds all.
//!
//! Two drives of the strict semantics are sent the same events. The whole one keeps every session
//! and request in one `State`. The other has an `Exchange` for each request, as a server would,
//! over a store that carries out what is asked under its condition; what an exchange has loaded
//! grows stale between its calls. Now and then another call comes between a load and the write that
//! follows; then both must answer, and leave the store, as if one had come after the other. And now
//! and then the store fails, or nobody hears whether it wrote: then nothing has happened, or what
//! was answered has.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "one_session/drives.rs"]
mod drives;

use std::cell::Cell;

use drives::{Met, Neglect, run};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner};
use quixote_session::{Config, Width};

/// A failing run is made shorter by at most so many tries.
fn runner(max_shrink_iters: u32) -> TestRunner {
    let cases = Cases { failure_persistence: None, max_shrink_iters, ..Cases::with_cases(20_000) };
    TestRunner::new_with_rng(cases, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Limits that are met often, of every kind but those that are a whole state's.
fn configs() -> impl Strategy<Value = Config> {
    let lives = [(Some(20_000), Some(120_000)), (None, Some(60_000)), (Some(30_000), None)];
    let widths = [Width::Bits128, Width::Bits64];
    let sizes = (1_u8..4, select(vec![64, 2]), select(vec![65_536, 16]));
    (select(lives.to_vec()), select(widths.to_vec()), select(vec![5_000, 0, 15_000]), sizes)
        .prop_map(|((idle, absolute), width, resolution, (tokens, values, text))| Config {
            width,
            idle_limit_ms: idle,
            absolute_limit_ms: absolute,
            access_resolution_ms: resolution,
            max_form_tokens: tokens,
            max_values: values,
            max_text_bytes: text,
            ..Config::STRICT
        })
}

/// What is refused whatever was loaded, what ends many sessions at once, and a clock that leaps
/// over a limit are rarer: few requests would meet at a session.
fn turns() -> impl Strategy<Value = Vec<[u8; 5]>> {
    let next = prop_oneof![
        8 => 0_u8..2, 12 => 2_u8..9, 1 => 10_u8..12, 6 => 20_u8..25, 4 => Just(23),
        1 => 18_u8..20, 1 => 0_u8..26
    ];
    let when = prop_oneof![14 => Just(0_u8), 4 => 9_u8..13, 1 => 0_u8..16];
    let meddling = prop_oneof![12 => Just(0_u8), 4 => 9_u8..16];
    let turn = (next, when, meddling, any::<[u8; 3]>()).prop_map(
        |(next, when, meddling, [who, what, drawn])| [next, who, what, when | meddling << 4, drawn],
    );
    prop::collection::vec(turn, 1..120)
}

// [driver-15] [driver-16] [driver-18]
#[test]
fn an_exchange_a_request_ends_in_the_same_store_as_one_state_for_all() {
    let met = Cell::new(Met::default());
    let ran = runner(4_096).run(&(configs(), turns()), |(config, turns)| {
        met.set(met.get() + run(&config, &turns, None).map_err(TestCaseError::fail)?);
        Ok(())
    });
    ran.unwrap();
    let met = met.get();
    let least = [met.lost, met.between, met.in_doubt, met.failed].into_iter().min();
    assert!(least > Some(1_000), "each happens now and then, or this shows nothing: {met:?}");
}

// [driver-3] [driver-4] [driver-6] [driver-7] [driver-9] [driver-11] [driver-13] [driver-17]
// [driver-5] [driver-10]
#[test]
fn a_rule_of_the_driver_that_is_neglected_is_noticed() {
    for neglect in Neglect::ALL {
        let neglectful = runner(0).run(&(configs(), turns()), |(config, turns)| {
            run(&config, &turns, Some(neglect)).map(drop).map_err(TestCaseError::fail)
        });
        assert!(neglectful.is_err(), "{neglect:?}");
    }
}
