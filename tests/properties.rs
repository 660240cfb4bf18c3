//! Every property that a semantics keeps, on random runs: of a population of clients, and of walks
//! through the bounded worlds with their browsers, further than exhaustive search can go.
//!
//! The cases of proptest are new in every run. What was witnessed is counted with fixed seeds.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "properties/limits.rs"]
mod limits;
#[path = "properties/precedence.rs"]
mod precedence;
#[path = "properties/states.rs"]
mod states;

mod clients;
mod scenario;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use proptest::prelude::*;
use quixote_session::check::population::{Bytes, Choices, Habits, Population, Seeded};
use quixote_session::check::transcript::Transcript;
use quixote_session::check::{
    Action, Findings, History, Properties, Property, Seen, Situation, Size, World, base_of,
};
use quixote_session::{
    Config, Effects, Entropy, Event, Input, RequestEvent, Semantics, State, step,
};

const ALL: [Semantics; 3] = [Semantics::Live, Semantics::Copying, Semantics::Strict];

/// The number of steps, and how many of them put each property to the test.
#[derive(Clone, Debug, Default)]
struct Witnessed {
    steps: u64,
    by_property: BTreeMap<Property, u64>,
}

impl Witnessed {
    fn step(&mut self, tested: Properties) {
        self.steps += 1;
        for property in tested.iter() {
            *self.by_property.entry(property).or_default() += 1;
        }
    }

    fn and(mut self, other: &Self) -> Self {
        self.steps += other.steps;
        for (property, steps) in &other.by_property {
            *self.by_property.entry(*property).or_default() += steps;
        }
        self
    }

    fn contains(&self, property: Property) -> bool {
        self.by_property.contains_key(&property)
    }
}

/// What a run has seen so far, and its transcript.
struct Watch {
    semantics: Semantics,
    witnessed: Witnessed,
    transcript: Transcript,
    lines: Vec<String>,
}

impl Watch {
    fn new(semantics: Semantics) -> Self {
        let transcript = Transcript::new(false);
        Self { semantics, witnessed: Witnessed::default(), transcript, lines: Vec::new() }
    }

    fn line(&mut self, input: &Input, effects: &Effects) {
        self.lines.push(self.transcript.line(input, effects));
    }

    /// Adds one step. The error names the properties that the step broke, and that the semantics
    /// keeps.
    fn take_in(&mut self, found: Findings) -> Result<(), String> {
        self.witnessed.step(found.sometimes);
        let broken: Vec<_> = found
            .broken
            .iter()
            .filter(|property| property.is_kept_by(self.semantics))
            .map(|property| format!("{property}: {}\n", property.sentence()))
            .collect();
        if broken.is_empty() {
            return Ok(());
        }
        Err(format!("{} breaks {}{}", self.semantics, broken.concat(), self.lines.join("\n")))
    }
}

/// The draws that the machine has used so far, and the ids that callers chose.
///
/// A population may also draw something again that is no longer in use. A random source does that
/// once in 2^64 events, and the properties assume that it does not, so such draws are left out. A
/// stored id may be drawn again as an id, since the machine must notice that. No handle is drawn
/// twice.
#[derive(Default)]
struct Drawn {
    taken: BTreeSet<Vec<u8>>,
    replaced: u64,
}

impl Drawn {
    fn refresh(&mut self, config: &Config, state: &State, input: &mut Input) {
        let stored = state.keys();
        let is_stored = |draw: &[u8]| stored.iter().any(|id| id.reveal_bytes() == draw);
        let (ids, others) = input.entropy.bytes().split_at(Entropy::HALF);
        let mut fresh = |draw: &[u8], allowed: bool| {
            let mut draw = draw.to_vec();
            if self.taken.contains(&draw) && !allowed {
                self.replaced += 1;
                draw.fill(0xff);
                draw[..8].copy_from_slice(&self.replaced.to_be_bytes());
            }
            draw
        };
        let width = config.width.bytes();
        let ids = ids.chunks_exact(width).flat_map(|draw| fresh(draw, is_stored(draw)));
        let mut bytes: Vec<u8> = ids.collect();
        bytes.extend(others.chunks_exact(width).flat_map(|draw| fresh(draw, false)));
        let entropy = Entropy::from_bytes(bytes.try_into().unwrap());
        let handle = fresh(&others[16..], false);
        input.entropy = entropy.with_handle(<[u8; 16]>::try_from(handle).unwrap().into());
    }

    fn take(&mut self, config: &Config, input: &Input, effects: &Effects) {
        let (ids, others) = input.entropy.bytes().split_at(Entropy::HALF);
        let token =
            matches!(input.event, Event::Request { event: RequestEvent::CreateFormToken, .. });
        let draws = if token { others } else { ids }.chunks_exact(config.width.bytes());
        self.taken.extend(draws.take(usize::from(effects.draws)).map(<[u8]>::to_vec));
        if effects.draws > 0 && !token {
            self.taken.insert(others[16..].to_vec());
        }
        if let Event::Request { event: RequestEvent::InsertSession { id, .. }, .. } = &input.event {
            self.taken.insert(id.reveal_bytes().to_vec());
        }
    }
}

/// Runs a population with these habits for this many steps, and checks the properties that the
/// semantics keeps. Returns what was witnessed, or what broke.
fn population(
    config: &Config,
    held_to: Semantics,
    run: (Habits, usize),
    choices: &mut impl Choices,
) -> Result<Witnessed, String> {
    let (habits, steps) = run;
    let (mut population, mut state) = (Population::new(habits), State::new());
    let (mut history, mut watch) = (History::default(), Watch::new(held_to));
    let mut drawn = Drawn::default();
    for _ in 0..steps {
        let mut turn = population.next_turn(config, &state, choices);
        drawn.refresh(config, &state, &mut turn.input);
        let before = state.clone();
        let (after, effects) = step(config, state, turn.input.clone());
        drawn.take(config, &turn.input, &effects);
        population.learn(&turn, &effects);
        watch.line(&turn.input, &effects);
        let (before, input) = (&before, &turn.input);
        let seen = Seen { config, before, input, after: &after, effects: &effects };
        watch.take_in(history.observe(&seen))?;
        state = after;
    }
    Ok(watch.witnessed)
}

/// Takes this many actions in a bounded world with its browsers; returns what was witnessed, or
/// what broke.
fn walk(
    semantics: Semantics,
    world: &World,
    actions: usize,
    choices: &mut impl Choices,
) -> Result<Witnessed, String> {
    let config = world.config(&base_of(semantics));
    let (mut situation, mut watch) = (Situation::new(world), Watch::new(semantics));
    for _ in 0..actions {
        let possible = situation.actions(world, config.width);
        let Some(action) = choices.pick(&possible) else { break };
        // An action that needs more draws than the situation has leads out of it.
        let Some((after, outcomes)) = situation.after(world, &config, action) else { continue };
        match (action, &outcomes.effects) {
            (Action::Step { input, .. }, Some(effects)) => watch.line(input, effects),
            _ => watch.lines.push(format!("{:>16} {action:?}", "")),
        }
        watch.take_in(outcomes.found)?;
        situation = after;
    }
    Ok(watch.witnessed)
}

/// The medium worlds, with enough draws for a long walk.
fn worlds() -> Vec<World> {
    Size::Medium.worlds().map(|world| World { draws: 60, ..world }).into()
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn random_clients_break_no_property_that_is_kept(run in clients::runs(0..1_500)) {
        for semantics in ALL {
            let config = run.config(semantics);
            let (turns, mut choices) = (run.turns(), Bytes::new(&run.bytes));
            let found = population(&config, semantics, (run.habits(), turns), &mut choices);
            prop_assert!(found.is_ok(), "{}", found.unwrap_err());
        }
    }

    #[test]
    fn no_limits_break_a_property_that_is_kept(
        run in clients::runs(0..1_500),
        limits in limits::limits(),
    ) {
        for semantics in ALL {
            let config = limits.config(semantics);
            let (turns, mut choices) = (run.turns(), Bytes::new(&run.bytes));
            let found = population(&config, semantics, (run.habits(), turns), &mut choices);
            prop_assert!(found.is_ok(), "{limits:?}: {}", found.unwrap_err());
        }
    }

    #[test]
    fn random_walks_through_the_worlds_break_no_property_that_is_kept(
        bytes in prop::collection::vec(any::<u8>(), 0..250),
        world in any::<prop::sample::Index>(),
    ) {
        let worlds = worlds();
        for semantics in ALL {
            let found = walk(semantics, world.get(&worlds), bytes.len(), &mut Bytes::new(&bytes));
            prop_assert!(found.is_ok(), "{}", found.unwrap_err());
        }
    }
}

/// What runs of fixed seeds witness under one semantics: in the population, and in the worlds.
fn witnessed(semantics: Semantics) -> [Witnessed; 2] {
    let sum = |one: Witnessed, other: Result<Witnessed, String>| {
        one.and(&other.unwrap_or_else(|broken| panic!("{broken}")))
    };
    let config = clients::near(semantics);
    let run = (Habits::ALL, 1_000);
    let clients =
        (0..20).map(|seed| population(&config, semantics, run.clone(), &mut Seeded::new(seed)));
    let worlds = worlds();
    let walks = worlds.iter().flat_map(|world| {
        (0..20).map(move |seed| walk(semantics, world, 300, &mut Seeded::new(seed)))
    });
    [clients.fold(Witnessed::default(), sum), walks.fold(Witnessed::default(), sum)]
}

/// A property that holds because nothing ever tries it says nothing. `spec/session.md` shows how
/// many steps tried each.
#[test]
fn every_property_that_is_kept_was_put_to_the_test() {
    let mut page = String::new();
    for semantics in ALL {
        let [clients, worlds] = witnessed(semantics);
        let kept = || Property::ALL.iter().filter(|property| property.is_kept_by(semantics));
        let missing = |witnessed: &Witnessed| -> Vec<&str> {
            let missing = kept().filter(|property| !witnessed.contains(**property));
            missing.map(|property| property.id()).collect()
        };
        // The clients of the population have jars, but do not know what a browser is owed.
        let of_browsers: &[_] = match semantics {
            Semantics::Strict => &["logout-reaches-the-client", "still-logged-in"],
            Semantics::Live | Semantics::Copying => &[],
        };
        assert_eq!(missing(&clients), of_browsers, "{semantics}, by the population");
        assert_eq!(missing(&worlds), [""; 0], "{semantics}, by the worlds");
        let both = clients.and(&worlds);
        writeln!(page, "{semantics} steps: {}", both.steps).unwrap();
        for property in kept() {
            writeln!(page, "{semantics} {property}: {}", both.by_property[property]).unwrap();
        }
    }
    insta::assert_snapshot!("witnessed", page);
}

/// The checks have teeth: Quixote's semantics soon break properties that only strict keeps.
#[test]
fn random_clients_break_what_is_declared_broken() {
    for semantics in [Semantics::Live, Semantics::Copying] {
        let (config, run) = (clients::near(semantics), (Habits::ALL, 1_000));
        let found = population(&config, Semantics::Strict, run, &mut Seeded::new(1));
        let report = found.unwrap_err();
        assert!(report.starts_with("strict breaks "), "{report}");
        assert!(report.contains(" start_request "), "with the steps that led there: {report}");
    }
}
