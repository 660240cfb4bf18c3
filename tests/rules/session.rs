//! Section `session`.

use quixote_session::{Config, Session, Timestamp};

use crate::scenario::events::new_session;
use crate::scenario::{ALL, Scenario, Successful};

// [session-1] [session-2] [session-3]
#[test]
fn a_new_session_has_only_its_times_and_its_address() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        run.start(1, None);
        let begun = Session::new("192.0.2.1".into(), Timestamp(run.now));
        assert_eq!(run.session(1), &begun);
        assert_eq!((begun.user(), begun.values().len(), begun.form_tokens().len()), (None, 0, 0));
        assert_eq!((begun.created().0, begun.accessed().0), (run.now, run.now));
        assert_eq!(begun.remote_addr(), "192.0.2.1");
        run.now += 5;
        run.done(new_session(1));
        let anew = Session::new("192.0.2.1".into(), Timestamp(run.now));
        assert_eq!(run.session(1), &anew);
    }
}

// [session-4]
#[test]
fn info_is_a_user_that_is_not_empty_a_token_or_a_value() {
    for config in &ALL {
        let informed = |change: &dyn Fn(&mut Scenario)| {
            let mut run = Scenario::of(config);
            run.start(1, None);
            change(&mut run);
            let info = run.session(1).has_info();
            assert_eq!(run.save(1).is_some(), info, "stored exactly if it has info");
            info
        };
        assert!(!informed(&|_| ()));
        assert!(!informed(&|run| run.set_user(1, Some(""))));
        assert!(informed(&|run| run.set_user(1, Some("0"))));
        assert!(informed(&|run| run.set_value(1, "", "")));
        assert!(informed(&|run| _ = run.token(1)));
        assert!(!informed(&|run| {
            run.set_user(1, Some("alice"));
            run.set_user(1, None);
        }));
    }
}

// [session-5]
#[test]
fn the_empty_user_is_exported() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        run.start(1, None);
        run.set_user(1, Some(""));
        run.set_value(1, "k", "v");
        let id = run.save(1).unwrap();
        assert_eq!(run.user_of(id).as_deref(), Some(""));
    }
}

// [session-6] [session-7]
#[test]
fn the_oldest_token_makes_room() {
    for config in &ALL {
        for cap in [1, 2, 16] {
            let mut run = Scenario::of(&Config { max_form_tokens: cap, ..config.clone() });
            run.start(1, None);
            let tokens: Vec<_> = (0..20).map(|_| run.token(1)).collect();
            let newest = &tokens[20 - usize::from(cap)..];
            assert_eq!(run.session(1).form_tokens().as_slice(), newest);
            let id = run.save(1).unwrap();
            let later = run.form(id);
            let stored = run.stored(id).unwrap().form_tokens().as_slice();
            assert_eq!((stored.len(), stored.last()), (usize::from(cap), Some(&later)));
        }
    }
}

// [session-9]
#[test]
fn strict_stores_nothing_without_info() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.log_in("alice");
    for change in [Some("alice"), Some(""), None] {
        run.start(1, Some(id));
        run.set_user(1, change);
        run.finish(1, Successful);
        assert!(run.state().values().iter().all(|session| session.has_info()));
    }
    assert!(run.state().is_empty());
}
