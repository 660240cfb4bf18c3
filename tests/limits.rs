//! Very large inputs and states: the limits of `Config` bound how much is kept.
//!
//! The heavy ones are ignored here; `.ci/run` runs them in its step "limits": `cargo test
//! --features cli --test limits -- --include-ignored --nocapture --test-threads 1`, which prints
//! how much memory each of them held.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::mem::take;

use allocation_counter::measure;
use quixote_session::{
    Config, CookieChange, CookieValue, EntropySource, Event, Input, Outcome, Refusal, Reply,
    RequestEvent, RequestId, SessionId, State, Timestamp, step,
};
use quixote_session::{Effects, SmolStr};

struct Machine {
    config: Config,
    state: State,
    entropy: EntropySource,
}

impl Machine {
    fn of(config: Config) -> Self {
        Self { config, state: State::new(), entropy: EntropySource::new([7; 32]) }
    }

    fn send(&mut self, event: Event) -> Effects {
        let input = Input { now: Timestamp(0), entropy: self.entropy.draw(), event };
        let (state, effects) = step(&self.config, take(&mut self.state), input);
        self.state = state;
        effects
    }

    fn start(&mut self, number: u64, cookie: Option<CookieValue>) -> Reply {
        let (request, remote_addr, script_name) = (RequestId(number), "".into(), "".into());
        let passive = false;
        self.send(Event::StartRequest { request, cookie, remote_addr, script_name, passive }).reply
    }

    fn set_value(&mut self, number: u64, key: SmolStr, value: SmolStr) -> Reply {
        self.send(RequestEvent::SetValue { key, value }.of(RequestId(number))).reply
    }

    fn finish(&mut self, number: u64) -> Effects {
        let (request, outcome) = (RequestId(number), Outcome::Successful);
        self.send(RequestEvent::FinishRequest { outcome }.of(request))
    }

    /// Logs a user in; returns the id, or the refusal.
    fn log_in(&mut self) -> Result<SessionId, Reply> {
        assert_eq!(self.start(0, None), Reply::Started { remote_user: None });
        let (request, user) = (RequestId(0), Some("alice".into()));
        self.send(RequestEvent::SetUser { user }.of(request));
        let finished = self.finish(0);
        match finished.cookie.map(|cookie| cookie.value) {
            Some(CookieChange::Set(id)) => Ok(id),
            _ => Err(finished.reply),
        }
    }
}

const fn refused(why: Refusal) -> Reply {
    Reply::Refused(why)
}

/// Runs a closure, and asserts that it never held more than `bytes` on the heap.
fn within(bytes: u64, what: &str, run: impl FnOnce()) {
    let held = measure(run).bytes_max;
    println!("{what}: {held} bytes at most, of {bytes} allowed");
    assert!(held <= bytes, "{what}: {held} bytes, and {bytes} are allowed");
}

#[test]
fn a_text_of_many_megabytes_is_refused_and_nothing_of_it_is_kept() {
    let mut machine = Machine::of(Config::STRICT);
    let long = SmolStr::from("x".repeat(64 << 20));
    machine.start(1, None);
    let (request, user) = (RequestId(1), Some(long.clone()));
    let events = [
        RequestEvent::SetUser { user }.of(request),
        RequestEvent::SetValue { key: long.clone(), value: "".into() }.of(request),
        RequestEvent::SetValue { key: "".into(), value: long.clone() }.of(request),
        RequestEvent::RemoveValue { key: long.clone() }.of(request),
    ];
    let counted = measure(|| {
        for event in events {
            assert!(matches!(machine.send(event).reply, Reply::Refused(_)));
        }
    });
    assert_eq!(counted.count_total, 0, "a refusal copies nothing");
    machine.start(2, Some(CookieValue::Text(long)));
    assert_eq!(machine.state.request_cookie(RequestId(2)), Some(&"".into()));
}

const LONGEST: u64 = 64 * 1_024;

/// The largest session that strict allows, 64 keys with values, and the most that one request holds
/// in addition: 64 other keys with values, and a note that each of the first 64 is removed.
#[test]
fn a_session_and_a_request_are_bounded() {
    let (kept, of_the_event, tables) = (64 * 2 + 64 * 2 + 64, 2, LONGEST);
    let bytes = (kept + of_the_event) * LONGEST + tables;
    within(bytes, "one full session and its request", fill_both);
}

fn fill_both() {
    let mut machine = Machine::of(Config::STRICT);
    let text = |number: usize| SmolStr::from(format!("{number:05}{}", "x".repeat(65_531)));
    machine.start(1, None);
    for number in 0..64 {
        assert_eq!(machine.set_value(1, text(number), text(number)), Reply::Done);
    }
    assert_eq!(machine.set_value(1, "k".into(), "v".into()), refused(Refusal::TooManyValues));
    let Some(CookieChange::Set(id)) = machine.finish(1).cookie.map(|cookie| cookie.value) else {
        panic!("the session is stored");
    };
    machine.start(2, Some(CookieValue::Id(id)));
    let mut replies = Vec::new();
    for number in 64..129 {
        let (request, key) = (RequestId(2), text(number - 64));
        assert_eq!(machine.send(RequestEvent::RemoveValue { key }.of(request)).reply, Reply::Done);
        replies.push(machine.set_value(2, text(number), text(number)));
    }
    assert_eq!(replies.iter().filter(|reply| **reply == Reply::Done).count(), 64);
    assert_eq!(replies.last(), Some(&refused(Refusal::TooManyValues)));
}

#[test]
#[ignore = "takes 1.6 GiB"]
fn ten_million_sessions_are_stored_and_one_more_is_refused() {
    within(10_000_000 * 200, "10,000,000 sessions", store_ten_million);
}

fn store_ten_million() {
    let mut machine = Machine::of(Config { max_sessions: 10_000_000, ..Config::STRICT });
    let mut last = None;
    for _ in 0..10_000_000 {
        last = Some(machine.log_in().unwrap());
    }
    assert_eq!(machine.log_in(), Err(refused(Refusal::TooManySessions)));
    assert_eq!((machine.state.len(), machine.state.open_requests()), (10_000_000, 1));
    let id = last.unwrap();
    let remote_user = Some("alice".into());
    assert_eq!(machine.start(1, Some(CookieValue::Id(id))), Reply::Started { remote_user });
    assert_eq!(machine.finish(1).reply, Reply::Done);
}

#[test]
#[ignore = "takes half a GiB"]
fn a_million_requests_are_in_flight_and_one_more_is_refused() {
    within(1_000_000 * 600, "1,000,000 requests", open_a_million);
}

fn open_a_million() {
    let mut machine = Machine::of(Config::STRICT);
    for number in 0..1_000_000 {
        assert_eq!(machine.start(number, None), Reply::Started { remote_user: None });
    }
    assert_eq!(machine.start(1_000_000, None), refused(Refusal::TooManyRequests));
    for number in 0..1_000_000 {
        assert_eq!(machine.finish(number).reply, Reply::Done);
    }
    assert_eq!(machine.state, State::new(), "nothing is left of them");
}
