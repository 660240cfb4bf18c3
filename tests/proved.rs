//! The code against the machine of `spec/proofs/Model.v`, of which the claims there are proved.
//!
//! `proved/machine.rs` is that machine, as Coq extracts it; a step of it and a step of the code must
//! give the same state and the same effects. What is stored, what a request holds and what it has
//! changed and not saved: all of a state is compared, so one transition is enough to see a
//! difference.

#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "proved/both.rs"]
mod both;
#[path = "proved/events.rs"]
#[allow(clippy::wildcard_imports, reason = "a word for each constructor")]
mod events;
#[path = "proved/machine.rs"]
#[allow(dead_code, clippy::all, clippy::pedantic, reason = "generated")]
mod machine;
#[path = "proved/states.rs"]
#[allow(clippy::wildcard_imports, reason = "a word for each constructor")]
mod states;
#[path = "proved/value.rs"]
mod value;
#[path = "proved/words.rs"]
#[allow(clippy::wildcard_imports, reason = "a word for each constructor")]
mod words;

use both::Both;
use quixote_session::Config;
use quixote_session::check::population::{Habits, Population, Seeded};

fn run(config: &Config, habits: Habits, seed: u64, steps: u64) -> Result<u64, String> {
    let mut both = Both::new(config);
    let (mut population, mut choices) = (Population::new(habits), Seeded::new(seed));
    for step in 0..steps {
        let turn = population.next_turn(config, &both.state, &mut choices);
        let effects = both.step(&turn.input);
        let effects = effects.map_err(|told| format!("seed {seed}, step {step}: {told}"))?;
        population.learn(&turn, &effects);
    }
    Ok(steps)
}

#[test]
fn random() {
    let now = std::time::Instant::now();
    for seed in 0..20 {
        let n = run(&Config::STRICT, Habits { salt: seed, ..Habits::ALL }, seed, 1000).unwrap();
        println!("{n} {:?}", now.elapsed());
    }
}
