//! Writes a seed corpus for every target, made from traces: the recordings of Quixote under
//! `tests/traces`, and random clients under strict, recorded here. A few are written by hand.
//!
//! `cargo run --example seeds -- FOLDER` writes `FOLDER/TARGET/NUMBER`.

#[path = "seeds/rare.rs"]
mod rare;
#[path = "seeds/scripts.rs"]
mod scripts;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use quixote_session::check::population::Habits;
use quixote_session::check::record::{Recording, record};
use quixote_session::check::trace::{Header, TraceReader, TraceStep};
use quixote_session::{Config, State, set_cookie, step};
use quixote_session_fuzz::cookie::Parts;

/// How many random recordings of strict are made, and how long each is.
const STRICT_RUNS: u64 = 12;
const STRICT_STEPS: u64 = 80;

/// The first bytes of a long trace are enough to learn its words.
const TRACE_BYTES: usize = 2_048;

/// The seeds of each target.
struct Seeds(BTreeMap<&'static str, BTreeSet<Vec<u8>>>);

impl Seeds {
    fn add(&mut self, target: &'static str, seed: Vec<u8>) {
        self.0.entry(target).or_default().insert(seed);
    }

    fn add_all_of(&mut self, text: &[u8]) {
        let Ok(trace) = TraceReader::new("trace", text) else { return };
        let header = trace.header().clone();
        let steps: Vec<TraceStep> = trace.map_while(Result::ok).collect();
        for script in scripts::of(&header, &steps) {
            self.add("step", script.bytes());
        }
        for script in scripts::of_both_sides(&header, &steps) {
            self.add("differential", script.bytes());
        }
        self.add("trace", whole_lines(text));
        self.add_states_and_cookies(&header, &steps);
    }

    /// Adds every tenth state of the run, and every cookie that came or went.
    fn add_states_and_cookies(&mut self, header: &Header, steps: &[TraceStep]) {
        let config = &header.config;
        let mut state = State::new();
        for (number, recorded) in steps.iter().enumerate() {
            let (after, effects) = step(config, state, recorded.input.clone());
            state = after;
            if number % 10 == 9
                && let Ok(text) = serde_json::to_vec(&state)
            {
                self.add("state", text);
            }
            if let Some(header) = &recorded.cookie_header {
                let header = header.clone().into_bytes();
                self.add("cookie", Parts { header, ..parts(config, "/") }.bytes());
            }
            let sent = effects.cookie.as_ref();
            if let Some((op, Ok(header))) = sent.map(|op| (op, set_cookie(config, op))) {
                let header = header.into_bytes();
                self.add("cookie", Parts { header, ..parts(config, &op.path) }.bytes());
            }
        }
    }
}

fn parts(config: &Config, path: &str) -> Parts {
    let domain = config.cookie_domain.as_deref().unwrap_or_default();
    let (name, path, domain) = (config.cookie_name.to_string(), path.to_owned(), domain.to_owned());
    let flags = u8::from(config.cookie_hardened) | u8::from(!domain.is_empty()) << 1;
    Parts { flags, name, path, domain, header: Vec::new() }
}

/// The first lines, as many as fit the limit.
fn whole_lines(text: &[u8]) -> Vec<u8> {
    let head = text.get(..TRACE_BYTES).unwrap_or(text);
    let end = head.iter().rposition(|byte| *byte == b'\n').map_or(head.len(), |end| end + 1);
    head.get(..end).unwrap_or(head).to_vec()
}

fn recorded(config: &Config, seed: u64) -> io::Result<Vec<u8>> {
    let (config, habits) = (config.clone(), Habits::ALL);
    let mut trace = Vec::new();
    let recording = Recording { config, habits, seed, steps: STRICT_STEPS };
    record(&recording, &mut trace, &mut || ControlFlow::Continue(()))?;
    Ok(trace)
}

fn main() -> io::Result<()> {
    let folder = PathBuf::from(env::args_os().nth(1).ok_or_else(|| {
        io::Error::other("expected a folder to write to: cargo run --example seeds -- FOLDER")
    })?);
    let mut seeds = Seeds(BTreeMap::new());
    let traces = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/traces/quixote-2.4");
    for entry in fs::read_dir(traces)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") {
            seeds.add_all_of(&fs::read(path)?);
        }
    }
    for seed in 0..STRICT_RUNS {
        seeds.add_all_of(&recorded(&Config::STRICT, seed)?);
    }
    for script in rare::scripts() {
        seeds.add("step", script.bytes());
    }
    for (target, seeds) in seeds.0 {
        let folder = folder.join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("{number:04}")), seed)?;
        }
        println!("{target}: {} seeds", seeds.len());
    }
    Ok(())
}
