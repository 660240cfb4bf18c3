//! Section `driver`: which answers may be final only over a fresh load.

use std::collections::BTreeSet;

use quixote_session::{Event, Input, ManagerEvent, Reply, RequestEvent};

use super::event::events_of_request_1;
use super::race::Race;
use crate::scenario::events::{
    SWEEP, create_token, delete, delete_all_of, delete_handle, finish, has_cookie, set_user, start,
};
use crate::scenario::{Abandoned, Failed, Interrupted, Successful};

/// Every kind of event, in each form that could be answered differently.
fn every_event() -> Vec<Event> {
    let mut all = vec![
        start(1, None, ""),
        has_cookie(1, true),
        delete([1; 16].into()),
        delete_handle([1; 16].into()),
        set_user(1, Some("alice")),
        delete_all_of("alice"),
        SWEEP,
    ];
    all.extend(events_of_request_1().into_iter().map(|(event, _)| event));
    all.extend([Interrupted, Failed, Abandoned].map(|outcome| finish(1, outcome)));
    all
}

/// Whether the answer follows from the load alone, without an operation whose condition would show
/// that the load was stale. There is no wildcard, so every new event needs a decision here.
const fn concludes_from_the_load(event: &Event) -> bool {
    match event {
        Event::Request { event, .. } => match event {
            // These conclude that the cookie names a stored session, that no stored session is
            // orphaned, that the store has no equal token outstanding, that there is nothing to
            // save, that the session by which others are ended is still the user's, or how often a
            // user's sessions were ended.
            RequestEvent::HasSessionCookie { must_exist: true }
            | RequestEvent::NewSession
            | RequestEvent::CreateFormToken
            | RequestEvent::ExpireOtherSessions
            | RequestEvent::ExpireHandle { .. }
            | RequestEvent::SetUser { user: Some(_) }
            | RequestEvent::FinishRequest { outcome: Successful | Interrupted } => true,
            // These ask or change only the request's own copy.
            RequestEvent::SetUser { user: None }
            | RequestEvent::RenewSession
            | RequestEvent::GuardValue { .. }
            | RequestEvent::SetValue { .. }
            | RequestEvent::RemoveValue { .. }
            | RequestEvent::HasFormToken { .. }
            | RequestEvent::HasSessionCookie { must_exist: false }
            | RequestEvent::FinishRequest { outcome: Failed | Abandoned }
            // A token or value in the store is taken by an `Update` or a `Discard`, or refused.
            | RequestEvent::RemoveFormToken { .. }
            | RequestEvent::TakeValue { .. }
            // This deletes whatever is there by then.
            | RequestEvent::ExpireSession
            // Strict refuses these.
            | RequestEvent::RevokeSessionCookie
            | RequestEvent::MaintainSession
            | RequestEvent::InsertSession { .. } => false,
        },
        // A listed session may be gone.
        Event::Manager(ManagerEvent::DeleteSession { .. }) => true,
        // The first load of a request is fresh; the manager deletes whatever is there by then.
        Event::StartRequest { .. }
        | Event::Manager(
            ManagerEvent::DeleteHandle { .. }
            | ManagerEvent::DeleteSessionsOf { .. }
            | ManagerEvent::Sweep,
        ) => false,
    }
}

// [driver-17]
#[test]
fn each_event_says_whether_its_answer_needs_a_fresh_load() {
    let all = every_event();
    let names: BTreeSet<_> = all.iter().map(Event::name).collect();
    assert_eq!((names.len(), all.len()), (23, 28));
    for event in all {
        assert_eq!(event.needs_fresh_load(), concludes_from_the_load(&event), "{event:?}");
    }
}

// [driver-17]
#[test]
fn a_token_drawn_over_a_stale_load_may_be_one_that_is_outstanding() {
    let (mut race, id, [mut one, mut two]) = Race::of_two();
    let first = race.input(create_token(1));
    let second = Input { event: create_token(2), ..first.clone() };
    let (state, effects) = two.attempt(&second);
    two.state = state;
    race.send(&mut two, finish(2, Successful));
    let outstanding = race.store.sessions[&id].1.form_tokens().as_slice();
    assert!(matches!(effects.reply, Reply::Token(token) if outstanding == [token]));
    assert_eq!(one.attempt(&first).1.reply, effects.reply, "the load does not have it yet");
    one.reload(&race.store);
    let drawn = one.attempt(&first).1.reply;
    assert!(matches!(drawn, Reply::Token(token) if !outstanding.contains(&token)), "{drawn:?}");
}
