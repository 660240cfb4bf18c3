//! One state for each request, over a shared store outside, against one state that holds all.
//!
//! Two drives of the strict semantics are sent the same events in the same order. The whole one
//! keeps every session and request in one `State`. The other keeps a `State` for each request,
//! holding the one session that was loaded when the request started and growing stale from then on;
//! it carries out each `StoreOp` against a shared versioned store under the condition that the
//! operation names, and where that does not hold, or the event is refused, loads the session again
//! and sends the same event once more. The manager goes by a listing of the store that is out of
//! date, and so does a start now and then.

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

use drives::{Neglect, run};
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
        8 => 0_u8..2, 12 => 2_u8..9, 1 => 10_u8..12, 6 => 20_u8..25, 1 => 18_u8..20, 1 => 0_u8..26
    ];
    let when = prop_oneof![8 => Just(0_u8), 8 => 9_u8..13, 1 => 0_u8..16];
    let turn = (next, when, any::<[u8; 3]>())
        .prop_map(|(next, when, [who, what, drawn])| [next, who, what, when, drawn]);
    prop::collection::vec(turn, 1..120)
}

// [driver-9] [driver-10] [driver-12]
#[test]
fn one_state_a_request_ends_in_the_same_store_as_one_state_for_all() {
    let retries = Cell::new(0);
    let ran = runner(4_096).run(&(configs(), turns()), |(config, turns)| {
        let lost = run(&config, &turns, None).map_err(TestCaseError::fail)?;
        retries.set(retries.get() + lost);
        Ok(())
    });
    ran.unwrap();
    let lost = retries.get();
    assert!(lost > 1_000, "races are lost now and then, or this shows nothing: {lost}");
}

// [driver-3] [driver-4] [driver-5] [driver-7] [driver-11] [driver-18] [driver-19] [driver-20]
// [driver-21] [driver-23]
#[test]
fn a_rule_of_the_driver_that_is_neglected_is_noticed() {
    for neglect in Neglect::ALL {
        let neglectful = runner(0).run(&(configs(), turns()), |(config, turns)| {
            run(&config, &turns, Some(neglect)).map(drop).map_err(TestCaseError::fail)
        });
        assert!(neglectful.is_err(), "{neglect:?}");
    }
}
