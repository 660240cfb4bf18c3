//! Where Quixote breaks a property: the shortest stories that show it, told by hand.
//!
//! The exploration finds shortest ones by itself; these are here to be read. Each ends at the step
//! that breaks the property, and not before.

use quixote_session::check::Property;
use quixote_session::{Config, Event, ManagerEvent, Outcome, Reply, Semantics};

use crate::story::Story;

/// Tells a story under a semantics and asserts that its last step, and none before, breaks the
/// property; and that the specification says so.
fn breaks(config: Config, property: Property, tell: fn(&mut Story) -> Step) {
    let mut story = Story::of(config);
    let last = tell(&mut story);
    let semantics = story.config.semantics;
    assert!(!story.broken.contains(property), "too early: {}", story.text);
    last(&mut story);
    assert!(story.broken.contains(property), "{semantics} {property}: {}", story.text);
    assert!(!property.is_kept_by(semantics), "{semantics} {property}");
    assert!(property.is_kept_by(Semantics::Strict), "strict repairs it");
}

type Step = Box<dyn FnOnce(&mut Story)>;

const LIVE: Config = Config::QUIXOTE;
const COPYING: Config = Config::QUIXOTE_PERSISTENT;

/// Fixation: whoever planted or stole the visitor's id is logged in when the visitor logs in.
#[test]
fn an_id_from_before_the_login_names_the_user_afterwards() {
    for property in [Property::NoIdSurvivesLogin, Property::OneUserPerId] {
        breaks(LIVE, property, |story| {
            let id = story.store_value("cart", "1");
            let login = story.start_with(id);
            Box::new(move |story| _ = story.set_user(login, "alice"))
        });
        breaks(COPYING, property, |story| {
            let id = story.store_value("cart", "1");
            let login = story.start_with(id);
            story.set_user(login, "alice");
            Box::new(move |story| _ = story.finish(login))
        });
    }
}

#[test]
fn a_form_of_the_visitor_is_accepted_from_the_user() {
    breaks(LIVE, Property::NoTokenSurvivesLogin, |story| {
        let (id, _) = story.render_form();
        let login = story.start_with(id);
        Box::new(move |story| _ = story.set_user(login, "alice"))
    });
}

#[test]
fn live_what_a_failed_request_changed_stays() {
    breaks(LIVE, Property::FailureLeavesNoTrace, |story| {
        let id = story.log_in("alice");
        let failing = story.start_with(id);
        story.set_value(failing, "cart", "1");
        Box::new(move |story| _ = story.finish_as(failing, Outcome::Failed))
    });
}

#[test]
fn live_what_was_changed_on_a_session_deleted_meanwhile_is_lost_without_a_word() {
    breaks(LIVE, Property::NoUpdateIsLost, |story| {
        let id = story.log_in("alice");
        let working = story.start_with(id);
        story.set_value(working, "cart", "1");
        story.delete(id);
        Box::new(move |story| assert_eq!(story.finish(working).reply, Reply::Done))
    });
}

#[test]
fn live_the_store_changes_behind_the_back_of_its_operations() {
    breaks(LIVE, Property::StoreOpsReproduceStore, |story| {
        let id = story.log_in("alice");
        let working = story.start_with(id);
        Box::new(move |story| _ = story.set_value(working, "cart", "1"))
    });
}

#[test]
fn a_cookie_sent_after_a_revocation_is_dropped_by_the_client() {
    for config in [LIVE, COPYING] {
        breaks(config, Property::CookieNamesStored, |story| {
            let request = story.start();
            story.set_user(request, "alice");
            story.revoke(request);
            Box::new(move |story| _ = story.finish(request))
        });
    }
}

#[test]
fn a_logout_that_is_interrupted_does_not_reach_the_client() {
    for config in [LIVE, COPYING] {
        breaks(config, Property::LogoutReachesTheClient, |story| {
            let login = story.visit(0);
            story.set_user(login, "alice");
            story.finish(login);
            story.deliver();
            let logout = story.visit(0);
            story.expire(logout);
            story.finish_as(logout, Outcome::Interrupted);
            Box::new(Story::deliver)
        });
    }
}

/// Quixote has no limits; the configuration's are those that a deployment would wish for.
#[test]
fn a_session_never_expires() {
    for config in [LIVE, COPYING] {
        let config = Config { idle_limit_ms: Some(60_000), ..config };
        breaks(config.clone(), Property::NothingPastItsLimits, |story| {
            let id = story.log_in("alice");
            story.wait(60_000);
            Box::new(move |story| _ = story.start_with(id))
        });
        breaks(config, Property::SweepLeavesNoneOver, |story| {
            story.log_in("alice");
            story.wait(60_000);
            Box::new(|story| _ = story.send(Event::Manager(ManagerEvent::Sweep)))
        });
    }
}

#[test]
fn live_a_client_that_was_told_that_it_is_logged_in_is_not() {
    breaks(LIVE, Property::StillLoggedIn, |story| {
        let login = story.visit(0);
        story.revoke(login);
        story.set_user(login, "alice");
        story.finish(login);
        story.deliver();
        Box::new(|story| _ = story.visit(0))
    });
}

#[test]
fn copying_a_session_that_was_logged_out_comes_back() {
    breaks(COPYING, Property::NoIdComesBack, |story| {
        let id = story.log_in("alice");
        let reading = story.start_with(id);
        story.delete(id);
        Box::new(move |story| _ = story.finish(reading))
    });
}

#[test]
fn copying_a_request_that_only_reads_stores() {
    breaks(COPYING, Property::ReadingStoresNothing, |story| {
        let id = story.log_in("alice");
        let reading = story.start_with(id);
        story.delete(id);
        Box::new(move |story| _ = story.finish(reading))
    });
}

#[test]
fn copying_the_last_to_finish_overwrites_what_the_others_saved() {
    breaks(COPYING, Property::NoUpdateIsLost, |story| {
        let id = story.log_in("alice");
        let (working, reading) = (story.start_with(id), story.start_with(id));
        story.set_value(working, "cart", "1");
        story.finish(working);
        Box::new(move |story| _ = story.finish(reading))
    });
}

#[test]
fn copying_one_form_is_accepted_from_two_requests() {
    breaks(COPYING, Property::TokenAcceptedOnce, |story| {
        let (id, token) = story.render_form();
        let (first, second) = (story.start_with(id), story.start_with(id));
        story.remove_form_token(first, token);
        Box::new(move |story| {
            assert_eq!(story.remove_form_token(second, token).reply, Reply::Done);
        })
    });
}

#[test]
fn what_was_maintained_stays_when_the_request_fails() {
    breaks(COPYING, Property::FailureLeavesNoTrace, |story| {
        let request = story.start();
        story.set_user(request, "alice");
        story.maintain(request);
        Box::new(move |story| _ = story.finish_as(request, Outcome::Failed))
    });
}

#[test]
fn an_id_that_nobody_drew_is_stored_with_a_session_that_holds_nothing() {
    for config in [LIVE, COPYING] {
        for property in [Property::IdsAreIssued, Property::StoredHasInfo] {
            breaks(config.clone(), property, |story| {
                let request = story.start();
                Box::new(move |story| _ = story.insert(request, 9, None))
            });
        }
    }
}

#[test]
fn a_cookie_that_is_revoked_leaves_its_session_stored() {
    for config in [LIVE, COPYING] {
        breaks(config, Property::NoSessionIsOrphaned, |story| {
            let id = story.log_in("alice");
            let request = story.start_with(id);
            story.revoke(request);
            Box::new(move |story| _ = story.finish(request))
        });
    }
}

/// Two mounts of one application: the client keeps the cookie that it was told to drop.
#[test]
fn a_cookie_is_revoked_under_a_path_that_it_was_not_set_with() {
    for config in [LIVE, COPYING] {
        breaks(config, Property::RevocationMatches, |story| {
            let id = story.log_in("alice");
            let cookie = Some(quixote_session::CookieValue::Id(id));
            let request = story.start_at(cookie, "/app");
            story.expire(request);
            Box::new(move |story| _ = story.finish(request))
        });
    }
}

/// So that none is forgotten: each property that the specification declares broken by a semantics
/// is one that the stories above show for it or, by the same rule, for the other one.
#[test]
fn every_declared_weakness_has_a_story() {
    let told = [
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
    assert_eq!(weak, told);
}
