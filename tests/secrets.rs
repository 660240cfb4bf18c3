//! Ids and form tokens are secrets: nothing that is made for people shows a whole one.
//!
//! Every public type that can hold a secret is printed, again and again during a run of random
//! clients, and searched for every secret that was drawn in the run. There is also a list of types
//! that hold none. A public type that is in neither list fails the test.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "secrets/detector.rs"]
mod detector;
#[path = "secrets/exchange.rs"]
mod exchange;
#[path = "secrets/types.rs"]
mod types;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use detector::Detector;
use quixote_session::check::population::{Habits, Population, Seeded};
use quixote_session::check::replay::{Differs, Replayed, differences, drawn_handle, replay};
use quixote_session::check::trace::{
    CookieRecord, Expect, Header, SessionRecord, TraceReader, TraceStep, TraceWriter, Version,
};
use quixote_session::check::transcript::Transcript;
use quixote_session::check::{Counterexample, Guarantees, History, Seen, Size};
use quixote_session::{
    Config, CookieChange, CookieValue, Effects, EntropySource, Event, Reply, Semantics, SessionId,
    State, StoreOp, SubmittedToken, step,
};

/// What was printed, by type.
#[derive(Default)]
struct Shown(BTreeMap<&'static str, Vec<String>>);

impl Shown {
    fn debug(&mut self, name: &'static str, value: &dyn Debug) {
        // The long form puts each byte on a line of its own.
        let long = format!("{value:#?}").split_whitespace().collect::<Vec<_>>().join(" ");
        self.text(name, format!("{value:?}\n{long}"));
    }

    fn text(&mut self, name: &'static str, text: impl AsRef<str>) {
        self.0.entry(name).or_default().push(without_handles(text.as_ref()));
    }

    /// What shows a secret, or a part of one that gives it away.
    fn leaks(&self, secrets: &BTreeSet<Vec<u8>>) -> Vec<String> {
        let detector = Detector::of(secrets);
        let texts = self.0.iter().flat_map(|(name, texts)| texts.iter().map(move |t| (name, t)));
        texts
            .filter_map(|(name, text)| Some(format!("{name}, {}: {text}", detector.leak(text)?)))
            .collect()
    }
}

/// A handle is no secret, and may be shown in full.
fn without_handles(text: &str) -> String {
    let mut text = text.to_owned();
    for head in ["Handle(", "\"handle\":\"", "expire_handle ", "delete_handle "] {
        let mut parts = text.split(head).map(ToOwned::to_owned).collect::<Vec<_>>();
        for part in parts.iter_mut().skip(1) {
            let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
            if digits == 32 {
                part.drain(..digits);
            }
        }
        text = parts.join(head);
    }
    text
}

/// A run of random clients that is printed as it goes.
struct RandomRun {
    config: Config,
    shown: Shown,
    secrets: BTreeSet<Vec<u8>>,
    steps: Vec<TraceStep>,
    history: History,
    transcript: Transcript,
}

impl RandomRun {
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
        match event {
            Event::StartRequest { .. } => {}
            Event::Request { event, .. } => shown.debug("RequestEvent", event),
            Event::Manager(event) => shown.debug("ManagerEvent", event),
        }
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

    /// Writes the step as a line of a trace.
    fn write(&mut self, cookie_header: Option<String>, seen: &Seen<'_>) {
        let Seen { config, input, after, effects, .. } = *seen;
        let expect = Expect::observed(config, &input.event, after, effects);
        self.shown.debug("Expect", &expect);
        self.shown.debug("ReplyRecord", &expect.reply);
        if let Some(cookie) = CookieRecord::of(config, effects) {
            self.shown.debug("CookieRecord", &cookie);
        }
        let draws = quixote_session::check::replay::drawn(config, effects);
        let new_handle = drawn_handle(input, effects);
        let step = TraceStep { input: input.clone(), cookie_header, draws, new_handle, expect };
        self.shown.debug("TraceStep", &step);
        // The differences from a machine that has forgotten everything.
        let differs = differences(config, &step, &State::new(), &Effects::reply(Reply::Done));
        for difference in differs {
            self.shown.debug("Difference", &difference);
            self.shown.text("Difference", self.transcript.difference(&difference).concat());
        }
        self.steps.push(step);
    }

    /// Writes, reads and replays the steps. The last one is wrong, so that there is a difference to
    /// report.
    fn replay(&mut self) {
        let header = Header::of(Version::Three, self.config.clone());
        let mut writer = TraceWriter::new(Vec::new(), &header).unwrap();
        // The last step that leaves a session in the store.
        let last = self.steps.iter().rposition(|step| stored_id(&step.expect).is_some()).unwrap();
        for step in &self.steps[..last] {
            writer.write(step.clone()).unwrap();
            self.shown.debug("TraceWriter", &writer);
        }
        let mut last = self.steps[last].clone();
        last.expect.stored = Some(Vec::new());
        writer.write(last).unwrap();
        let text = writer.into_inner();
        let mut reader = TraceReader::new("t", &text[..]).unwrap();
        while reader.next().is_some() {
            self.shown.debug("TraceReader", &reader);
        }
        let reader = TraceReader::new("t", &text[..]).unwrap();
        let replayed = replay(reader).unwrap();
        self.shown.debug("Replayed", &replayed);
        let Replayed { differs: Some(differs), .. } = replayed else { return };
        self.shown.debug("Differs", &differs);
        let Differs { led_there, .. } = &differs;
        for (line, input, effects) in led_there {
            self.shown.text("Transcript", self.transcript.numbered(*line, input, effects));
        }
    }

    /// A trace with an id where no id is expected.
    fn errors(&mut self) {
        let Some(id) = self.steps.iter().rev().find_map(|step| stored_id(&step.expect)) else {
            return;
        };
        let header = Header::of(Version::Three, self.config.clone());
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
        let mut run = RandomRun::of(&config, seed);
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

/// An id with a typo, in a place for an id. (In other places the text of the error is serde's,
/// which quotes what it found.)
#[test]
fn a_secret_that_is_mistyped_is_not_quoted() {
    // Most runs end with few secrets in their state.
    let with_secrets = (1..100).find_map(|seed| {
        let run = RandomRun::of(&Config::STRICT, seed);
        let detector = Detector::of(&run.secrets);
        let replayed = |state, written: TraceStep| step(&Config::STRICT, state, written.input).0;
        let state = run.steps.into_iter().fold(State::new(), replayed);
        let text = serde_json::to_string(&state).unwrap();
        let parts = text.split('"').filter(|part| detector.leak(part).is_some());
        let secrets: Vec<String> = parts.map(ToOwned::to_owned).collect();
        (secrets.len() > 3).then_some((text, secrets, detector))
    });
    let (text, secrets, detector) = with_secrets.unwrap();
    for secret in &secrets {
        let secret = secret.as_str();
        let typos = [format!("g{}", &secret[1..]), secret[1..].into(), secret.to_uppercase()];
        for typo in typos.iter().filter(|typo| *typo != secret) {
            // Text of another form is also a cookie, although it names no session.
            let Err(error) = serde_json::from_str::<State>(&text.replace(secret, typo)) else {
                continue;
            };
            assert_eq!(detector.leak(&error.to_string()), None, "{error}");
        }
    }
}

/// Traces are for machines, and transcripts reveal secrets if they are asked to. If the detector
/// found no secret in them, it would find none elsewhere.
#[test]
fn what_is_meant_to_show_secrets_is_found_to() {
    for config in [Config::STRICT, Config::QUIXOTE] {
        let run = RandomRun::of(&config, 1);
        let header = Header::of(Version::Three, config.clone());
        let mut writer = TraceWriter::new(Vec::new(), &header).unwrap();
        let mut transcript = Transcript::new(true);
        let mut shown = [Shown::default(), Shown::default()];
        for written in run.steps {
            let (_, effects) = step(&config, State::new(), written.input.clone());
            shown[0].text("Transcript", transcript.line(&written.input, &effects));
            writer.write(written).unwrap();
        }
        shown[1].text("TraceWriter", String::from_utf8(writer.into_inner()).unwrap());
        assert!(shown.iter().all(|shown| !shown.leaks(&run.secrets).is_empty()));
    }
}

/// The worlds, and the results of searching them. Ids are small numbers there.
///
/// Strict has no page, as it breaks nothing; its transcripts are in the runs above.
#[test]
fn nothing_of_a_search_shows_a_secret() {
    let (mut shown, mut traces) = (Shown::default(), Shown::default());
    let semantics = [Semantics::Live, Semantics::Copying];
    let found =
        Guarantees::explore(Size::Small, &semantics, &mut |_, _, progress| progress.states < 5_000);
    shown.debug("Guarantees", &found);
    shown.text("Guarantees", found.page());
    for column in &found.columns {
        shown.debug("Column", column);
        for (_, explored) in &column.worlds {
            shown.debug("Explored", explored);
        }
    }
    let mut told = BTreeSet::new();
    for counterexample in found.counterexamples() {
        shown.debug("Counterexample", &counterexample);
        shown.text("Counterexample", Counterexample::page(&counterexample));
        traces.text("trace", String::from_utf8(counterexample.trace().unwrap()).unwrap());
        told.insert(counterexample.semantics.to_string());
    }
    assert_eq!(told.len(), 2, "pages of both");
    types::walk(&mut |name, value| shown.debug(name, value));
    let draws =
        (1..=4).flat_map(|draw| [8, 16].map(|width| [vec![0; width - 1], vec![draw]].concat()));
    let draws = draws.collect();
    let leaks = shown.leaks(&draws);
    assert!(leaks.is_empty(), "{}", leaks.join("\n\n"));
    assert_eq!(traces.leaks(&draws).len(), traces.0["trace"].len(), "a trace shows its ids");
    let names: Vec<_> = shown.0.keys().copied().collect();
    assert_eq!(names, types::OF_WORLDS);
}

/// What an exchange and its store tell each other.
#[test]
fn nothing_of_an_exchange_shows_a_secret() {
    let mut shown = Shown::default();
    let secrets = exchange::run(&mut |name, value| shown.debug(name, value));
    let leaks = shown.leaks(&secrets);
    assert!(leaks.is_empty(), "{}", leaks.join("\n\n"));
    let names: Vec<_> = shown.0.keys().copied().collect();
    assert_eq!(names, exchange::TYPES);
}
