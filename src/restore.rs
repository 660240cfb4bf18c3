//! Reading what was serialised: invariants are checked before it is believed, a field that is
//! absent is no null, and no key stands twice.

use alloc::string::{String, ToString as _};
use core::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::objects::{Object, Slot};
use crate::request::{Request, RequestData};
use crate::session::Session;
use crate::snapshot::{Open, Snapshot};
use crate::state::State;

/// The first invariant found broken in a state, or a session, that was read from outside.
///
/// ```
/// use quixote_session::State;
///
/// let text = r#"{"stored": [], "held": [{"id": null, "session": {"user": null,
///     "remote_addr": "", "created": 0, "accessed": 0, "form_tokens": [], "values": {}}}],
///     "requests": []}"#;
/// let error = serde_json::from_str::<State>(text).unwrap_err();
/// assert!(error.to_string().starts_with("held: expected every session to be held"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InvalidState {
    /// Stored sessions do not stand in rising order of their ids, each once.
    StoredOrder,
    /// Requests do not stand in rising order of their numbers, each once.
    RequestOrder,
    /// A session was accessed before it was created.
    AccessedBeforeCreated,
    /// A request holds a session whose number is neither that of one that stands before it nor
    /// the next new one.
    HoldsUnknown,
    /// A session is neither stored nor held.
    NeitherStoredNorHeld,
    /// A request without a session has changes to one.
    ChangesWithoutSession,
}

impl fmt::Display for InvalidState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::StoredOrder => "stored: expected rising ids, each once",
            Self::RequestOrder => "requests: expected rising numbers, each once",
            Self::AccessedBeforeCreated => "accessed: expected a time not before created",
            Self::HoldsUnknown => "holds: expected the number of a session, new ones in order",
            Self::NeitherStoredNorHeld => "held: expected every session to be held by a request",
            Self::ChangesWithoutSession => "changes: expected none without a session",
        })
    }
}

impl core::error::Error for InvalidState {}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Snapshot::of(self).serialize(serializer)
    }
}

/// Refuses, with the words of [`InvalidState`], a state that breaks one of the invariants named
/// there. Whether some sequence of events leads to it is not asked.
impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let snapshot = Snapshot::deserialize(from).map_err(|error| without_secrets(&error))?;
        check(&snapshot).map_err(serde::de::Error::custom)?;
        Ok(build(snapshot))
    }
}

impl Serialize for Session {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// Refuses, with the words of [`InvalidState`], a session that was accessed before it was created.
impl<'de> Deserialize<'de> for Session {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let session = Self::deserialize(from).map_err(|error| without_secrets(&error))?;
        if session.accessed < session.created {
            return Err(D::Error::custom(InvalidState::AccessedBeforeCreated));
        }
        Ok(session)
    }
}

/// The same error. Where something else stands than is expected serde quotes it, be it an id: of a
/// run of 12 hex digits or more four are left.
// [token-9]
fn without_secrets<E: serde::de::Error>(error: &E) -> E {
    let text = error.to_string();
    let mut shown = String::new();
    // Each piece is a run of digits, or none, and the one character that ends it.
    for piece in text.split_inclusive(|letter: char| !letter.is_ascii_hexdigit()) {
        let end = piece.trim_start_matches(|letter: char| letter.is_ascii_hexdigit());
        let digits = piece.strip_suffix(end).unwrap_or(piece);
        match digits.get(..4).filter(|_| digits.len() >= 12) {
            Some(first) => shown.extend([first, "…", end]),
            None => shown.push_str(piece),
        }
    }
    E::custom(shown)
}

// [state-8]
fn check(snapshot: &Snapshot<Session, RequestData>) -> Result<(), InvalidState> {
    let Snapshot { stored, held, requests } = snapshot;
    if !stored.is_sorted_by(|one, next| one.id < next.id) {
        return Err(InvalidState::StoredOrder);
    }
    if !requests.is_sorted_by(|one, next| one.request < next.request) {
        return Err(InvalidState::RequestOrder);
    }
    let mut known = stored.len();
    for open in requests {
        match open.holds {
            Some(number) if number < known => {}
            Some(number) if number == known => known = known.saturating_add(1),
            Some(_) => return Err(InvalidState::HoldsUnknown),
            None if open.data.changes.is_some() => return Err(InvalidState::ChangesWithoutSession),
            None => {}
        }
    }
    match known.cmp(&stored.len().saturating_add(held.len())) {
        core::cmp::Ordering::Less => Err(InvalidState::NeitherStoredNorHeld),
        core::cmp::Ordering::Equal => Ok(()),
        core::cmp::Ordering::Greater => Err(InvalidState::HoldsUnknown),
    }
}

/// Puts a checked snapshot together.
// [state-7]
fn build(snapshot: Snapshot<Session, RequestData>) -> State {
    let mut state = State::new();
    let mut slots: alloc::vec::Vec<Slot> = alloc::vec::Vec::new();
    for stored in snapshot.stored {
        state.store_copy(stored.id, stored.session);
        slots.extend(state.slot_of(&stored.id));
    }
    for held in snapshot.held {
        slots.push(state.objects.insert(Object::new(held.id, held.session)));
    }
    for Open { request, holds, data } in snapshot.requests {
        let held = holds.and_then(|number| slots.get(number)).copied();
        if let Some(slot) = held {
            state.objects.hold(slot);
        }
        state.open(request, Request { held, data });
    }
    state
}
