//! The limits of sizes and counts: what exceeds one is refused, and nothing else changes.

use quixote_session::{Config, Event, Outcome, Refusal, Reply, RequestId, Semantics};

use crate::story::{Story, done, refused};

const ALL: [Config; 3] = [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT];

#[test]
fn a_text_that_is_too_long_is_refused_wherever_it_stands() {
    for base in ALL {
        let mut story = Story::of(Config { max_text_bytes: 9, ..base.clone() });
        let request = story.start();
        let (fits, long) = ("\u{e9}\u{e9}\u{e9}\u{e9}.", "\u{e9}\u{e9}\u{e9}\u{e9}..");
        assert_eq!((fits.len(), long.len()), (9, 10), "bytes count, not characters");
        let too_long = refused(Refusal::TextTooLong);
        assert_eq!(story.set_user(request, fits), done());
        assert_eq!(story.set_user(request, long), too_long);
        assert_eq!(story.set_value(request, fits, fits), done());
        assert_eq!(story.set_value(request, long, ""), too_long);
        assert_eq!(story.set_value(request, "", long), too_long);
        assert_eq!(story.try_start(0, None, long).1, too_long, "the script name");
        let (request, remote_addr) = (RequestId(99), long.into());
        let event =
            Event::StartRequest { request, cookie: None, remote_addr, script_name: "".into() };
        assert_eq!(story.send(event), too_long);
        if base.semantics != Semantics::Strict {
            assert_eq!(story.insert(RequestId(1), 9, Some(long)), too_long);
        }
    }
}

#[test]
fn one_value_too_many_is_refused_and_a_known_key_is_not() {
    for base in ALL {
        let mut story = Story::of(Config { max_values: 2, ..base });
        let request = story.start();
        story.set_value(request, "a", "1");
        story.set_value(request, "b", "1");
        assert_eq!(story.set_value(request, "c", "1"), refused(Refusal::TooManyValues));
        assert_eq!(story.set_value(request, "a", "2"), done());
        story.remove_value(request, "b");
        assert_eq!(story.set_value(request, "c", "1"), done());
    }
}

/// Each of two requests kept the limit; together they would break it.
#[test]
fn strict_values_are_counted_again_when_they_are_merged() {
    let mut story = Story::of(Config { max_values: 2, ..Config::STRICT });
    let id = story.store_value("a", "1");
    let (first, second) = (story.start_with(id), story.start_with(id));
    story.set_value(first, "b", "1");
    story.set_value(second, "c", "1");
    assert_eq!(story.finish(first).reply, Reply::Done);
    assert_eq!(story.finish(second), refused(Refusal::TooManyValues));
    assert_eq!(story.finish_as(second, Outcome::Failed).reply, Reply::Done, "it can only fail");
    assert_eq!(story.value_of(id, "c"), None);
}

#[test]
fn one_request_too_many_is_refused() {
    for base in ALL {
        let mut story = Story::of(Config { max_requests: 2, ..base });
        let (first, _) = (story.start(), story.start());
        assert_eq!(story.try_start(0, None, "").1, refused(Refusal::TooManyRequests));
        story.finish(first);
        story.start();
    }
}

#[test]
fn one_session_too_many_is_refused_and_the_request_stays_open() {
    for base in ALL {
        let mut story = Story::of(Config { max_sessions: 1, ..base.clone() });
        let id = story.log_in("alice");
        let request = story.start();
        story.set_user(request, "bob");
        assert_eq!(story.finish(request), refused(Refusal::TooManySessions));
        assert!(story.world.state.is_open(request));
        if base.semantics != Semantics::Strict {
            assert_eq!(story.maintain(request), refused(Refusal::TooManySessions));
            let other = story.insert(request, 9, Some("bob"));
            assert_eq!(other, refused(Refusal::TooManySessions));
        }
        story.delete(id);
        assert_eq!(story.finish(request).reply, Reply::Done, "the same event, sent again");
    }
}

/// A session that is written again or renewed takes no more room than before.
#[test]
fn a_full_store_still_writes_what_it_holds() {
    for base in ALL {
        let mut story = Story::of(Config { max_sessions: 1, ..base });
        let id = story.log_in("alice");
        let request = story.start_with(id);
        story.set_user(request, "bob");
        assert_eq!(story.finish(request).reply, Reply::Done);
        assert_eq!(story.sessions(), 1);
    }
}

#[test]
fn copying_cannot_bring_a_session_back_into_a_full_store() {
    let mut story = Story::of(Config { max_sessions: 1, ..Config::QUIXOTE_PERSISTENT });
    let id = story.log_in("alice");
    let request = story.start_with(id);
    story.delete(id);
    story.log_in("bob");
    assert_eq!(story.finish(request), refused(Refusal::TooManySessions));
}

#[test]
fn a_session_holds_as_many_tokens_as_configured_and_never_more_than_16() {
    for (max_form_tokens, held) in [(1, 1), (2, 2), (16, 16), (255, 16)] {
        for base in ALL {
            let mut story = Story::of(Config { max_form_tokens, ..base });
            let request = story.start();
            for _ in 0..20 {
                story.create_form_token(request);
            }
            let session = story.world.state.session(request).unwrap().session;
            assert_eq!(session.form_tokens().len(), held);
        }
    }
}
