//! Logins that were prepared before the user's proof was checked.

use quixote_session::Refusal;
use quixote_session::driver::{Call, Failure, Login};

use crate::shop::Shop;

/// What the store says of alice while her password is still to be checked.
fn prepare(shop: &Shop) -> Login {
    Login::prepared("alice", shop.store.generation("alice"))
}

/// Somebody who knows the old password is logging in while the password is changed.
// [driver-24]
#[test]
fn whoever_ends_a_user_ends_a_login_that_was_prepared_before() {
    let by_the_manager = |shop: &mut Shop| {
        shop.exchange().run(Call::delete_sessions_of("alice"), shop).unwrap();
    };
    let by_the_user = |shop: &mut Shop| {
        let own = shop.log_in();
        shop.meanwhile(own, &[Call::end_others()]);
        shop.meanwhile(own, &[Call::logout()]);
    };
    for end in [by_the_manager, by_the_user] {
        for is_known in [false, true] {
            let mut shop = Shop::new();
            let cookie = is_known.then(|| shop.log_in_as("bob"));
            let mut request = shop.request(cookie);
            let login = prepare(&shop);
            end(&mut shop);
            request.run(Call::login(login), &mut shop).unwrap();
            let ending = request.run(Call::finish(), &mut shop).unwrap();
            assert_eq!(ending.failure, Some(Failure::Refused(Refusal::UserEnded)));
            assert_eq!(ending.cookie, None);
            let left: Vec<_> = shop.store.items().into_iter().map(|(id, _)| id).collect();
            assert_eq!(left, Vec::from_iter(cookie), "bob stays logged in, and nobody else is");
        }
    }
}

/// A login that stores nothing is refused, too.
// [driver-24]
#[test]
fn a_prepared_login_of_the_empty_name_is_no_exception() {
    let mut shop = Shop::new();
    let mut request = shop.request(None);
    let login = Login::prepared("", shop.store.generation(""));
    shop.exchange().run(Call::delete_sessions_of(""), &mut shop).unwrap();
    request.run(Call::login(login), &mut shop).unwrap();
    let ending = request.run(Call::finish(), &mut shop).unwrap();
    assert_eq!(ending.failure, Some(Failure::Refused(Refusal::UserEnded)));
}

/// It costs no more than another one: the generation was asked for before.
#[test]
fn a_prepared_login_is_saved_if_nobody_was_ended() {
    let mut shop = Shop::new();
    let mut request = shop.request(None);
    let login = prepare(&shop);
    shop.exchange().run(Call::delete_sessions_of("bob"), &mut shop).unwrap();
    shop.asked();
    request.run(Call::login(login), &mut shop).unwrap();
    assert_eq!(request.run(Call::finish(), &mut shop).unwrap().failure, None);
    assert_eq!(shop.asked(), "create commit");
    shop.only();
}

/// What counts is the last login of a request. A name alone counts from when it logs in.
// [driver-11]
#[test]
fn a_login_by_name_begins_anew() {
    let mut shop = Shop::new();
    let mut request = shop.request(None);
    let login = prepare(&shop);
    shop.exchange().run(Call::delete_sessions_of("alice"), &mut shop).unwrap();
    request.run(Call::login(login.clone()), &mut shop).unwrap();
    request.run(Call::login(login.user()), &mut shop).unwrap();
    assert_eq!(request.run(Call::finish(), &mut shop).unwrap().failure, None);
    let id = shop.only();

    let mut request = shop.request(Some(id));
    request.run(Call::login("alice"), &mut shop).unwrap();
    request.run(Call::login(login), &mut shop).unwrap();
    let ending = request.run(Call::finish(), &mut shop).unwrap();
    assert_eq!(ending.failure, Some(Failure::Refused(Refusal::UserEnded)));
    assert_eq!(shop.only(), id);
}

/// The login before it still stands, and it is her generation that counts.
// [driver-11]
#[test]
fn a_login_that_is_refused_or_given_up_leaves_the_login_before_it() {
    for is_refused in [false, true] {
        let mut shop = Shop::new();
        let mut request = shop.request(None);
        request.run(Call::login("alice"), &mut shop).unwrap();
        if is_refused {
            let long = "x".repeat(shop.config.max_text_bytes + 1);
            let refused = request.run(Call::login(long), &mut shop);
            assert_eq!(refused, Err(Failure::Refused(Refusal::TextTooLong)));
        } else {
            request.begin(&Call::login("bob"), shop.now);
        }
        shop.exchange().run(Call::delete_sessions_of("alice"), &mut shop).unwrap();
        let ending = request.run(Call::finish(), &mut shop).unwrap();
        assert_eq!(ending.failure, Some(Failure::Refused(Refusal::UserEnded)), "{is_refused}");
    }
}
