//! Properties of the machine as a function: pure, and its states nothing but their content.

use core::hash::{Hash, Hasher};
use std::hash::DefaultHasher;

use quixote_session::check::population::{Habits, Population, Seeded};
use quixote_session::{
    Config, CookieValue, Event, Outcome, Reply, RequestEvent, RequestId, Semantics, State, step,
};

use super::{ALL, cases};
use crate::clients::{self, near};
use crate::story::Story;
use proptest::prelude::*;

fn hash_of(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

proptest! {
    #![proptest_config(cases(60))]

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
                // From time to time, the run goes on in a state that was read.
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

/// A run from a fixed seed ends the same, whoever runs it.
#[test]
fn a_run_can_be_repeated() {
    for config in ALL.map(near) {
        let run = || {
            let (mut clients, mut state) = (Population::new(Habits::ALL), State::new());
            let mut choices = Seeded::new(11);
            for _ in 0..500 {
                let turn = clients.next_turn(&config, &state, &mut choices);
                let (after, effects) = step(&config, state, turn.input.clone());
                clients.learn(&turn, &effects);
                state = after;
            }
            state
        };
        assert_eq!(run(), run());
    }
}

/// The same content, arrived at in another order and past sessions that are gone again.
fn arranged(config: &Config, order: [u64; 2], detour: bool) -> State {
    let mut story = Story::of(config.clone());
    if detour {
        let gone = story.log_in("mallory");
        story.delete(gone);
    }
    for number in order {
        let draw = u8::try_from(0x40 + number).unwrap();
        let request = story.start();
        story.set_user(request, if number == 0 { "alice" } else { "bob" });
        let outcome = Outcome::Successful;
        story.send_drawing(&[draw], RequestEvent::FinishRequest { outcome }.of(request));
    }
    let ids = story.world.state.keys();
    for number in order {
        let request = RequestId(100 + number);
        let cookie = if number == 0 { ids.first() } else { ids.last() };
        let event = Event::StartRequest {
            request,
            cookie: cookie.copied().map(CookieValue::Id),
            remote_addr: "192.0.2.1".into(),
            script_name: "".into(),
        };
        story.send(event);
        story.set_value(request, "cart", "1");
    }
    story.world.state
}

#[test]
fn a_state_is_what_it_holds_and_not_how_it_came_about() {
    for config in ALL.map(near) {
        let plain = arranged(&config, [0, 1], false);
        for (order, detour) in [([1, 0], false), ([0, 1], true), ([1, 0], true)] {
            let other = arranged(&config, order, detour);
            assert_eq!(other, plain, "{}", config.semantics);
            assert_eq!(hash_of(&other), hash_of(&plain));
        }
    }
}

/// Two requests on one object, or each on a copy of its own: the same texts, another state.
#[test]
fn what_is_shared_is_part_of_a_state() {
    let held_by_two = |semantics: Semantics| {
        let mut story = Story::of(near(semantics));
        let request = story.start();
        story.insert(request, 9, Some("alice"));
        story.finish(request);
        let id = story.id(9);
        let (_, _) = (story.start_with(id), story.start_with(id));
        story.world.state
    };
    assert_ne!(held_by_two(Semantics::Live), held_by_two(Semantics::Copying));
}
