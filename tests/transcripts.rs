//! Ten short runs that serve as documentation, each with a line of introduction.
//!
//! A line shows the clock since the first step, the request, the event, and after the arrow the
//! answer and what the driver carries out. Ids and form tokens are secrets, so they are shown as
//! labels.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scenario;

use quixote_session::{Config, FormToken};
use scenario::events::{SWEEP, delete_all_of, expire, finish, remove_value, revoke, spend};
use scenario::{Failed, Scenario, Successful};

const LIVE: Config = Config::QUIXOTE;
const COPYING: Config = Config::QUIXOTE_PERSISTENT;
const STRICT: Config = Config::STRICT;

/// The transcripts of one scenario under several semantics, one below the other.
fn tell(introduction: &str, configs: &[Config], scenario: fn(&mut Scenario)) -> String {
    let mut text = format!("{introduction}\n");
    for config in configs {
        let mut run = Scenario::of(config);
        scenario(&mut run);
        let lines: Vec<_> = run.text.lines().map(str::trim_end).collect();
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
        |run| {
            run.visit(0, 1);
            run.send(finish(1, Successful));
            run.deliver();
            run.visit(0, 2);
            run.set_user(2, Some("alice"));
            run.send(finish(2, Successful));
            run.deliver();
            run.visit(0, 3);
            run.send(finish(3, Successful));
            run.deliver();
            run.visit(0, 4);
            run.send(expire(4));
            run.send(finish(4, Successful));
            run.deliver();
            run.visit(0, 5);
            run.send(finish(5, Successful));
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
        |run| {
            let id = run.log_in("alice");
            let token = run.form(id);
            run.start(3, Some(id));
            run.send(spend(3, token));
            run.set_value(3, "order", "1");
            run.send(finish(3, Successful));
            run.start(4, Some(id));
            run.send(spend(4, FormToken::from([0xbb; 8])));
            run.send(finish(4, Successful));
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
        |run| {
            let known = run.keep("cart", "1");
            run.start(2, Some(known));
            run.set_user(2, Some("alice"));
            run.send(finish(2, Successful));
            run.start(3, Some(known));
            run.send(finish(3, Successful));
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
        |run| {
            let id = run.log_in("alice");
            run.start(2, Some(id));
            run.set_value(2, "cart", "1");
            run.start(3, Some(id));
            run.send(expire(3));
            run.send(finish(3, Successful));
            run.send(finish(2, Successful));
            if run.is_open(2) {
                run.send(finish(2, Failed));
            }
            run.start(4, Some(id));
            run.send(finish(4, Successful));
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
        |run| {
            let id = run.log_in("alice");
            run.start(2, Some(id));
            run.start(3, Some(id));
            run.set_value(2, "cart", "1");
            run.set_value(3, "theme", "dark");
            run.send(finish(2, Successful));
            run.send(finish(3, Successful));
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
        |run| {
            run.visit(0, 1);
            run.send(revoke(1));
            run.set_user(1, Some("alice"));
            run.send(finish(1, Successful));
            run.deliver();
            run.visit(0, 2);
            run.send(finish(2, Successful));
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
        |run| {
            let id = run.log_in("alice");
            run.start(2, Some(id));
            run.set_value(2, "cart", "1");
            run.send(finish(2, Failed));
            run.start(3, Some(id));
            run.send(remove_value(3, "cart"));
            run.send(finish(3, Successful));
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
        |run| {
            let id = run.log_in("alice");
            let token = run.form(id);
            run.start(3, Some(id));
            run.start(4, Some(id));
            run.send(spend(3, token));
            run.send(spend(4, token));
            run.send(finish(3, Successful));
            run.send(finish(4, Successful));
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
        |run| {
            let (alice, bob) = (run.log_in("alice"), run.log_in("bob"));
            run.now += 30 * 60_000 - 1;
            run.start(3, Some(alice));
            run.send(finish(3, Successful));
            run.now += 1;
            run.start(4, Some(bob));
            run.log_in("carol");
            run.now += 12 * 3_600_000;
            run.send(SWEEP);
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
        |run| {
            let (laptop, phone) = (run.log_in("alice"), run.log_in("alice"));
            run.start(3, Some(laptop));
            run.set_value(3, "cart", "1");
            run.send(delete_all_of("alice"));
            run.send(finish(3, Successful));
            if run.is_open(3) {
                run.send(finish(3, Failed));
            }
            run.start(4, Some(phone));
            run.send(finish(4, Successful));
        },
    );
    insta::assert_snapshot!("a_logout_everywhere", text);
}
