//! A state that was serialised is checked before it is believed.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Ordering;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::canonical::{Canonical, Held, Open, Stored};
use super::{Parts, Request, RequestData, Slot, State};
use crate::semantics::Holds;
use crate::serial::without_secrets;
use crate::session::Session;

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Canonical::of(self).serialize(serializer)
    }
}

/// Refuses a state that breaks an invariant, and says which. Whether some sequence of events leads
/// to the state is not asked.
///
/// ```
/// use quixote_session::State;
///
/// let text = r#"{"version": 1, "semantics": null, "stored": [], "held": [{"id": null, "session":
///     {"version": 1, "handle": null, "user": null, "remote_addr": "", "created": 0,
///     "accessed": 0, "form_tokens": [], "values": {}}}], "requests": [], "generations": {}}"#;
/// let error = serde_json::from_str::<State>(text).unwrap_err();
/// assert!(error.to_string().starts_with("held: expected every session to be held"));
/// ```
impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let canonical = Canonical::deserialize(from).map_err(|error| without_secrets(&error))?;
        check(&canonical).map_err(serde::de::Error::custom)?;
        Ok(build(canonical))
    }
}

// [state-9] [state-13]
fn check(canonical: &Canonical<Session, RequestData>) -> Result<(), &'static str> {
    const HOLDS: &str = "holds: expected the number of a session, new ones in order";
    let Canonical { version: _, semantics, stored, held, requests, generations: _ } = canonical;
    if !stored.is_sorted_by(|one, next| one.id < next.id) {
        return Err("stored: expected rising ids, each once");
    }
    if !requests.is_sorted_by(|one, next| one.request < next.request) {
        return Err("requests: expected rising numbers, each once");
    }
    let shares = semantics.is_none_or(|semantics| match semantics.differences().holds {
        Holds::StoredObject => true,
        Holds::Copy | Holds::CopyAndChanges => false,
    });
    let mut known = stored.len();
    for open in requests {
        if open.data.changes.as_ref().is_some_and(|changes| changes.is_empty()) {
            return Err("changes: expected one at least, or null");
        }
        match open.holds.map(|number| number.cmp(&known)) {
            Some(Ordering::Equal) => known = known.saturating_add(1),
            Some(Ordering::Greater) => return Err(HOLDS),
            None if open.data.changes.is_some() => {
                return Err("changes: expected none without a session");
            }
            Some(Ordering::Less) if !shares => {
                return Err("holds: expected a session of its own, by the semantics");
            }
            Some(Ordering::Less) | None => {}
        }
    }
    match known.cmp(&stored.len().saturating_add(held.len())) {
        Ordering::Less => Err("held: expected every session to be held by a request"),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(HOLDS),
    }
}

/// Builds the state that a checked canonical form describes.
// [state-8]
fn build(canonical: Canonical<Session, RequestData>) -> State {
    let mut parts = Parts { semantics: canonical.semantics, ..Parts::NONE };
    let Parts { store, requests, .. } = &mut parts;
    let mut slots: Vec<Slot> = Vec::new();
    for Stored { id, session } in canonical.stored {
        store.put(id, session);
        slots.extend(store.find(&id));
    }
    let mut unheld = canonical.held.into_iter();
    for Open { request, holds, data } in canonical.requests {
        // New ones come in order, so the number of each is that of the slots so far.
        let held = holds.and_then(|number| match slots.get(number) {
            Some(slot) => Some(store.hold(*slot)),
            None => unheld.next().map(|Held { id, session }| {
                let slot = store.hold_new(id, session);
                slots.push(slot);
                slot
            }),
        });
        requests.insert(request, Request { held, data });
    }
    parts.generations = canonical.generations;
    State(Some(Box::new(parts)))
}
