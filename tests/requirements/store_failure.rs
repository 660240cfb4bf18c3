//! Section `driver`: a store that fails.

use std::collections::BTreeSet;

use quixote_session::{
    CookieValue, Event, ManagerEvent, Reply, RequestEvent, RequestId, SessionId, StoreOp,
};

use super::run::{Abandoned, COPIES, Run, Successful, expire, finish, set_value};

/// Sends the events until the store is asked for something, which fails.
fn until_the_store_fails(run: &mut Run, events: &[Event]) -> Option<StoreOp> {
    events.iter().find_map(|event| {
        run.send(event.clone());
        run.effects.store.clone()
    })
}

/// What a visitor who is logged in might do, and the milliseconds before.
fn stories() -> Vec<(Vec<Event>, u64)> {
    let request = RequestId(9);
    let login = RequestEvent::SetUser { user: Some("bob".into()) }.of(request);
    let later = 13 * 3_600_000;
    vec![
        (vec![login.clone(), finish(9, Successful)], 0),
        (vec![set_value(9, "k", "v"), finish(9, Successful)], 0),
        (vec![expire(9), login.clone()], 0),
        (vec![Event::Manager(ManagerEvent::DeleteSessionsOf { user: "alice".into() })], 0),
        (vec![Event::Manager(ManagerEvent::Sweep)], later),
        (vec![finish(9, Successful)], later),
        (vec![RequestEvent::NewSession.of(request), login, finish(9, Successful)], 0),
    ]
}

/// The first event of a story. A sweep finds what is over only where no start has found it before.
fn start(id: SessionId, story: &[Event]) -> Event {
    let cookie = (*story != [Event::Manager(ManagerEvent::Sweep)]).then_some(CookieValue::Id(id));
    let (remote_addr, script_name) = ("192.0.2.1".into(), "".into());
    Event::StartRequest { request: RequestId(9), cookie, remote_addr, script_name }
}

fn replies(run: &mut Run, events: &[Event]) -> Vec<Reply> {
    events.iter().map(|event| run.send(event.clone())).collect()
}

/// The state and the store agree again, and the same request, made anew, is answered as if nothing
/// had been.
// [driver-15] [driver-16] [driver-17]
#[test]
fn a_state_is_told_what_a_store_that_failed_has() {
    let mut failed = BTreeSet::new();
    for (config, (story, later)) in
        COPIES.iter().flat_map(|c| stories().into_iter().map(move |s| (c, s)))
    {
        let mut run = Run::of(config);
        let id = run.log_in("alice");
        run.now += later;
        let events: Vec<_> = std::iter::once(start(id, &story)).chain(story).collect();
        let (before, mut failing) = (run.state.clone(), run.clone());
        let expected = replies(&mut run, &events);

        let Some(op) = until_the_store_fails(&mut failing, &events) else { continue };
        failed.insert(format!("{op:?}").split(' ').next().map(ToOwned::to_owned));
        for id in op.ids() {
            let stored = before.get(&id).cloned();
            failing.state = std::mem::take(&mut failing.state).with_stored(id, stored);
        }
        assert_eq!(failing.state.items(), before.items());
        failing.send(finish(9, Abandoned));
        assert_eq!((&failing.effects.store, &failing.effects.cookie), (&None, &None));

        assert_eq!(replies(&mut failing, &events), expected, "{}: {events:?}", config.semantics);
        assert_eq!(failing.state.values(), run.state.values());
    }
    let kinds = ["Put", "Update", "Rotate", "Delete", "DeleteAll", "Discard", "DiscardAll"];
    let kinds: BTreeSet<_> = kinds.map(|kind| Some(kind.to_owned())).into();
    assert!(failed.is_superset(&kinds), "{failed:?}");
}
