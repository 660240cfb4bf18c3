//! What an exchange asks of the store, what it does not, and when it asks again.

use allocation_counter::measure;
use quixote_session::driver::{Answer, Ask, Call, Failure, World as _};
use quixote_session::{Entropy, Refusal};

use crate::shop::{Shop, arrival};

/// A call that asks nothing of the store steps on the state itself, as a copy would take memory.
#[test]
fn a_page_that_is_only_read_copies_no_state() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.exchange();
    request.begin(&Call::start(arrival(Some(id))), shop.now);
    let loaded = shop.carry_out(request.ask().unwrap(), 0);
    let started = measure(|| request.answer(loaded, shop.now));
    request.result(Call::start(arrival(None))).unwrap();
    let looked = measure(|| _ = request.run(Call::has_session_cookie(true), &mut shop).unwrap());
    let finished = measure(|| _ = request.run(Call::finish(), &mut shop).unwrap());
    let mut request = shop.request(Some(id));
    request.run(Call::set("size", "large"), &mut shop).unwrap();
    let saved = measure(|| _ = request.run(Call::finish(), &mut shop).unwrap());
    let counts = [started, looked, finished, saved].map(|counted| counted.count_total);
    // A copy of this state takes more than ten allocations.
    assert!(counts[..3].iter().all(|count| *count < 10) && counts[3] > 10, "{counts:?}");
}

/// A page that only reads takes one load; a page that writes takes one load and one write.
// [driver-11] [driver-17]
#[test]
fn each_call_asks_for_what_it_rests_on_and_for_nothing_else() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    assert_eq!(shop.asked(), "generation create commit");
    let mut request = shop.request(Some(id));
    assert_eq!(shop.asked(), "load");
    let _ = request.run(Call::finish(), &mut shop).unwrap();
    assert_eq!(shop.asked(), "commit", "a page that is only read");

    let mut request = shop.request(Some(id));
    request.run(Call::set("size", "large"), &mut shop).unwrap();
    let _ = request.run(Call::finish(), &mut shop).unwrap();
    assert_eq!(shop.asked(), "load update commit");

    let mut request = shop.request(Some(id));
    let token = request.run(Call::form_token(), &mut shop).unwrap();
    let _ = request.run(Call::finish(), &mut shop).unwrap();
    assert_eq!(shop.asked(), "load load update commit");

    let mut request = shop.request(Some(id));
    request.run(Call::accept(token), &mut shop).unwrap();
    assert_eq!(request.run(Call::take("theme"), &mut shop).unwrap(), "dark");
    request.run(Call::renew(), &mut shop).unwrap();
    let _ = request.run(Call::finish(), &mut shop).unwrap();
    assert_eq!(shop.asked(), "load update update rotate commit");

    let mut request = shop.request(Some(shop.only()));
    assert!(request.run(Call::has_session_cookie(true), &mut shop).unwrap());
    request.run(Call::end_others(), &mut shop).unwrap();
    request.run(Call::end_handle([9; 16].into()), &mut shop).unwrap();
    request.run(Call::logout(), &mut shop).unwrap();
    let _ = request.run(Call::fail(), &mut shop).unwrap();
    let ends = "load load load delete_user load delete_handle delete_handle abort";
    assert_eq!(shop.asked(), ends);

    let mut manager = shop.exchange();
    manager.run(Call::sweep(), &mut shop).unwrap();
    manager.run(Call::delete_sessions_of("alice"), &mut shop).unwrap();
    let gone = manager.run(Call::delete_session(id), &mut shop);
    assert_eq!(gone, Err(Failure::Refused(Refusal::UnknownSession)));
    assert_eq!(shop.asked(), "discard_over delete_user load");
}

/// Two writes of one exchange have different revisions, so a load between them is out of date after
/// the second.
// [driver-4] [driver-15]
#[test]
fn each_write_has_a_revision_of_its_own() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut form = shop.request(Some(id));
    let token = form.run(Call::form_token(), &mut shop).unwrap();
    let _ = form.run(Call::finish(), &mut shop).unwrap();
    let mut taker = shop.request(Some(id));
    taker.run(Call::accept(token), &mut shop).unwrap();
    let mut other = shop.request(Some(id));
    taker.run(Call::take("theme"), &mut shop).unwrap();
    other.run(Call::set("size", "large"), &mut shop).unwrap();
    assert_eq!(other.run(Call::finish(), &mut shop).unwrap().failure, None);
    assert_eq!((shop.value("theme"), shop.value("size")), (None, Some("large".into())));
}

/// An id that is gone does not come back, so a dead cookie is looked up once.
#[test]
fn a_session_that_is_gone_is_not_loaded_again() {
    let mut shop = Shop::new();
    let mut request = shop.request(Some([9; 16].into()));
    request.run(Call::form_token(), &mut shop).unwrap();
    assert_eq!(shop.asked(), "load");
    assert!(!request.run(Call::has_session_cookie(true), &mut shop).unwrap());
    assert_eq!(shop.asked(), "load", "unless somebody asks for it");
}

/// The changes of others are loaded before anything is refused.
// [driver-17]
#[test]
fn a_refusal_over_an_old_load_is_looked_at_again() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.request(Some(id));
    let mut other = shop.request(Some(id));
    let token = other.run(Call::form_token(), &mut shop).unwrap();
    let _ = other.run(Call::finish(), &mut shop).unwrap();
    shop.asked();
    request.run(Call::accept(token), &mut shop).unwrap();
    assert_eq!(shop.asked(), "load update");
    // If no write of others could help, the store is not asked.
    let refused = request.run(Call::set("k", "x".repeat(70_000)), &mut shop);
    assert_eq!(refused, Err(Failure::Refused(Refusal::TextTooLong)));
    assert_eq!(shop.asked(), "");
}

/// The finish of a login that stores nothing does not depend on the store, but on the user's
/// generation.
// [step-39] [driver-17]
#[test]
fn a_finish_without_an_operation_rests_on_the_user_who_logged_in() {
    let mut shop = Shop::new();
    let mut request = shop.request(None);
    request.run(Call::login(""), &mut shop).unwrap();
    shop.exchange().run(Call::delete_sessions_of(""), &mut shop).unwrap();
    let ending = request.run(Call::finish(), &mut shop).unwrap();
    assert_eq!(ending.failure, Some(Failure::Refused(Refusal::UserEnded)));
}

/// If all ids that were drawn are in use, others are drawn, as often as a call is tried.
// [token-6] [token-10] [driver-20]
#[test]
fn ids_in_use_are_drawn_again_within_the_bound() {
    let mut shop = Shop::new();
    shop.log_in();
    for fresh_at in [1, 3, 4] {
        let mut request = shop.exchange().with_most_tries(3);
        request.run(Call::start(arrival(Some(shop.only()))), &mut shop).unwrap();
        request.run(Call::renew(), &mut shop).unwrap();
        let before = shop.only();
        let id: [u8; 16] = before.reveal_bytes().try_into().unwrap();
        let in_use = Entropy::from_half([id; 2].as_flattened().try_into().unwrap());
        let mut drawn = 0;
        request.begin(&Call::finish(), shop.now);
        while let Some(ask) = request.ask() {
            drawn += u32::from(ask == Ask::Entropy);
            let is_used = ask == Ask::Entropy && drawn < fresh_at;
            let answer = if is_used { Answer::Entropy(in_use) } else { shop.carry_out(ask, 0) };
            request.answer(answer, shop.now);
        }
        let ending = request.result(Call::finish()).unwrap();
        let used_up = (fresh_at > 3).then_some(Failure::Refused(Refusal::EntropyUsedUp));
        assert_eq!(ending.failure, used_up, "fresh at {fresh_at}");
        assert_eq!(drawn, fresh_at.min(3));
        assert_eq!(shop.only() == before, fresh_at > 3, "fresh at {fresh_at}");
    }
}
