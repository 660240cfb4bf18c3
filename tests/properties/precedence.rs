//! Which refusal is given when several would be right.

use std::collections::BTreeSet;

use proptest::prelude::*;
use quixote_session::check::population::{Choices, Habits, Population, Seeded};
use quixote_session::{Config, Entropy, Input, Refusal, Reply, State, step};

use super::{ALL, cases};
use crate::clients::{self, near};

/// A reason to refuse an event, and the limit that gives it, whatever the event and the state.
type Reason = (Refusal, fn(&mut Config));

const REASONS: [Reason; 4] = [
    (Refusal::TooManyRequests, |config| config.max_requests = 0),
    (Refusal::TextTooLong, |config| config.max_text_bytes = 0),
    (Refusal::TooManyValues, |config| config.max_values = 0),
    (Refusal::TooManySessions, |config| config.max_sessions = 0),
];

/// The refusals that came before another that was right as well, each with that.
type Pairs = BTreeSet<(Refusal, Refusal)>;

/// Adds each reason in turn, and no draws at all to those that need one.
fn observe(config: &Config, state: &State, input: &Input, pairs: &mut Pairs) -> Result<(), String> {
    let reply = |config: &Config, input: Input| step(config, state.clone(), input).1.reply;
    let before = reply(config, input.clone());
    for (reason, limit) in REASONS {
        let mut config = config.clone();
        limit(&mut config);
        let after = reply(&config, input.clone());
        let expected = match (&before, &after) {
            (Reply::Refused(old), Reply::Refused(new)) => {
                if old != new {
                    pairs.insert((*new, *old));
                }
                new == old || (*new == reason && new < old)
            }
            (_, Reply::Refused(new)) => *new == reason,
            (_, _) => before == after,
        };
        if !expected {
            return Err(format!("{input:?}: {before:?}, and for want of {reason:?} {after:?}"));
        }
        // A draw is the last thing that is missed.
        let dry = Input { entropy: Entropy::from_draws([]), ..input.clone() };
        if let (Reply::Refused(wet), Reply::Refused(dry)) = (after, reply(&config, dry))
            && dry != wet
        {
            return Err(format!("{wet:?}, and without draws {dry:?}"));
        }
    }
    Ok(())
}

/// Takes so many steps of these clients; returns the pairs of refusals that were both right.
fn pairs(
    config: &Config,
    steps: usize,
    mut clients: Population,
    choices: &mut impl Choices,
) -> Result<Pairs, String> {
    let (mut state, mut pairs) = (State::new(), Pairs::new());
    for _ in 0..steps {
        let turn = clients.next_turn(config, &state, choices);
        observe(config, &state, &turn.input, &mut pairs)?;
        let (after, effects) = step(config, state, turn.input.clone());
        clients.learn(&turn, &effects);
        state = after;
    }
    Ok(pairs)
}

proptest! {
    #![proptest_config(cases(60))]

    // [effect-3]
    #[test]
    fn one_reason_more_never_gives_a_later_refusal(run in clients::runs(0..1_500)) {
        for config in ALL.map(|semantics| run.config(semantics)) {
            let (clients, _, mut choices) = run.begin();
            let found = pairs(&config, run.turns(), clients, &mut choices);
            prop_assert!(found.is_ok(), "{}", found.unwrap_err());
        }
    }
}

/// The property above says nothing unless two reasons often meet.
#[test]
fn pairs_of_reasons_meet() {
    let mut met = Pairs::new();
    for config in ALL.map(near) {
        for seed in 0..8 {
            let clients = Population::new(Habits::ALL);
            met.append(&mut pairs(&config, 1_500, clients, &mut Seeded::new(seed)).unwrap());
        }
    }
    println!("{met:?}");
    assert!(met.len() >= 6, "{met:?}");
}
