//! Section `driver`: which answers may be final only over a fresh load.

use std::collections::BTreeSet;

use quixote_session::{Event, Input, ManagerEvent, Reply, RequestEvent, RequestId, Timestamp};

use super::driver::{race, send};
use super::event::{events_of, start};
use super::run::{Abandoned, Failed, Interrupted, Successful, finish};

/// Every kind of event, and each of its forms that could be answered otherwise.
fn every_event() -> Vec<Event> {
    let request = RequestId(1);
    let mut all = vec![
        start(request),
        RequestEvent::HasSessionCookie { must_exist: true }.of(request),
        Event::Manager(ManagerEvent::DeleteSession { id: [1; 16].into() }),
        Event::Manager(ManagerEvent::DeleteSessionsOf { user: "alice".into() }),
        Event::Manager(ManagerEvent::Sweep),
    ];
    all.extend(events_of(request).into_iter().map(|(event, _)| event));
    all.extend([Interrupted, Failed, Abandoned].map(|outcome| finish(1, outcome)));
    all
}

/// What is concluded from the load alone, and by no operation whose condition would tell that it
/// was stale. No event is left to a wildcard: a new one has to be decided here.
const fn concludes_from_the_load(event: &Event) -> bool {
    match event {
        // Whether the cookie names what is stored; that no stored session is orphaned; that no
        // equal token is outstanding in what is stored; that there is nothing to save.
        Event::Request { event: RequestEvent::HasSessionCookie { must_exist: true, .. }, .. }
        | Event::Request { event: RequestEvent::NewSession, .. }
        | Event::Request { event: RequestEvent::CreateFormToken, .. }
        | Event::Request { event: RequestEvent::FinishRequest { outcome: Successful | Interrupted, .. }, .. } => true,
        // The first load of a request is fresh.
        Event::StartRequest { .. }
        // Only the request's own copy is asked or changed.
        | Event::Request { event: RequestEvent::SetUser { .. }, .. }
        | Event::Request { event: RequestEvent::SetValue { .. }, .. }
        | Event::Request { event: RequestEvent::RemoveValue { .. }, .. }
        | Event::Request { event: RequestEvent::HasFormToken { .. }, .. }
        | Event::Request { event: RequestEvent::HasSessionCookie { must_exist: false, .. }, .. }
        | Event::Request { event: RequestEvent::FinishRequest { outcome: Failed | Abandoned, .. }, .. }
        // A token of others is spent by an `Update` or a `Discard`, or refused.
        | Event::Request { event: RequestEvent::RemoveFormToken { .. }, .. }
        // Deletes whatever is there by then.
        | Event::Request { event: RequestEvent::ExpireSession, .. }
        | Event::Manager(ManagerEvent::DeleteSession { .. })
        | Event::Manager(ManagerEvent::DeleteSessionsOf { .. })
        | Event::Manager(ManagerEvent::Sweep)
        // Strict refuses these.
        | Event::Request { event: RequestEvent::RevokeSessionCookie, .. }
        | Event::Request { event: RequestEvent::MaintainSession, .. }
        | Event::Request { event: RequestEvent::InsertSession { .. }, .. } => false,
    }
}

// [driver-11]
#[test]
fn each_event_says_whether_its_answer_needs_a_fresh_load() {
    let all = every_event();
    let names: BTreeSet<_> = all.iter().map(Event::name).collect();
    assert_eq!((names.len(), all.len()), (17, 21));
    for event in all {
        assert_eq!(event.needs_fresh_load(), concludes_from_the_load(&event), "{event:?}");
    }
}

// [driver-11]
#[test]
fn a_token_drawn_over_a_stale_load_may_be_one_that_is_outstanding() {
    let (mut run, mut store, id, [mut one, mut two]) = race();
    let create = |request| RequestEvent::CreateFormToken.of(RequestId(request));
    let (now, entropy) = (Timestamp(run.now), run.entropy());
    let [first, second] = [1, 2].map(|request| Input { now, entropy, event: create(request) });
    let (state, effects) = two.attempt(&second);
    two.state = state;
    send(&mut run, &mut store, &mut two, finish(2, Successful));
    let outstanding = store.sessions[&id].1.form_tokens().as_slice();
    assert!(matches!(effects.reply, Reply::Token(token) if outstanding == [token]));
    assert_eq!(one.attempt(&first).1.reply, effects.reply, "the load does not have it yet");
    one.reload(&store);
    let drawn = one.attempt(&first).1.reply;
    assert!(matches!(drawn, Reply::Token(token) if !outstanding.contains(&token)), "{drawn:?}");
}
