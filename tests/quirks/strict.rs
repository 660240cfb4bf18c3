//! The strict semantics: what is final, what is out of time, and what is refused for good.

use quixote_session::{
    Config, CookieChange, CookieValue, Event, ManagerEvent, Outcome, Refusal, Reply, StoreOp,
    Transaction,
};

use crate::started_as;
use crate::story::{DAWN, Story, cookie, done, refused, set_id};

const OUTCOMES: [Outcome; 4] =
    [Outcome::Successful, Outcome::Interrupted, Outcome::Failed, Outcome::Abandoned];

fn strict() -> Story {
    Story::of(Config::STRICT)
}

const IDLE: u64 = 30 * 60_000;
const ABSOLUTE: u64 = 12 * 3_600_000;

#[test]
fn expiry_is_final_and_the_cookie_is_revoked_whatever_the_outcome() {
    for outcome in OUTCOMES {
        let mut story = strict();
        let id = story.log_in("alice");
        let request = story.start_with(id);
        assert_eq!(story.expire(request).store, Some(StoreOp::Delete { id }));
        let sent = cookie(&story.finish_as(request, outcome));
        let expected = (outcome != Outcome::Abandoned).then_some(CookieChange::Revoke);
        assert_eq!(sent, expected, "{outcome:?}: an abandoned request has no response");
        assert_eq!(story.sessions(), 0);
    }
}

#[test]
fn nobody_brings_an_ended_session_back() {
    let ends: [fn(&mut Story, _); 3] = [
        |story, id| _ = story.delete(id),
        |story, _| {
            _ = story.send(Event::Manager(ManagerEvent::DeleteSessionsOf { user: "alice".into() }));
        },
        |story, id| {
            let leaving = story.start_with(id);
            story.expire(leaving);
        },
    ];
    for end in ends {
        let mut story = strict();
        let id = story.log_in("alice");
        let working = story.start_with(id);
        story.set_value(working, "cart", "1");
        end(&mut story, id);
        for outcome in [Outcome::Successful, Outcome::Interrupted] {
            let finished = story.finish_as(working, outcome);
            assert_eq!(finished, refused(Refusal::SessionGone), "the caller is told");
        }
        let failed = story.finish_as(working, Outcome::Failed);
        assert_eq!((failed.transaction, failed.cookie), (Some(Transaction::Abort), None));
        assert_eq!(story.sessions(), 0);
    }
}

/// A revocation would kill the cookie of whatever session the client has by now.
#[test]
fn a_request_that_changed_nothing_ends_quietly_on_a_session_that_is_gone() {
    let mut story = strict();
    let id = story.log_in("alice");
    let reading = story.start_with(id);
    story.delete(id);
    let finished = story.finish(reading);
    assert_eq!((finished.reply, finished.store, finished.cookie), (Reply::Done, None, None));
}

#[test]
fn what_would_orphan_a_session_is_refused() {
    let mut story = strict();
    let id = story.log_in("alice");
    let request = story.start_with(id);
    assert_eq!(story.revoke(request), refused(Refusal::WouldOrphan));
    assert_eq!(story.new_session(request), refused(Refusal::WouldOrphan));
    story.delete(id);
    assert_eq!(story.new_session(request), done(), "nothing is left to orphan");
    assert_eq!(story.revoke(request), refused(Refusal::WouldOrphan));
}

/// Found by random clients: left in the store, a clock that goes back would bring it to life.
#[test]
fn a_session_replaced_after_it_ran_out_of_time_is_not_left_behind() {
    let mut story = strict();
    let id = story.log_in("alice");
    let request = story.start_with(id);
    story.wait(IDLE);
    assert_eq!(story.new_session(request).store, Some(StoreOp::Discard { id }));
    story.set_user(request, "bob");
    story.finish(request);
    story.now = DAWN;
    let (_, started) = story.try_start(0, Some(CookieValue::Id(id)), "");
    assert_eq!(started.reply, started_as(None));
}

#[test]
fn a_session_is_saved_when_its_request_finishes_and_ids_are_issued_never_chosen() {
    let mut story = strict();
    let request = story.start();
    story.set_user(request, "alice");
    assert_eq!(story.maintain(request), refused(Refusal::SavedAtFinish));
    assert_eq!(story.insert(request, 9, Some("alice")), refused(Refusal::IdNotIssued));
    assert_eq!(story.sessions(), 0);
}

#[test]
fn a_session_is_over_in_the_millisecond_in_which_it_reaches_its_idle_limit() {
    for (age, user) in [(IDLE - 1, Some("alice")), (IDLE, None), (IDLE + 1, None)] {
        let mut story = strict();
        let id = story.log_in("alice");
        story.wait(age);
        let (_, started) = story.try_start(0, Some(CookieValue::Id(id)), "");
        assert_eq!(started.reply, started_as(user), "{age}");
        let discarded = user.is_none().then_some(StoreOp::Discard { id });
        assert_eq!(started.store, discarded, "deleted there and then");
    }
}

#[test]
fn a_session_in_constant_use_is_over_in_the_millisecond_of_its_absolute_limit() {
    for (last, user) in [(ABSOLUTE - 1, Some("alice")), (ABSOLUTE, None)] {
        let mut story = strict();
        let id = story.log_in("alice");
        let visits = (1..).map(|visit| visit * (IDLE - 1)).take_while(|age| *age < last);
        for age in visits.chain([last]) {
            story.now = DAWN + age;
            let request = story.start_with(id);
            let found = story.world.state.session(request).unwrap().session.user().cloned();
            let expected = if age == last { user } else { Some("alice") };
            assert_eq!(found.as_deref(), expected, "{age}");
            story.finish(request);
        }
    }
}

#[test]
fn a_clock_that_goes_back_extends_no_life() {
    let mut story = strict();
    let id = story.log_in("alice");
    story.now = DAWN - 1_000_000;
    let request = story.start_with(id);
    story.set_value(request, "cart", "1");
    story.finish(request);
    let session = story.stored(id).unwrap();
    assert_eq!((session.accessed().0, session.created().0), (DAWN, DAWN));
    story.now = DAWN + IDLE;
    let (_, started) = story.try_start(0, Some(CookieValue::Id(id)), "");
    assert_eq!(started.store, Some(StoreOp::Discard { id }));
}

/// A stale copy must not turn back what a later request has noted.
#[test]
fn a_save_keeps_the_later_of_two_access_times() {
    let mut story = strict();
    let id = story.log_in("alice");
    let early = story.start_with(id);
    story.wait(120_000);
    let late = story.start_with(id);
    assert!(story.finish(late).store.is_some(), "a noted access is stored");
    story.set_value(early, "cart", "1");
    story.finish(early);
    assert_eq!(story.stored(id).unwrap().accessed().0, DAWN + 120_000);
}

#[test]
fn a_session_that_runs_out_of_time_under_a_request_is_gone_for_it() {
    let mut story = strict();
    let id = story.log_in("alice");
    let request = story.start_with(id);
    story.set_value(request, "cart", "1");
    story.wait(IDLE);
    assert_eq!(story.has_session_cookie(request, true), Reply::Answer(false));
    assert_eq!(story.finish(request), refused(Refusal::SessionGone));
}

#[test]
fn a_request_that_outlives_the_limits_of_its_own_new_session_stores_nothing() {
    let mut story = strict();
    let request = story.start();
    story.set_user(request, "alice");
    story.wait(IDLE);
    assert_eq!(story.finish(request), refused(Refusal::SessionGone));
}

#[test]
fn a_sweep_deletes_what_is_out_of_time_and_nothing_else() {
    let mut story = strict();
    let (old, older) = (story.log_in("alice"), story.log_in("bob"));
    story.wait(IDLE - 1);
    let young = story.log_in("carol");
    assert_eq!(story.send(Event::Manager(ManagerEvent::Sweep)), done(), "not yet");
    story.wait(1);
    let swept = story.send(Event::Manager(ManagerEvent::Sweep));
    assert_eq!(swept.store, Some(StoreOp::DiscardAll { ids: vec![old, older] }));
    assert_eq!(story.world.state.keys(), [young]);
}

#[test]
fn a_user_is_ended_in_every_session_and_no_other_user_is() {
    let mut story = strict();
    let (one, other) = (story.log_in("alice"), story.log_in("alice"));
    let bob = story.log_in("bob");
    let ended = story.send(Event::Manager(ManagerEvent::DeleteSessionsOf { user: "alice".into() }));
    assert_eq!(ended.store, Some(StoreOp::DeleteAll { ids: vec![one, other] }));
    assert_eq!(story.world.state.keys(), [bob]);
    assert_eq!(
        story.send(Event::Manager(ManagerEvent::DeleteSessionsOf { user: "nobody".into() })),
        done()
    );
}

#[test]
fn what_loses_its_last_info_is_deleted_and_its_cookie_revoked() {
    let mut story = strict();
    let id = story.store_value("cart", "1");
    let request = story.start_with(id);
    story.remove_value(request, "cart");
    let finished = story.finish(request);
    assert_eq!(finished.store, Some(StoreOp::Discard { id }));
    assert_eq!(cookie(&finished), Some(CookieChange::Revoke));
}

#[test]
fn an_unknown_id_gets_a_session_of_its_own() {
    let mut story = strict();
    let planted = story.id(0xee);
    let request = story.start_with(planted);
    story.set_user(request, "alice");
    assert_eq!(set_id(&story.finish(request)), story.id(1));
    assert_eq!(story.stored(planted), None);
}
