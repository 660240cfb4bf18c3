//! Compares the code with the machine of `spec/proofs/Model.v`, about which the claims there are
//! proved.
//!
//! `proved/machine.rs` is that machine, as Coq extracts it. A step of that machine and a step of
//! the code must give the same effects and the same whole state: what is stored, what each request
//! holds, and what it has changed and not saved. So a single transition is enough to see a
//! difference. `python3 spec/proofs faults` shows that faults of the machine are noticed.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "proved/mod.rs"]
mod proved;
#[path = "proved/runs.rs"]
mod runs;
#[path = "proved/worlds.rs"]
mod worlds;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use quixote_session::check::{Size, World};
use quixote_session::{Refusal, Reply};

#[test]
fn the_code_and_the_proved_machine_agree_on_random_clients() {
    let refusals = runs::agree(20_000, &runs::configs());
    // Strict offers everything, so one refusal is missing; it refuses for every other reason.
    assert_eq!(refusals.len(), 18, "{refusals:?}");
}

/// A step of `.ci/run` of its own.
#[test]
#[ignore = "half a minute"]
fn they_agree_on_a_quarter_of_a_million_steps() {
    runs::agree(250_000, &runs::configs());
}

#[test]
fn they_agree_on_requests_that_outlast_their_session() {
    runs::agree(20_000, &runs::outlasting());
}

#[test]
fn they_agree_on_two_writers() {
    assert_eq!(runs::two_writers(), Ok(Reply::Refused(Refusal::TooManyValues)));
}

#[test]
fn they_agree_on_every_transition_of_the_smaller_worlds() {
    let small = ["time", "manager", "cookies", "others", "late"];
    let steps = search(|world| small.contains(&world.name));
    assert!(steps > 30_000, "{steps}");
}

/// The worlds of the TLA+ model have the same size, and `tests/tla.rs` compares each transition of
/// that model.
#[test]
#[ignore = "a minute"]
fn they_agree_on_every_transition_of_the_small_worlds() {
    let steps = search(|_| true);
    assert!(steps > 500_000, "{steps}");
}

/// Searches the wanted small worlds, several at a time; returns how many steps were compared.
fn search(wanted: impl Fn(&World) -> bool) -> usize {
    let worlds: Vec<_> = Size::Small.worlds().into_iter().filter(wanted).collect();
    let (next, steps) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        while let Some(world) = worlds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let compared = worlds::compare(world);
            let compared = compared.unwrap_or_else(|told| panic!("{}: {told}", world.name));
            println!(
                "{}: {} transitions, {} different steps, no difference",
                world.name, compared.transitions, compared.steps
            );
            steps.fetch_add(compared.steps, Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, Into::into);
        (0..workers).for_each(|_| _ = scope.spawn(work));
    });
    steps.into_inner()
}
