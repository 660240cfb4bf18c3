//! One answer to a step is right: if any other were given, it would be found, and if an event were
//! refused that is not, or for another reason.

use core::mem::Discriminant;
use std::collections::{BTreeSet, HashSet};

use quixote_session::check::population::{Habits, Population, Seeded};
use quixote_session::check::{History, Property, Seen};
use quixote_session::{Config, Effects, Input, Refusal, Reply, Semantics, State, step};

use crate::all_refusals::REFUSALS;
use crate::clients::near;

/// An answer of each kind, and of two kinds more than one.
fn answers() -> Vec<Reply> {
    let user = |user: &str| Reply::Started { remote_user: Some(user.into()) };
    vec![
        Reply::Done,
        Reply::Started { remote_user: None },
        user("alice"),
        user("nobody knows"),
        Reply::Token([0xaa; 8].into()),
        Reply::Value("nobody has set this".into()),
        Reply::Answer(true),
        Reply::Answer(false),
    ]
}

/// What was told apart.
#[derive(Default)]
struct Told {
    refusals: BTreeSet<Refusal>,
    answers: HashSet<Discriminant<Reply>>,
}

impl Told {
    /// Judges the step with each other answer, and with each refusal.
    fn judge(&mut self, seen: &Seen<'_>, history: &History) {
        let found = |after: &State, effects: &Effects, property| {
            let altered = Seen { after, effects, ..*seen };
            history.clone().observe(&altered).broken.contains(property)
        };
        let given = &seen.effects.reply;
        for refusal in REFUSALS {
            let is_found =
                found(seen.before, &Effects::refused(refusal), Property::RefusalsHaveAReason);
            let right = *given == Reply::Refused(refusal);
            assert_eq!(is_found, !right, "{:?}: {given:?}, told {refusal:?}", seen.input);
        }
        if let Reply::Refused(refusal) = given {
            self.refusals.insert(*refusal);
            return;
        }
        self.answers.insert(core::mem::discriminant(given));
        for reply in answers() {
            let effects = Effects { reply: reply.clone(), ..seen.effects.clone() };
            let is_found = found(seen.after, &effects, Property::AnswersAreTrue);
            assert_eq!(is_found, reply != *given, "{:?}: {given:?}, told {reply:?}", seen.input);
        }
    }

    fn run(&mut self, config: &Config, seed: u64) {
        let habits = Habits { careless: true, ..Habits::ALL };
        let (mut population, mut choices) = (Population::new(habits), Seeded::new(seed));
        let (mut state, mut history) = (State::new(), History::default());
        for _ in 0..700 {
            let turn = population.next_turn(config, &state, &mut choices);
            let before = state.clone();
            let (after, effects) = step(config, state, turn.input.clone());
            population.learn(&turn, &effects);
            let (before, input): (&State, &Input) = (&before, &turn.input);
            let seen = Seen { config, before, input, after: &after, effects: &effects };
            self.judge(&seen, &history);
            history.observe(&seen);
            state = after;
        }
    }
}

// [effect-3]
#[test]
fn every_other_answer_and_reason_is_found() {
    let mut told = Told::default();
    for semantics in Semantics::ALL {
        for most in [3, 1_000] {
            let config = Config { max_requests: most, max_sessions: most, ..near(semantics) };
            (0..6).for_each(|seed| told.run(&config, seed));
        }
    }
    assert_eq!(told.refusals, BTreeSet::from(REFUSALS));
    assert_eq!(told.answers.len(), 5, "and refusals");
}
