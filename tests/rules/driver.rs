//! Section `driver`: requests on states of their own, over a store that others write to.

use std::collections::BTreeSet;

use quixote_session::{
    Config, CookieValue, Effects, Entropy, EntropySource, Input, Refusal, Reply, Session, SmolStr,
    State, StoreOp, Timestamp,
};

use super::race::{Race, View};
use crate::scenario::events::{
    SWEEP, create_token, delete, delete_all_of, delete_handle, expire, expire_others, finish,
    has_cookie, remove_value, renew, set_user, set_value, spend, start,
};
use crate::scenario::{Failed, Scenario, Successful};

// [driver-1]
#[test]
fn the_fields_stand_in_the_order_of_execution() {
    let effects = Effects::reply(Reply::Done);
    let text = serde_json::to_string(&effects).unwrap();
    let places = ["store", "transaction", "cookie", "reply"].map(|field| text.find(field).unwrap());
    assert!(places.is_sorted(), "{text}");
    // Nothing may leave before the store has confirmed, since a call that loses its race is decided
    // again.
    let (mut race, _, [mut one, mut two]) = Race::of_two();
    race.send(&mut one, set_value(1, "k", "1"));
    race.send(&mut two, expire(2));
    let input = race.input(finish(1, Successful));
    let too_early = one.attempt(&input).1;
    assert_eq!(too_early.reply, Reply::Done);
    assert!(!race.store.carry_out(&too_early.store.unwrap(), &one));
    one.reload(&race.store);
    assert_eq!(one.attempt(&input).1, Effects::refused(Refusal::SessionGone));
}

// [driver-2]
#[test]
fn a_source_gives_no_entropy_twice() {
    let mut source = EntropySource::new([7; 32]);
    let mut draw = |_| source.draw().bytes().as_chunks::<8>().0.to_vec();
    let draws: BTreeSet<[u8; 8]> = (0..10_000).flat_map(&mut draw).collect();
    assert_eq!(draws.len(), 80_000);
}

// [driver-3]
#[test]
fn an_id_that_is_taken_is_not_written_over() {
    let (mut race, id, _) = Race::of_two();
    let mut view = View::default();
    race.send(&mut view, start(1, None, ""));
    race.send(&mut view, set_user(1, Some("mallory")));
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(id.reveal_bytes());
    bytes[31] = 9;
    let event = finish(1, Successful);
    let input = Input { entropy: Entropy::from_half(bytes), ..race.input(event.clone()) };
    let op = view.attempt(&input).1.store.unwrap();
    assert!(matches!(op, StoreOp::Create { id: drawn, .. } if drawn == id));
    assert!(!race.store.carry_out(&op, &view));
    assert_eq!(race.store.sessions[&id].1.user().unwrap(), "alice");
    assert!(race.send(&mut view, event).0, "with fresh entropy");
    assert_eq!(race.store.sessions.len(), 2);
}

// [driver-4] [driver-15] [driver-16]
#[test]
fn a_lost_race_writes_nothing_and_the_same_event_runs_again() {
    let (mut race, id, [mut one, mut two]) = Race::of_two();
    race.send(&mut one, set_value(1, "one", "1"));
    race.send(&mut two, set_value(2, "two", "2"));
    assert!(race.send(&mut one, finish(1, Successful)).0);
    let (before, open) = (race.store.clone().sessions, two.state.clone());
    let (held, op) = race.send(&mut two, finish(2, Successful));
    assert!(!held && matches!(op, Some(StoreOp::Update { .. })));
    assert!(race.store.sessions == before && two.state == open);
    two.reload(&race.store);
    assert!(race.send(&mut two, finish(2, Successful)).0);
    let values = race.store.sessions[&id].1.values();
    assert_eq!((values.len(), values["one"].as_str(), values["two"].as_str()), (2, "1", "2"));
}

// [driver-4]
#[test]
fn what_was_concluded_from_a_stale_load_is_not_deleted() {
    let mut run = Scenario::of(&Config::STRICT);
    let id = run.keep("cart", "2 apples");
    let mut race = Race::over(run.state(), run.now);
    let [mut one, mut two] = [1, 2].map(|request| {
        let mut view = race.view([id]);
        race.send(&mut view, start(request, Some(CookieValue::Id(id)), ""));
        view
    });
    race.send(&mut one, remove_value(1, "cart"));
    race.send(&mut two, set_value(2, "theme", "dark"));
    assert!(race.send(&mut two, finish(2, Successful)).0);
    let (held, op) = race.send(&mut one, finish(1, Successful));
    assert_eq!((held, op), (false, Some(StoreOp::Discard { id })));
    one.reload(&race.store);
    let (held, op) = race.send(&mut one, finish(1, Successful));
    assert!(held && matches!(op, Some(StoreOp::Update { .. })), "there is a theme to keep");
    let values = race.store.sessions[&id].1.values();
    assert_eq!(values.keys().collect::<Vec<_>>(), ["theme"]);
}

/// A listed id may be out of date: a login has moved the session, or it has changed.
// [driver-4] [driver-15] [driver-16]
#[test]
fn an_id_that_was_listed_is_deleted_as_it_was_listed() {
    for moved in [true, false] {
        let (mut race, id, [mut one, _]) = Race::of_two();
        let mut manager = race.view([id]);
        if moved {
            race.send(&mut one, set_user(1, Some("alice")));
        }
        race.send(&mut one, set_value(1, "k", "v"));
        assert!(race.send(&mut one, finish(1, Successful)).0);
        let (held, op) = race.send(&mut manager, delete(id));
        assert_eq!((held, op), (false, Some(StoreOp::Discard { id })), "not done in silence");
        manager.reload(&race.store);
        if moved {
            assert_eq!(race.refuse(&mut manager, delete(id)), Refusal::UnknownSession);
        } else {
            assert!(race.send(&mut manager, delete(id)).0);
        }
        assert_eq!(race.store.sessions.len(), usize::from(moved));
    }
}

// [driver-6] [driver-12]
#[test]
fn a_rotation_is_one_write_over_what_was_loaded() {
    let (mut race, id, [mut one, mut two]) = Race::of_two();
    let become_bob = set_user(1, Some("bob"));
    race.send(&mut one, become_bob);
    race.send(&mut two, set_value(2, "k", "v"));
    race.send(&mut two, finish(2, Successful));
    let (held, op) = race.send(&mut one, finish(1, Successful));
    assert!(!held && matches!(op, Some(StoreOp::Rotate { from, .. }) if from == id));
    assert_eq!(race.store.sessions.keys().collect::<Vec<_>>(), [&id]);
    one.reload(&race.store);
    // Nor may anything be stored under the new id.
    let mut taken = [3; 16];
    taken[15] = 4;
    race.store.write(taken.into(), &Session::new("".into(), Timestamp(0)));
    let entropy = Entropy::from_half([taken; 2].as_flattened().try_into().unwrap());
    let input = Input { entropy, ..race.input(finish(1, Successful)) };
    assert!(!race.store.carry_out(&one.attempt(&input).1.store.unwrap(), &one));
    assert!(race.send(&mut one, finish(1, Successful)).0);
    assert!(!race.store.sessions.contains_key(&id));
    let bob = race.store.sessions.values().find(|(_, session)| session.user().is_some()).unwrap();
    assert_eq!((bob.1.user().unwrap().as_str(), bob.1.values().len()), ("bob", 0));
}

// [driver-13]
#[test]
fn a_sweep_spares_what_was_used_since_it_looked() {
    let mut run = Scenario::of(&Config::STRICT);
    let [used, idle, other] = ["alice", "bob", "carol"].map(|user| run.log_in(user));
    let mut race = Race::over(run.state(), run.now);
    let mut sweeper = race.view([used, idle]);
    race.now.0 += 29 * 60_000;
    let mut visitor = race.view([used]);
    race.send(&mut visitor, start(1, Some(CookieValue::Id(used)), ""));
    race.now.0 += 60_000;
    let (held, op) = race.send(&mut sweeper, SWEEP);
    assert_eq!((held, op), (true, Some(StoreOp::DiscardOver { now: race.now })));
    let left: Vec<_> = race.store.sessions.keys().collect();
    assert_eq!(left, [&used], "{other:?} was not even listed");
}

/// Whether a session is over is judged by the times in the store at the moment of the sweep.
// [driver-13]
#[test]
fn a_sweep_with_a_clock_ahead_ends_what_is_over_by_that_clock() {
    for (ahead, left) in [(0, 1), (30 * 60_000 - 1, 1), (30 * 60_000, 0)] {
        let (mut race, _, _) = Race::of_two();
        race.now.0 += ahead;
        let mut sweeper = View::default();
        race.send(&mut sweeper, SWEEP);
        assert_eq!(race.store.sessions.len(), left, "{ahead}");
    }
}

// [driver-14]
#[test]
fn what_was_decided_is_deleted_whatever_was_loaded() {
    for already_gone in [false, true] {
        let (mut race, id, [mut one, mut two]) = Race::of_two();
        let handle = race.store.sessions[&id].1.handle().unwrap();
        race.send(&mut two, set_value(2, "k", "v"));
        race.send(&mut two, finish(2, Successful));
        if already_gone {
            race.store.sessions.remove(&id);
        }
        let (held, op) = race.send(&mut one, expire(1));
        assert_eq!((held, op), (true, Some(StoreOp::DeleteHandle { handle, user: None })));
        assert!(race.store.sessions.is_empty());
    }
    // The manager has loaded nothing, and the session has moved.
    for by_handle in [false, true] {
        let (mut race, id, [mut one, mut two]) = Race::of_two();
        let handle = race.store.sessions[&id].1.handle().unwrap();
        let mut manager = View::default();
        race.send(&mut one, renew(1));
        race.send(&mut one, finish(1, Successful));
        assert!(!race.store.sessions.contains_key(&id));
        let end = if by_handle { delete_handle(handle) } else { delete_all_of("alice") };
        for _ in 0..2 {
            assert!(race.send(&mut manager, end.clone()).0);
            assert!(race.store.sessions.is_empty());
        }
        race.send(&mut two, set_value(2, "k", "v"));
        two.reload(&race.store);
        assert_eq!(race.refuse(&mut two, finish(2, Successful)), Refusal::SessionGone);
    }
}

// [driver-9] [driver-3] [driver-11]
#[test]
fn a_login_from_before_the_end_of_its_user_is_not_saved() {
    for fresh in [true, false] {
        let mut run = Scenario::of(&Config::STRICT);
        let id = run.keep("cart", "1");
        let mut race = Race::over(run.state(), run.now);
        let cookie = (!fresh).then_some(CookieValue::Id(id));
        let mut login = race.view([id]);
        race.send(&mut login, start(3, cookie, ""));
        race.send(&mut login, set_user(3, Some("alice")));
        // No session of alice is stored, and the manager has loaded nothing.
        race.send(&mut View::default(), delete_all_of("alice"));
        assert_eq!(race.store.generations["alice"], 1);
        let (held, op) = race.send(&mut login, finish(3, Successful));
        assert!(!held, "{op:?}");
        login.reload(&race.store);
        assert_eq!(race.refuse(&mut login, finish(3, Successful)), Refusal::UserEnded);
        assert_eq!(race.count_of("alice"), 0);
        // This login comes after the end.
        race.send(&mut login, set_user(3, Some("alice")));
        assert!(race.send(&mut login, finish(3, Successful)).0);
        assert_eq!(race.count_of("alice"), 1);
    }
}

/// Ending the sessions of one user ends those of nobody else.
// [driver-9]
#[test]
fn the_number_of_a_user_counts_for_no_other() {
    for other in ["Alice", "alice ", "alic", "bob", ""] {
        let mut race = Race::over(&State::new(), 1_000_000_000_000);
        let mut login = View::default();
        race.send(&mut login, start(3, None, ""));
        race.send(&mut login, set_value(3, "k", "v"));
        race.send(&mut login, set_user(3, Some(other)));
        race.send(&mut View::default(), delete_all_of("alice"));
        assert!(race.send(&mut login, finish(3, Successful)).0, "{other:?}");
        assert_eq!(race.count_of(other), 1);
    }
}

// [driver-11]
#[test]
fn a_login_is_made_in_the_generation_that_the_store_has() {
    let mut race = Race::over(&State::new(), 1_000_000_000_000);
    for _ in 0..3 {
        race.send(&mut View::default(), delete_all_of("alice"));
    }
    let mut login = View::default();
    race.send(&mut login, start(3, None, ""));
    race.send(&mut login, set_user(3, Some("alice")));
    let (held, op) = race.send(&mut login, finish(3, Successful));
    assert!(held && matches!(op, Some(StoreOp::Create { generation: Some(3), .. })), "{op:?}");
}

// [driver-6] [driver-7] [driver-8]
#[test]
fn a_touch_fails_nothing_and_the_later_access_stays() {
    for moves in [false, true] {
        let (mut race, id, [mut one, _]) = Race::of_two();
        race.now.0 += 61_000;
        let mut visitor = race.view([id]);
        race.send(&mut one, set_value(1, "k", "v"));
        if moves {
            race.send(&mut one, renew(1));
        }
        let (held, op) = race.send(&mut visitor, start(3, Some(CookieValue::Id(id)), ""));
        let accessed = race.now;
        assert_eq!((held, op), (true, Some(StoreOp::Touch { id, accessed })));
        assert!(race.send(&mut one, finish(1, Successful)).0, "a visit is no change");
        let (_, stored) = race.store.sessions.values().next().unwrap();
        assert_eq!((stored.accessed(), stored.values()["k"].as_str()), (accessed, "v"));
        assert_eq!(race.store.sessions.contains_key(&id), !moves);
    }
}

/// A touch does not bring back a session that is gone.
// [driver-8]
#[test]
fn a_touch_without_a_session_does_nothing() {
    let (mut race, id, _) = Race::of_two();
    race.now.0 += 61_000;
    let mut visitor = race.view([id]);
    race.store.sessions.remove(&id);
    race.send(&mut visitor, start(3, Some(CookieValue::Id(id)), ""));
    assert!(race.store.sessions.is_empty());
}

// [driver-10]
#[test]
fn the_session_that_ends_all_others_must_be_there() {
    for gone in [false, true] {
        let (mut race, id, [mut one, mut two]) = Race::of_two();
        let mut phone = View::default();
        race.send(&mut phone, start(3, None, ""));
        race.send(&mut phone, set_user(3, Some("alice")));
        race.send(&mut phone, finish(3, Successful));
        assert_eq!(race.count_of("alice"), 2);
        if gone {
            race.send(&mut two, expire(2));
        } else {
            race.send(&mut two, set_value(2, "k", "v"));
            race.send(&mut two, finish(2, Successful));
        }
        let user = SmolStr::from("alice");
        let (held, op) = race.send(&mut one, expire_others(1));
        assert_eq!((held, op), (false, Some(StoreOp::DeleteUser { user, except: Some(id) })));
        assert_eq!(race.count_of("alice"), 2 - usize::from(gone));
        assert!(race.store.generations.is_empty(), "nothing was written");
        one.reload(&race.store);
        if gone {
            assert_eq!(race.refuse(&mut one, expire_others(1)), Refusal::SessionGone);
        } else {
            assert!(race.send(&mut one, expire_others(1)).0);
            assert_eq!(race.store.sessions.keys().collect::<Vec<_>>(), [&id]);
        }
        race.send(&mut one, finish(1, Failed));
    }
}

// [driver-17]
#[test]
fn a_refusal_over_a_stale_load_is_not_the_last_word() {
    let (mut race, id, [mut one, mut two]) = Race::of_two();
    let create = race.input(create_token(2));
    let (state, effects) = two.attempt(&create);
    let Reply::Token(token) = effects.reply else { panic!("{effects:?}") };
    two.state = state;
    race.send(&mut two, finish(2, Successful));
    let event = spend(1, token);
    let spend = Input { event, ..create.clone() };
    assert_eq!(one.attempt(&spend).1.reply, Reply::Refused(Refusal::UnknownToken));
    let event = has_cookie(1, true);
    let ask = Input { event, ..create };
    one.reload(&race.store);
    assert_eq!(one.attempt(&spend).1.reply, Reply::Done);
    race.store.sessions.remove(&id);
    assert_eq!(one.attempt(&ask).1.reply, Reply::Answer(true));
    one.reload(&race.store);
    assert_eq!(one.attempt(&ask).1.reply, Reply::Answer(false));
    assert_eq!(one.attempt(&spend).1.reply, Reply::Refused(Refusal::SessionGone));
}
