//! One exchange per request over a shared outside store, compared with one state that holds
//! everything.
//!
//! Two drives of strict get the same events. The first keeps every session and request in one
//! `State`. The second has an `Exchange` for each request, as a server would, over a store that
//! carries out a write if its condition holds; what an exchange has loaded grows stale between its
//! calls. Now and then another call comes between a load and the write that follows. Then both
//! calls must be answered, and the store must be left, as if one had come after the other. Now and
//! then the store fails, and nothing must have happened; or the outcome of a write is unknown, and
//! whatever was answered must be true.

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

/// A failing run is made shorter in at most this many tries.
fn runner(max_shrink_iters: u32) -> TestRunner {
    let cases = Cases { failure_persistence: None, max_shrink_iters, ..Cases::with_cases(20_000) };
    TestRunner::new_with_rng(cases, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Limits of every kind that are reached often, except those that count over a whole state.
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

/// Three kinds of turn are made rarer, because with them few requests would meet at a session:
/// events that are always refused, ends of many sessions at once, and leaps of the clock over a
/// limit.
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
