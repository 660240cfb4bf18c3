//! Writes in doubt: it is not known whether they were carried out.

use quixote_session::driver::{Answer, Ask, Call, Ending, Exchange, Failure, World};
use quixote_session::{CookieChange, FormToken, Refusal, SessionId};

use crate::shop::Fault::{self, Fails, Late, LostAnswer, LostAnswerThen, LostWrite, None as Fine};
use crate::shop::{Shop, arrival};

/// A request of alice, and one of the two outstanding tokens of her session.
fn with_form(shop: &mut Shop) -> (SessionId, Exchange, FormToken) {
    let id = shop.log_in();
    let mut form = shop.request(Some(id));
    let token = form.run(Call::form_token(), shop).unwrap();
    let _ = form.run(Call::form_token(), shop).unwrap();
    let _ = form.run(Call::finish(), shop).unwrap();
    let request = shop.request(Some(id));
    shop.asked();
    (id, request, token)
}

/// The row is read back, and then the outcome is known.
// [driver-21]
#[test]
fn what_was_written_is_found_and_what_was_not_is_written_again() {
    for (fault, asked) in
        [(LostAnswer, "rotate load commit"), (LostWrite, "rotate load load rotate commit")]
    {
        let mut shop = Shop::new();
        let id = shop.log_in();
        let mut request = shop.request(Some(id));
        request.run(Call::renew(), &mut shop).unwrap();
        shop.asked();
        shop.faults = [fault].into();
        let ending = request.run(Call::finish(), &mut shop).unwrap();
        assert_eq!((ending.failure, shop.asked().as_str()), (None, asked));
        assert_ne!(shop.only(), id);
        let cookie = ending.cookie.map(|cookie| cookie.value);
        assert_eq!(cookie, Some(CookieChange::Set(shop.only())));
    }
    for (fault, asked) in
        [(LostAnswer, "create load commit"), (LostWrite, "create load generation create commit")]
    {
        let mut shop = Shop::new();
        let mut request = shop.request(None);
        request.run(Call::login("alice"), &mut shop).unwrap();
        shop.asked();
        shop.faults = [fault].into();
        assert_eq!(request.run(Call::finish(), &mut shop).unwrap().failure, None);
        assert_eq!(shop.asked(), asked);
        shop.only();
    }
    for (fault, asked) in [(LostAnswer, "update load"), (LostWrite, "update load load update")] {
        let mut shop = Shop::new();
        let (_, mut request, token) = with_form(&mut shop);
        shop.faults = [fault].into();
        request.run(Call::accept(token), &mut shop).unwrap();
        assert_eq!(shop.asked(), asked);
        // It knows the row as it is now, so the next write needs no second try.
        request.run(Call::take("theme"), &mut shop).unwrap();
        assert_eq!(shop.asked(), "update");
    }
}

/// If two requests write the same content, neither takes the other's write for its own: a form is
/// accepted once.
#[test]
fn who_wrote_is_told_by_the_revision_and_not_by_the_content() {
    let mut shop = Shop::new();
    let (id, mut request, token) = with_form(&mut shop);
    let mut other = shop.request(Some(id));
    // The write of `request` is lost. Before it looks, `other` spends the same token.
    request.begin(&Call::accept(token), shop.now);
    let mut answers = 0;
    while let Some(ask) = request.ask() {
        let answer = match answers {
            0 => Answer::Unknown,
            _ => shop.carry_out(ask, 0),
        };
        if answers == 0 {
            other.run(Call::accept(token), &mut shop).unwrap();
        }
        request.answer(answer, shop.now);
        answers += 1;
    }
    // It may also have been `request`, so the answer is that the outcome is unknown.
    assert_eq!(request.result(Call::accept(token)), Err(Failure::Unknown));
    assert!(!request.is_open());
}

/// Others wrote over the row, or moved it, so the write may have been there before.
// [driver-21] [driver-23]
#[test]
fn what_others_have_written_over_stays_unknown() {
    let over = LostAnswerThen(|shop| shop.meanwhile(shop.only(), &[Call::set("k", "v")]));
    let moved = LostAnswerThen(|shop| shop.meanwhile(shop.only(), &[Call::renew()]));
    let ended = LostAnswerThen(|shop| shop.meanwhile(shop.only(), &[Call::logout()]));
    for fault in [over, moved, ended] {
        let mut shop = Shop::new();
        let id = shop.log_in();
        let mut request = shop.request(Some(id));
        request.run(Call::set("size", "large"), &mut shop).unwrap();
        shop.faults = [fault].into();
        assert_eq!(request.run(Call::finish(), &mut shop), Err(Failure::Unknown));
        assert!(!request.is_open());
    }
}

/// The write arrives after the look that missed it, and somebody saves over it before the next
/// load. To save once more would undo that.
// [driver-21]
#[test]
fn what_arrives_after_the_look_and_is_written_over_is_not_done_twice() {
    let over = Fault::After(|shop| shop.meanwhile(shop.only(), &[Call::set("size", "small")]));
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.request(Some(id));
    request.run(Call::set("size", "large"), &mut shop).unwrap();
    shop.faults = [Late, Fine, over].into();
    assert_eq!(request.run(Call::finish(), &mut shop), Err(Failure::Unknown));
    assert!(!request.is_open());
}

/// A session that was to be discarded is gone. Another request may have discarded it, so it is not
/// known whose token was the last one.
#[test]
fn a_discard_in_doubt_is_not_taken_for_one_s_own() {
    let anonymous = |shop: &mut Shop| {
        let mut form = shop.request(None);
        let token = form.run(Call::form_token(), shop).unwrap();
        let _ = form.run(Call::finish(), shop).unwrap();
        (shop.only(), token)
    };
    let mut shop = Shop::new();
    let (id, token) = anonymous(&mut shop);
    let mut request = shop.request(Some(id));
    shop.faults = [LostAnswer].into();
    assert_eq!(request.run(Call::accept(token), &mut shop), Err(Failure::Unknown));
    let mut shop = Shop::new();
    let (id, token) = anonymous(&mut shop);
    let mut request = shop.request(Some(id));
    shop.faults = [LostWrite].into();
    request.run(Call::accept(token), &mut shop).unwrap();
    assert!(shop.store.items().is_empty());
    // For a request that begins a new session because the old one is over, it does not matter who
    // discarded that.
    for fault in [LostAnswer, LostWrite] {
        let mut shop = Shop::new();
        let id = shop.log_in();
        shop.now.0 += 13 * 3_600_000;
        let mut request = shop.exchange();
        shop.faults = [Fine, fault].into();
        assert_eq!(request.run(Call::start(arrival(Some(id))), &mut shop), Ok(None));
        assert!(shop.store.items().is_empty());
    }
}

/// A write arrives after it was looked for. Its exchange recognises it by its revision.
#[test]
fn a_write_that_arrives_late_is_found_by_the_next_try() {
    let mut shop = Shop::new();
    let (_, mut request, token) = with_form(&mut shop);
    shop.faults = [Late].into();
    request.run(Call::accept(token), &mut shop).unwrap();
    assert_eq!(shop.asked(), "update load load", "the second load finds it");
    let again = request.run(Call::accept(token), &mut shop);
    assert_eq!(again, Err(Failure::Refused(Refusal::UnknownToken)));

    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.request(Some(id));
    request.run(Call::renew(), &mut shop).unwrap();
    shop.asked();
    shop.faults = [LostWrite, Fine, Fine, LostAnswer].into();
    assert_eq!(request.run(Call::finish(), &mut shop).unwrap().failure, None);
    assert_eq!(shop.asked(), "rotate load load rotate load commit");
    assert_ne!(shop.only(), id);
}

/// A session that a login moves is one session afterwards, whenever the write arrives. If the old
/// session is gone, it may have been moved, so no new one is made.
// [driver-18]
#[test]
fn a_login_in_doubt_makes_no_second_session() {
    let ended = LostAnswerThen(|shop| shop.meanwhile(shop.only(), &[Call::logout()]));
    for (fault, left) in [(Late, 1), (ended, 0)] {
        let mut shop = Shop::new();
        let id = shop.log_in();
        let mut request = shop.request(Some(id));
        request.run(Call::login("bob"), &mut shop).unwrap();
        shop.faults = [fault].into();
        assert_eq!(request.run(Call::finish(), &mut shop), Err(Failure::Unknown), "{fault:?}");
        assert_eq!(shop.store.items().len(), left);
    }
}

/// The session ends while the save of a form token is in doubt. The finish then asks nothing more
/// of the store, and its answer is the same whether the save was carried out or never will be.
// [driver-21]
#[test]
fn what_asks_nothing_any_more_is_answered_like_the_write_in_doubt() {
    fn ended(shop: &mut Shop) {
        shop.meanwhile(shop.only(), &[Call::logout()]);
    }
    let before = vec![LostAnswerThen(ended)];
    let never = vec![LostWrite, Fault::After(ended)];
    let after_the_look = vec![LostWrite, Fine, Fault::After(ended)];
    for faults in [before, never, after_the_look] {
        let mut shop = Shop::new();
        let id = shop.log_in();
        let mut request = shop.request(Some(id));
        let _ = request.run(Call::form_token(), &mut shop).unwrap();
        let named = format!("{faults:?}");
        shop.faults = faults.into();
        let ending = Ending { failure: None, cookie: None };
        assert_eq!(request.run(Call::finish(), &mut shop), Ok(ending), "{named}");
        assert!(shop.store.items().is_empty(), "{named}");
    }
}

/// The session reaches its absolute limit while the save of a form token is in doubt. The finish is
/// answered as the save would have been. The save arrives after that answer, and stores the token
/// in a session that no request finds.
#[test]
fn what_arrives_after_the_limit_gives_a_token_that_nobody_can_use() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.request(Some(id));
    let token = request.run(Call::form_token(), &mut shop).unwrap();
    request.begin(&Call::finish(), shop.now);
    let Some(Ask::Write(write)) = request.ask() else { panic!("it is saved") };
    let late = write.clone();
    shop.now.0 += 12 * 3_600_000;
    request.answer(Answer::Unknown, shop.now);
    shop.asked();
    while let Some(ask) = request.ask() {
        let answer = shop.carry_out(ask, 0);
        request.answer(answer, shop.now);
    }
    assert_eq!(shop.asked(), "load load commit");
    let ending = Ending { failure: None, cookie: None };
    assert_eq!(request.result(Call::finish()), Ok(ending));
    let outstanding = |shop: &Shop| shop.store.items()[0].1.form_tokens().as_slice().to_vec();
    assert_eq!(outstanding(&shop), []);
    assert_eq!(shop.store.answer(Ask::Write(&late)), Answer::Done);
    assert_eq!(outstanding(&shop), [token]);
    let mut next = shop.request(Some(id));
    let refused = Err(Failure::Refused(Refusal::UnknownToken));
    assert_eq!(next.run(Call::accept(token), &mut shop), refused);
    assert!(shop.store.items().is_empty());
}

/// A session is stored after it was looked for and another was stored in its place. Nobody gets its
/// id, and ending its user's sessions ends it.
#[test]
fn a_session_that_is_stored_late_is_nobody_s_and_ends_with_its_user() {
    let mut shop = Shop::new();
    let mut request = shop.request(None);
    request.run(Call::login("alice"), &mut shop).unwrap();
    shop.asked();
    shop.faults = [Late].into();
    let ending = request.run(Call::finish(), &mut shop).unwrap();
    assert_eq!(shop.asked(), "create load generation create commit");
    assert_eq!((ending.failure, shop.store.items().len()), (None, 2));
    let Some(CookieChange::Set(id)) = ending.cookie.map(|cookie| cookie.value) else { panic!() };
    shop.meanwhile(id, &[Call::end_others()]);
    assert_eq!(shop.only(), id);
}

/// Writes that change nothing the second time are simply repeated.
#[test]
fn what_may_be_done_twice_is() {
    type Act = fn(&mut Shop, &mut Exchange) -> Result<(), Failure>;
    let acts: [(&str, Act); 3] = [
        ("delete_handle", |shop, request| request.run(Call::logout(), shop)),
        ("load delete_user", |shop, request| request.run(Call::end_others(), shop)),
        ("delete_user", |shop, _| shop.exchange().run(Call::delete_sessions_of("alice"), shop)),
    ];
    for ((asks, act), fault) in
        acts.into_iter().flat_map(|act| [(act, LostAnswer), (act, LostWrite)])
    {
        let mut shop = Shop::new();
        let id = shop.log_in();
        let mut request = shop.request(Some(id));
        let first = if asks.starts_with("load") { vec![Fine, fault] } else { vec![fault] };
        (shop.faults, shop.asked) = (first.into(), Vec::new());
        assert_eq!(act(&mut shop, &mut request), Ok(()));
        let twice = asks.rsplit(' ').next().unwrap();
        assert_eq!(shop.asked(), format!("{asks} {twice}"));
    }
    let mut shop = Shop::new();
    let id = shop.log_in();
    shop.now.0 += 61_000;
    shop.faults = [Fine, LostWrite].into();
    shop.asked();
    shop.request(Some(id));
    assert_eq!(shop.asked(), "load touch touch");
}

/// As long as the store does not answer, the outcome is unknown, and the answer says so, even if
/// the second try certainly fails.
// [driver-21]
#[test]
fn a_doubt_that_nobody_can_settle_stays_one() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    for faults in [
        [LostAnswer].into_iter().chain([Fails; 64]).collect::<Vec<_>>(),
        vec![LostWrite, Fine, Fails],
        vec![LostWrite, Fine, Fine, Fails],
    ] {
        let mut request = shop.request(Some(id));
        request.run(Call::set("size", "large"), &mut shop).unwrap();
        shop.faults = faults.into();
        assert_eq!(request.run(Call::finish(), &mut shop), Err(Failure::Unknown));
        shop.faults.clear();
    }
    let mut request = shop.request(Some(id)).with_most_tries(3);
    request.run(Call::set("size", "small"), &mut shop).unwrap();
    shop.faults = [LostWrite, Fine, Fine, Fault::Conflict, Fine, Fine, Fault::Conflict].into();
    assert_eq!(request.run(Call::finish(), &mut shop), Err(Failure::Unknown));
    // It looks until the call has been tried as often as it may.
    let mut request = shop.request(Some(id)).with_most_tries(3);
    request.run(Call::set("size", "small"), &mut shop).unwrap();
    (shop.asked, shop.faults) = (Vec::new(), [LostAnswer, Fails, Fails].into());
    assert_eq!(request.run(Call::finish(), &mut shop), Err(Failure::Unknown));
    assert_eq!(shop.asked(), "update load load");
    let mut request = shop.request(Some(id));
    shop.faults = [LostAnswer, Fails].into();
    assert_eq!(request.run(Call::logout(), &mut shop), Err(Failure::Unknown));

    // The other sessions may have been ended before the request's own.
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.request(Some(id));
    let ended = LostAnswerThen(|shop| shop.meanwhile(shop.only(), &[Call::logout()]));
    shop.faults = [Fine, ended].into();
    assert_eq!(request.run(Call::end_others(), &mut shop), Err(Failure::Unknown));
}
