//! The core against a second, naive implementation of Quixote, on random clients.
//!
//! `naive` was written from Quixote's source alone, with shared mutable objects and text
//! everywhere. After every step all that can be observed must be the same: the answer, the draws,
//! the request's session and cookie, the response's cookie, the transaction, the store.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[allow(unreachable_pub, reason = "a module shared by tests")]
mod naive;

use std::fmt::Write as _;

use naive::{
    NaiveConfig, NaiveEvent, NaiveManager, NaiveOutcome, NaiveReply, NaiveSeen, NaiveSession,
    NaiveSetCookie,
};
use quixote_session::check::population::{Habits, Population, Seeded};
use quixote_session::check::transcript::Transcript;
use quixote_session::{
    Config, CookieChange, Effects, Entropy, Event, Input, Outcome, Reply, Semantics, SessionId,
    SessionRef, SmolStr, State, SubmittedToken, Transaction, Width, step,
};

/// All runs together; `.ci/run` runs this file in release as well.
const STEPS: u64 = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };

/// Steps of one run: clients, jars, ids and tokens start anew behind it.
const STEPS_OF_A_RUN: u64 = 1_000;

/// Two semantics, and every rule that a deployment can bend under them.
fn configs() -> Vec<Config> {
    let mut configs = Vec::new();
    for base in [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT] {
        configs.extend([
            base.clone(),
            Config { cookie_path: Some("/shop".into()), access_resolution_ms: 0, ..base.clone() },
            Config {
                cookie_name: "sid".into(),
                cookie_path: Some("".into()),
                cookie_domain: Some("example.com".into()),
                access_resolution_ms: 2_999,
                ..base.clone()
            },
            Config { width: Width::Bits128, access_resolution_ms: 40, ..base },
        ]);
    }
    configs
}

/// What the naive implementation does not know, the population leaves alone.
fn habits(salt: u64) -> Habits {
    let busy = usize::try_from(salt % 5).unwrap();
    Habits { in_flight: 1 + busy, manager: false, salt, ..Habits::ALL }
}

fn naive_config(config: &Config) -> NaiveConfig {
    NaiveConfig {
        copying: config.semantics == Semantics::Copying,
        cookie_name: config.cookie_name.to_string(),
        cookie_path: config.cookie_path.as_ref().map(ToString::to_string),
        cookie_domain: config.cookie_domain.as_ref().map(ToString::to_string),
        access_resolution_ms: config.access_resolution_ms,
    }
}

fn naive_event(event: &Event) -> NaiveEvent {
    let text = |text: &Option<SmolStr>| text.as_ref().map(ToString::to_string);
    match event {
        Event::StartRequest { cookie, remote_addr, script_name, .. } => NaiveEvent::StartRequest {
            cookie: cookie.as_ref().map(|cookie| cookie.reveal().to_string()),
            remote_addr: remote_addr.to_string(),
            script_name: script_name.to_string(),
        },
        Event::SetUser { user, .. } => NaiveEvent::SetUser { user: text(user) },
        Event::SetValue { key, value, .. } => {
            NaiveEvent::SetValue { key: key.to_string(), value: value.to_string() }
        }
        Event::RemoveValue { key, .. } => NaiveEvent::RemoveValue { key: key.to_string() },
        Event::CreateFormToken { .. } => NaiveEvent::CreateFormToken,
        Event::HasFormToken { token, .. } => NaiveEvent::HasFormToken { token: submitted(*token) },
        Event::RemoveFormToken { token, .. } => {
            NaiveEvent::RemoveFormToken { token: submitted(*token) }
        }
        Event::HasSessionCookie { must_exist, .. } => {
            NaiveEvent::HasSessionCookie { must_exist: *must_exist }
        }
        Event::RevokeSessionCookie { .. } => NaiveEvent::RevokeSessionCookie,
        Event::ExpireSession { .. } => NaiveEvent::ExpireSession,
        Event::NewSession { .. } => NaiveEvent::NewSession,
        Event::MaintainSession { .. } => NaiveEvent::MaintainSession,
        Event::FinishRequest { outcome, .. } => {
            NaiveEvent::FinishRequest { outcome: naive_outcome(*outcome) }
        }
        Event::InsertSession { id, user, .. } => {
            NaiveEvent::InsertSession { id: id.reveal().to_string(), user: text(user) }
        }
        Event::DeleteSession { id } => NaiveEvent::DeleteSession { id: id.reveal().to_string() },
        Event::DeleteSessionsOf { .. } | Event::Sweep => panic!("the habits leave it out"),
    }
}

fn naive_outcome(outcome: Outcome) -> NaiveOutcome {
    match outcome {
        Outcome::Successful => NaiveOutcome::Successful,
        Outcome::Interrupted => NaiveOutcome::Interrupted,
        Outcome::Failed => NaiveOutcome::Failed,
        Outcome::Abandoned => NaiveOutcome::Abandoned,
    }
}

fn submitted(token: SubmittedToken) -> String {
    match token {
        SubmittedToken::Token(token) => token.reveal().to_string(),
        SubmittedToken::IllFormed => "ill-formed".to_owned(),
    }
}

fn draws(config: &Config, entropy: &Entropy) -> Vec<String> {
    let hex = |draw: &[u8]| {
        draw.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    };
    entropy.bytes().chunks_exact(config.width.bytes()).map(hex).collect()
}

/// What the core shows after a step, in the words of the naive implementation.
fn seen(config: &Config, event: &Event, state: &State, effects: &Effects) -> NaiveSeen {
    let request = event.request();
    let held = request.and_then(|request| state.session(request));
    let cookie = request.and_then(|request| state.request_cookie(request));
    NaiveSeen {
        reply: match &effects.reply {
            Reply::Done => NaiveReply::Done,
            Reply::Started { remote_user } => {
                NaiveReply::Started { remote_user: remote_user.as_ref().map(ToString::to_string) }
            }
            Reply::Token(token) => NaiveReply::Token(token.reveal().to_string()),
            Reply::Answer(answer) => NaiveReply::Answer(*answer),
            Reply::Refused(why) => NaiveReply::Refused(why.name()),
        },
        session: held.map(naive_session),
        request_cookie: cookie.map(|cookie| cookie.reveal().to_string()),
        set_cookie: effects.cookie.as_ref().map(|op| set_cookie(config, op.value, &op.path)),
        committed: effects.transaction.map(|end| end == Transaction::Commit),
        stored: stored(state),
        draws_used: usize::from(effects.draws),
    }
}

fn stored(state: &State) -> Vec<NaiveSession> {
    let shown = |(id, session)| naive_session(SessionRef { id: Some(id), session });
    state.items().into_iter().map(shown).collect()
}

fn naive_session(shown: SessionRef<'_>) -> NaiveSession {
    let SessionRef { id, session } = shown;
    let tokens = session.form_tokens().as_slice().iter();
    let values = session.values().iter();
    NaiveSession {
        id: id.map(|id| id.reveal().to_string()),
        user: session.user().map(ToString::to_string),
        remote_addr: session.remote_addr().to_owned(),
        created: session.created().0,
        accessed: session.accessed().0,
        form_tokens: tokens.map(|token| token.reveal().to_string()).collect(),
        values: values.map(|(key, value)| (key.to_string(), value.to_string())).collect(),
    }
}

fn set_cookie(config: &Config, change: CookieChange, path: &str) -> NaiveSetCookie {
    let value = |id: SessionId| id.reveal().to_string();
    let (value, max_age) = match change {
        CookieChange::Set(id) => (value(id), None),
        CookieChange::Revoke => (String::new(), Some(0)),
        CookieChange::Stillborn(id) => (value(id), Some(0)),
    };
    NaiveSetCookie {
        name: config.cookie_name.to_string(),
        value,
        path: path.to_owned(),
        domain: config.cookie_domain.as_ref().map(ToString::to_string),
        max_age,
    }
}

/// Runs both side by side, the core under `config` and the naive one under `other`; the number of
/// steps compared, or what differs and what led there.
fn compare(config: &Config, other: &Config, seed: u64, steps: u64) -> Result<u64, String> {
    let (mut population, mut choices) = (Population::new(habits(seed)), Seeded::new(seed));
    let (mut state, mut naive) = (State::new(), NaiveManager::new(naive_config(other)));
    let mut led_there: Vec<(Input, Effects)> = Vec::new();
    for _ in 0..steps {
        let turn = population.next_turn(config, &state, &mut choices);
        let Input { now, entropy, event } = &turn.input;
        let (after, effects) = step(config, state, turn.input.clone());
        state = after;
        population.learn(&turn, &effects);
        let request = event.request().map(|request| request.0);
        let draws = draws(config, entropy);
        let expected = naive.apply(now.0, request, &draws, naive_event(event), true);
        let observed = seen(config, event, &state, &effects);
        led_there.push((turn.input, effects));
        if observed != expected {
            return Err(told(config, seed, &led_there, &expected, &observed));
        }
    }
    Ok(steps)
}

fn told(
    config: &Config,
    seed: u64,
    led_there: &[(Input, Effects)],
    expected: &NaiveSeen,
    observed: &NaiveSeen,
) -> String {
    let mut transcript = Transcript::new(true);
    let lines = led_there.iter().map(|(input, effects)| transcript.line(input, effects) + "\n");
    let lines: String = lines.collect();
    let semantics = config.semantics;
    format!("{semantics}, seed {seed}\n{lines}naive: {expected:#?}\ncore: {observed:#?}")
}

#[test]
fn the_core_and_a_naive_implementation_agree_on_random_clients() {
    let (mut compared, mut runs) = (0, 0);
    while compared < STEPS {
        for config in configs() {
            runs += 1;
            let steps = compare(&config, &config, runs, STEPS_OF_A_RUN);
            compared += steps.unwrap_or_else(|difference| panic!("{difference}"));
        }
    }
    println!("compared {compared} steps in {runs} runs: no difference");
    assert!(compared >= STEPS);
}

/// Each of these is a fault that a careless reading of Quixote would leave in the core.
#[test]
fn a_core_that_is_subtly_different_is_found_out() {
    let base = Config::QUIXOTE;
    let resolution = base.access_resolution_ms;
    for wrong in [
        Config { access_resolution_ms: resolution + 1, ..base.clone() },
        Config { access_resolution_ms: resolution - 1, ..base.clone() },
        Config { semantics: Semantics::Copying, ..base.clone() },
        Config { semantics: Semantics::Strict, ..base.clone() },
        Config { cookie_path: Some("/".into()), ..base.clone() },
        Config { cookie_domain: Some("example.com".into()), ..base.clone() },
        Config { max_form_tokens: 2, ..base.clone() },
        Config { max_values: 1, ..base.clone() },
    ] {
        let found = (1..=20).find_map(|seed| compare(&wrong, &base, seed, 1_000).err());
        assert!(found.is_some(), "{wrong:?}");
    }
}

/// A difference is told so that it can be understood: the steps, and both sides.
#[test]
fn a_difference_is_told_with_the_steps_that_led_there() {
    let wrong = Config { semantics: Semantics::Copying, ..Config::QUIXOTE };
    let found = (1..=20).find_map(|seed| compare(&wrong, &Config::QUIXOTE, seed, 1_000).err());
    let found = found.unwrap();
    assert!(found.starts_with("copying, seed "), "{found}");
    for part in ["start_request", "\nnaive: NaiveSeen {", "\ncore: NaiveSeen {"] {
        assert!(found.contains(part), "{part}: {found}");
    }
}
