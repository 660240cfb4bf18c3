//! Coverage of behaviour: which event met a request in which phase, under which semantics, with
//! which outcome, and how often.
//!
//! Lines of code say little about a machine whose rules are short: one line of `finish_request`
//! serves a session that is new, changed, over or gone. Cells tell these cases apart. Whatever runs
//! the machine (the random clients, the worlds, a fuzzer's corpus) can count what it reached.

use core::fmt;
use std::collections::BTreeMap;
use std::format;
use std::string::{String, ToString as _};
use std::vec::Vec;

use crate::config::Config;
use crate::effect::{Effects, Reply};
use crate::event::{Event, Input, Outcome, RequestEvent};
use crate::semantics::Semantics;
use crate::session::SessionRef;
use crate::state::State;
use crate::time::Timestamp;

/// The situation of a request when an event arrives.
///
/// The rules ask about this before they look at the contents of the session: whether the request is
/// open, whether it holds a session, and whether that session is still stored. The order is that of
/// a session's life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// The event is the manager's and belongs to no request.
    Manager,
    /// No request of that number is open.
    NotOpen,
    /// It holds a session that has no id yet.
    Unsaved,
    /// It holds a session whose id is stored, within its limits.
    Stored,
    /// It holds a session whose id is stored and which is over: strict only.
    Over,
    /// It holds a session whose id is not stored any more.
    Ended,
    /// It holds nothing: its session was expired.
    Nothing,
}

impl Phase {
    /// All of them, in order.
    pub const ALL: [Self; 7] = [
        Self::Manager,
        Self::NotOpen,
        Self::Unsaved,
        Self::Stored,
        Self::Over,
        Self::Ended,
        Self::Nothing,
    ];

    /// The phase in which `event` finds its request.
    #[must_use]
    pub fn of(config: &Config, state: &State, now: Timestamp, event: &Event) -> Self {
        let Some(request) = event.request() else { return Self::Manager };
        match state.session(request) {
            None if state.is_open(request) => Self::Nothing,
            None => Self::NotOpen,
            Some(SessionRef { id: None, .. }) => Self::Unsaved,
            Some(SessionRef { id: Some(id), .. }) => match state.get(&id) {
                None => Self::Ended,
                Some(stored) if stored.is_over(config, now) => Self::Over,
                Some(_) => Self::Stored,
            },
        }
    }

    /// Its name in a report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Manager => "of the manager",
            Self::NotOpen => "not open",
            Self::Unsaved => "open, session not stored yet",
            Self::Stored => "open, session stored",
            Self::Over => "open, session over",
            Self::Ended => "open, session ended meanwhile",
            Self::Nothing => "open, without a session",
        }
    }
}

/// One cell: an event that arrived in a phase, under a semantics, and the kind of answer that it
/// got.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cell {
    /// The event's name. The outcome of a finish, and what is asked about a cookie, make names of
    /// their own.
    pub event: &'static str,
    /// The phase of its request.
    pub phase: Phase,
    /// `live`, `copying` or `strict`.
    pub semantics: &'static str,
    /// `done`, `started`, `token`, `value`, `yes`, `no`, or the name of the refusal.
    pub outcome: &'static str,
}

impl Cell {
    /// The cell of one step, which the machine took from the state `before`.
    #[must_use]
    pub fn of(config: &Config, before: &State, input: &Input, effects: &Effects) -> Self {
        Self {
            event: kind(&input.event),
            phase: Phase::of(config, before, input.now, &input.event),
            semantics: match config.semantics {
                Semantics::Live => "live",
                Semantics::Copying => "copying",
                Semantics::Strict => "strict",
            },
            outcome: match effects.reply {
                Reply::Done => "done",
                Reply::Started { .. } => "started",
                Reply::Token(_) => "token",
                Reply::Value(_) => "value",
                Reply::Answer(true) => "yes",
                Reply::Answer(false) => "no",
                Reply::Refused(why) => why.name(),
            },
        }
    }
}

/// `finish_request failed, open, session over, strict: done`.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, phase, semantics, outcome } = self;
        write!(f, "{event}, {}, {semantics}: {outcome}", phase.name())
    }
}

const fn kind(event: &Event) -> &'static str {
    match event {
        Event::Request { event: of_request, .. } => match of_request {
            RequestEvent::HasSessionCookie { must_exist: true } => "has_session_cookie must_exist",
            RequestEvent::FinishRequest { outcome } => match outcome {
                Outcome::Successful => "finish_request successful",
                Outcome::Interrupted => "finish_request interrupted",
                Outcome::Failed => "finish_request failed",
                Outcome::Abandoned => "finish_request abandoned",
            },
            RequestEvent::HasSessionCookie { must_exist: false }
            | RequestEvent::SetUser { .. }
            | RequestEvent::RenewSession
            | RequestEvent::TakeValue { .. }
            | RequestEvent::GuardValue { .. }
            | RequestEvent::ExpireOtherSessions
            | RequestEvent::ExpireHandle { .. }
            | RequestEvent::SetValue { .. }
            | RequestEvent::RemoveValue { .. }
            | RequestEvent::CreateFormToken
            | RequestEvent::HasFormToken { .. }
            | RequestEvent::RemoveFormToken { .. }
            | RequestEvent::RevokeSessionCookie
            | RequestEvent::ExpireSession
            | RequestEvent::NewSession
            | RequestEvent::MaintainSession
            | RequestEvent::InsertSession { .. } => event.name(),
        },
        Event::StartRequest { .. } | Event::Manager(_) => event.name(),
    }
}

/// How often each cell was reached.
///
/// ```
/// use quixote_session::check::{Cell, Cells, Phase};
/// use quixote_session::{Config, Entropy, Event, Input, ManagerEvent, State, Timestamp, step};
///
/// let (config, before) = (Config::STRICT, State::new());
/// let event = Event::Manager(ManagerEvent::Sweep);
/// let input = Input { now: Timestamp(0), entropy: Entropy::from_draws([]), event };
/// let (_, effects) = step(&config, before.clone(), input.clone());
/// let mut cells = Cells::default();
/// cells.count(Cell::of(&config, &before, &input, &effects));
/// let (cell, often) = cells.iter().next().unwrap();
/// assert_eq!((cell.event, cell.phase, cell.outcome, often), ("sweep", Phase::Manager, "done", 1));
/// ```
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Cells(BTreeMap<Cell, u64>);

impl Cells {
    /// Counts one step.
    pub fn count(&mut self, cell: Cell) {
        let often = self.0.entry(cell).or_default();
        *often = often.saturating_add(1);
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: &Self) {
        for (cell, more) in &other.0 {
            let often = self.0.entry(*cell).or_default();
            *often = often.saturating_add(*more);
        }
    }

    /// How many cells were reached.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The cells in order, each with how often it was reached.
    pub fn iter(&self) -> impl Iterator<Item = (Cell, u64)> {
        self.0.iter().map(|(cell, often)| (*cell, *often))
    }

    /// The cells that were reached here and not in `other`.
    #[must_use]
    pub fn beyond(&self, other: &Self) -> Vec<Cell> {
        self.0.keys().filter(|cell| !other.0.contains_key(cell)).copied().collect()
    }

    /// A line for each pair of event and phase that was reached: the outcomes under each semantics.
    /// With `counts`, the line also says how often.
    #[must_use]
    pub fn report(&self, counts: bool) -> String {
        let mut rows: BTreeMap<_, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        for (cell, often) in self.iter() {
            let row = rows.entry((cell.event, cell.phase)).or_default();
            let often = if counts { format!(" {often}") } else { String::new() };
            let texts = row.entry(cell.semantics.into()).or_default();
            texts.push(format!("{}{often}", cell.outcome));
        }
        let names = Semantics::ALL.map(|semantics| semantics.to_string());
        let mut lines = std::vec![
            format!("| event | phase | {} |", names.join(" | ")),
            format!("|---|---|{}", "---|".repeat(names.len())),
        ];
        for ((event, phase), row) in rows {
            let texts = |name| row.get(name).map_or(String::new(), |texts| texts.join(", "));
            let columns: Vec<_> = names.iter().map(texts).collect();
            lines.push(format!("| {event} | {} | {} |", phase.name(), columns.join(" | ")));
        }
        lines.join("\n")
    }
}
