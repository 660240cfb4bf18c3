//! A visit that only reads allocates nothing.

use allocation_counter::measure;
use quixote_session::{
    Config, CookieValue, Entropy, Event, FormToken, Input, Reply, SessionId, State, Timestamp, step,
};

use crate::scenario::events::{finish, has_cookie, has_token, start};
use crate::scenario::{DAWN, Scenario, Successful};

/// Sends inputs made in advance, and counts the allocations of the steps alone.
fn allocations(config: &Config, state: &mut State, events: Vec<(Event, Reply)>) -> u64 {
    let inputs: Vec<_> = events
        .into_iter()
        .map(|(event, reply)| {
            let entropy = Entropy::from_bytes([0; 64]);
            (Input { now: Timestamp(DAWN + 5_000), entropy, event }, reply)
        })
        .collect();
    let mut taken = std::mem::take(state);
    let counted = measure(|| {
        for (input, reply) in inputs {
            let (after, effects) = step(config, std::mem::take(&mut taken), input);
            assert_eq!(effects.reply, reply);
            taken = after;
        }
    });
    *state = taken;
    counted.count_total
}

/// A visit that reads: start on a stored session, a check of a token, a look at the cookie, and
/// the end of a request that changed nothing.
fn visit(id: SessionId, token: FormToken, user: &str, mount: &str) -> Vec<(Event, Reply)> {
    let started = Reply::Started { remote_user: Some(user.into()) };
    vec![
        (start(77, Some(CookieValue::Id(id)), mount), started),
        (has_token(77, token), Reply::Answer(true)),
        (has_cookie(77, true), Reply::Answer(true)),
        (finish(77, Successful), Reply::Done),
    ]
}

#[test]
fn reading_under_live_sharing_allocates_nothing() {
    for (mount, user) in [("", "alice"), ("/app", "alice"), ("/app", "elevenbytes")] {
        let mut run = Scenario::of(&Config::QUIXOTE);
        run.start(1, None);
        run.set_user(1, Some(user));
        let token = run.token(1);
        let id = run.save(1).unwrap();
        let (config, mut state) = (&run.config, run.state().clone());
        allocations(config, &mut state, visit(id, token, user, mount)); // the table of requests
        let counted = allocations(config, &mut state, visit(id, token, user, mount));
        assert_eq!(counted, 0, "{mount} {user}");
    }
}

/// The counter works: a copy of a session with values allocates memory, and so does a form.
#[test]
fn what_is_known_to_allocate_is_counted() {
    let mut run = Scenario::of(&Config::QUIXOTE_PERSISTENT);
    run.start(1, None);
    run.set_user(1, Some("alice"));
    run.set_value(1, "k", "v");
    let token = run.token(1);
    let id = run.save(1).unwrap();
    let (config, mut state) = (&run.config, run.state().clone());
    allocations(config, &mut state, visit(id, token, "alice", ""));
    assert!(allocations(config, &mut state, visit(id, token, "alice", "")) > 0);
}
