//! A state in canonical form: what equality, hashing and serialisation look at.
//!
//! Sessions are numbered: first the stored ones in the order of their ids, then those that only
//! requests hold, in the order of the first request that holds each. The place of an object in the
//! arena is left out; which requests share an object is not.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use smol_str::SmolStr;

use super::{Parts, RequestData, Slot, State};
use crate::event::RequestId;
use crate::semantics::Semantics;
use crate::session::Session;
use crate::token::SessionId;
use crate::version::Version;

/// The canonical form: borrowed from a state (`&Session`, `&RequestData`), or read from outside
/// and owned.
#[derive(PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Canonical<S, R> {
    pub(crate) version: Version,
    // [state-12]
    /// The semantics of the last step, which makes no difference between states.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) semantics: Option<Semantics>,
    pub(crate) stored: Vec<Stored<S>>,
    pub(crate) held: Vec<Held<S>>,
    pub(crate) requests: Vec<Open<R>>,
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::each_once"))]
    pub(crate) generations: BTreeMap<SmolStr, u64>,
}

/// A stored session.
#[derive(PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Stored<S> {
    pub(crate) id: SessionId,
    pub(crate) session: S,
}

/// A session that requests hold and the store does not.
#[derive(PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Held<S> {
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) id: Option<SessionId>,
    pub(crate) session: S,
}

/// A request in flight and the number of the session that it holds.
#[derive(PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub(crate) struct Open<R> {
    pub(crate) request: RequestId,
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) holds: Option<usize>,
    pub(crate) data: R,
}

impl<'a> Canonical<&'a Session, &'a RequestData> {
    // [state-5]
    pub(crate) fn of(state: &'a State) -> Self {
        let Parts { store, requests, generations, semantics } = state.read();
        let items = state.items().into_iter();
        let stored: Vec<_> = items.map(|(id, session)| Stored { id, session }).collect();
        let slots = stored.iter().filter_map(|stored| store.find(&stored.id));
        let mut numbers: BTreeMap<Slot, usize> = slots.zip(0..).collect();
        let mut canonical = Self {
            version: Version,
            semantics: *semantics,
            stored,
            held: Vec::new(),
            requests: Vec::new(),
            generations: generations.clone(),
        };
        let mut open: Vec<_> = requests.iter().collect();
        open.sort_unstable_by_key(|(number, _)| **number);
        for (number, request) in open {
            let holds = request.held.map(|slot| {
                let next = numbers.len();
                *numbers.entry(slot).or_insert_with(|| {
                    let object = store.object(slot);
                    canonical.held.push(Held { id: object.id, session: &object.session });
                    next
                })
            });
            canonical.requests.push(Open { request: *number, holds, data: &request.data });
        }
        canonical
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        let canonical = |state| Canonical { semantics: None, ..Canonical::of(state) };
        canonical(self) == canonical(other)
    }
}

impl Eq for State {}

impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        Canonical { semantics: None, ..Canonical::of(self) }.hash(hasher);
    }
}
