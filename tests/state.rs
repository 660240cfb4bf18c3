//! A state from outside is not believed, and reading allocates nothing.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod scenario;

use allocation_counter::measure;
use quixote_session::{
    Config, CookieValue, Entropy, Event, FormToken, Input, Reply, SessionId, State, Timestamp, step,
};
use scenario::events::{delete, expire, finish, has_cookie, has_token, start};
use scenario::{DAWN, Scenario, Successful};
use serde_json::{Value, json};

/// One session stored under `id1`, one that was deleted and is held, one that was never stored;
/// three requests, and one without a session.
fn state() -> Value {
    let mut run = Scenario::of(&Config::STRICT);
    let [stored, deleted] = ["alice", "bob"].map(|user| run.log_in(user));
    run.start(1, Some(stored));
    run.token(1);
    run.set_value(1, "cart", "1");
    run.start(2, Some(deleted));
    run.done(delete(deleted));
    run.start(3, None);
    run.start(4, None);
    run.done(expire(4));
    serde_json::to_value(run.state()).unwrap()
}

fn error_of(state: &Value) -> String {
    serde_json::from_value::<State>(state.clone()).unwrap_err().to_string()
}

/// Each change breaks one invariant, and the message names it and nothing else.
fn refused(change: impl FnOnce(&mut Value), why: &str) {
    let mut state = state();
    assert!(serde_json::from_value::<State>(state.clone()).is_ok(), "good to begin with");
    change(&mut state);
    assert_eq!(error_of(&state), why);
}

/// The first stored session again, under another id.
fn store_again(state: &mut Value, id: &str) {
    let mut copy = state["stored"][0].clone();
    copy["id"] = json!(id);
    state["stored"].as_array_mut().unwrap().push(copy);
    state["requests"] = json!([]);
    state["held"] = json!([]);
}

// [state-9]
#[test]
fn a_state_that_cannot_be_is_refused() {
    let why = "stored: expected rising ids, each once";
    refused(|state| store_again(state, &"0".repeat(32)), why);
    refused(|state| store_again(state, state["stored"][0]["id"].clone().as_str().unwrap()), why);

    let why = "requests: expected rising numbers, each once";
    refused(|state| state["requests"][1]["request"] = json!(0), why);
    refused(|state| state["requests"][1]["request"] = state["requests"][0]["request"].clone(), why);

    let why = "accessed: expected a time not before created";
    refused(|state| state["stored"][0]["session"]["accessed"] = json!(DAWN - 1), why);
    refused(|state| state["held"][0]["session"]["accessed"] = json!(DAWN - 1), why);

    let why = "holds: expected the number of a session, new ones in order";
    refused(|state| state["requests"][1]["holds"] = json!(99), why);
    refused(|state| state["requests"][1]["holds"] = json!(3), why);
    refused(|state| _ = state["held"].as_array_mut().unwrap().pop(), why);

    let why = "held: expected every session to be held by a request";
    refused(|state| _ = state["requests"].as_array_mut().unwrap().remove(2), why);

    let why = "changes: expected none without a session";
    refused(|state| state["requests"][0]["holds"] = Value::Null, why);
}

/// Where the objects of `state()` stand.
const PLACES: [&str; 8] = [
    "",
    "/stored/0",
    "/stored/0/session",
    "/held/0",
    "/held/0/session",
    "/requests/0",
    "/requests/0/data",
    "/requests/0/data/changes",
];

/// Nothing is taken for granted: what is absent is not null, and no list is empty by itself.
// [state-10]
#[test]
fn fields_that_are_left_out_are_refused_at_every_level() {
    for place in PLACES {
        let whole = state();
        for name in whole.pointer(place).unwrap().as_object().unwrap().keys() {
            let mut state = whole.clone();
            state.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(name);
            assert_eq!(error_of(&state), format!("missing field `{name}`"), "{place}");
        }
    }
}

// [state-11]
#[test]
fn a_key_that_stands_twice_is_refused() {
    let text = serde_json::to_string(&state()).unwrap();
    for (once, twice) in [
        (r#""values":{"cart":"1"}"#, r#""values":{"cart":"1","cart":"1"}"#),
        (r#""values":{}"#, r#""values":{"k":"1","k":"2"}"#),
    ] {
        assert!(text.contains(once), "{text}");
        let error = serde_json::from_str::<State>(&text.replace(once, twice)).unwrap_err();
        assert!(error.to_string().starts_with("duplicate field `"), "{error}");
    }
}

// [state-11]
#[test]
fn fields_that_nobody_knows_are_refused_at_every_level() {
    for place in PLACES {
        let mut state = state();
        state.pointer_mut(place).unwrap()["colour"] = json!("red");
        let error = error_of(&state);
        assert!(error.starts_with("unknown field `colour`, expected "), "{place}: {error}");
    }
}

#[test]
fn seventeen_tokens_are_refused_and_sixteen_are_not() {
    for (count, accepted) in [(16, true), (17, false)] {
        let tokens: Vec<_> = (0..count).map(|number| format!("{number:032x}")).collect();
        let mut state = state();
        state["stored"][0]["session"]["form_tokens"] = json!(tokens);
        let read = serde_json::from_value::<State>(state);
        assert_eq!(read.is_ok(), accepted);
        if let Err(error) = read {
            assert_eq!(error.to_string(), "expected at most 16 form tokens");
        }
    }
}

#[test]
fn an_id_or_token_that_is_not_hex_is_refused() {
    let why = "expected 16 or 32 lower-case hex digits";
    for text in ["", "00000000000000A1", "00000000000000a", "0000000000000000a"] {
        refused(|state| state["stored"][0]["id"] = json!(text), why);
        refused(|state| state["held"][0]["id"] = json!(text), why);
        refused(
            |state| state["requests"][0]["data"]["changes"]["form_tokens"][0] = json!(text),
            why,
        );
    }
}

/// Sends inputs made in advance, and counts the allocations of the steps alone.
fn allocations(config: &Config, state: &mut State, events: Vec<(Event, Reply)>) -> u64 {
    let inputs: Vec<_> = events
        .into_iter()
        .map(|(event, reply)| {
            let entropy = Entropy::from_bytes([0; 32]);
            (Input { now: Timestamp(DAWN + 5_000), entropy, event }, reply)
        })
        .collect();
    let mut taken = std::mem::take(state);
    let counted = measure(|| {
        for (input, reply) in inputs {
            let (after, effects) = step(config, std::mem::take(&mut taken), input);
            assert_eq!(effects.reply, reply);
            taken = after;
        }
    });
    *state = taken;
    counted.count_total
}

/// A visit that reads: start on a stored session, a check of a token, a look at the cookie, and
/// the end of a request that changed nothing.
fn visit(id: SessionId, token: FormToken, user: &str, mount: &str) -> Vec<(Event, Reply)> {
    let started = Reply::Started { remote_user: Some(user.into()) };
    vec![
        (start(77, Some(CookieValue::Id(id)), mount), started),
        (has_token(77, token), Reply::Answer(true)),
        (has_cookie(77, true), Reply::Answer(true)),
        (finish(77, Successful), Reply::Done),
    ]
}

#[test]
fn reading_under_live_sharing_allocates_nothing() {
    for (mount, user) in [("", "alice"), ("/app", "alice"), ("/app", "elevenbytes")] {
        let mut run = Scenario::of(&Config::QUIXOTE);
        run.start(1, None);
        run.set_user(1, Some(user));
        let token = run.token(1);
        let id = run.save(1).unwrap();
        let (config, mut state) = (&run.config, run.state().clone());
        allocations(config, &mut state, visit(id, token, user, mount)); // the table of requests
        let counted = allocations(config, &mut state, visit(id, token, user, mount));
        assert_eq!(counted, 0, "{mount} {user}");
    }
}

/// The counter works: a copy of a session with values, or a form, needs memory.
#[test]
fn what_is_known_to_allocate_is_counted() {
    let mut run = Scenario::of(&Config::QUIXOTE_PERSISTENT);
    run.start(1, None);
    run.set_user(1, Some("alice"));
    run.set_value(1, "k", "v");
    let token = run.token(1);
    let id = run.save(1).unwrap();
    let (config, mut state) = (&run.config, run.state().clone());
    allocations(config, &mut state, visit(id, token, "alice", ""));
    assert!(allocations(config, &mut state, visit(id, token, "alice", "")) > 0);
}
