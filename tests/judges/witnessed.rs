//! What counts as putting a property to the test and what does not, and correct steps that break
//! nothing.

use quixote_session::check::Property;
use quixote_session::{Config, Event, ManagerEvent, Outcome, RequestEvent, RequestId};

use crate::run::Run;

const VISITOR: RequestId = RequestId(1);

/// A run in which somebody has logged in and comes back.
fn with_visitor() -> Run {
    Run::of(&Config::STRICT, &[(VISITOR, "alice")])
}

fn delete_all(run: &mut Run) {
    for id in run.state.keys() {
        run.send(Event::Manager(ManagerEvent::DeleteSession { id }));
    }
}

#[test]
fn a_copy_of_what_is_stored_does_not_outlive_it() {
    let mut run = with_visitor();
    assert!(!run.witnessed.contains(Property::EveryObjectIsReachable));
    delete_all(&mut run);
    assert!(run.witnessed.contains(Property::EveryObjectIsReachable));
}

#[test]
fn a_session_that_is_ended_has_not_lost_its_last_info() {
    let mut ended = with_visitor();
    ended.send(RequestEvent::ExpireSession.of(VISITOR));
    ended.finish(VISITOR);
    let mut deleted = with_visitor();
    delete_all(&mut deleted);
    deleted.finish(VISITOR);
    for run in [ended, deleted] {
        assert!(run.state.keys().is_empty());
        assert!(!run.witnessed.contains(Property::StoredHasInfo));
    }
    let mut left = with_visitor();
    left.send(RequestEvent::SetUser { user: None }.of(VISITOR));
    left.finish(VISITOR);
    assert!(left.witnessed.contains(Property::StoredHasInfo));
}

/// The request itself leaves no trace, but a session that was over by then is gone.
#[test]
fn a_request_that_fails_may_have_replaced_what_was_over() {
    let config = Config { absolute_limit_ms: Some(500), ..Config::STRICT };
    let mut run = Run::of(&config, &[(VISITOR, "alice")]);
    run.age("alice");
    run.send(RequestEvent::NewSession.of(VISITOR));
    assert!(run.state.keys().is_empty());
    run.send(RequestEvent::FinishRequest { outcome: Outcome::Failed }.of(VISITOR));
    assert!(!run.witnessed.contains(Property::FailureLeavesNoTrace));
}
