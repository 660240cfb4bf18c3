//! A state from outside is checked.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "state/allocations.rs"]
mod allocations;
#[path = "state/equality.rs"]
mod equality;
mod scenario;

use equality::hash_of;
use quixote_session::{Config, CookieValue, Semantics, Session, State};
use scenario::events::{delete, expire, guard, remove_value, renew};
use scenario::{DAWN, Scenario, Successful};
use serde_json::{Value, json};

/// One session is stored under `id1`, one was deleted and is still held, and one was never stored.
/// Three requests hold them, and one request has no session.
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

/// Checks that a change which breaks one invariant is refused, with a message that names it.
fn refused(change: impl FnOnce(&mut Value), why: &str) {
    let mut state = state();
    assert!(serde_json::from_value::<State>(state.clone()).is_ok(), "good to begin with");
    change(&mut state);
    assert_eq!(error_of(&state), why);
}

/// Stores the first stored session again, under another id.
fn store_again(state: &mut Value, id: &str) {
    let mut copy = state["stored"][0].clone();
    copy["id"] = json!(id);
    state["stored"].as_array_mut().unwrap().push(copy);
    state["requests"] = json!([]);
    state["held"] = json!([]);
}

/// Undoes the changes of the first request one by one, and leaves an empty list.
fn undo(state: &mut Value) {
    let changes = &mut state["requests"][0]["data"]["changes"];
    changes["values"] = json!({});
    changes["form_tokens"] = json!([]);
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

    let why = "changes: expected one at least, or null";
    refused(undo, why);
}

/// The places of the objects of `state()`.
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

/// There are no defaults: a missing field is not null, and a missing list is not empty.
// [state-14]
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

// [state-15]
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

// [state-15]
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

/// A state in which every field that can hold something does.
fn full() -> Value {
    let mut run = Scenario::of(&Config::STRICT);
    let ids = ["alice", "alice", "bob", "dave"].map(|user| run.log_in(user));
    for (request, id) in (1..).zip(ids) {
        run.start(request, Some(id));
        run.set_value(request, "cart", "1");
        run.set_value(request, "theme", "2");
        run.token(request);
        run.finish(request, Successful);
    }
    let [one, two, _, four] = ids;
    run.start(10, Some(one));
    run.done(guard(10, "theme"));
    run.done(guard(10, "missing"));
    run.set_value(10, "cart", "2");
    run.done(remove_value(10, "theme"));
    run.done(renew(10));
    run.set_user(10, Some("alice"));
    run.token(10);
    run.token(10);
    run.start(20, Some(two));
    run.set_user(20, Some("carol"));
    run.start_with(30, Some(CookieValue::Text("text".into())), "/app");
    run.set_value(30, "new", "3");
    run.start(40, Some(four));
    run.done(expire(40));
    run.start(50, None);
    let state = ["alice", "bob", "carol"].into_iter().zip(3..);
    let state = state.fold(run.state().clone(), |state, (user, number)| {
        state.with_generation(user.into(), number)
    });
    serde_json::to_value(state).unwrap()
}

/// A list of three, in which two are the same, or in the wrong order.
// [state-9]
#[test]
fn lists_are_in_order_at_every_place() {
    let whole = full();
    assert!(serde_json::from_value::<State>(whole.clone()).is_ok());
    for (list, key) in [("stored", "id"), ("requests", "request")] {
        let count = whole[list].as_array().unwrap().len();
        assert!(count >= 3, "{list}");
        let pairs = (0..count).flat_map(|one| (0..count).map(move |other| (one, other)));
        for (one, other) in pairs.filter(|(one, other)| one != other) {
            let mut twice = whole.clone();
            twice[list][one][key] = whole[list][other][key].clone();
            let mut swapped = twice.clone();
            swapped[list][other][key] = whole[list][one][key].clone();
            for wrong in [twice, swapped] {
                let error = error_of(&wrong);
                assert!(error.starts_with(&format!("{list}: expected rising")), "{error}");
            }
        }
    }
}

// [state-10] [state-11]
#[test]
fn a_version_that_nobody_knows_is_refused() {
    let whole = full();
    let text = serde_json::to_string(&serde_json::from_value::<State>(whole.clone()).unwrap());
    assert!(text.unwrap().starts_with(r#"{"version":1,"#));
    let session = serde_json::from_value::<Session>(whole["stored"][0]["session"].clone());
    let text = serde_json::to_string(&session.unwrap()).unwrap();
    assert!(text.starts_with(r#"{"version":1,"#));
    for version in [0, 2, 3, 255] {
        let why = format!("version: expected 1, found {version}, which is unknown here");
        for place in ["/version", "/stored/0/session/version", "/held/0/session/version"] {
            let mut state = whole.clone();
            *state.pointer_mut(place).unwrap() = json!(version);
            assert_eq!(error_of(&state), why, "{place}");
        }
        let unknown = text.replace(r#""version":1"#, &format!(r#""version":{version}"#));
        assert!(serde_json::from_str::<Session>(&unknown).unwrap_err().to_string().contains(&why));
    }
}

// [state-12] [state-13]
#[test]
fn what_is_shared_against_the_semantics_is_refused() {
    let state = |config: &Config, is_stored: bool| {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.start(2, Some(id));
        run.start(3, None);
        if !is_stored {
            run.done(delete(id));
        }
        serde_json::to_value(run.state()).unwrap()
    };
    let configs = [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT];
    for (config, is_stored) in
        configs.into_iter().flat_map(|own| [(own.clone(), true), (own, false)])
    {
        let whole = state(&config, is_stored);
        let live = config.semantics == Semantics::Live;
        assert_eq!(whole["semantics"], json!(config.semantics));
        for semantics in ["live", "copying", "strict"] {
            let mut other = whole.clone();
            other["semantics"] = json!(semantics);
            let read = serde_json::from_value::<State>(other);
            assert_eq!(read.is_ok(), !live || semantics == "live", "{semantics}");
            // States do not differ by this, and yet it is not lost.
            let Ok(read) = read else { continue };
            let original = serde_json::from_value::<State>(whole.clone()).unwrap();
            assert_eq!(read, original);
            assert_eq!(hash_of(&read), hash_of(&original), "{semantics}");
            assert_eq!(read.semantics().map(|semantics| json!(semantics)), Some(json!(semantics)));
        }
    }
    assert_eq!(serde_json::to_value(State::new()).unwrap()["semantics"], Value::Null);
}
