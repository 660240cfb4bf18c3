//! Ten short runs to be read as documentation, each with a line of introduction.
//!
//! A line shows the clock since the first step, the request, the event, and behind the arrow the
//! answer and what the driver carries out. Ids and form tokens are secrets and shown as labels.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod story;

use quixote_session::{Config, CookieValue, Event, ManagerEvent, Outcome};
use story::Story;

const LIVE: Config = Config::QUIXOTE;
const COPYING: Config = Config::QUIXOTE_PERSISTENT;
const STRICT: Config = Config::STRICT;

/// Tells the same story under some semantics, one below the other.
fn tell(introduction: &str, configs: &[Config], story: fn(&mut Story)) -> String {
    let mut text = format!("{introduction}\n");
    for config in configs {
        let mut told = Story::of(config.clone());
        story(&mut told);
        let lines: Vec<_> = told.text.lines().map(str::trim_end).collect();
        text = format!("{text}\n{}:\n{}\n", config.semantics, lines.join("\n"));
    }
    text
}

#[test]
fn login_and_logout() {
    let text = tell(
        "A visitor logs in, comes back, and logs out. Nothing is stored for a visitor who leaves \
         nothing behind, and no cookie is set.",
        &[LIVE, STRICT],
        |story| {
            let looking = story.visit(0);
            story.finish(looking);
            story.deliver();
            let login = story.visit(0);
            story.set_user(login, "alice");
            story.finish(login);
            story.deliver();
            let back = story.visit(0);
            story.finish(back);
            story.deliver();
            let logout = story.visit(0);
            story.expire(logout);
            story.finish(logout);
            story.deliver();
            let stranger = story.visit(0);
            story.finish(stranger);
        },
    );
    insta::assert_snapshot!("login_and_logout", text);
}

#[test]
fn a_form() {
    let text = tell(
        "A form is rendered with a token in it, and accepted by spending the token. A form that \
         somebody else made up is not accepted.",
        &[LIVE, STRICT],
        |story| {
            let id = story.log_in("alice");
            let rendering = story.start_with(id);
            let token = story.create_form_token(rendering);
            story.finish(rendering);
            let submitting = story.start_with(id);
            story.remove_form_token(submitting, token);
            story.set_value(submitting, "order", "1");
            story.finish(submitting);
            let forged = story.start_with(id);
            story.remove_form_token(forged, [0xbb; 8].into());
            story.finish(forged);
        },
    );
    insta::assert_snapshot!("a_form", text);
}

#[test]
fn fixation_and_its_repair() {
    let text = tell(
        "Somebody knows the id of a visitor, who then logs in. Quixote keeps the id, and r3 finds \
         alice. Strict moves the session to a new id, and r3 finds nobody.",
        &[LIVE, STRICT],
        |story| {
            let known = story.store_value("cart", "1");
            let login = story.start_with(known);
            story.set_user(login, "alice");
            story.finish(login);
            let attacker = story.start_with(known);
            story.finish(attacker);
        },
    );
    insta::assert_snapshot!("fixation_and_its_repair", text);
}

#[test]
fn resurrection_and_its_repair() {
    let text = tell(
        "A slow request is under way while alice logs out. Copying stores its copy again when it \
         ends, and the old cookie is good once more. Strict tells it that the session is gone.",
        &[COPYING, STRICT],
        |story| {
            let id = story.log_in("alice");
            let slow = story.start_with(id);
            story.set_value(slow, "cart", "1");
            let logout = story.start_with(id);
            story.expire(logout);
            story.finish(logout);
            story.finish(slow);
            if story.world.state.is_open(slow) {
                story.finish_as(slow, Outcome::Failed);
            }
            let stolen = story.start_with(id);
            story.finish(stolen);
        },
    );
    insta::assert_snapshot!("resurrection_and_its_repair", text);
}

#[test]
fn a_lost_update_and_the_merge() {
    let text = tell(
        "Two requests change two values of one session. Copying writes whole copies, and the last \
         to finish wins. Strict applies each one's changes to what is stored by then.",
        &[COPYING, STRICT],
        |story| {
            let id = story.log_in("alice");
            let (first, second) = (story.start_with(id), story.start_with(id));
            story.set_value(first, "cart", "1");
            story.set_value(second, "theme", "dark");
            story.finish(first);
            story.finish(second);
        },
    );
    insta::assert_snapshot!("a_lost_update_and_the_merge", text);
}

#[test]
fn a_stillborn_cookie() {
    let text = tell(
        "A handler takes the cookie back, and then somebody logs in. Quixote's response keeps the \
         Max-Age of 0, so the client drops the new id. Strict refuses the first of the two.",
        &[LIVE, STRICT],
        |story| {
            let request = story.visit(0);
            story.revoke(request);
            story.set_user(request, "alice");
            story.finish(request);
            story.deliver();
            let back = story.visit(0);
            story.finish(back);
        },
    );
    insta::assert_snapshot!("a_stillborn_cookie", text);
}

#[test]
fn a_failing_request() {
    let text = tell(
        "A request fails after it has changed the session. Under live sharing the change was made \
         on the stored object and stays; a copy is forgotten. r3 shows what is left.",
        &[LIVE, COPYING, STRICT],
        |story| {
            let id = story.log_in("alice");
            let failing = story.start_with(id);
            story.set_value(failing, "cart", "1");
            story.finish_as(failing, Outcome::Failed);
            let after = story.start_with(id);
            story.remove_value(after, "cart");
            story.finish(after);
        },
    );
    insta::assert_snapshot!("a_failing_request", text);
}

#[test]
fn a_token_spent_twice() {
    let text = tell(
        "A form is submitted by two clicks, and both requests hold the session with its token. \
         Copying accepts both. Strict spends the token where it is stored.",
        &[COPYING, STRICT],
        |story| {
            let id = story.log_in("alice");
            let rendering = story.start_with(id);
            let token = story.create_form_token(rendering);
            story.finish(rendering);
            let (first, second) = (story.start_with(id), story.start_with(id));
            story.remove_form_token(first, token);
            story.remove_form_token(second, token);
            story.finish(first);
            story.finish(second);
        },
    );
    insta::assert_snapshot!("a_token_spent_twice", text);
}

#[test]
fn time_limits_and_a_sweep() {
    let text = tell(
        "Half an hour without a visit ends a session: it is deleted when somebody comes with its \
         cookie, or by a sweep. A visit in time keeps it alive, up to twelve hours.",
        &[STRICT],
        |story| {
            let (alice, bob) = (story.log_in("alice"), story.log_in("bob"));
            story.wait(30 * 60_000 - 1);
            let in_time = story.start_with(alice);
            story.finish(in_time);
            story.wait(1);
            story.try_start(0, Some(CookieValue::Id(bob)), "");
            story.log_in("carol");
            story.wait(12 * 3_600_000);
            story.send(Event::Manager(ManagerEvent::Sweep));
        },
    );
    insta::assert_snapshot!("time_limits_and_a_sweep", text);
}

#[test]
fn a_logout_everywhere() {
    let text = tell(
        "The manager ends every session of a user, also under a request in flight. Under live the \
         request goes on with something that nobody will find again; under strict it is told.",
        &[LIVE, STRICT],
        |story| {
            let (laptop, phone) = (story.log_in("alice"), story.log_in("alice"));
            let working = story.start_with(laptop);
            story.set_value(working, "cart", "1");
            story.send(Event::Manager(ManagerEvent::DeleteSessionsOf { user: "alice".into() }));
            story.finish(working);
            if story.world.state.is_open(working) {
                story.finish_as(working, Outcome::Failed);
            }
            let back = story.start_with(phone);
            story.finish(back);
        },
    );
    insta::assert_snapshot!("a_logout_everywhere", text);
}
