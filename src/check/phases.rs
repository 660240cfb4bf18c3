//! The phases of a request, found by sending every event to a small machine in each of its states.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::format;
use std::string::{String, ToString as _};
use std::vec::Vec;

use crate::check::cells::Phase;
use crate::check::guarantees::base_of;
use crate::check::kinds::{Kind, Ranges};
use crate::config::Config;
use crate::effect::Reply;
use crate::entropy::Entropy;
use crate::event::{Event, Input, Outcome, RequestEvent, RequestId};
use crate::presented::{CookieValue, SubmittedToken};
use crate::semantics::Semantics;
use crate::state::State;
use crate::step::step;
use crate::time::Timestamp;
use crate::token::Width;

/// The request whose phases are shown.
const REQUEST: RequestId = RequestId(1);

/// What leads from one phase to another, and under which semantics.
type Changes = BTreeMap<(Phase, Phase), BTreeMap<&'static str, BTreeSet<usize>>>;

/// A table of what leads a request from one phase to another, under each semantics.
///
/// ```
/// let table = quixote_session::check::phases();
/// assert!(table.contains("| open, session stored | open, without a session | expire_session |"));
/// ```
#[must_use]
pub fn phases() -> String {
    let mut changes = Changes::new();
    for (number, semantics) in (0..).zip(Semantics::ALL) {
        search(semantics, number, &mut changes);
    }
    let names = Semantics::ALL.map(|semantics| semantics.to_string());
    let mut lines = std::vec![
        format!("| from | to | {} |", names.join(" | ")),
        format!("|---|---|{}", "---|".repeat(names.len())),
    ];
    for ((from, to), events) in changes {
        let columns: Vec<_> = (0..names.len())
            .map(|number| {
                let here = events.iter().filter(|(_, under)| under.contains(&number));
                let here: Vec<_> = here.map(|(event, _)| *event).collect();
                here.join(", ")
            })
            .collect();
        let (from, to) = (from.name(), to.name());
        lines.push(format!("| {from} | {to} | {} |", columns.join(" | ")));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// Sends every event in every state that events lead to.
fn search(semantics: Semantics, number: usize, changes: &mut Changes) {
    let config = Config {
        access_resolution_ms: u64::MAX,
        idle_limit_ms: None,
        absolute_limit_ms: Some(1),
        max_form_tokens: 1,
        max_sessions: 1,
        ..base_of(semantics)
    };
    let first = (State::new(), Timestamp(0));
    let mut seen = HashSet::from([first.clone()]);
    let mut waiting = std::vec![first];
    while let Some((state, now)) = waiting.pop() {
        let probe = RequestEvent::ExpireSession.of(REQUEST);
        let from = Phase::of(&config, &state, now, &probe);
        let mut reached = std::vec![("time passes", (state.clone(), Timestamp(1)))];
        for event in events(&config) {
            let entropy = Entropy::from_half([1; Entropy::HALF]);
            let name = event.name();
            let (after, effects) = step(&config, state.clone(), Input { now, entropy, event });
            if !matches!(effects.reply, Reply::Refused(_)) {
                reached.push((name, (after, now)));
            }
        }
        for (name, (after, then)) in reached {
            let to = Phase::of(&config, &after, then, &probe);
            if to != from {
                let events = changes.entry((from, to)).or_default();
                events.entry(name).or_default().insert(number);
            }
            if seen.insert((after.clone(), then)) {
                waiting.push((after, then));
            }
        }
    }
}

/// Everything that can change the phase. Two things are left out, because other events have the
/// same effect on a phase: values, which like the user only decide whether the session has info,
/// and deleting the sessions of a user.
fn events(config: &Config) -> Vec<Event> {
    let (id, token) = match config.width {
        Width::Bits64 => ([1; 8].into(), [1; 8].into()),
        Width::Bits128 => ([1; 16].into(), [1; 16].into()),
    };
    let ranges = Ranges {
        cookie: std::vec![None, Some(CookieValue::Id(id))],
        remote_addr: std::vec!["c".into()],
        script_name: std::vec!["".into()],
        passive: std::vec![false],
        login: std::vec![Some("alice".into()), None],
        key: Vec::new(),
        value: Vec::new(),
        token: std::vec![SubmittedToken::Token(token)],
        must_exist: std::vec![false, true],
        outcome: std::vec![Outcome::Successful, Outcome::Failed],
        owner: std::vec![Some("alice".into())],
        new_id: std::vec![id],
        id: std::vec![id],
        user: Vec::new(),
        handle: std::vec![[1; 16].into()],
    };
    let mut events = Vec::new();
    for kind in Kind::ALL {
        kind.every(REQUEST, &ranges, &mut |event| events.push(event));
    }
    events
}
