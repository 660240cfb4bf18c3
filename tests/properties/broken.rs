//! Where Quixote breaks a property: the shortest scenarios that show it, written by hand.
//!
//! The exploration finds shortest ones by itself; these are here to be read. Each ends at the step
//! that breaks the property, and not before.

use quixote_session::check::Property;
use quixote_session::{Config, CookieValue, Semantics};

use crate::scenario::events::{SWEEP, delete, expire, finish, insert, maintain, revoke, spend};
use crate::scenario::{Failed, Interrupted, Scenario, Successful};

/// Asserts that the last step of a scenario, and none before, breaks the property; and that the
/// specification says so.
fn breaks(config: &Config, property: Property, tell: fn(&mut Scenario) -> Step) {
    let mut run = Scenario::of(config);
    let last = tell(&mut run);
    let semantics = run.config.semantics;
    assert!(!run.broken.contains(property), "too early: {}", run.text);
    last(&mut run);
    assert!(run.broken.contains(property), "{semantics} {property}: {}", run.text);
    assert!(!property.is_kept_by(semantics), "{semantics} {property}");
    assert!(property.is_kept_by(Semantics::Strict), "strict repairs it");
}

type Step = Box<dyn FnOnce(&mut Scenario)>;

const LIVE: Config = Config::QUIXOTE;
const COPYING: Config = Config::QUIXOTE_PERSISTENT;

/// Fixation: whoever planted or stole the visitor's id is logged in when the visitor logs in.
#[test]
fn an_id_from_before_the_login_names_the_user_afterwards() {
    for property in [Property::NoIdSurvivesLogin, Property::OneUserPerId] {
        breaks(&LIVE, property, |run| {
            let id = run.keep("cart", "1");
            run.start(2, Some(id));
            Box::new(|run| run.set_user(2, Some("alice")))
        });
        breaks(&COPYING, property, |run| {
            let id = run.keep("cart", "1");
            run.start(2, Some(id));
            run.set_user(2, Some("alice"));
            Box::new(|run| _ = run.send(finish(2, Successful)))
        });
    }
}

#[test]
fn a_form_of_the_visitor_is_accepted_from_the_user() {
    breaks(&LIVE, Property::NoTokenSurvivesLogin, |run| {
        let (id, _) = run.first_form();
        run.start(2, Some(id));
        Box::new(|run| run.set_user(2, Some("alice")))
    });
}

#[test]
fn live_what_a_failed_request_changed_stays() {
    breaks(&LIVE, Property::FailureLeavesNoTrace, |run| {
        let id = run.log_in("alice");
        run.start(2, Some(id));
        run.set_value(2, "cart", "1");
        Box::new(|run| _ = run.send(finish(2, Failed)))
    });
}

#[test]
fn live_what_was_changed_on_a_session_deleted_meanwhile_is_lost_without_a_word() {
    breaks(&LIVE, Property::NoUpdateIsLost, |run| {
        let id = run.log_in("alice");
        run.start(2, Some(id));
        run.set_value(2, "cart", "1");
        run.send(delete(id));
        Box::new(|run| run.done(finish(2, Successful)))
    });
}

#[test]
fn live_the_store_changes_behind_the_back_of_its_operations() {
    breaks(&LIVE, Property::StoreOpsReproduceStore, |run| {
        let id = run.log_in("alice");
        run.start(2, Some(id));
        Box::new(|run| run.set_value(2, "cart", "1"))
    });
}

#[test]
fn a_cookie_sent_after_a_revocation_is_dropped_by_the_client() {
    for config in [LIVE, COPYING] {
        breaks(&config, Property::CookieNamesStored, |run| {
            run.start(1, None);
            run.set_user(1, Some("alice"));
            run.send(revoke(1));
            Box::new(|run| _ = run.send(finish(1, Successful)))
        });
    }
}

#[test]
fn a_logout_that_is_interrupted_does_not_reach_the_client() {
    for config in [LIVE, COPYING] {
        breaks(&config, Property::LogoutReachesTheClient, |run| {
            run.visit(0, 1);
            run.set_user(1, Some("alice"));
            run.send(finish(1, Successful));
            run.deliver();
            run.visit(0, 2);
            run.send(expire(2));
            run.send(finish(2, Interrupted));
            Box::new(Scenario::deliver)
        });
    }
}

/// Quixote has no limits; the configuration's are those that a deployment would wish for.
#[test]
fn a_session_never_expires() {
    for config in [LIVE, COPYING] {
        let config = Config { idle_limit_ms: Some(60_000), ..config };
        breaks(&config, Property::NothingPastItsLimits, |run| {
            let id = run.log_in("alice");
            run.now += 60_000;
            Box::new(move |run| _ = run.start(2, Some(id)))
        });
        breaks(&config, Property::SweepLeavesNoneOver, |run| {
            run.log_in("alice");
            run.now += 60_000;
            Box::new(|run| _ = run.send(SWEEP))
        });
    }
}

#[test]
fn live_a_client_that_was_told_that_it_is_logged_in_is_not() {
    breaks(&LIVE, Property::StillLoggedIn, |run| {
        run.visit(0, 1);
        run.send(revoke(1));
        run.set_user(1, Some("alice"));
        run.send(finish(1, Successful));
        run.deliver();
        Box::new(|run| _ = run.visit(0, 2))
    });
}

#[test]
fn copying_a_session_that_was_logged_out_comes_back() {
    breaks(&COPYING, Property::NoIdComesBack, |run| {
        let id = run.log_in("alice");
        run.start(2, Some(id));
        run.send(delete(id));
        Box::new(|run| _ = run.send(finish(2, Successful)))
    });
}

#[test]
fn copying_a_request_that_only_reads_stores() {
    breaks(&COPYING, Property::ReadingStoresNothing, |run| {
        let id = run.log_in("alice");
        run.start(2, Some(id));
        run.send(delete(id));
        Box::new(|run| _ = run.send(finish(2, Successful)))
    });
}

#[test]
fn copying_the_last_to_finish_overwrites_what_the_others_saved() {
    breaks(&COPYING, Property::NoUpdateIsLost, |run| {
        let id = run.log_in("alice");
        run.start(2, Some(id));
        run.start(3, Some(id));
        run.set_value(2, "cart", "1");
        run.send(finish(2, Successful));
        Box::new(|run| _ = run.send(finish(3, Successful)))
    });
}

#[test]
fn copying_one_form_is_accepted_from_two_requests() {
    breaks(&COPYING, Property::TokenAcceptedOnce, |run| {
        let (id, token) = run.first_form();
        run.start(2, Some(id));
        run.start(3, Some(id));
        run.send(spend(2, token));
        Box::new(move |run| run.done(spend(3, token)))
    });
}

#[test]
fn what_was_maintained_stays_when_the_request_fails() {
    breaks(&COPYING, Property::FailureLeavesNoTrace, |run| {
        run.start(1, None);
        run.set_user(1, Some("alice"));
        run.send(maintain(1));
        Box::new(|run| _ = run.send(finish(1, Failed)))
    });
}

#[test]
fn an_id_that_nobody_drew_is_stored_with_a_session_that_holds_nothing() {
    for config in [LIVE, COPYING] {
        for property in [Property::IdsAreIssued, Property::StoredHasInfo] {
            breaks(&config, property, |run| {
                run.start(1, None);
                Box::new(|run| _ = run.send(insert(1, run.id(9), None)))
            });
        }
    }
}

#[test]
fn a_cookie_that_is_revoked_leaves_its_session_stored() {
    for config in [LIVE, COPYING] {
        breaks(&config, Property::NoSessionIsOrphaned, |run| {
            let id = run.log_in("alice");
            run.start(2, Some(id));
            run.send(revoke(2));
            Box::new(|run| _ = run.send(finish(2, Successful)))
        });
    }
}

/// Two mounts of one application: the client keeps the cookie that it was told to drop.
#[test]
fn a_cookie_is_revoked_under_a_path_that_it_was_not_set_with() {
    for config in [LIVE, COPYING] {
        breaks(&config, Property::RevocationMatches, |run| {
            let id = run.log_in("alice");
            run.start_with(2, Some(CookieValue::Id(id)), "/app");
            run.send(expire(2));
            Box::new(|run| _ = run.send(finish(2, Successful)))
        });
    }
}

/// So that none is forgotten: each property that the specification declares broken by a semantics
/// is one that the scenarios above show for it or, by the same rule, for the other one.
#[test]
fn every_declared_weakness_has_a_scenario() {
    let shown = [
        Property::StoredHasInfo,
        Property::IdsAreIssued,
        Property::NoIdComesBack,
        Property::NoIdSurvivesLogin,
        Property::OneUserPerId,
        Property::NoTokenSurvivesLogin,
        Property::StoreOpsReproduceStore,
        Property::FailureLeavesNoTrace,
        Property::NoUpdateIsLost,
        Property::ReadingStoresNothing,
        Property::TokenAcceptedOnce,
        Property::CookieNamesStored,
        Property::NoSessionIsOrphaned,
        Property::RevocationMatches,
        Property::NothingPastItsLimits,
        Property::SweepLeavesNoneOver,
        Property::LogoutReachesTheClient,
        Property::StillLoggedIn,
    ];
    let weak = |property: &&Property| {
        let kept = |semantics| property.is_kept_by(semantics);
        !kept(Semantics::Live) || !kept(Semantics::Copying)
    };
    let weak: Vec<_> = Property::ALL.iter().filter(weak).copied().collect();
    assert_eq!(weak, shown);
}
