//! Refusals for want of an id: whatever a save keeps needs one, if it is not stored yet, moves, or
//! is a login whose session is gone. And at the bound of a text.

use quixote_session::{
    Config, Event, ManagerEvent, Outcome, Refusal, RequestEvent, RequestId, SessionId,
};

use crate::run::Run;

const VISITOR: RequestId = RequestId(1);

/// Each leaves one thing in a session.
fn things() -> [RequestEvent; 3] {
    [
        RequestEvent::SetUser { user: Some("alice".into()) },
        RequestEvent::SetValue { key: "color".into(), value: "red".into() },
        RequestEvent::CreateFormToken,
    ]
}

fn log_in(run: &mut Run, user: &str) {
    run.send(RequestEvent::SetUser { user: Some(user.into()) }.of(VISITOR));
}

/// A finish that has no id to draw is refused for that, and done with the next draw.
fn needs_an_id(run: &mut Run) {
    let finish = || RequestEvent::FinishRequest { outcome: Outcome::Successful }.of(VISITOR);
    run.use_up();
    run.refused(finish(), Refusal::EntropyUsedUp);
    run.send(finish());
}

/// A run with a session in which there is this alone, and its id.
fn stored(thing: &RequestEvent) -> (Run, SessionId) {
    let mut run = Run::of(&Config::STRICT, &[]);
    run.start(VISITOR, None);
    run.send(thing.clone().of(VISITOR));
    run.finish(VISITOR);
    let id = run.state.keys()[0];
    (run, id)
}

#[test]
fn a_new_session_needs_an_id() {
    for config in [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT] {
        for thing in things() {
            let mut run = Run::of(&config, &[]);
            run.start(VISITOR, None);
            run.send(thing.of(VISITOR));
            needs_an_id(&mut run);
        }
    }
}

#[test]
fn a_session_that_moves_needs_an_id() {
    for thing in things() {
        let (mut run, id) = stored(&thing);
        run.start(VISITOR, Some(id));
        run.send(RequestEvent::RenewSession.of(VISITOR));
        needs_an_id(&mut run);
    }
}

#[test]
fn a_login_without_its_session_needs_an_id() {
    for thing in things() {
        let (mut run, id) = stored(&thing);
        run.start(VISITOR, Some(id));
        run.send(Event::Manager(ManagerEvent::DeleteSession { id }));
        log_in(&mut run, "bob");
        needs_an_id(&mut run);
    }
}

#[test]
fn a_text_may_be_as_long_as_its_bound() {
    let config = Config { max_text_bytes: 20, ..Config::STRICT };
    let mut run = Run::of(&config, &[]);
    run.start(VISITOR, None);
    let set = |bytes| RequestEvent::SetValue { key: "k".into(), value: "v".repeat(bytes).into() };
    run.send(set(20).of(VISITOR));
    run.refused(set(21).of(VISITOR), Refusal::TextTooLong);
}
