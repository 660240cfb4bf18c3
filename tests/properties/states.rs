//! Properties of the machine as a function: it is pure, and a state is nothing but its content.

use core::hash::{Hash, Hasher};
use std::hash::DefaultHasher;

use quixote_session::{Reply, Semantics, State, step};

use super::{ALL, cases};
use crate::clients::{self, near};
use crate::scenario::events::insert;
use crate::scenario::{Scenario, Successful};
use proptest::prelude::*;

fn hash_of(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

proptest! {
    #![proptest_config(cases(60))]

    // [step-1] [step-2]
    #[test]
    fn a_refusal_returns_an_equal_state_and_a_step_repeated_is_the_same(
        run in clients::runs(0..1_500)
    ) {
        for config in ALL.map(|semantics| run.config(semantics)) {
            let (mut clients, mut state, mut choices) = run.begin();
            for _ in 0..run.turns() {
                let turn = clients.next_turn(&config, &state, &mut choices);
                let first = step(&config, state.clone(), turn.input.clone());
                let second = step(&config, state.clone(), turn.input.clone());
                prop_assert_eq!(&first, &second);
                prop_assert_eq!(hash_of(&first.0), hash_of(&second.0));
                if let Reply::Refused(why) = first.1.reply {
                    prop_assert_eq!(&first.0, &state, "{:?}", why);
                    prop_assert_eq!(hash_of(&first.0), hash_of(&state));
                    prop_assert!(first.1.store.is_none() && first.1.cookie.is_none());
                }
                clients.learn(&turn, &first.1);
                state = first.0;
            }
        }
    }

    #[test]
    fn a_state_that_is_written_and_read_is_the_same_and_goes_on_the_same(
        run in clients::runs(0..1_500)
    ) {
        for config in ALL.map(|semantics| run.config(semantics)) {
            let (mut clients, mut state, mut choices) = run.begin();
            for turn in 0..run.turns() {
                let turn_of = clients.next_turn(&config, &state, &mut choices);
                // Now and then the run goes on in a state that was read back.
                if turn % 8 == 0 {
                    let text = serde_json::to_string(&state).unwrap();
                    let read: State = serde_json::from_str(&text).unwrap();
                    prop_assert_eq!(&read, &state);
                    prop_assert_eq!(hash_of(&read), hash_of(&state));
                    prop_assert_eq!(&serde_json::to_string(&read).unwrap(), &text);
                    let (on, done) = step(&config, read, turn_of.input.clone());
                    let expected = step(&config, state, turn_of.input.clone());
                    prop_assert_eq!(&(on, done), &expected);
                    clients.learn(&turn_of, &expected.1);
                    state = expected.0;
                    continue;
                }
                let (after, effects) = step(&config, state, turn_of.input.clone());
                clients.learn(&turn_of, &effects);
                state = after;
            }
        }
    }
}

/// Two requests on one object are another state than two requests on equal copies.
#[test]
fn what_is_shared_is_part_of_a_state() {
    let held_by_two = |semantics: Semantics| {
        let mut run = Scenario::of(&near(semantics));
        run.start(1, None);
        let id = run.id(9);
        run.done(insert(1, id, Some("alice")));
        run.finish(1, Successful);
        run.start(1, Some(id));
        run.start(2, Some(id));
        run.state().clone()
    };
    assert_ne!(held_by_two(Semantics::Live), held_by_two(Semantics::Copying));
}
