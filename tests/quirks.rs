//! The rules that are easy to get wrong, each as a short story with a name.
//!
//! Here what a request finds, keeps and sends under Quixote's semantics; beside it what requests do
//! to each other, the limits, and the rules of the strict semantics.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "quirks/limits.rs"]
mod limits;
#[path = "quirks/renewal.rs"]
mod renewal;
#[path = "quirks/sharing.rs"]
mod sharing;
mod story;
#[path = "quirks/strict.rs"]
mod strict;

use quixote_session::{
    Config, CookieChange, CookieValue, Effects, Outcome, Refusal, Reply, StoreOp, Transaction,
    read_cookie,
};
use story::{Story, cookie, done, refused, set_id};

const QUIXOTE: [Config; 2] = [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT];

fn started_as(user: Option<&str>) -> Reply {
    Reply::Started { remote_user: user.map(Into::into) }
}

/// Truth, not presence: the empty user is somebody to `REMOTE_USER` and nothing to the store.
#[test]
fn an_empty_user_is_exported_and_is_no_info() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        let id = story.log_in("alice");
        let (first, second) = (story.start_with(id), story.start());
        story.set_user(second, "");
        let finished = story.finish(second);
        assert_eq!((finished.store, finished.cookie), (None, None), "not worth storing");
        story.insert(first, 0x77, Some(""));
        let (_, started) = story.try_start(0, Some(CookieValue::Id(story.id(0x77))), "");
        assert_eq!(started.reply, started_as(Some("")));
    }
}

#[test]
fn a_stored_session_whose_user_becomes_empty_is_deleted_and_its_cookie_revoked() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        let id = story.log_in("alice");
        let request = story.start_with(id);
        story.set_user(request, "");
        let finished = story.finish(request);
        assert_eq!(finished.store, Some(StoreOp::Delete { id }));
        assert_eq!(cookie(&finished), Some(CookieChange::Revoke));
    }
}

/// `*del*` is what old versions of Quixote left in a cookie that they took back.
#[test]
fn the_empty_value_and_del_are_a_cookie_that_names_no_session() {
    for config in QUIXOTE {
        for value in ["", "*del*"] {
            let mut story = Story::of(config.clone());
            let request = story.start_at(Some(value.into()), "");
            assert_eq!(story.held_id(request), None);
            assert_eq!(story.has_session_cookie(request, false), Reply::Answer(true));
            assert_eq!(story.has_session_cookie(request, true), Reply::Answer(false));
            story.set_user(request, "alice");
            assert_eq!(set_id(&story.finish(request)), story.id(1));
        }
    }
}

/// An attacker who plants a cookie must not learn the id of the session that grows from it.
#[test]
fn an_unknown_id_is_never_adopted_and_its_cookie_never_revoked() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        let planted = story.id(0xee);
        let idle = story.start_with(planted);
        assert_eq!(
            story.finish(idle),
            Effects { transaction: Some(Transaction::Commit), ..done() }
        );
        let login = story.start_with(planted);
        story.set_user(login, "alice");
        assert_eq!(set_id(&story.finish(login)), story.id(1));
        assert_eq!(story.user_of(planted), None);
    }
}

#[test]
fn the_last_of_several_cookies_counts() {
    let mut story = Story::of(Config::QUIXOTE);
    let (alice, bob) = (story.log_in("alice"), story.log_in("bob"));
    let [alice, bob] = [alice, bob].map(|id| format!("QX_session={}", id.reveal()));
    for (header, user) in [(format!("{alice}; {bob}"), "bob"), (format!("{bob}; {alice}"), "alice")]
    {
        let cookie = read_cookie(&Config::QUIXOTE, &header);
        let (_, started) = story.try_start(0, cookie, "");
        assert_eq!(started.reply, started_as(Some(user)), "{header}");
    }
}

#[test]
fn an_access_is_noted_only_after_strictly_more_than_the_resolution() {
    for config in QUIXOTE {
        let resolution = config.access_resolution_ms;
        let mut story = Story::of(config);
        let id = story.log_in("alice");
        for (wait, noted_after) in [(resolution, 0), (1, resolution + 1)] {
            story.wait(wait);
            let request = story.start_with(id);
            story.finish(request);
            assert_eq!(story.stored(id).unwrap().accessed().0, story::DAWN + noted_after);
        }
    }
}

#[test]
fn a_clock_that_goes_back_moves_no_access_time() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        story.wait(5_000);
        let id = story.log_in("alice");
        story.now = story::DAWN;
        let request = story.start_with(id);
        story.finish(request);
        let session = story.stored(id).unwrap();
        assert_eq!(session.accessed().0, story::DAWN + 5_000);
        assert_eq!(session.access_age(quixote_session::Timestamp(story::DAWN)), -5_000);
    }
}

/// Quixote answers an error with a fresh response, and what the handler put on the first is gone.
#[test]
fn an_interrupted_or_failed_response_loses_the_handlers_revocation() {
    for (outcome, sent) in [
        (Outcome::Successful, Some(CookieChange::Revoke)),
        (Outcome::Interrupted, None),
        (Outcome::Failed, None),
        (Outcome::Abandoned, None),
    ] {
        let mut story = Story::of(Config::QUIXOTE);
        let id = story.log_in("alice");
        let revoking = story.start_with(id);
        story.revoke(revoking);
        assert_eq!(cookie(&story.finish_as(revoking, outcome)), sent, "{outcome:?}");
        let expiring = story.start_with(id);
        story.expire(expiring);
        assert_eq!(cookie(&story.finish_as(expiring, outcome)), sent, "{outcome:?}");
        assert_eq!(story.sessions(), 0, "ended, whatever the client is told");
    }
}

#[test]
fn the_end_of_an_interrupted_request_still_sets_or_revokes() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        let request = story.start();
        story.set_user(request, "alice");
        let finished = story.finish_as(request, Outcome::Interrupted);
        assert_eq!(finished.transaction, Some(Transaction::Commit));
        let request = story.start_with(set_id(&finished));
        story.set_nobody(request);
        let finished = story.finish_as(request, Outcome::Interrupted);
        assert_eq!(cookie(&finished), Some(CookieChange::Revoke));
    }
}

#[test]
fn a_failed_request_aborts_and_an_abandoned_one_ends_no_transaction() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        for (outcome, transaction) in [
            (Outcome::Successful, Some(Transaction::Commit)),
            (Outcome::Interrupted, Some(Transaction::Commit)),
            (Outcome::Failed, Some(Transaction::Abort)),
            (Outcome::Abandoned, None),
        ] {
            let request = story.start();
            assert_eq!(story.finish_as(request, outcome).transaction, transaction);
        }
    }
}

/// The cookie keeps the Max-Age of 0 that the revocation gave it, so the client drops the new id.
#[test]
fn a_session_saved_after_a_revocation_is_stillborn() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        let request = story.start();
        story.revoke(request);
        story.set_user(request, "alice");
        let finished = story.finish(request);
        assert_eq!(cookie(&finished), Some(CookieChange::Stillborn(story.id(1))));
        assert_eq!(story.user_of(story.id(1)), Some("alice"), "stored, and nobody can reach it");
    }
}

/// The fresh response of an interrupted request has no Max-Age to keep.
#[test]
fn an_interruption_saves_a_session_from_being_stillborn() {
    let mut story = Story::of(Config::QUIXOTE);
    let request = story.start();
    story.revoke(request);
    story.set_user(request, "alice");
    assert_eq!(set_id(&story.finish_as(request, Outcome::Interrupted)), story.id(1));
}

#[test]
fn a_revocation_hides_the_cookie_from_the_rest_of_the_request() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        let id = story.log_in("alice");
        let request = story.start_with(id);
        assert_eq!(story.has_session_cookie(request, true), Reply::Answer(true));
        story.revoke(request);
        assert_eq!(story.world.state.request_cookie(request), None);
        assert_eq!(story.has_session_cookie(request, false), Reply::Answer(false));
        assert_eq!(story.user_of(id), Some("alice"), "the session stays");
    }
}

/// `maintain_session` revokes as well, where it discards; found by comparing random runs.
#[test]
fn a_session_discarded_in_the_middle_of_a_request_hides_its_cookie_too() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        let id = story.log_in("alice");
        let request = story.start_with(id);
        story.set_nobody(request);
        assert_eq!(story.maintain(request).store, Some(StoreOp::Delete { id }));
        assert_eq!(story.world.state.request_cookie(request), None);
        assert_eq!(story.has_session_cookie(request, false), Reply::Answer(false));
    }
}

#[test]
fn an_expired_request_has_no_session_and_most_events_are_refused() {
    for config in [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT] {
        let mut story = Story::of(config);
        let (id, token) = story.render_form();
        let request = story.start_with(id);
        assert_eq!(
            story.expire(request),
            Effects { store: Some(StoreOp::Delete { id }), ..done() }
        );
        let gone = refused(Refusal::NoSession);
        assert_eq!(story.set_user(request, "alice"), gone);
        assert_eq!(story.set_value(request, "k", "v"), gone);
        assert_eq!(story.remove_value(request, "k"), gone);
        assert_eq!(story.has_form_token(request, token), gone.reply);
        assert_eq!(story.remove_form_token(request, token), gone);
        assert_eq!(story.maintain(request), gone);
        assert_eq!(story.expire(request), gone);
        assert_eq!(story.has_session_cookie(request, false), Reply::Answer(false));
        assert_eq!(story.new_session(request), done(), "a way on");
        assert_eq!(story.set_user(request, "bob").reply, Reply::Done);
    }
}

#[test]
fn expiring_a_session_that_was_never_stored_still_revokes() {
    for config in [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT] {
        let mut story = Story::of(config);
        let request = story.start();
        story.set_user(request, "alice");
        assert_eq!(story.expire(request), done(), "nothing to delete");
        let finished = story.finish(request);
        assert_eq!((finished.store.clone(), cookie(&finished)), (None, Some(CookieChange::Revoke)));
    }
}

/// No recording comes this way: whoever deleted the session is the one to tell its client.
#[test]
fn a_session_without_info_that_is_no_longer_stored_is_not_revoked() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        let id = story.log_in("alice");
        let request = story.start_with(id);
        story.delete(id);
        story.set_nobody(request);
        let finished = story.finish(request);
        assert_eq!((finished.store, finished.cookie), (None, None));
    }
}

#[test]
fn the_path_of_the_cookie_comes_from_the_mount_unless_it_is_configured() {
    for (configured, mount, path) in [
        (None, "", "/"),
        (None, "/app", "/app/"),
        (None, "/app/", "/app/"),
        (Some(""), "/app", "/app/"),
        (Some("/shop"), "/app", "/shop"),
    ] {
        let cookie_path = configured.map(Into::into);
        let mut story = Story::of(Config { cookie_path, ..Config::QUIXOTE });
        let request = story.start_at(None, mount);
        story.set_user(request, "alice");
        assert_eq!(story.finish(request).cookie.unwrap().path, path, "{configured:?} {mount}");
    }
}

#[test]
fn an_id_in_upper_case_is_no_id() {
    let mut story = Story::of(Config::QUIXOTE);
    let request = story.start();
    story.insert(request, 0xab, Some("alice"));
    let request = story.start_at(Some("ABABABABABABABAB".into()), "");
    assert_eq!(story.held_id(request), None);
}
