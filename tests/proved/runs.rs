//! Random clients, under limits so low that each is reached. Now and then the outside store is
//! changed by others.

use std::collections::BTreeSet;

use quixote_session::check::population::{Choices, Habits, Population, Seeded};
use quixote_session::{
    Config, CookieChange, CookieOp, CookieValue, EntropySource, Event, Input, Outcome, Refusal,
    Reply, RequestEvent, RequestId, Session, SessionParts, SmolStr, State, Timestamp, Width,
};

use super::proved::{Both, Told};

/// Steps of one run; the next begins with new clients, jars and secrets.
const STEPS_OF_A_RUN: u64 = 500;

/// Strict, every setting that a deployment can change, and low limits with careless drivers.
pub(crate) fn configs() -> Vec<(Config, Habits)> {
    let low = Config {
        // The longest of the clients' addresses.
        max_text_bytes: 11,
        max_values: 2,
        max_requests: 3,
        max_sessions: 3,
        ..Config::STRICT
    };
    let short = Config {
        access_resolution_ms: 40,
        idle_limit_ms: Some(3_000),
        absolute_limit_ms: Some(10_000),
        ..low.clone()
    };
    let careless = Habits { careless: true, ..Habits::ALL };
    let paths = ["", "/shop"].map(|path| Some(path.into()));
    vec![
        (Config::STRICT, Habits::ALL),
        (Config { access_resolution_ms: 0, max_form_tokens: 1, ..low.clone() }, careless.clone()),
        (Config { max_values: 1, ..low.clone() }, Habits { in_flight: 2, ..careless.clone() }),
        (short.clone(), careless.clone()),
        (Config { cookie_path: None, idle_limit_ms: None, max_form_tokens: 3, ..low }, careless),
        (Config { width: Width::Bits64, max_form_tokens: 2, ..short.clone() }, Habits::ALL),
        (
            Config {
                cookie_path: paths[0].clone(),
                absolute_limit_ms: None,
                access_resolution_ms: 2_999,
                max_form_tokens: 0,
                ..Config::STRICT
            },
            Habits { in_flight: 8, ..Habits::ALL },
        ),
        (
            Config { cookie_path: paths[1].clone(), idle_limit_ms: Some(0), ..short },
            Habits { in_flight: 1, ..Habits::ALL },
        ),
    ]
}

/// Configurations under which sessions are over while requests still hold them.
pub(crate) fn outlasting() -> Vec<(Config, Habits)> {
    let short = Config { idle_limit_ms: None, absolute_limit_ms: Some(2_000), ..Config::STRICT };
    vec![(short, Habits { in_flight: 8, ..Habits::ALL })]
}

/// Compares at least this many steps; returns the refusals that were met.
pub(crate) fn agree(steps: u64, configs: &[(Config, Habits)]) -> BTreeSet<&'static str> {
    let (mut compared, mut seed, mut refusals) = (0, 0, BTreeSet::new());
    while compared < steps {
        for (config, habits) in configs {
            seed += 1;
            let habits = Habits { salt: seed, ..habits.clone() };
            let told = run(config, habits, seed, &mut refusals);
            told.unwrap_or_else(|told| panic!("seed {seed}: {told}"));
            compared += STEPS_OF_A_RUN;
        }
    }
    println!("compared {compared} steps in {seed} runs: no difference");
    refusals
}

/// Two requests each set a value of one session, which may hold one value. No random client has
/// reached this.
pub(crate) fn two_writers() -> Result<Reply, String> {
    let config = Config { max_values: 1, ..Config::STRICT };
    let (mut both, mut source) = (Both::new(&config), EntropySource::new([1; 32]));
    let mut step = |event| both.step(&Input { now: Timestamp(1), entropy: source.draw(), event });
    let start = |request, cookie| Event::StartRequest {
        request,
        cookie,
        remote_addr: "192.0.2.1".into(),
        script_name: "".into(),
        passive: false,
    };
    let set = |key| RequestEvent::SetValue { key: SmolStr::new_static(key), value: "1".into() };
    let finish = || RequestEvent::FinishRequest { outcome: Outcome::Successful };
    let (one, other) = (RequestId(1), RequestId(2));
    step(start(one, None))?;
    step(RequestEvent::SetUser { user: Some("alice".into()) }.of(one))?;
    let saved = step(finish().of(one))?;
    let Some(CookieOp { value: CookieChange::Set(id), .. }) = saved.cookie else {
        return Err("a login sets a cookie".into());
    };
    step(start(one, Some(CookieValue::Id(id))))?;
    step(start(other, Some(CookieValue::Id(id))))?;
    step(set("cart").of(one))?;
    step(set("theme").of(other))?;
    step(finish().of(one))?;
    Ok(step(finish().of(other))?.reply)
}

fn run(config: &Config, habits: Habits, seed: u64, refusals: &mut BTreeSet<&'static str>) -> Told {
    let mut both = Both::new(config);
    let (mut population, mut choices) = (Population::new(habits), Seeded::new(seed));
    let mut outside = Seeded::new(!seed);
    for _ in 0..STEPS_OF_A_RUN {
        let turn = population.next_turn(config, &both.state, &mut choices);
        if outside.below(12) == 1 {
            tell(&mut both, &mut outside)?;
        }
        if is_of_an_id_drawn_again(&both.state, &turn.input) {
            return Ok(());
        }
        let effects = both.step(&turn.input)?;
        population.learn(&turn, &effects);
        if let Reply::Refused(why) = effects.reply {
            refusals.insert(Refusal::name(why));
        }
    }
    Ok(())
}

/// Whether the id that the request holds now belongs to another session, with another handle. The
/// population can draw an id again; a random source does not. In such a case an end by handle would
/// leave a session in an outside store that a state ends by its id.
fn is_of_an_id_drawn_again(state: &State, input: &Input) -> bool {
    let held = input.event.request().and_then(|request| state.session(request));
    let Some((id, held)) = held.and_then(|held| Some((held.id?, held.session))) else {
        return false;
    };
    state.get(&id).is_some_and(|stored| stored.handle() != held.handle())
}

/// Tells both what others have done to the outside store: a session is gone, was visited later, or
/// is another one, or the sessions of a user were ended.
fn tell(both: &mut Both<'_>, outside: &mut Seeded) -> Told {
    if outside.below(3) == 0 {
        let users = ["alice", "bob", "carol", ""];
        let user = outside.pick(&users).copied().unwrap_or_default();
        let ends = u64::try_from(outside.below(3)).unwrap_or_default();
        return both.with_generation(&SmolStr::new_static(user), ends);
    }
    let items: Vec<_> =
        both.state.items().into_iter().map(|(id, session)| (id, session.clone())).collect();
    let (Some((id, own)), Some((_, other))) = (outside.pick(&items), outside.pick(&items)) else {
        return Ok(());
    };
    let later = || own.clone().accessed_by(other.accessed());
    let session = match outside.below(4) {
        0 => None,
        // A handle belongs to only one session.
        1 => {
            let parts = SessionParts { handle: own.handle(), ..other.clone().into() };
            Session::try_from(parts).ok()
        }
        2 => Some(later()),
        _ => Some(own.clone()),
    };
    both.with_stored(*id, session)
}
