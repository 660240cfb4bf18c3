//! Section `state`.

use core::hash::BuildHasher as _;
use std::collections::hash_map::RandomState;

use quixote_session::{Config, Semantics, Timestamp};

use crate::scenario::events::{delete, expire, finish, guard};
use crate::scenario::{ALL, Abandoned, Scenario, Successful};

// [state-1] [state-2]
#[test]
fn listings_show_all_in_order() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let mut ids: Vec<_> = (0..9).map(|_| run.log_in("alice")).collect();
        run.done(delete(ids.remove(4)));
        run.now += 100 * 60 * 60_000;
        ids.sort_unstable();
        assert_eq!(run.state().keys(), ids, "even those that are over");
        assert_eq!(run.state().items().iter().map(|(id, _)| *id).collect::<Vec<_>>(), ids);
        assert_eq!(run.state().sessions_of("alice"), ids);
        assert_eq!((run.state().values().len(), run.state().len()), (8, 8));
    }
}

#[test]
fn listings_for_users_leave_out_what_is_over() {
    let config = Config::STRICT;
    let limit = config.idle_limit_ms.unwrap();
    let mut run = Scenario::of(&config);
    let (over, others) = (run.log_in("alice"), run.log_in("bob"));
    run.now += limit - 1;
    let current = run.log_in("alice");
    let listed = |run: &Scenario, user| {
        let (state, now) = (run.state(), Timestamp(run.now));
        (state.current_sessions_of(user, &config, now), state.current_len(&config, now))
    };
    let mut both = [over, current];
    both.sort_unstable();
    assert_eq!(listed(&run, "alice"), (both.to_vec(), 3));
    assert_eq!(listed(&run, "bob"), (vec![others], 3));
    run.now += 1;
    assert_eq!(listed(&run, "alice"), (vec![current], 1));
    assert_eq!(listed(&run, "bob"), (vec![], 1));
}

// [state-5]
#[test]
fn states_are_equal_however_they_came_about() {
    for config in &ALL {
        let mut one = Scenario::of(config);
        let id = one.log_in("alice");
        one.start(1, Some(id));
        one.start(2, None);
        let mut other = Scenario::of(config);
        other.entropy();
        let dropped: Vec<_> = (0..3).map(|_| other.log_in("bob")).collect();
        other.put_state(other.state().clone().with_stored(id, one.stored(id).cloned()));
        other.start(2, None);
        other.start(3, Some(dropped[0]));
        other.start(1, Some(id));
        assert!(one.state() != other.state());
        for id in dropped {
            other.done(delete(id));
        }
        assert!(one.state() != other.state(), "a request holds what is not stored");
        other.finish(3, Abandoned);
        assert!(one.state() == other.state());
        let hasher = RandomState::new();
        assert_eq!(hasher.hash_one(one.state()), hasher.hash_one(other.state()));
        one.start(3, Some(id));
        assert!(one.state() != other.state());
    }
}

/// It creates a token and spends it; or it guards a value, and takes it.
// [state-5]
#[test]
fn a_request_that_has_undone_its_changes_is_as_one_that_made_none() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        let before = run.state().clone();
        let token = run.token(1);
        run.spend(1, token);
        assert!(*run.state() == before, "{}", config.semantics);
    }
    let after = |guards: bool| {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.set_value(1, "k", "v");
        run.finish(1, Successful);
        run.start(1, Some(id));
        if guards {
            run.done(guard(1, "k"));
        }
        run.take(1, "k");
        run.state().clone()
    };
    assert!(after(true) == after(false));
}

// [state-6]
#[test]
fn a_request_sees_its_own_changes() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.set_value(1, "k", "v");
        let token = run.token(1);
        let held = run.session(1);
        assert_eq!(
            (held.values()["k"].as_str(), held.form_tokens().as_slice()),
            ("v", &[token][..])
        );
        run.set_user(1, Some("bob"));
        assert_eq!(run.session(1).user().map(AsRef::as_ref), Some("bob"));
    }
}

// [state-7]
#[test]
fn what_a_driver_loads_replaces_that_session_alone() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let [id, other] = ["alice", "bob"].map(|user| run.log_in(user));
        let kept = run.stored(other).cloned();
        run.start(1, Some(id));
        run.set_value(1, "k", "v");
        let held = run.session(1).clone();
        for told in [None, kept.clone()] {
            run.put_state(run.state().clone().with_stored(id, told.clone()));
            assert_eq!(run.stored(id).cloned(), told);
            assert_eq!(run.stored(other).cloned(), kept);
            assert_eq!((run.held(1).unwrap().id, run.session(1)), (Some(id), &held));
        }
        if config.semantics == Semantics::Strict {
            run.finish(1, Successful);
            assert_eq!((run.stored_user(id), run.stored_value(id, "k")), (Some("bob"), Some("v")));
        }
    }
}

// [state-8]
#[test]
fn a_serialised_state_is_read_back() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.start(2, Some(id));
        run.start(3, None);
        run.set_value(1, "k", "v");
        run.token(2);
        run.done(delete(id));
        run.done(expire(3));
        let text = serde_json::to_string(run.state()).unwrap();
        let mut read = Scenario::of(config);
        read.put_state(serde_json::from_str(&text).unwrap());
        assert!(read.state() == run.state());
        let replies = [&mut run, &mut read].map(|run| run.send(finish(1, Successful)));
        assert_eq!(replies[0], replies[1], "what was changed is remembered");
        assert!(read.state() == run.state());
    }
}
