//! The graph of a world of `spec/SessionManager.tla`, as `spec/tlc graph` writes it: one line of
//! JSON for the world, for each state when it is first seen, and for each transition.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};

use flate2::read::GzDecoder;
use serde::Deserialize;
use serde_json::Value;

/// The constants of a world.
#[derive(Deserialize, Clone, Debug)]
pub(crate) struct Constants {
    pub(crate) semantics: String,
    pub(crate) requests: Vec<String>,
    pub(crate) clients: Vec<String>,
    pub(crate) ids: u8,
    pub(crate) chosen: Vec<u8>,
    pub(crate) users: Vec<String>,
    pub(crate) keys: Vec<String>,
    pub(crate) values: Vec<String>,
    pub(crate) tokens: u8,
    pub(crate) token_cap: u8,
    pub(crate) mounts: Vec<String>,
    pub(crate) outcomes: Vec<String>,
    pub(crate) last_moment: u64,
    pub(crate) resolution: u64,
    pub(crate) idle: u64,
    pub(crate) absolute: u64,
    pub(crate) events: Vec<String>,
}

impl Constants {
    pub(crate) fn has(&self, event: &str) -> bool {
        self.events.iter().any(|own| own == event)
    }
}

/// A state of a world. A stored session is listed under its id, and one that only requests hold
/// under the first of these requests.
#[derive(Deserialize, Clone, PartialEq, Debug)]
pub(crate) struct StateRow {
    pub(crate) stored: Vec<Option<SessionRow>>,
    pub(crate) held: Vec<Option<SessionRow>>,
    pub(crate) requests: Vec<Option<RequestRow>>,
    pub(crate) responses: Vec<Option<ResponseRow>>,
    pub(crate) jars: Vec<Vec<(String, u8)>>,
    pub(crate) now: u64,
    pub(crate) id_draws: Vec<Vec<u8>>,
    pub(crate) token_draws: Vec<Vec<u8>>,
    pub(crate) new_handle: u8,
}

impl StateRow {
    /// The handles of all sessions, each once.
    pub(crate) fn handles(&self) -> BTreeSet<u8> {
        let sessions = self.stored.iter().chain(&self.held).flatten();
        sessions.filter_map(|session| session.handle).collect()
    }

    /// Whether a session is stored under this id, or holds this token.
    pub(crate) fn is_in_use(&self, number: u8, is_token: bool) -> bool {
        let mut sessions = self.stored.iter().chain(&self.held).flatten();
        if is_token {
            sessions.any(|session| session.tokens.contains(&number))
        } else {
            self.stored.get(usize::from(number) - 1).is_some_and(Option::is_some)
        }
    }
}

#[derive(Deserialize, Clone, PartialEq, Debug)]
pub(crate) struct SessionRow {
    pub(crate) id: Option<u8>,
    pub(crate) handle: Option<u8>,
    pub(crate) user: Option<String>,
    pub(crate) values: Vec<(String, String)>,
    pub(crate) tokens: Vec<u8>,
    pub(crate) created: u64,
    pub(crate) accessed: u64,
}

#[derive(Deserialize, Clone, PartialEq, Debug)]
pub(crate) struct RequestRow {
    pub(crate) client: String,
    pub(crate) mount: String,
    pub(crate) sent: Option<u8>,
    pub(crate) cookie: Option<u8>,
    pub(crate) holds: Option<Name>,
    pub(crate) response: Option<CookieRow>,
    pub(crate) changes: ChangesRow,
}

/// The name of a session: its id, or the request that holds it.
#[derive(Deserialize, Clone, PartialEq, Debug)]
#[serde(untagged)]
pub(crate) enum Name {
    Id(u8),
    Request(String),
}

#[derive(Deserialize, Clone, PartialEq, Debug)]
pub(crate) struct ChangesRow {
    /// `"Same"` if it was not changed.
    pub(crate) user: Option<String>,
    /// When the user was set.
    pub(crate) at: Option<u64>,
    /// Whether the user's sessions were ended since.
    pub(crate) ended: bool,
    /// What is kept of the time before the user was set: `"all"`, `"values"` or `"nothing"`.
    pub(crate) keeps: String,
    pub(crate) renew: bool,
    pub(crate) values: Vec<(String, Option<String>)>,
    pub(crate) guards: Vec<(String, Option<String>)>,
    pub(crate) tokens: Vec<u8>,
}

impl ChangesRow {
    /// A request that has changed nothing.
    pub(crate) fn none() -> Self {
        Self {
            user: Some("Same".into()),
            at: None,
            ended: false,
            keeps: "all".into(),
            renew: false,
            values: Vec::new(),
            guards: Vec::new(),
            tokens: Vec::new(),
        }
    }
}

#[derive(Deserialize, Clone, PartialEq, Debug)]
pub(crate) struct ResponseRow {
    pub(crate) client: String,
    pub(crate) mount: String,
    pub(crate) sent: Option<u8>,
    pub(crate) change: Option<CookieRow>,
}

/// `["Set", id]`, `["Stillborn", id]` or `["Revoke"]`.
pub(crate) type CookieRow = Vec<Value>;

/// What the driver sees of a step.
#[derive(Deserialize, Clone, PartialEq, Debug)]
pub(crate) struct Seen {
    /// Its name and its arguments.
    pub(crate) event: Vec<Value>,
    pub(crate) reply: Value,
    pub(crate) op: Value,
    pub(crate) end: Option<String>,
    pub(crate) change: Option<CookieRow>,
    pub(crate) path: Option<String>,
    pub(crate) draws: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    World(Constants),
    State(StateRow),
    Step(usize, Seen, usize),
}

/// The whole graph.
#[derive(Clone)]
pub(crate) struct Graph {
    pub(crate) constants: Constants,
    pub(crate) states: Vec<StateRow>,
    /// For each state, what can happen there, and the state that follows.
    pub(crate) steps: Vec<Vec<(Seen, usize)>>,
}

impl Graph {
    pub(crate) fn read(compressed: impl Read) -> Self {
        let mut lines = BufReader::new(GzDecoder::new(compressed)).lines();
        let first = lines.next().expect("a graph begins with its world").unwrap();
        let Line::World(constants) = serde_json::from_str(&first).unwrap() else {
            panic!("a graph begins with its world, not with {first}")
        };
        let mut graph = Self { constants, states: Vec::new(), steps: Vec::new() };
        for line in lines {
            match serde_json::from_str(&line.unwrap()).unwrap() {
                Line::World(_) => panic!("a graph has one world"),
                Line::State(state) => graph.states.push(state),
                Line::Step(before, seen, after) => {
                    graph.steps.resize_with(graph.states.len(), Vec::new);
                    graph.steps[before].push((seen, after));
                }
            }
        }
        graph.steps.resize_with(graph.states.len(), Vec::new);
        graph
    }

    pub(crate) fn transitions(&self) -> usize {
        self.steps.iter().map(Vec::len).sum()
    }
}
