//! What a driver keeps or sends is the same when it is read back. A missing or unknown field is an
//! error: otherwise a misspelt limit would be no limit.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod scenario;

use quixote_session::{
    Config, Effects, Event, ManagerEvent, RequestEvent, RequestId, Session, SessionRef, SmolStr,
    State, StoreOp, Timestamp,
};
use scenario::{ALL, Scenario};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Checks that an object with a missing or an unknown field is refused.
fn every_field_counts<T: Serialize + DeserializeOwned>(whole: &T) {
    every_field_counts_at("", whole);
}

/// The same for the object at this place (a JSON pointer) in the whole.
fn every_field_counts_at<T: Serialize + DeserializeOwned>(place: &str, whole: &T) {
    let whole = serde_json::to_value(whole).unwrap();
    assert!(serde_json::from_value::<T>(whole.clone()).is_ok(), "{whole}");
    let put = |object| {
        let mut whole = whole.clone();
        *whole.pointer_mut(place).unwrap() = Value::Object(object);
        serde_json::from_value::<T>(whole)
    };
    let fields = whole.pointer(place).unwrap().as_object().unwrap();
    let mut more = fields.clone();
    more.insert("colour".into(), json!("red"));
    assert!(put(more).is_err(), "one more than {whole}");
    for name in fields.keys() {
        let mut less = fields.clone();
        less.remove(name);
        let Err(error) = put(less) else { panic!("{name} of {whole}") };
        assert_eq!(error.to_string(), format!("missing field `{name}`"));
    }
}

/// A visitor with a basket, a form and a request in flight.
fn state(config: &Config) -> State {
    let mut run = Scenario::of(config);
    run.start(1, None);
    run.set_user(1, Some("alice"));
    run.token(1);
    run.set_value(1, "basket", "2 apples");
    let id = run.save(1);
    run.start(2, id);
    run.set_value(2, "theme", "dark");
    run.state().clone()
}

#[test]
fn no_field_of_what_a_driver_keeps_can_be_left_out_or_made_up() {
    for config in &ALL {
        let state = state(config);
        let session = state.values().first().copied().cloned().unwrap();
        every_field_counts(config);
        every_field_counts(&session);
        every_field_counts(&StoreOp::Update { id: [7; 16].into(), session: session.into() });
    }
    let request = RequestId(1);
    let (remote_addr, script_name): (SmolStr, SmolStr) = ("192.0.2.1".into(), "".into());
    let (cookie, passive) = (None, false);
    let start = Event::StartRequest { request, cookie, remote_addr, script_name, passive };
    every_field_counts_at("/start_request", &start);
    let change = RequestEvent::SetUser { user: None }.of(request);
    every_field_counts_at("/request", &change);
    every_field_counts_at("/request/event/set_user", &change);
    let end = Event::Manager(ManagerEvent::DeleteSessionsOf { user: "alice".into() });
    every_field_counts_at("/manager/delete_sessions_of", &end);
    every_field_counts(&Effects::reply(quixote_session::Reply::Done));
}

/// Otherwise a misspelt limit would be no limit.
#[test]
fn a_configuration_does_not_lose_a_limit_by_a_wrong_letter() {
    let text = serde_json::to_string(&Config::STRICT).unwrap();
    let error = |text: &str| serde_json::from_str::<Config>(text).unwrap_err().to_string();
    assert!(error(&text.replace("idle_limit_ms", "idle_limit")).starts_with("unknown field"));
    let gone = text.replace(r#""idle_limit_ms":1800000,"#, "");
    assert_ne!(gone, text);
    assert!(error(&gone).starts_with("missing field `idle_limit_ms`"));
}

#[test]
fn a_session_by_itself_is_checked_too() {
    for (field, value, expected) in [
        ("accessed", json!(8), "accessed: expected a time not before created"),
        ("values", json!([]), "invalid type: sequence, expected an object of texts"),
        ("form_tokens", json!(["", ""]), "expected 16 or 32 lower-case hex digits"),
    ] {
        let mut session = serde_json::to_value(Session::new("".into(), Timestamp(9))).unwrap();
        session[field] = value;
        let error = serde_json::from_value::<Session>(session).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}

/// serde quotes what it does not expect, which may be an id.
#[test]
fn an_error_shows_no_id_that_stands_in_the_wrong_place_and_says_where() {
    let id = "0123456789abcdef0123456789abcdef";
    for (text, shown) in [
        (
            r#"{"stored":[{"id":"ID","session":"ID"}]}"#,
            r#"invalid type: string "0123…", expected "#,
        ),
        (r#"{"ID":[]}"#, "unknown field `0123…`, expected "),
        (
            r#"{"stored":"xxIDxx IDID 0123456789a"}"#,
            r#"string "xx0123…xx 0123… 0123456789a", expec"#,
        ),
        (r#"{"stored":[{"id":"ID","session":{"user":null,"ID":1}}]}"#, "unknown field `0123…`"),
    ] {
        let error = serde_json::from_str::<State>(&text.replace("ID", id)).unwrap_err();
        assert!(error.to_string().contains(shown), "{error}");
        assert!(error.line() == 1 && error.column() > 8, "{error}");
    }
    let error = serde_json::from_str::<Session>(&format!(r#"{{"user":["{id}"]}}"#)).unwrap_err();
    assert!(!error.to_string().contains("01234"), "{error}");
}

/// This holds even for a format that does not describe itself.
#[test]
fn sessions_states_and_configurations_come_back_from_a_binary_format() {
    fn back<T: Serialize + DeserializeOwned>(value: &T) -> T {
        postcard::from_bytes(&postcard::to_allocvec(value).unwrap()).unwrap()
    }
    for config in &ALL {
        let state = state(config);
        assert_eq!(back(&state), state);
        assert_eq!(back(config), *config);
        let plain = Session::new("192.0.2.1".into(), Timestamp(0));
        for session in state.values().into_iter().chain([&plain]) {
            assert_eq!(&back(session), session);
        }
    }
    assert_eq!(back(&State::new()), State::new());
}

/// Stores may already hold this text.
#[test]
fn a_session_looks_like_this() {
    let state = state(&Config::STRICT);
    let (id, session) = state.items().into_iter().next().unwrap();
    let mut shown: Value = serde_json::to_value(session).unwrap();
    shown["form_tokens"] = json!([]);
    let expected = json!({
        "version": 1,
        "handle": "02020202020202020202020202020202",
        "user": "alice",
        "remote_addr": "192.0.2.1",
        "created": 1_000_000_000_000_u64,
        "accessed": 1_000_000_000_000_u64,
        "form_tokens": [],
        "values": {"basket": "2 apples"},
    });
    assert_eq!(shown, expected, "{}", SessionRef { id: Some(id), session });
}
