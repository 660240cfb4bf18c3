//! Section `driver`: a store that fails.

use std::collections::BTreeSet;

use quixote_session::{CookieValue, Event, Reply, SessionId, StoreOp};
use serde_json::Value;

use crate::scenario::events::{
    SWEEP, delete_all_of, delete_handle, expire, expire_others, finish, new_session, set_user,
    set_value, start,
};
use crate::scenario::{Abandoned, COPIES, Scenario, Successful};

/// Sends the events until the store is asked for something, and lets that fail.
fn until_the_store_fails(run: &mut Scenario, events: &[Event]) -> Option<StoreOp> {
    events.iter().find_map(|event| {
        run.send(event.clone());
        run.effects.store.clone()
    })
}

/// What a logged-in visitor might do, and how many milliseconds pass before.
fn visits() -> Vec<(Vec<Event>, u64)> {
    let login = set_user(9, Some("bob"));
    let later = 13 * 3_600_000;
    vec![
        (vec![login.clone(), finish(9, Successful)], 0),
        (vec![set_value(9, "k", "v"), finish(9, Successful)], 0),
        (vec![expire(9), login.clone()], 0),
        (vec![delete_all_of("alice")], 0),
        (vec![expire_others(9), finish(9, Successful)], 0),
        (vec![delete_handle([1; 16].into())], 0),
        (vec![SWEEP], later),
        (vec![finish(9, Successful)], later),
        (vec![finish(9, Successful)], 61_000),
        (vec![new_session(9), login, finish(9, Successful)], 0),
    ]
}

/// The first event: a start, except before a sweep, which finds a session that is over only if no
/// start has found it.
fn first(id: SessionId, events: &[Event]) -> Event {
    start(9, (*events != [SWEEP]).then_some(CookieValue::Id(id)), "")
}

fn replies(run: &mut Scenario, events: &[Event]) -> Vec<Reply> {
    events.iter().map(|event| run.send(event.clone())).collect()
}

/// What is stored, without the handles, which are drawn again.
fn without_handles(run: &Scenario) -> Vec<Value> {
    let sessions = run.state().values().into_iter();
    let shown = sessions.map(|session| serde_json::to_value(session).unwrap());
    let without = |mut session: Value| {
        session["handle"] = Value::Null;
        session
    };
    shown.map(without).collect()
}

/// The state and the store agree again, and the same request, made once more, is answered as if
/// nothing had happened.
// [driver-21] [driver-22] [driver-23]
#[test]
fn a_state_is_told_what_a_store_that_failed_has() {
    let mut failed = BTreeSet::new();
    for (config, (visit, later)) in
        COPIES.iter().flat_map(|c| visits().into_iter().map(move |s| (c, s)))
    {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice");
        run.now += later;
        let events: Vec<_> = std::iter::once(first(id, &visit)).chain(visit).collect();
        let (before, mut failing) = (run.state().clone(), run.clone());
        let expected = replies(&mut run, &events);

        let Some(op) = until_the_store_fails(&mut failing, &events) else { continue };
        failed.insert(format!("{op:?}").split(' ').next().map(ToOwned::to_owned));
        // An operation that names no id may have deleted any session that was loaded.
        for id in before.keys().into_iter().chain(op.ids()) {
            let stored = before.get(&id).cloned();
            failing.put_state(failing.state().clone().with_stored(id, stored));
        }
        assert_eq!(failing.state().items(), before.items());
        failing.send(finish(9, Abandoned));
        assert_eq!((&failing.effects.store, &failing.effects.cookie), (&None, &None));

        assert_eq!(replies(&mut failing, &events), expected, "{}: {events:?}", config.semantics);
        assert_eq!(without_handles(&failing), without_handles(&run));
    }
    let kinds = [
        "Put",
        "Touch",
        "Update",
        "Rotate",
        "Delete",
        "DeleteUser",
        "DeleteHandle",
        "Discard",
        "DiscardOver",
    ];
    let kinds: BTreeSet<_> = kinds.map(|kind| Some(kind.to_owned())).into();
    assert!(failed.is_superset(&kinds), "{failed:?}");
}
