//! The exchange of one request with an outside store: what it asks, and what it does with the
//! answers.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "exchange/asks.rs"]
mod asks;
#[path = "exchange/doubt.rs"]
mod doubt;
#[path = "exchange/prepared.rs"]
mod prepared;
#[path = "exchange/races.rs"]
mod races;
#[path = "exchange/shop.rs"]
mod shop;
#[path = "one_session/store.rs"]
#[allow(dead_code, reason = "the comparison of drives neglects rules, these tests do not")]
mod store;

use quixote_session::driver::{Answer, Ask, Call, Exchange, Failure, World};
use quixote_session::{
    Config, CookieChange, Refusal, RequestEvent, RequestId, SmolStr, SubmittedToken,
};

use shop::Fault::{After, Fails};
use shop::{Shop, arrival};

/// The application sees what it has changed before anything is stored.
#[test]
fn the_session_of_a_request_has_the_changes_of_the_request() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.exchange();
    assert!(request.session().is_none(), "before the start");
    request.run(Call::start(arrival(Some(id))), &mut shop).unwrap();
    request.run(Call::set("size", "large"), &mut shop).unwrap();
    let held = request.session().unwrap();
    let user = held.session.user().map(SmolStr::as_str);
    assert_eq!((held.id, user), (Some(id), Some("alice")));
    assert_eq!(held.session.values().get("size").map(SmolStr::as_str), Some("large"));
    assert_eq!(request.run(Call::finish(), &mut shop).unwrap().failure, None);
    assert!(request.session().is_none(), "after the end");
}

/// The session of the request stays the one that it began with.
// [event-1]
#[test]
fn a_second_start_is_refused_and_changes_nothing() {
    let mut shop = Shop::new();
    let [own, other] = [shop.log_in(), shop.log_in()];
    let mut request = shop.request(Some(own));
    request.run(Call::set("size", "large"), &mut shop).unwrap();
    let again = request.run(Call::start(arrival(Some(other))), &mut shop);
    assert_eq!(again, Err(Failure::Refused(Refusal::RequestOpen)));
    assert_eq!(request.run(Call::finish(), &mut shop).unwrap().failure, None);
    let items = shop.store.items().into_iter();
    let changed = items.filter(|(_, session)| session.values().contains_key("size"));
    assert_eq!(changed.map(|(id, _)| id).collect::<Vec<_>>(), [own]);
}

/// What a call carries may be a secret.
#[test]
fn a_call_shows_its_name_alone() {
    assert_eq!(format!("{:?}", Call::set("key", "value")), "Call(\"set_value\")");
}

/// A visitor whose session cannot be read is not treated as a stranger.
// [driver-21] [driver-23]
#[test]
fn a_load_that_fails_begins_no_session() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.exchange();
    shop.faults = [Fails].into();
    assert_eq!(request.run(Call::start(arrival(Some(id))), &mut shop), Err(Failure::Store));
    assert!(!request.is_open() && request.session().is_none());
    let closed = Failure::Refused(Refusal::UnknownRequest);
    assert_eq!(request.run(Call::set("k", "v"), &mut shop), Err(closed));
    assert_eq!(request.run(Call::finish(), &mut shop), Err(closed));
    assert_eq!(shop.only(), id);
}

/// Wherever the store fails, nothing has happened, and the response has no cookie.
// [driver-21] [driver-22] [driver-23]
#[test]
fn a_store_that_fails_has_done_nothing() {
    for call in [Call::logout(), Call::end_others(), Call::accept("a token"), Call::login("bob")] {
        let mut shop = Shop::new();
        let id = shop.log_in();
        let mut request = shop.request(Some(id));
        shop.faults = [Fails].into();
        assert_eq!(request.run(call.clone(), &mut shop), Err(Failure::Store), "{call:?}");
        assert!(!request.is_open());
        assert_eq!(shop.only(), id);
    }
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.request(Some(id));
    request.run(Call::renew(), &mut shop).unwrap();
    shop.faults = [Fails].into();
    assert_eq!(request.run(Call::finish(), &mut shop), Err(Failure::Store));
    assert_eq!((shop.only(), request.is_open()), (id, false));
}

// [driver-9] [driver-11]
#[test]
fn a_login_whose_user_was_ended_meanwhile_is_refused() {
    let mut shop = Shop::new();
    let mut login = shop.request(None);
    login.run(Call::login("alice"), &mut shop).unwrap();
    let end = |shop: &mut Shop| {
        shop.exchange().run(Call::delete_sessions_of("alice"), shop).unwrap();
    };
    shop.asked();
    // This happens between the load of the generation and the write that has it as a condition.
    shop.faults = [After(end)].into();
    let ending = login.run(Call::finish(), &mut shop).unwrap();
    assert_eq!(ending.failure, Some(Failure::Refused(Refusal::UserEnded)));
    assert_eq!((ending.cookie, shop.store.items().len()), (None, 0));
    // A new login has the new generation.
    shop.log_in();
}

/// A user who logs in and then ends the other sessions stays logged in.
#[test]
fn a_login_outlives_the_end_of_the_others_that_it_asks_for() {
    let mut shop = Shop::new();
    let other = shop.log_in();
    let mut login = shop.request(None);
    login.run(Call::login("alice"), &mut shop).unwrap();
    login.run(Call::end_others(), &mut shop).unwrap();
    assert!(!shop.store.has(other));
    assert_eq!(login.run(Call::finish(), &mut shop).unwrap().failure, None);
    shop.only();
}

/// If a save is refused, the request ends as failed. The application rolls back, but a revocation
/// still leaves.
// [driver-19]
#[test]
fn a_save_that_is_refused_fails_the_request() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut slow = shop.request(Some(id));
    slow.run(Call::set("size", "large"), &mut shop).unwrap();
    shop.meanwhile(id, &[Call::logout()]);
    shop.asked();
    let ending = slow.run(Call::finish(), &mut shop).unwrap();
    assert_eq!(ending.failure, Some(Failure::Refused(Refusal::SessionGone)));
    assert_eq!((ending.cookie, slow.is_open()), (None, false));
    assert_eq!(shop.asked(), "update load abort");
}

/// The session was written, so its cookie must leave; otherwise the client would keep a dead id.
// [driver-1]
#[test]
fn a_commit_that_fails_after_the_write_takes_nothing_back() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.request(Some(id));
    request.run(Call::renew(), &mut shop).unwrap();
    shop.faults = [shop::Fault::None, Fails].into();
    let ending = request.run(Call::finish(), &mut shop).unwrap();
    assert_eq!(ending.failure, Some(Failure::Commit));
    let cookie = ending.cookie.map(|cookie| cookie.value);
    assert_eq!(cookie, Some(CookieChange::Set(shop.only())));
    assert_ne!(shop.only(), id);
}

/// Sessions and the application's data are in one database, and in one transaction.
struct OneDatabase(Shop);

impl World for OneDatabase {
    fn now(&mut self) -> quixote_session::Timestamp {
        self.0.now
    }

    fn carry_out(&mut self, ask: Ask<'_>, wait_ms: u64) -> Answer {
        match (ask, self.0.carry_out(ask, wait_ms)) {
            (Ask::Write(write), Answer::Done) if write.commits => Answer::Committed,
            (_, answer) => answer,
        }
    }
}

#[test]
fn one_transaction_commits_the_session_and_the_application_s_data() {
    let mut shop = OneDatabase(Shop::new());
    let id = shop.0.log_in();
    let mut request = shop.0.request(Some(id));
    request.run(Call::set("size", "large"), &mut shop).unwrap();
    request.run(Call::take("theme"), &mut shop).unwrap();
    shop.0.asked();
    assert_eq!(request.run(Call::finish(), &mut shop).unwrap().failure, None);
    assert_eq!(shop.0.asked(), "update", "no commit is asked for after that");
    // Even without a write there is a transaction.
    let mut request = shop.0.request(Some(id));
    shop.0.asked();
    let _ = request.run(Call::finish(), &mut shop).unwrap();
    assert_eq!(shop.0.asked(), "commit");
}

/// When a client's connection ends, its handler is dropped, wherever it waits. What it asked for
/// last may have been done, and nothing else.
#[test]
fn an_exchange_may_be_dropped_at_any_point() {
    for point in 0.. {
        let mut shop = Shop::new();
        let id = shop.log_in();
        let before: Vec<_> = shop.store.items().iter().map(|(_, own)| (*own).clone()).collect();
        let mut request = shop.request(Some(id));
        request.run(Call::set("size", "large"), &mut shop).unwrap();
        let (call, mut asked) = (Call::finish(), 0);
        request.begin(&call, shop.now);
        while let Some(ask) = request.ask().filter(|_| asked < point) {
            let answer = shop.carry_out(ask, 0);
            request.answer(answer, shop.now);
            asked += 1;
        }
        let is_over = request.ask().is_none();
        drop(request);
        let after: Vec<_> = shop.store.items().iter().map(|(_, own)| (*own).clone()).collect();
        assert_eq!(after == before, point == 0, "stopped after {point}");
        if is_over {
            assert_eq!(point, 2);
            break;
        }
    }
}

/// A call is dropped while it waits for its write, and the handler goes on. The outcome is unknown.
// [driver-21] [driver-23]
#[test]
fn a_call_that_is_left_half_way_ends_the_request() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.request(Some(id));
    request.begin(&Call::take("theme"), shop.now);
    assert!(matches!(request.ask(), Some(Ask::Write(_))));
    // The next call learns why; later calls find no request.
    let next = [(); 2].map(|()| request.run(Call::set("k", "v"), &mut shop));
    let no_request = Failure::Refused(Refusal::UnknownRequest);
    assert_eq!(next, [Err(Failure::Unknown), Err(no_request)]);
    // A call that only waits to read may be dropped.
    let mut request = shop.request(Some(id));
    request.begin(&Call::form_token(), shop.now);
    assert!(matches!(request.ask(), Some(Ask::Load { .. })));
    request.run(Call::set("k", "v"), &mut shop).unwrap();
    // If the result is asked for too early, the answer is that it is not known.
    request.begin(&Call::finish(), shop.now);
    assert_eq!(request.result(Call::finish()), Err(Failure::Unknown));
    assert!(!request.is_open());
}

/// A wrong answer of the store is noticed, and a wrong number of a request does no harm.
#[test]
fn what_is_told_is_checked() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.request(Some(id));
    request.answer(Answer::Done, shop.now);
    assert!(request.is_open(), "nothing was asked");
    for wrong in [Answer::Done, Answer::Generation(7), Answer::Conflict] {
        let mut other = shop.request(Some(id));
        other.begin(&Call::form_token(), shop.now);
        other.answer(wrong, shop.now);
        assert_eq!(other.result(Call::form_token()), Err(Failure::Store));
    }
    let token = SubmittedToken::IllFormed;
    let event = RequestEvent::HasFormToken { token }.of(RequestId(77));
    let said = request.run(Call::any(event), &mut shop).unwrap();
    assert_eq!(said.reply, quixote_session::Reply::Answer(false));
    assert_eq!(Exchange::MOST_TRIES, 64);
    assert_eq!(Config::STRICT.semantics, shop.config.semantics);
}
