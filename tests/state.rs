//! A state from outside is not believed, secrets do not show, and reading allocates nothing.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod story;

use std::fmt::Debug;

use allocation_counter::measure;
use quixote_session::check::transcript::Transcript;
use quixote_session::{
    Config, CookieValue, Entropy, EntropySource, Event, FormToken, Input, ManagerEvent, Outcome,
    Reply, RequestEvent, RequestId, SessionId, State, SubmittedToken, Timestamp, step,
};
use serde_json::{Value, json};
use story::Story;

/// One session stored under `id1`, one that was deleted and is held, one that was never stored;
/// three requests, and one without a session.
fn state() -> Value {
    let mut story = Story::of(Config::STRICT);
    let (stored, deleted) = (story.log_in("alice"), story.log_in("bob"));
    let request = story.start_with(stored);
    story.create_form_token(request);
    story.set_value(request, "cart", "1");
    story.start_with(deleted);
    story.delete(deleted);
    story.start();
    let expired = story.start();
    story.expire(expired);
    serde_json::to_value(&story.world.state).unwrap()
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

#[test]
fn stored_sessions_out_of_order_or_twice_are_refused() {
    let why = "stored: expected rising ids, each once";
    let again = |state: &mut Value, id: &str| {
        let mut copy = state["stored"][0].clone();
        copy["id"] = json!(id);
        state["stored"].as_array_mut().unwrap().push(copy);
        state["requests"].as_array_mut().unwrap().clear();
        state["held"].as_array_mut().unwrap().clear();
    };
    refused(|state| again(state, &"0".repeat(32)), why);
    refused(|state| again(state, state["stored"][0]["id"].clone().as_str().unwrap()), why);
}

#[test]
fn requests_out_of_order_or_twice_are_refused() {
    let why = "requests: expected rising numbers, each once";
    refused(|state| state["requests"][1]["request"] = json!(0), why);
    refused(|state| state["requests"][1]["request"] = state["requests"][0]["request"].clone(), why);
}

#[test]
fn a_session_accessed_before_it_was_created_is_refused() {
    let why = "accessed: expected a time not before created";
    refused(|state| state["stored"][0]["session"]["accessed"] = json!(999_999_999_999_u64), why);
    refused(|state| state["held"][0]["session"]["accessed"] = json!(999_999_999_999_u64), why);
}

#[test]
fn a_request_that_holds_what_is_not_there_is_refused() {
    let why = "holds: expected the number of a session, new ones in order";
    refused(|state| state["requests"][1]["holds"] = json!(99), why);
    refused(|state| state["requests"][1]["holds"] = json!(3), why);
    refused(|state| _ = state["held"].as_array_mut().unwrap().pop(), why);
}

#[test]
fn a_session_that_nobody_holds_is_refused() {
    let why = "held: expected every session to be held by a request";
    refused(|state| _ = state["requests"].as_array_mut().unwrap().remove(2), why);
}

#[test]
fn changes_to_no_session_are_refused() {
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

/// Whatever a log prints of a run, no id or token can be read off it.
#[test]
fn debug_shows_no_secret() {
    let (id, token): (SessionId, FormToken) = ([0x5e; 16].into(), [0x70; 16].into());
    let secrets = [id.reveal().to_string(), token.reveal().to_string()];
    let mut shown = what_a_run_shows(id, token);
    let cookies = [CookieValue::Id(id), CookieValue::Text(secrets.concat().into())];
    shown.extend([
        debug(&id),
        debug(&token),
        debug(&SubmittedToken::Token(token)),
        debug(&cookies),
    ]);
    shown.extend([debug(&Entropy::from_bytes([0x5e; 32])), debug(&EntropySource::new([0x5e; 32]))]);
    assert!(shown.len() > 20);
    for text in shown {
        let leaks = secrets.iter().any(|secret| text.contains(secret.get(..8).unwrap()));
        // 94 is 0x5e: bytes printed one by one would tell as much.
        assert!(!leaks && !text.contains("94, 94, 94") && !text.contains("94,\n"), "{text}");
    }
}

/// All that can be printed of a short run in which this id and this token are drawn.
fn what_a_run_shows(id: SessionId, token: FormToken) -> Vec<String> {
    let mut story = Story::of(Config::STRICT);
    let request = story.start();
    let created = story.send_drawing(&[0x70], RequestEvent::CreateFormToken.of(request));
    let finish = RequestEvent::FinishRequest { outcome: Outcome::Successful }.of(request);
    let finished = story.send_drawing(&[0x5e], finish);
    assert_eq!((created.reply.clone(), story::set_id(&finished)), (Reply::Token(token), id));
    let request = story.start_with(id);
    let held = story.world.state.session(request).unwrap();
    let mut shown = vec![debug(&created), debug(&finished), debug(&story.world)];
    shown.extend([debug(&held), held.to_string(), held.dump(true).to_string()]);
    shown.extend([debug(&held.dump(true)), debug(held.session), debug(&story.world.state)]);
    let submitted = SubmittedToken::Token(token);
    let events = [
        RequestEvent::HasFormToken { token: submitted }.of(request),
        RequestEvent::RemoveFormToken { token: submitted }.of(request),
        Event::Manager(ManagerEvent::DeleteSession { id }),
        RequestEvent::InsertSession { id, user: None }.of(request),
    ];
    for event in events {
        let input = Input { now: Timestamp(0), entropy: Entropy::from_bytes([0x5e; 32]), event };
        let (_, effects) = step(&story.config, story.world.state.clone(), input.clone());
        let line = Transcript::new(false).line(&input, &effects);
        shown.extend([debug(&input), debug(&effects), line]);
    }
    shown
}

fn debug(value: &dyn Debug) -> String {
    format!("{value:?}{value:#?}")
}

/// Sends inputs that were made before, and counts the allocations of the steps alone.
fn allocations(config: &Config, state: &mut State, events: Vec<(Event, Reply)>) -> u64 {
    let inputs: Vec<_> = events
        .into_iter()
        .map(|(event, reply)| {
            let entropy = Entropy::from_bytes([0; 32]);
            (Input { now: Timestamp(story::DAWN + 5_000), entropy, event }, reply)
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
    let request = RequestId(77);
    let start = Event::StartRequest {
        request,
        cookie: Some(CookieValue::Id(id)),
        remote_addr: "192.0.2.1".into(),
        script_name: mount.into(),
    };
    let token = SubmittedToken::Token(token);
    let finish = RequestEvent::FinishRequest { outcome: Outcome::Successful }.of(request);
    vec![
        (start, Reply::Started { remote_user: Some(user.into()) }),
        (RequestEvent::HasFormToken { token }.of(request), Reply::Answer(true)),
        (RequestEvent::HasSessionCookie { must_exist: true }.of(request), Reply::Answer(true)),
        (finish, Reply::Done),
    ]
}

#[test]
fn reading_under_live_sharing_allocates_nothing() {
    for (mount, user) in [("", "alice"), ("/app", "alice"), ("/app", "elevenbytes")] {
        let mut story = Story::of(Config::QUIXOTE);
        let request = story.start();
        story.set_user(request, user);
        let token = story.create_form_token(request);
        let id = story::set_id(&story.finish(request));
        let (config, mut state) = (story.config, story.world.state);
        allocations(&config, &mut state, visit(id, token, user, mount)); // the table of requests
        let counted = allocations(&config, &mut state, visit(id, token, user, mount));
        assert_eq!(counted, 0, "{mount} {user}");
    }
}

/// The counter counts: a copy of a session with values, or a form, needs room.
#[test]
fn what_is_known_to_allocate_is_counted() {
    let mut story = Story::of(Config::QUIXOTE_PERSISTENT);
    let request = story.start();
    story.set_user(request, "alice");
    story.set_value(request, "k", "v");
    let token = story.create_form_token(request);
    let id = story::set_id(&story.finish(request));
    let (config, mut state) = (story.config, story.world.state);
    allocations(&config, &mut state, visit(id, token, "alice", ""));
    assert!(allocations(&config, &mut state, visit(id, token, "alice", "")) > 0);
}
