//! Which refusal is given if there are several reasons to refuse.

use std::collections::BTreeSet;

use proptest::prelude::*;
use quixote_session::check::population::{Choices, Habits, Population, Seeded};
use quixote_session::{Config, Entropy, Input, Refusal, Reply, State, step};

use super::{ALL, cases};
use crate::clients::{self, near};

/// A reason to refuse an event, and how to set the limit that gives this reason, for any event and
/// state.
type Reason = (Refusal, fn(&mut Config));

const REASONS: [Reason; 4] = [
    (Refusal::TooManyRequests, |config| config.max_requests = 0),
    (Refusal::TextTooLong, |config| config.max_text_bytes = 0),
    (Refusal::TooManyValues, |config| config.max_values = 0),
    (Refusal::TooManySessions, |config| config.max_sessions = 0),
];

/// Pairs of refusals: one that was given, and one that would also have been right.
type Pairs = BTreeSet<(Refusal, Refusal)>;

/// Sends the event with each reason added in turn and, if it draws, without draws.
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
        // That draws are missing must be the last reason.
        let dry = Input { entropy: Entropy::from_draws([]), ..input.clone() };
        if let (Reply::Refused(wet), Reply::Refused(dry)) = (after, reply(&config, dry))
            && dry != wet
        {
            return Err(format!("{wet:?}, and without draws {dry:?}"));
        }
    }
    Ok(())
}

/// Takes this many steps of these clients; returns the pairs of refusals.
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

/// The property above says nothing unless there often are two reasons at once.
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
