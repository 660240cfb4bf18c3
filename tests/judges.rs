//! Tests of the checks themselves. In each counterexample of `spec/guarantees` they must report the
//! property that the file is named after, at the last step and not before, and no property that the
//! semantics keeps.
//!
//! The properties of `src/check/browser.rs` are left out: they are judged from the client's side,
//! which a trace does not show.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod all_refusals;
#[path = "judges/altered.rs"]
mod altered;
#[path = "judges/answers.rs"]
mod answers;
#[allow(dead_code, reason = "no test needs all of it")]
mod clients;
#[path = "judges/refusals.rs"]
mod refusals;
#[path = "judges/run.rs"]
mod run;
#[path = "judges/saves.rs"]
mod saves;
#[path = "judges/told_apart.rs"]
mod told_apart;
#[path = "judges/witnessed.rs"]
mod witnessed;

use std::fs;
use std::path::Path;

use quixote_session::check::trace::TraceReader;
use quixote_session::check::{History, Properties, Property, Seen};
use quixote_session::{Semantics, State, step};

/// What each step of a trace breaks.
fn broken_by(name: &str, trace: &[u8]) -> Vec<Properties> {
    let reader = TraceReader::new(name, trace).unwrap();
    let config = reader.header().config.clone();
    let (mut state, mut history, mut broken) = (State::new(), History::default(), Vec::new());
    for recorded in reader {
        let input = recorded.unwrap().input;
        let (after, effects) = step(&config, state.clone(), input.clone());
        let (config, before, input) = (&config, &state, &input);
        let seen = Seen { config, before, input, after: &after, effects: &effects };
        broken.push(history.observe(&seen).broken);
        state = after;
    }
    broken
}

#[test]
fn each_counterexample_breaks_its_property_with_its_last_step() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/guarantees");
    let mut judged = 0;
    for semantics in Semantics::ALL {
        for property in Property::ALL.iter().filter(|own| !own.is_kept_by(semantics)) {
            if [Property::LogoutReachesTheClient, Property::StillLoggedIn].contains(property) {
                continue;
            }
            let name = format!("{semantics}-{property}.jsonl");
            let broken = broken_by(&name, &fs::read(folder.join(&name)).unwrap());
            let (last, earlier) = broken.split_last().unwrap();
            assert!(last.contains(*property), "{name}: not broken by the last step");
            assert!(!earlier.iter().any(|one| one.contains(*property)), "{name}: broken before");
            let kept = |own: &&Property| own.is_kept_by(semantics);
            for kept in Property::ALL.iter().filter(kept) {
                assert!(!broken.iter().any(|one| one.contains(*kept)), "{name}: breaks {kept}");
            }
            judged += 1;
        }
    }
    println!("{judged} counterexamples");
    assert!(judged > 20);
}
