//! What requests on one session do to each other, and what is drawn.

use quixote_session::{
    Config, CookieChange, Entropy, Event, Outcome, Refusal, Reply, RequestEvent, RequestId, StoreOp,
};

use crate::QUIXOTE;
use crate::story::{Story, cookie, done, refused, set_id};

#[test]
fn live_requests_hold_the_stored_session_itself() {
    let mut story = Story::of(Config::QUIXOTE);
    let id = story.log_in("alice");
    let (first, second) = (story.start_with(id), story.start_with(id));
    story.set_value(first, "cart", "1");
    assert_eq!(story.value_of(id, "cart"), Some("1"), "stored before anything is saved");
    assert_eq!(story.remove_value(second, "cart").reply, Reply::Done, "and seen by the other");
    assert_eq!(story.finish_as(first, Outcome::Failed).store, None);
}

/// A live request whose session is deleted works on, on something that nobody will ever find.
#[test]
fn live_a_session_deleted_by_another_is_silently_not_stored_again() {
    let mut story = Story::of(Config::QUIXOTE);
    let id = story.log_in("alice");
    let (working, reading) = (story.start_with(id), story.start_with(id));
    story.delete(id);
    assert_eq!(story.set_value(working, "cart", "1").reply, Reply::Done);
    let held = story.world.state.session(reading).unwrap();
    assert_eq!(held.session.values().get("cart").unwrap(), "1", "the holders still share it");
    let finished = story.finish(working);
    assert_eq!((finished.store, finished.cookie, story.sessions()), (None, None, 0));
}

#[test]
fn live_a_deleted_session_that_loses_its_info_leaves_the_client_its_cookie() {
    let mut story = Story::of(Config::QUIXOTE);
    let id = story.log_in("alice");
    let (leaving, other) = (story.start_with(id), story.start_with(id));
    story.expire(leaving);
    story.set_nobody(other);
    assert_eq!(cookie(&story.finish(other)), None);
}

#[test]
fn copying_a_request_in_flight_stores_a_deleted_session_again() {
    let mut story = Story::of(Config::QUIXOTE_PERSISTENT);
    let id = story.log_in("alice");
    let (leaving, reading) = (story.start_with(id), story.start_with(id));
    story.expire(leaving);
    story.finish(leaving);
    assert_eq!(story.sessions(), 0);
    let finished = story.finish(reading);
    assert!(matches!(finished.store, Some(StoreOp::Put { id: again, .. }) if again == id));
    assert_eq!(story.user_of(id), Some("alice"), "back from the dead, though it only read");
}

#[test]
fn copying_the_last_to_finish_overwrites_the_others() {
    let mut story = Story::of(Config::QUIXOTE_PERSISTENT);
    let id = story.log_in("alice");
    let (first, last) = (story.start_with(id), story.start_with(id));
    story.set_value(first, "cart", "1");
    story.set_value(last, "theme", "dark");
    story.finish(first);
    assert_eq!(story.value_of(id, "cart"), Some("1"));
    story.finish(last);
    assert_eq!((story.value_of(id, "cart"), story.value_of(id, "theme")), (None, Some("dark")));
}

#[test]
fn copying_writes_again_what_did_not_change_and_live_never_does() {
    for (config, writes) in [(Config::QUIXOTE, false), (Config::QUIXOTE_PERSISTENT, true)] {
        let mut story = Story::of(config);
        let id = story.log_in("alice");
        let request = story.start_with(id);
        assert_eq!(story.finish(request).store.is_some(), writes);
    }
}

#[test]
fn ids_are_drawn_until_one_is_unused() {
    for config in [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT] {
        let mut story = Story::of(config);
        let taken = story.log_in("alice");
        let request = story.start();
        story.set_user(request, "bob");
        let finish = RequestEvent::FinishRequest { outcome: Outcome::Successful }.of(request);
        let finished = story.send_drawing(&[1, 2], finish);
        assert_eq!((taken, set_id(&finished), finished.draws), (story.id(1), story.id(2), 2));
        assert_eq!(story.user_of(taken), Some("alice"));
    }
}

#[test]
fn an_event_whose_draws_all_collide_is_refused_and_can_be_sent_again() {
    for config in [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT] {
        let mut story = Story::of(config);
        story.log_in("alice");
        let request = story.start();
        story.set_user(request, "bob");
        let finish = RequestEvent::FinishRequest { outcome: Outcome::Successful }.of(request);
        let effects = story.send_drawing(&[1], finish.clone());
        assert_eq!(effects, refused(Refusal::EntropyUsedUp));
        assert_eq!(set_id(&story.send_drawing(&[2], finish)), story.id(2));
    }
}

#[test]
fn a_refused_maintenance_can_be_sent_again_too() {
    let mut story = Story::of(Config::QUIXOTE);
    story.log_in("alice");
    let request = story.start();
    story.set_user(request, "bob");
    let maintain = RequestEvent::MaintainSession.of(request);
    assert_eq!(story.send_drawing(&[1], maintain.clone()), refused(Refusal::EntropyUsedUp));
    assert_eq!(story.send_drawing(&[2], maintain).reply, Reply::Done);
    assert_eq!(set_id(&story.finish(request)), story.id(2));
}

/// The chance is one in 2^64; the rule is there all the same, and recorded.
#[test]
fn tokens_are_never_drawn_again_and_equal_ones_are_queued_twice() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        let request = story.start();
        let mut token = None;
        for draw in [7, 8, 7] {
            let effects = story.send_drawing(&[draw], RequestEvent::CreateFormToken.of(request));
            let Reply::Token(drawn) = effects.reply else { unreachable!() };
            assert_eq!(effects.draws, 1);
            token = Some(drawn);
        }
        let (seven, eight) = (token.unwrap(), [8; 8].into());
        let queue = |story: &Story| {
            let held = story.world.state.session(request).unwrap().session;
            held.form_tokens().as_slice().to_vec()
        };
        assert_eq!(queue(&story), [seven, eight, seven]);
        story.remove_form_token(request, seven);
        assert_eq!(queue(&story), [eight, seven], "the first of the two went");
        assert_eq!(story.has_form_token(request, seven), Reply::Answer(true));
    }
}

#[test]
fn a_seventeenth_token_makes_the_oldest_one_invalid() {
    for config in [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT] {
        let mut story = Story::of(config);
        let request = story.start();
        let tokens: Vec<_> = (0..17).map(|_| story.create_form_token(request)).collect();
        let [first, second, ..] = tokens.as_slice() else { unreachable!() };
        assert_eq!(story.remove_form_token(request, *first), refused(Refusal::UnknownToken));
        assert_eq!(story.remove_form_token(request, *second).reply, Reply::Done);
    }
}

#[test]
fn a_session_replaced_in_a_request_stays_stored_without_a_cookie() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        let id = story.log_in("alice");
        let request = story.start_with(id);
        assert_eq!(story.new_session(request), done());
        story.set_user(request, "bob");
        let new = set_id(&story.finish(request));
        assert_eq!((story.user_of(id), story.user_of(new)), (Some("alice"), Some("bob")));
    }
}

#[test]
fn a_session_maintained_in_a_request_is_stored_and_its_cookie_sent_at_the_end() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        let request = story.start();
        story.set_user(request, "alice");
        assert!(story.maintain(request).cookie.is_none(), "no response has left yet");
        assert_eq!(story.sessions(), 1);
        assert_eq!(cookie(&story.finish(request)), Some(CookieChange::Set(story.id(1))));
    }
}

/// What it stored stays stored; what the client should have been told is lost with the response.
#[test]
fn a_session_maintained_in_a_request_that_then_fails_is_stored_without_a_cookie() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        let request = story.start();
        story.set_user(request, "alice");
        story.maintain(request);
        assert_eq!(cookie(&story.finish_as(request, Outcome::Failed)), None);
        assert_eq!(story.sessions(), 1);
    }
}

#[test]
fn an_inserted_session_is_stored_at_once_over_whatever_is_there() {
    for config in QUIXOTE {
        let mut story = Story::of(config);
        let id = story.log_in("alice");
        let (holding, inserting) = (story.start_with(id), story.start());
        let effects = story.insert(inserting, 1, Some("bob"));
        assert!(matches!(effects.store, Some(StoreOp::Put { id: under, .. }) if under == id));
        assert_eq!(story.user_of(id), Some("bob"));
        let held = story.world.state.session(holding).unwrap();
        assert_eq!(held.session.user().unwrap(), "alice", "who holds the old one keeps it");
    }
}

#[test]
fn a_number_that_is_open_cannot_start_and_one_that_is_not_cannot_go_on() {
    for config in [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT] {
        let mut story = Story::of(config);
        let request = story.start();
        let (remote_addr, script_name) = ("192.0.2.9".into(), "".into());
        let event = Event::StartRequest { request, cookie: None, remote_addr, script_name };
        assert_eq!(story.send(event), refused(Refusal::RequestOpen));
        story.finish(request);
        for unknown in [request, RequestId(u64::MAX)] {
            assert_eq!(story.set_user(unknown, "alice"), refused(Refusal::UnknownRequest));
            assert_eq!(story.finish(unknown), refused(Refusal::UnknownRequest));
        }
    }
}

#[test]
fn what_is_not_there_cannot_be_removed() {
    for config in [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT] {
        let mut story = Story::of(config);
        let request = story.start();
        assert_eq!(story.remove_value(request, "k"), refused(Refusal::UnknownKey));
        let unknown = story.remove_form_token(request, [9; 8].into());
        assert_eq!(unknown, refused(Refusal::UnknownToken));
        assert_eq!(story.delete(story.id(9)), refused(Refusal::UnknownSession));
    }
}

/// Two draws of 128 bits are all that 32 bytes hold.
#[test]
fn wide_ids_use_the_entropy_up_twice_as_fast() {
    for (config, draws) in [(Config::QUIXOTE, 4), (Config::STRICT, 2)] {
        assert_eq!(config.width.draws(), draws);
        assert_eq!(config.width.bytes() * usize::from(draws), Entropy::BYTES);
    }
}
