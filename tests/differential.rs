//! The core against a second, naive implementation of Quixote, on random clients.
//!
//! `naive` was written only from Quixote's source, with shared mutable objects and text everywhere.
//! After every step everything that can be observed must be the same: the answer, the draws, the
//! request's session and cookie, the response's cookie, the transaction, the store.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[allow(unreachable_pub, reason = "a module shared by tests")]
mod naive;

#[path = "differential/side_by_side.rs"]
mod side_by_side;

use naive::{NaiveReply, NaiveSeen, NaiveSession, NaiveSetCookie};
use quixote_session::check::population::{Habits, Population, Seeded};
use quixote_session::{Config, Dirtiness, Semantics, Width};
use side_by_side::SideBySide;

/// Steps of one run; the next begins with new clients, jars, ids and tokens.
const STEPS_OF_A_RUN: u64 = 1_000;

/// Two semantics, with every setting that a deployment can change under them.
fn configs() -> Vec<Config> {
    let mut configs = Vec::new();
    let [live, copying] = [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT];
    let live_and_dirty = Config { is_dirty: copying.is_dirty, ..live.clone() };
    let copying_and_clean = Config { is_dirty: live.is_dirty, ..copying.clone() };
    for base in [live, copying, live_and_dirty, copying_and_clean] {
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

fn habits(salt: u64) -> Habits {
    let busy = usize::try_from(salt % 5).unwrap();
    Habits { in_flight: 1 + busy, salt, ..Habits::ALL }
}

/// Runs both side by side, the core under `config` and the naive one under `other`. Returns the
/// number of steps compared, or what differs and the steps that led there.
fn compare(config: &Config, other: &Config, seed: u64, steps: u64) -> Result<u64, String> {
    run(SideBySide::new(config, other), config, seed, steps)
}

fn run(mut both: SideBySide<'_>, config: &Config, seed: u64, steps: u64) -> Result<u64, String> {
    let (mut population, mut choices) = (Population::new(habits(seed)), Seeded::new(seed));
    for _ in 0..steps {
        let turn = population.next_turn(config, &both.state, &mut choices);
        let effects = both.step(turn.input.clone(), turn.cookie_header.as_deref());
        let effects = effects.map_err(|difference| format!("seed {seed}, {difference}"))?;
        population.learn(&turn, &effects);
    }
    Ok(steps)
}

/// Compares at least this many steps, the same number under every configuration.
fn agree(steps: u64) {
    let (mut compared, mut runs) = (0, 0);
    while compared < steps {
        for config in configs() {
            runs += 1;
            let steps = compare(&config, &config, runs, STEPS_OF_A_RUN);
            compared += steps.unwrap_or_else(|difference| panic!("{difference}"));
        }
    }
    println!("compared {compared} steps in {runs} runs: no difference");
}

#[test]
fn the_core_and_a_naive_implementation_agree_on_random_clients() {
    agree(20_000);
}

/// A step of `.ci/run` of its own.
#[test]
#[ignore = "20 seconds"]
fn they_agree_on_a_million_steps() {
    agree(1_000_000);
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
        Config { is_dirty: Dirtiness::HasInfo, ..base.clone() },
        Config { cookie_path: Some("/".into()), ..base.clone() },
        Config { cookie_domain: Some("example.com".into()), ..base.clone() },
        Config { max_form_tokens: 2, ..base.clone() },
        Config { max_values: 1, ..base.clone() },
    ] {
        let found = (1..=20).find_map(|seed| compare(&wrong, &base, seed, 1_000).err());
        assert!(found.is_some(), "{wrong:?}");
    }
}

/// One fault in each key that is observed.
#[test]
fn every_key_that_is_observed_is_compared() {
    const EACH: [fn(&mut NaiveSeen); 20] = [
        |seen| seen.reply = NaiveReply::Refused("nothing"),
        |seen| seen.request_cookie = Some("another".into()),
        |seen| seen.committed = Some(true),
        |seen| seen.draws_used += 1,
        |seen| seen.session = None,
        |seen| seen.set_cookie = None,
        |seen| _ = seen.stored.pop(),
        |seen| each_session(seen, |session| session.id = None),
        |seen| each_session(seen, |session| session.handle = Some("handle".into())),
        |seen| each_session(seen, |session| session.user = None),
        |seen| each_session(seen, |session| session.remote_addr.clear()),
        |seen| each_session(seen, |session| session.created += 1),
        |seen| each_session(seen, |session| session.accessed += 1),
        |seen| each_session(seen, |session| session.form_tokens.clear()),
        |seen| each_session(seen, |session| session.values.clear()),
        |seen| each_cookie(seen, |cookie| cookie.name.clear()),
        |seen| each_cookie(seen, |cookie| cookie.value.clear()),
        |seen| each_cookie(seen, |cookie| cookie.path.clear()),
        |seen| each_cookie(seen, |cookie| cookie.domain = None),
        |seen| each_cookie(seen, |cookie| cookie.max_age = None),
    ];
    let config = Config { cookie_domain: Some("example.com".into()), ..Config::QUIXOTE };
    for (number, planted) in (1..).zip(EACH) {
        let mut both = SideBySide::new(&config, &config);
        both.planted = planted;
        assert!(run(both, &config, 1, 1_000).is_err(), "fault {number}");
    }
}

fn each_session(seen: &mut NaiveSeen, change: fn(&mut NaiveSession)) {
    seen.session.iter_mut().for_each(change);
    seen.stored.iter_mut().for_each(change);
}

fn each_cookie(seen: &mut NaiveSeen, change: fn(&mut NaiveSetCookie)) {
    seen.set_cookie.iter_mut().for_each(change);
}

/// The report of a difference shows enough to understand it: the steps, and both sides.
#[test]
fn a_difference_is_told_with_the_steps_that_led_there() {
    let wrong = Config { semantics: Semantics::Copying, ..Config::QUIXOTE };
    let found = (1..=20).find_map(|seed| compare(&wrong, &Config::QUIXOTE, seed, 1_000).err());
    let found = found.unwrap();
    assert!(found.starts_with("seed ") && found.contains(", copying\n"), "{found}");
    for part in ["start_request", "\nnaive: NaiveSeen {", "\ncore: NaiveSeen {"] {
        assert!(found.contains(part), "{part}: {found}");
    }
}
