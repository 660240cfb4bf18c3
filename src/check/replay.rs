//! Replays a recorded trace, step by step, through the machine, and compares what it shows with
//! what was observed.

use core::fmt;
use std::collections::VecDeque;
use std::io::BufRead;
use std::string::String;
use std::vec::Vec;

use serde_json::Value;

use crate::check::role::written_by;
use crate::check::trace::{
    CookieRecord, Expect, Header, ReplyRecord, SessionRecord, TraceError, TraceReader, TraceStep,
};
use crate::check::trace::{SessionLine, remote_user};
use crate::config::Config;
use crate::effect::{Effects, Refusal, Reply};
use crate::event::{Event, Input};
use crate::session::{Session, SessionRef};
use crate::state::State;
use crate::step::step;
use crate::token::{Handle, SessionId};

/// How many steps are kept to show what led to a difference, including the differing one.
pub const STEPS_SHOWN: usize = 20;

/// The result of replaying one trace.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What the trace says about itself.
    pub header: Header,
    /// How many steps were replayed, including the differing one.
    pub steps: u64,
    /// How many of them say nothing about what was observed, so that only their draws were
    /// compared.
    pub silent: u64,
    /// The first step that differs. Later differences would follow from it, so later steps are not
    /// replayed.
    pub differs: Option<Differs>,
}

/// A step after which the machine does not show what was observed.
#[derive(Clone, Debug)]
pub struct Differs {
    /// Its line in the trace.
    pub line: u64,
    /// What differs, and only that.
    pub differences: Vec<Difference>,
    /// The last steps, by line, that led there; the differing one is the last of them.
    pub led_there: Vec<(u64, Input, Effects)>,
}

/// One key of `expect` that differs, or `draws`.
#[derive(Clone, PartialEq)]
pub struct Difference {
    /// The key.
    pub key: &'static str,
    /// Within `stored`: the session in question.
    pub id: Option<SessionId>,
    /// Within an object: the key in question.
    pub field: Option<String>,
    /// What the trace says; null if it says that there is nothing. Secrets are not shortened here.
    pub expected: Value,
    /// What the machine shows; null if there is nothing. Secrets are not shortened here.
    pub observed: Value,
}

/// Shows only the place of the difference, since the values may be secrets.
impl fmt::Debug for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Difference")
            .field("key", &self.key)
            .field("id", &self.id)
            .field("field", &self.field)
            .finish_non_exhaustive()
    }
}

/// Replays a trace from an empty state, up to its end or its first difference.
///
/// # Errors
/// The [`TraceError`] of the first line that cannot be read.
///
/// ```
/// use quixote_session::check::{replay::replay, trace::TraceReader};
///
/// let text = r#"{"format": "quixote-session-trace/1", "title": "", "origin": "", "config":
///     {"sharing": "live", "cookie_name": "QX_session", "cookie_path": null,
///     "cookie_domain": null, "access_resolution_ms": 1000}}"#.replace('\n', "")
///     + "\n" + r#"{"now": 0, "event": "delete_session", "id": "00000000000000a1",
///     "expect": {"reply": "done"}}"#.replace('\n', "").as_str();
/// let trace = TraceReader::new("t.jsonl", text.as_bytes())?;
/// let replayed = replay(trace)?;
/// let differs = replayed.differs.expect("there is no such session");
/// assert_eq!((differs.line, differs.differences[0].key), (2, "reply"));
/// # Ok::<(), quixote_session::check::trace::TraceError>(())
/// ```
// [trace-16]
pub fn replay<R: BufRead>(mut trace: TraceReader<R>) -> Result<Replayed, TraceError> {
    let header = trace.header().clone();
    let mut replayed = Replayed { header, steps: 0, silent: 0, differs: None };
    let mut state = State::new();
    let mut led_there = VecDeque::new();
    while let Some(recorded) = trace.next() {
        let recorded = recorded?;
        let config = &replayed.header.config;
        let (after, effects) = step(config, state, recorded.input.clone());
        state = after;
        replayed.steps = replayed.steps.saturating_add(1);
        let is_silent = recorded.expect == Expect::default();
        replayed.silent = replayed.silent.saturating_add(u64::from(is_silent));
        let differences = differences(config, &recorded, &state, &effects);
        if led_there.len() >= STEPS_SHOWN {
            led_there.pop_front();
        }
        led_there.push_back((trace.line(), recorded.input, effects));
        if !differences.is_empty() {
            let (line, led_there) = (trace.line(), led_there.into());
            replayed.differs = Some(Differs { line, differences, led_there });
            break;
        }
    }
    Ok(replayed)
}

/// What the machine shows after a step that differs from what was observed.
// [trace-14] [trace-15]
#[must_use]
pub fn differences(
    config: &Config,
    recorded: &TraceStep,
    state: &State,
    effects: &Effects,
) -> Vec<Difference> {
    let mut found = Differences(Vec::new());
    let event = &recorded.input.event;
    found.compare("draws", Some(&recorded.draws), &drawn(config, effects));
    found.compare("reply", recorded.expect.reply.as_ref(), &ReplyRecord::from(&effects.reply));
    found.compare_response(config, &recorded.expect, effects);
    found.compare_request(&recorded.expect, event, state);
    if let Some(stored) = &recorded.expect.stored {
        found.compare_stored(stored, &state.items());
    }
    found.0
}

/// How many draws a step took: all of them if they were not enough.
#[must_use]
pub fn drawn(config: &Config, effects: &Effects) -> u8 {
    let used_up = effects.reply == Reply::Refused(Refusal::EntropyUsedUp);
    if used_up { config.width.draws() } else { effects.draws }
}

/// The handle that a step drew, if it stored a session under it.
#[must_use]
pub fn drawn_handle(input: &Input, effects: &Effects) -> Option<Handle> {
    let drawn = input.entropy.handle();
    let written = written_by(effects.store.as_ref());
    written.and_then(|(_, session)| session.handle()).filter(|handle| *handle == drawn)
}

struct Differences(Vec<Difference>);

impl Differences {
    fn push(&mut self, key: &'static str, expected: Value, observed: Value) {
        self.0.push(Difference { key, id: None, field: None, expected, observed });
    }

    /// A value that is shown as a whole.
    fn compare<T: PartialEq + serde::Serialize>(
        &mut self,
        key: &'static str,
        expected: Option<&T>,
        observed: &T,
    ) {
        if let Some(expected) = expected
            && expected != observed
        {
            self.push(key, json(expected), json(observed));
        }
    }

    fn compare_response(&mut self, config: &Config, expect: &Expect, effects: &Effects) {
        self.compare("remote_user", expect.remote_user.as_ref(), &remote_user(effects).cloned());
        self.compare("transaction", expect.transaction.as_ref(), &effects.transaction);
        if let Some(expected) = &expect.set_cookie {
            let observed = CookieRecord::of(config, effects);
            let observed = observed.map(|cookie| match expected {
                Some(expected) => expected.said_of(cookie),
                None => cookie,
            });
            if *expected != observed {
                self.narrow("set_cookie", None, json(expected), json(&observed));
            }
        }
    }

    fn compare_request(&mut self, expect: &Expect, event: &Event, state: &State) {
        let Some(request) = event.request() else { return };
        let cookie = state.request_cookie(request);
        if let Some(expected) = &expect.request_cookie
            && expected.as_ref() != cookie
        {
            self.push("request_cookie", json(expected), json(&cookie));
        }
        let session = state.session(request);
        if let Some(expected) = &expect.session
            && let observed = said(expected.as_ref(), session)
            && *expected != observed
        {
            let observed = observed.as_ref().map(|record| SessionLine::of(record.as_ref()));
            self.narrow("session", None, json(expected), json(&observed));
        }
    }

    /// Compares what is stored. Both sides are in rising order of the ids.
    fn compare_stored(&mut self, expected: &[SessionRecord], observed: &[(SessionId, &Session)]) {
        let mut observed = observed.iter().copied().map(as_ref).peekable();
        for expected in expected {
            while let Some(extra) = observed.next_if(|shown| shown.id < expected.id) {
                self.narrow("stored", extra.id, Value::Null, json(&SessionLine::of(extra)));
            }
            let shown = observed.next_if(|shown| shown.id == expected.id);
            let shown = said(Some(expected), shown);
            if shown.as_ref() != Some(expected) {
                let shown = shown.as_ref().map(|record| SessionLine::of(record.as_ref()));
                self.narrow("stored", expected.id, json(expected), json(&shown));
            }
        }
        for extra in observed {
            self.narrow("stored", extra.id, Value::Null, json(&SessionLine::of(extra)));
        }
    }

    /// If both sides are objects, keeps only the keys that differ.
    fn narrow(
        &mut self,
        key: &'static str,
        id: Option<SessionId>,
        expected: Value,
        observed: Value,
    ) {
        let (Value::Object(expected), Value::Object(mut observed)) = (&expected, observed.clone())
        else {
            self.0.push(Difference { key, id, field: None, expected, observed });
            return;
        };
        for (field, expected) in expected {
            let observed = observed.remove(field).unwrap_or_default();
            if *expected != observed {
                let (field, expected) = (Some(field.clone()), expected.clone());
                self.0.push(Difference { key, id, field, expected, observed });
            }
        }
        for (field, observed) in observed {
            let (field, expected) = (Some(field), Value::Null);
            self.0.push(Difference { key, id, field, expected, observed });
        }
    }
}

fn said(expected: Option<&SessionRecord>, shown: Option<SessionRef<'_>>) -> Option<SessionRecord> {
    let shown = shown?;
    Some(expected.map_or_else(|| shown.into(), |expected| expected.said_of(shown)))
}

const fn as_ref((id, session): (SessionId, &Session)) -> SessionRef<'_> {
    SessionRef { id: Some(id), session }
}

/// No key of what is shown here is anything but text, so this does not fail.
fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
