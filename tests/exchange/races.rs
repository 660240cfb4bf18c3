//! Lost races: how often they are tried again, and what becomes of the request.

use quixote_session::driver::{Call, Exchange, Failure};

use crate::shop::Fault::{self, After, Conflict};
use crate::shop::Shop;

// [driver-15] [driver-16] [driver-20]
#[test]
fn a_race_is_run_again_for_so_long_and_with_growing_waits() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.request(Some(id));
    request.run(Call::set("size", "large"), &mut shop).unwrap();
    (shop.waits, shop.asked) = (Vec::new(), Vec::new());
    shop.faults =
        [Conflict, After(|shop| shop.meanwhile(shop.only(), &[Call::set("k", "v")]))].into();
    assert_eq!(request.run(Call::finish(), &mut shop).unwrap().failure, None);
    assert_eq!(shop.asked(), "update load update commit");
    assert_eq!((shop.value("size"), shop.value("k")), (Some("large".into()), Some("v".into())));

    let mut request = shop.request(Some(id)).with_most_tries(16);
    request.run(Call::set("size", "small"), &mut shop).unwrap();
    (shop.waits, shop.asked) = (Vec::new(), Vec::new());
    shop.faults = [Conflict, Fault::None].repeat(16).into();
    let ending = request.run(Call::finish(), &mut shop).unwrap();
    assert_eq!(ending.failure, Some(Failure::Busy));
    assert_eq!(shop.asked.iter().filter(|ask| *ask == "update").count(), 16);
    assert_eq!(shop.asked.last().unwrap(), "abort", "the application's own data, too");
    assert_eq!((shop.waits[0], shop.waits[1]), (0, 0), "one race is lost for nothing");
    assert!(shop.waits.iter().any(|ms| *ms > 8), "{:?}", shop.waits);
    assert!(shop.waits.iter().all(|ms| *ms <= Exchange::LONGEST_WAIT_MS));
    assert_eq!((shop.value("size"), request.is_open()), (Some("large".into()), false));
}

#[test]
fn exchanges_wait_for_different_times() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut waits = std::collections::BTreeSet::new();
    for _ in 0..8 {
        let mut request = shop.request(Some(id));
        request.run(Call::set("k", "v"), &mut shop).unwrap();
        (shop.waits, shop.faults) = (Vec::new(), [Conflict, Fault::None].repeat(9).into());
        let _ = request.run(Call::finish(), &mut shop).unwrap();
        waits.insert(shop.waits.clone());
    }
    assert_eq!(waits.len(), 8);
}

/// A call other than a finish leaves the request open, so it can still end as failed.
// [driver-20]
#[test]
fn a_call_that_lost_too_often_leaves_the_request_open() {
    let mut shop = Shop::new();
    let id = shop.log_in();
    let mut request = shop.request(Some(id)).with_most_tries(1);
    shop.faults = [Conflict].into();
    assert_eq!(request.run(Call::take("theme"), &mut shop), Err(Failure::Busy));
    assert!(request.is_open());
    assert_eq!(request.run(Call::fail(), &mut shop).unwrap().cookie, None);
    assert_eq!(shop.value("theme"), Some("dark".into()));
}
