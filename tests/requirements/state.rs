//! Section `state`.

use core::hash::BuildHasher as _;
use std::collections::hash_map::RandomState;

use quixote_session::{Event, ManagerEvent, Semantics, Session, State, Timestamp};

use super::run::{ALL, Run, Successful, expire, finish};

// [state-1] [state-2]
#[test]
fn listings_show_all_in_order() {
    for config in &ALL {
        let mut run = Run::of(config);
        let mut ids: Vec<_> = (0..9).map(|_| run.log_in("alice")).collect();
        run.done(Event::Manager(ManagerEvent::DeleteSession { id: ids.remove(4) }));
        run.now += 100 * 60 * 60_000;
        ids.sort_unstable();
        assert_eq!(run.state.keys(), ids, "also what is over");
        assert_eq!(run.state.items().iter().map(|(id, _)| *id).collect::<Vec<_>>(), ids);
        assert_eq!(run.state.sessions_of("alice"), ids);
        assert_eq!((run.state.values().len(), run.state.len()), (8, 8));
    }
}

// [state-5]
#[test]
fn states_are_equal_however_they_came_about() {
    for config in &ALL {
        let mut one = Run::of(config);
        let id = one.log_in("alice");
        one.start(1, Some(id));
        one.start(2, None);
        let mut other = Run::of(config);
        other.entropy();
        let dropped: Vec<_> = (0..3).map(|_| other.log_in("bob")).collect();
        other.state = other.state.with_stored(id, one.stored(id).cloned());
        other.start(2, None);
        other.start(3, Some(dropped[0]));
        other.start(1, Some(id));
        assert!(one.state != other.state);
        for id in dropped {
            other.done(Event::Manager(ManagerEvent::DeleteSession { id }));
        }
        assert!(one.state != other.state, "a request holds what is not stored");
        other.finish(3, super::run::Abandoned);
        assert!(one.state == other.state);
        let hasher = RandomState::new();
        assert_eq!(hasher.hash_one(&one.state), hasher.hash_one(&other.state));
        one.start(3, Some(id));
        assert!(one.state != other.state);
    }
}

// [state-6]
#[test]
fn a_request_sees_its_own_changes() {
    for config in &ALL {
        let mut run = Run::of(config);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.set_value(1, "k", "v");
        let token = run.token(1);
        let held = run.held(1).unwrap().session;
        assert_eq!(
            (held.values()["k"].as_str(), held.form_tokens().as_slice()),
            ("v", &[token][..])
        );
        run.set_user(1, Some("bob"));
        assert_eq!(run.held(1).unwrap().session.user().map(AsRef::as_ref), Some("bob"));
    }
}

// [state-7]
#[test]
fn what_is_told_of_a_store_replaces_that_alone() {
    for config in &ALL {
        let mut run = Run::of(config);
        let [id, other] = ["alice", "bob"].map(|user| run.log_in(user));
        let kept = run.stored(other).cloned();
        run.start(1, Some(id));
        run.set_value(1, "k", "v");
        let held = run.held(1).unwrap().session.clone();
        for told in [None, kept.clone()] {
            run.state = core::mem::take(&mut run.state).with_stored(id, told.clone());
            assert_eq!(run.stored(id).cloned(), told);
            assert_eq!(run.stored(other).cloned(), kept);
            assert_eq!((run.held(1).unwrap().id, run.held(1).unwrap().session), (Some(id), &held));
        }
        if config.semantics == Semantics::Strict {
            run.finish(1, Successful);
            assert_eq!((run.stored_user(id), run.value(id, "k")), (Some("bob"), Some("v")));
        }
    }
}

// [state-8]
#[test]
fn a_serialised_state_is_read_back() {
    for config in &ALL {
        let mut run = Run::of(config);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.start(2, Some(id));
        run.start(3, None);
        run.set_value(1, "k", "v");
        run.token(2);
        run.done(Event::Manager(ManagerEvent::DeleteSession { id }));
        run.done(expire(3));
        let text = serde_json::to_string(&run.state).unwrap();
        let mut read = Run::of(config);
        read.state = serde_json::from_str(&text).unwrap();
        assert!(read.state == run.state);
        let replies = [&mut run, &mut read].map(|run| run.send(finish(1, Successful)));
        assert_eq!(replies[0], replies[1], "what was changed is remembered");
        assert!(read.state == run.state);
    }
}

// [state-9]
#[test]
fn a_serialised_state_that_cannot_be_is_not_accepted() {
    let session = |accessed: u64| {
        let contents = r#""user":"a","remote_addr":"","form_tokens":[],"values":{}"#;
        format!(r#"{{"created":5,"accessed":{accessed},{contents}}}"#)
    };
    let stored = |id: char, accessed| {
        let id = id.to_string().repeat(16);
        format!(r#"{{"id":"{id}","session":{}}}"#, session(accessed))
    };
    let state = |stored: &str, held: &str, requests: &str| {
        let text = format!(r#"{{"stored":[{stored}],"held":[{held}],"requests":[{requests}]}}"#);
        serde_json::from_str::<State>(&text).map_err(|error| error.to_string())
    };
    let open = |request: u64, holds: &str| {
        let texts = r#""remote_addr":"","script_name":"""#;
        let data = format!(r#"{{"cookie":null,{texts},"response":null,"changes":null}}"#);
        format!(r#"{{"request":{request},"holds":{holds},"data":{data}}}"#)
    };
    let [a, b] = ['a', 'b'].map(|id| stored(id, 5));
    assert!(state(&format!("{a},{b}"), "", &open(1, "0")).is_ok());
    for (stored, held, requests, what) in [
        (format!("{b},{a}"), String::new(), String::new(), "rising ids"),
        (format!("{a},{a}"), String::new(), String::new(), "rising ids"),
        (stored('a', 4), String::new(), String::new(), "not before created"),
        (a.clone(), a.clone(), String::new(), "held by a request"),
        (a.clone(), String::new(), open(1, "1"), "number of a session"),
        (a, String::new(), format!("{},{}", open(2, "0"), open(1, "0")), "rising numbers"),
    ] {
        let error = state(&stored, &held, &requests).unwrap_err();
        assert!(error.contains(what), "{error}");
    }
}

// [state-10] [state-11]
#[test]
fn a_serialised_value_is_whole_and_nothing_else() {
    let text = serde_json::to_string(&Session::new("".into(), Timestamp(5))).unwrap();
    let reads = |text: &str| serde_json::from_str::<Session>(text).is_ok();
    assert!(reads(&text));
    for (from, to) in [
        (r#""user":null,"#, ""),
        (r#","values":{}"#, ""),
        (r#""user":null"#, r#""user":null,"colour":1"#),
        (r#""user":null"#, r#""user":null,"user":null"#),
        (r#""values":{}"#, r#""values":{"k":"1","k":"1"}"#),
    ] {
        assert!(text.contains(from), "{text}");
        assert!(!reads(&text.replace(from, to)), "{from} made {to}");
    }
}
