//! Section `session`.

use quixote_session::{Config, CookieValue, Handle, Session, Timestamp};

use crate::scenario::events::{finish, new_session, renew};
use crate::scenario::{ALL, QUIXOTE, Scenario, Successful};

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
    let mut id = Some(run.log_in("alice"));
    for change in [Some("alice"), Some(""), None] {
        run.start(1, id);
        run.set_user(1, change);
        id = run.save(1);
        assert!(run.state().values().iter().all(|session| session.has_info()));
    }
    assert!(run.state().is_empty());
}

// [session-10] [session-11]
#[test]
fn a_handle_is_drawn_when_a_session_is_stored_and_when_it_has_another_user() {
    let (alice, bob) = (Some("alice"), Some("bob"));
    for (before, users, renews, kept) in [
        (None, &[alice][..], false, true),
        (None, &[], false, true),
        (None, &[], true, true),
        (alice, &[alice], false, true),
        (alice, &[], true, true),
        (alice, &[], false, true),
        (alice, &[bob], false, false),
        (alice, &[None], false, false),
        (alice, &[bob, alice], false, false),
        (alice, &[None, alice], true, false),
        (None, &[alice, bob], true, false),
    ] {
        let case = format!("{before:?}, {users:?}, {renews}");
        let mut run = Scenario::of(&Config::STRICT);
        run.start(1, None);
        assert_eq!(run.session(1).handle(), None, "none before it is stored");
        if before.is_some() {
            run.set_user(1, before);
        }
        run.set_value(1, "k", "v");
        let entropy = run.entropy();
        run.send_with(entropy, finish(1, Successful));
        let old = run.id_set().unwrap();
        assert_eq!(run.handle_of(old), entropy.handle(), "{case}");
        run.start(2, Some(old));
        for user in users {
            run.set_user(2, *user);
        }
        if renews {
            run.done(renew(2));
        }
        run.set_value(2, "new", "w");
        let later = run.entropy();
        run.send_with(later, finish(2, Successful));
        let id = run.id_set().unwrap_or(old);
        let expected = if kept { entropy.handle() } else { later.handle() };
        assert_eq!(run.handle_of(id), expected, "{case}");
    }
}

/// If a request has emptied its session, what it stores next is another session.
// [session-10] [step-29]
#[test]
fn a_session_that_was_emptied_leaves_its_handle_behind() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.keep("k", "v");
    let before = run.handle_of(id);
    run.start(1, Some(id));
    run.take(1, "k");
    assert_eq!(run.held(1).unwrap().session.handle(), None);
    run.set_value(1, "new", "w");
    let id = run.save(1).unwrap();
    assert_ne!(run.handle_of(id), before);
}

// [session-10]
#[test]
fn quixote_gives_no_handles() {
    for config in &QUIXOTE {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        assert_eq!(run.stored(id).unwrap().handle(), None);
    }
}

/// A handle is shown in pages, and does not open the session.
// [session-12]
#[test]
fn a_handle_opens_nothing() {
    let mut run = Scenario::of(&Config::STRICT);
    run.start(1, None);
    run.set_user(1, Some("alice"));
    let handle = Handle::from([9; 16]);
    let entropy = run.entropy().with_handle(handle);
    run.send_with(entropy, finish(1, Successful));
    let id = run.id_set().unwrap();
    assert_eq!(run.handle_of(id), handle);
    let text = handle.to_string();
    assert_ne!(text, id.reveal().to_string());
    assert_eq!(run.start_with(1, Some(CookieValue::from(text.as_str())), ""), None);
    assert_eq!((run.has_cookie(1, true), run.held(1).unwrap().id), (false, None));
}
