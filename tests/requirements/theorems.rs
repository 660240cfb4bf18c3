//! The theorems, at random: clients that do everything, watched by what judges each step.

use quixote_session::check::population::{Habits, Population, Seeded};
use quixote_session::check::{Findings, History, Property, Seen};
use quixote_session::{Config, Entropy, EntropySource, Event, RequestEvent, State, step};

use super::run::ALL;

const RUNS: u8 = 20;
const STEPS: u64 = 3_000;

/// Fresh draws, as is assumed; now and then, where an id may be drawn, a stored one stands first.
///
/// The clients by themselves also bring draws that were used by what is dead by now, which nobody
/// promises to survive.
fn entropy(config: &Config, source: &mut EntropySource, state: &State, collides: bool) -> Entropy {
    let mut bytes = *source.draw().bytes();
    if let Some(used) = state.keys().first().filter(|_| collides) {
        bytes[..config.width.bytes()].copy_from_slice(used.reveal_bytes());
    }
    Entropy::from_bytes(bytes)
}

/// No declared theorem is broken. Those of the browser's side are not judged here.
#[test]
fn no_theorem_is_broken_by_random_clients() {
    for config in &ALL {
        // A queue that is full now and then.
        let config = &Config { max_form_tokens: 3, ..config.clone() };
        let mut all = Findings::default();
        for seed in 0..RUNS {
            let mut choices = Seeded::new(seed.into());
            let mut population = Population::new(Habits { salt: seed.into(), ..Habits::ALL });
            let mut source = EntropySource::new([seed; 32]);
            let (mut state, mut history) = (State::new(), History::default());
            for number in 0..STEPS {
                let mut turn = population.next_turn(config, &state, &mut choices);
                let finishes = matches!(
                    turn.input.event,
                    Event::Request { event: RequestEvent::FinishRequest { .. }, .. }
                );
                let collides = finishes && number.is_multiple_of(5);
                turn.input.entropy = entropy(config, &mut source, &state, collides);
                let (after, effects) = step(config, state.clone(), turn.input.clone());
                let (before, input) = (&state, &turn.input);
                let seen = Seen { config, before, input, after: &after, effects: &effects };
                let found = history.observe(&seen);
                for property in found.broken.iter() {
                    let declared = !property.is_kept_by(config.semantics);
                    assert!(declared, "{property}, {}, seed {seed}, {number}", config.semantics);
                }
                all = all.union(found);
                population.learn(&turn, &effects);
                state = after;
            }
        }
        let browsers = [Property::LogoutReachesTheClient, Property::StillLoggedIn];
        let strict = config.cookie_hardened;
        let judged = Property::ALL.iter().filter(|property| !browsers.contains(property));
        let missed: Vec<_> = judged.filter(|own| !all.sometimes.contains(**own)).collect();
        assert!(!strict || missed.is_empty(), "never tried: {missed:?}");
    }
}
