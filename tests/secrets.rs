//! Ids and form tokens are secrets: nothing that is made for people shows one whole.
//!
//! Every public type that can hold one is printed, again and again over a run of random clients,
//! and searched for every secret that was drawn in the run. A public type that is in neither list
//! below fails the test, so a new one has to say which it is.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "secrets/types.rs"]
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::ops::ControlFlow;

use quixote_session::check::population::{Habits, Population, Seeded};
use quixote_session::check::replay::{Differs, Replayed, differences, replay};
use quixote_session::check::trace::{
    CookieRecord, Expect, Header, SessionRecord, TraceReader, TraceStep, TraceWriter, Version,
};
use quixote_session::check::transcript::Transcript;
use quixote_session::check::{Counterexample, Guarantees, History, Seen, Size};
use quixote_session::{
    Config, CookieChange, CookieValue, Effects, EntropySource, Reply, SessionId, State, StoreOp,
    SubmittedToken, step,
};

/// What was printed, by the type that it was printed of.
#[derive(Default)]
struct Shown(BTreeMap<&'static str, Vec<String>>);

impl Shown {
    fn debug(&mut self, name: &'static str, value: &dyn Debug) {
        // The long form puts each byte on a line of its own.
        let long = format!("{value:#?}").split_whitespace().collect::<Vec<_>>().join(" ");
        self.text(name, format!("{value:?}\n{long}"));
    }

    fn text(&mut self, name: &'static str, text: String) {
        self.0.entry(name).or_default().push(text);
    }

    /// What shows a secret, or part of one that would tell it.
    fn leaks(&self, secrets: &BTreeSet<Vec<u8>>) -> Vec<String> {
        let ends = |secret: &Vec<u8>| [head_of(secret), head_of(&secret[secret.len() - 4..])];
        let secrets: BTreeSet<[u8; 4]> = secrets.iter().flat_map(ends).collect();
        let mut leaks = Vec::new();
        for (name, text) in
            self.0.iter().flat_map(|(name, texts)| texts.iter().map(move |t| (name, t)))
        {
            if hex_in(text).chain(numbers_in(text)).any(|bytes| secrets.contains(&bytes)) {
                leaks.push(format!("{name}: {text}"));
            }
        }
        leaks
    }
}

fn head_of(bytes: &[u8]) -> [u8; 4] {
    bytes[..4].try_into().unwrap()
}

/// Every four bytes that stand in a text as eight hex digits.
fn hex_in(text: &str) -> impl Iterator<Item = [u8; 4]> {
    let digits = |window: &[u8]| window.iter().all(u8::is_ascii_hexdigit);
    text.as_bytes().windows(8).filter(move |window| digits(window)).map(|window| {
        u32::from_str_radix(str::from_utf8(window).unwrap(), 16).unwrap().to_be_bytes()
    })
}

/// Every four bytes that stand in a text as numbers of a list: by themselves, or as hex digits.
fn numbers_in(text: &str) -> Vec<[u8; 4]> {
    let parts = text.split([',', ' ', '[', ']']).filter(|part| !part.is_empty());
    let numbers: Vec<Option<u8>> = parts.map(|part| part.parse().ok()).collect();
    let whole = |window: &[Option<u8>]| window.iter().copied().collect::<Option<Vec<u8>>>();
    let bytes = numbers.windows(4).filter_map(whole).map(|bytes| head_of(&bytes));
    let digits = numbers
        .windows(8)
        .filter_map(whole)
        .filter_map(|digits| hex_in(str::from_utf8(&digits).ok()?).next());
    bytes.chain(digits).collect()
}

/// A run of random clients that is printed as it goes.
struct Run {
    config: Config,
    shown: Shown,
    secrets: BTreeSet<Vec<u8>>,
    steps: Vec<TraceStep>,
    history: History,
    transcript: Transcript,
}

impl Run {
    fn of(config: &Config, seed: u64) -> Self {
        let mut run = Self {
            config: config.clone(),
            shown: Shown::default(),
            secrets: BTreeSet::new(),
            steps: Vec::new(),
            history: History::default(),
            transcript: Transcript::new(false),
        };
        let mut population = Population::new(Habits { salt: seed, ..Habits::ALL });
        let (mut state, mut choices) = (State::new(), Seeded::new(seed));
        for _ in 0..150 {
            let turn = population.next_turn(config, &state, &mut choices);
            let draws = turn.input.entropy.bytes().chunks_exact(config.width.bytes());
            run.secrets.extend(draws.map(<[u8]>::to_vec));
            let (after, effects) = step(config, state.clone(), turn.input.clone());
            population.learn(&turn, &effects);
            let seen = Seen {
                config,
                before: &state,
                input: &turn.input,
                after: &after,
                effects: &effects,
            };
            run.shown.debug("Turn", &turn);
            run.shown.debug("Population", &population);
            run.step(&seen);
            run.write(turn.cookie_header, &seen);
            state = after;
        }
        run
    }

    fn step(&mut self, seen: &Seen<'_>) {
        let Self { shown, history, transcript, .. } = self;
        let (state, effects, event) = (seen.after, seen.effects, &seen.input.event);
        history.observe(seen);
        shown.debug("Seen", seen);
        shown.debug("History", history);
        shown.debug("Input", seen.input);
        shown.debug("Entropy", &seen.input.entropy);
        shown.debug("Event", event);
        shown.debug("Effects", effects);
        shown.debug("Reply", &effects.reply);
        shown.debug("State", state);
        shown.text("Transcript", transcript.line(seen.input, effects));
        shown.debug("Transcript", transcript);
        effects_of(effects, shown);
        for id in state.keys() {
            shown.debug("SessionId", &id);
            shown.debug("CookieValue", &CookieValue::Id(id));
            shown.debug("CookieValue", &CookieValue::from(format!(" {}", id.reveal()).as_str()));
        }
        for request in state.requests() {
            let Some(held) = state.session(request) else { continue };
            shown.debug("SessionRef", &held);
            shown.text("SessionRef", held.to_string());
            shown.debug("Dump", &held.dump(true));
            shown.text("Dump", held.dump(true).to_string());
            shown.debug("Session", held.session);
            shown.debug("FormTokens", held.session.form_tokens());
            shown.debug("SessionRecord", &SessionRecord::from(held));
        }
    }

    /// The step as a trace has it.
    fn write(&mut self, cookie_header: Option<String>, seen: &Seen<'_>) {
        let Seen { config, input, after, effects, .. } = *seen;
        let expect = Expect::observed(config, &input.event, after, effects);
        self.shown.debug("Expect", &expect);
        self.shown.debug("ReplyRecord", &expect.reply);
        if let Some(cookie) = CookieRecord::of(config, effects) {
            self.shown.debug("CookieRecord", &cookie);
        }
        let draws = quixote_session::check::replay::drawn(config, effects);
        let step = TraceStep { input: input.clone(), cookie_header, draws, expect };
        self.shown.debug("TraceStep", &step);
        // What the machine would show in a state that has forgotten everything.
        let differs = differences(config, &step, &State::new(), &Effects::reply(Reply::Done));
        for difference in differs {
            self.shown.debug("Difference", &difference);
            self.shown.text("Difference", self.transcript.difference(&difference).concat());
        }
        self.steps.push(step);
    }

    /// The steps written, read and replayed; the last one is false, so that there is a difference
    /// to tell.
    fn replay(&mut self) {
        let header = Header::of(Version::Two, self.config.clone());
        let mut writer = TraceWriter::new(Vec::new(), &header).unwrap();
        for step in &self.steps {
            writer.write(step.clone()).unwrap();
            self.shown.debug("TraceWriter", &writer);
        }
        let mut last = self.steps.last().unwrap().clone();
        last.expect.stored = Some(Vec::new());
        writer.write(last).unwrap();
        let text = writer.into_inner();
        let mut reader = TraceReader::new("t", &text[..]).unwrap();
        while reader.next().is_some() {
            self.shown.debug("TraceReader", &reader);
        }
        let reader = TraceReader::new("t", &text[..]).unwrap();
        let replayed = replay(reader, &mut || ControlFlow::Continue(())).unwrap();
        self.shown.debug("Replayed", &replayed);
        let Replayed { differs: Some(differs), .. } = replayed else { return };
        self.shown.debug("Differs", &differs);
        let Differs { led_there, .. } = &differs;
        for (line, input, effects) in led_there {
            self.shown.text("Transcript", self.transcript.numbered(*line, input, effects));
        }
    }

    /// A trace in which an id stands where none is expected.
    fn errors(&mut self) {
        let Some(id) = self.steps.iter().rev().find_map(|step| stored_id(&step.expect)) else {
            return;
        };
        let header = Header::of(Version::Two, self.config.clone());
        let header = TraceWriter::new(Vec::new(), &header).unwrap().into_inner();
        let id = id.reveal();
        for line in [
            format!(r#"{{"now": 0, "event": "{id}", "expect": {{}}}}"#),
            format!(r#"{{"now": 0, "event": "sweep", "{id}": 1, "expect": {{}}}}"#),
            format!(r#"{{"now": "{id}", "event": "sweep", "expect": {{}}}}"#),
        ] {
            let text = [&header[..], line.as_bytes()].concat();
            let error = TraceReader::new("t", &text[..]).unwrap().next().unwrap().unwrap_err();
            self.shown.debug("TraceError", &error);
            self.shown.text("TraceError", error.to_string());
        }
    }
}

fn stored_id(expect: &Expect) -> Option<SessionId> {
    expect.stored.as_ref()?.first()?.id
}

fn effects_of(effects: &Effects, shown: &mut Shown) {
    if let Some(op) = &effects.store {
        shown.debug("StoreOp", op);
    }
    if let Some(StoreOp::Rotate { from, to, .. }) = &effects.store {
        shown.debug("SessionId", &[from, to]);
    }
    if let Some(cookie) = &effects.cookie {
        shown.debug("CookieOp", cookie);
        shown.debug("CookieChange", &cookie.value);
        if let CookieChange::Set(id) = cookie.value {
            shown.debug("CookieChange", &CookieChange::Stillborn(id));
        }
    }
    if let Reply::Token(token) = effects.reply {
        shown.debug("FormToken", &token);
        shown.debug("SubmittedToken", &SubmittedToken::Token(token));
    }
}

#[test]
fn nothing_of_a_run_shows_a_secret() {
    for (config, seed) in [(Config::STRICT, 1), (Config::QUIXOTE, 2), (Config::STRICT, 3)] {
        let mut run = Run::of(&config, seed);
        run.shown.debug("EntropySource", &EntropySource::new([0x5e; 32]));
        run.secrets.insert(vec![0x5e; 16]);
        run.replay();
        run.errors();
        assert!(run.secrets.len() > 200);
        let names: Vec<_> = run.shown.0.keys().copied().collect();
        assert_eq!(names, types::OF_RUNS);
        let leaks = run.shown.leaks(&run.secrets);
        assert!(leaks.is_empty(), "{}", leaks.join("\n\n"));
    }
}

/// The worlds and what is found in them. Ids are small numbers there.
#[test]
fn nothing_of_a_search_shows_a_secret() {
    let mut shown = Shown::default();
    let semantics = quixote_session::Semantics::Copying;
    let found = Guarantees::explore(Size::Small, &[semantics], &mut |_, _, progress| {
        progress.states < 5_000
    });
    shown.debug("Guarantees", &found);
    shown.text("Guarantees", found.page());
    for column in &found.columns {
        shown.debug("Column", column);
        for (_, explored) in &column.worlds {
            shown.debug("Explored", explored);
        }
    }
    for counterexample in found.counterexamples() {
        shown.debug("Counterexample", &counterexample);
        shown.text("Counterexample", Counterexample::page(&counterexample));
    }
    types::walk(&mut |name, value| shown.debug(name, value));
    let draws = (1..=4).map(|draw| vec![0, 0, 0, 0, 0, 0, 0, draw]);
    let leaks = shown.leaks(&draws.collect());
    assert!(leaks.is_empty(), "{}", leaks.join("\n\n"));
    let names: Vec<_> = shown.0.keys().copied().collect();
    assert_eq!(names, types::OF_WORLDS);
}
