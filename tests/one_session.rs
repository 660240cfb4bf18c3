//! One state for each request, over a shared store outside, against one state that holds all.
//!
//! Two drives of the strict semantics are sent the same events in the same order. The whole one
//! keeps every session and request in one `State`. The other keeps a `State` for each request,
//! holding the one session that was loaded when the request started and growing stale from then on;
//! it carries out each `StoreOp` against a shared versioned store under the condition that the
//! operation names, and where that does not hold, or the event is refused, loads the session again
//! and sends the same event once more.

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

use drives::run;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner};

fn runner() -> TestRunner {
    let cases = Cases { failure_persistence: None, ..Cases::with_cases(10_000) };
    TestRunner::new_with_rng(cases, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn turns() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec((any::<u8>(), any::<u8>()), 1..120)
}

//= spec/session.md#driver
//# Where a condition does not hold, nothing MUST be written or sent, and the same event goes, with
//# fresh entropy, over the state from before the step with the sessions as they are stored by then.
//= spec/session.md#driver
//# Requests that each run on a state of one session, over one shared store, MUST leave the store
//# that one state with everything in it would hold after the same events in the order of their
//# writes.
#[test]
fn one_state_a_request_ends_in_the_same_store_as_one_state_for_all() {
    let retries = Cell::new(0);
    let ran = runner().run(&turns(), |turns| {
        retries.set(retries.get() + run(&turns, false).map_err(TestCaseError::fail)?);
        Ok(())
    });
    ran.unwrap();
    let lost = retries.get();
    assert!(lost > 1_000, "races are lost now and then, or this shows nothing: {lost}");
}

#[test]
fn a_store_that_ignores_the_conditions_is_noticed() {
    assert!(runner().run(&turns(), |turns| careless(&turns)).is_err());
}

fn careless(turns: &[(u8, u8)]) -> Result<(), TestCaseError> {
    run(turns, true).map(drop).map_err(TestCaseError::fail)
}
