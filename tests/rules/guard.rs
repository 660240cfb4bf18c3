//! Section `step`: values that a save must find as the request saw them.

use quixote_session::{Config, Refusal};

use crate::scenario::events::{delete, finish, guard, remove_value};
use crate::scenario::{Failed, Interrupted, Scenario, Successful};

// [step-40]
#[test]
fn a_guarded_value_that_has_changed_is_told() {
    for (seen, now) in [
        (Some("1"), Some("2")),
        (Some("1"), None),
        (None, Some("1")),
        (Some("1"), Some("1")),
        (None, None),
        (Some(""), Some("")),
        (Some(""), None),
    ] {
        for sets in [false, true] {
            let mut run = Scenario::of(&Config::STRICT);
            let id = run.log_in("alice");
            let change = |run: &mut Scenario, value: Option<&str>| {
                run.start(9, Some(id));
                if let Some(value) = value {
                    run.set_value(9, "cart", value);
                } else if run.session(9).values().contains_key("cart") {
                    run.done(remove_value(9, "cart"));
                }
                run.set_value(9, "other", "1");
                run.finish(9, Successful);
            };
            change(&mut run, seen);
            run.start(1, Some(id));
            run.done(guard(1, "other"));
            run.done(guard(1, "cart"));
            if sets {
                run.set_value(1, "cart", "mine");
            }
            change(&mut run, now);
            if seen == now {
                run.finish(1, Successful);
                let expected = if sets { Some("mine") } else { now };
                assert_eq!(run.stored_value(id, "cart"), expected);
            } else {
                for outcome in [Successful, Interrupted] {
                    run.refused(finish(1, outcome), Refusal::ValueChanged);
                }
                run.finish(1, Failed);
                assert_eq!(run.stored_value(id, "cart"), now, "{seen:?}");
            }
        }
    }
}

/// A request that guards a value must be told, even if it has nothing to save; a page that only
/// shows a form need not be.
// [step-35] [step-38]
#[test]
fn a_guard_of_a_session_that_is_gone_is_told() {
    for (guards, form) in [(true, false), (true, true), (false, true)] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        if guards {
            run.done(guard(1, "cart"));
        }
        if form {
            run.token(1);
        }
        run.done(delete(id));
        if guards {
            run.refused(finish(1, Successful), Refusal::SessionGone);
        } else {
            run.finish(1, Successful);
        }
    }
}

/// Two tabs read one value and add to it: one of them is refused, by name. Without a guard the
/// later value stands.
// [step-40] [step-41]
#[test]
fn of_two_who_guard_a_value_and_set_it_one_is_told() {
    for guarded in [true, false] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.keep("cart", "a");
        for (request, cart) in [(1, "ab"), (2, "ac")] {
            run.start(request, Some(id));
            if guarded {
                run.done(guard(request, "cart"));
            }
            run.set_value(request, "cart", cart);
        }
        run.finish(2, Successful);
        if guarded {
            run.refused(finish(1, Successful), Refusal::ValueChanged);
            assert_eq!(run.stored_value(id, "cart"), Some("ac"));
        } else {
            run.finish(1, Successful);
            assert_eq!(run.stored_value(id, "cart"), Some("ab"));
        }
    }
}

/// What a request has taken is gone by its own doing, so it is told of nothing, and has nothing to
/// save.
// [step-24] [step-40] [step-36]
#[test]
fn a_value_that_the_request_took_is_guarded_no_more() {
    for sets in [false, true] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.log_in("alice");
        run.start(1, Some(id));
        run.set_value(1, "once", "v");
        run.finish(1, Successful);
        run.start(1, Some(id));
        run.done(guard(1, "once"));
        assert_eq!(run.take(1, "once"), "v");
        if sets {
            run.set_value(1, "since", "1");
        }
        run.finish(1, Successful);
        assert_eq!(run.effects.store.is_some(), sets, "{:?}", run.effects);
        assert_eq!(run.stored_value(id, "once"), None);
        assert_eq!(run.stored_value(id, "since"), sets.then_some("1"));
    }
}

/// Only a failure takes a guard back, and only the save looks at it.
// [step-40] [event-12]
#[test]
fn the_first_look_of_a_guard_counts() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.keep("cart", "a");
    run.start(1, Some(id));
    run.done(guard(1, "cart"));
    run.start(2, Some(id));
    run.set_value(2, "cart", "b");
    run.finish(2, Successful);
    run.done(guard(1, "cart"));
    run.refused(finish(1, Successful), Refusal::ValueChanged);
    run.start(3, Some(id));
    run.set_value(3, "cart", "a");
    run.finish(3, Successful);
    run.finish(1, Successful);
}
