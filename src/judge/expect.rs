//! What a browser may read, by the clauses alone: not what strict would show it.
//!
//! For the user and each key there is a set of values that are allowed now, or anything at all. A
//! request that is answered as done narrows it, one whose outcome the clauses leave open widens it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// A value that is read; None for nothing.
type Read = Option<String>;

/// What is allowed; None for anything.
type Allowed = Option<BTreeSet<Read>>;

/// What may be read of one session by the browser that holds it.
#[derive(Clone, Debug)]
pub(super) struct Expect(BTreeMap<&'static str, Allowed>);

const SLOTS: [&str; 3] = ["user", "a", "b"];

/// What a request does to each slot: the value that it leaves there.
pub(super) type Effect = BTreeMap<&'static str, Read>;

/// Whether an operation ends the session, or moves it.
pub(super) fn moves_session(ops: &[String]) -> bool {
    ops.iter().any(|op| ends_session(op) || op.starts_with("login") || op == "renew")
}

pub(super) fn ends_session(op: &str) -> bool {
    op == "logout" || op == "destroy"
}

/// The last value for each slot that a request writes.
fn writes(ops: &[String]) -> Effect {
    let mut effect = Effect::new();
    for op in ops {
        let parts: Vec<_> = op.split(':').collect();
        let slot = SLOTS.into_iter().find(|slot| parts.get(1) == Some(slot));
        match (parts.first().copied(), slot, parts.get(2)) {
            (Some("put"), Some(slot), Some(value)) => {
                effect.insert(slot, Some((*value).into()));
            }
            (Some("del"), Some(slot), _) => {
                effect.insert(slot, None);
            }
            (Some("login"), ..) => {
                effect.insert("user", parts.get(1).map(|user| (*user).to_owned()));
            }
            _ => {}
        }
    }
    effect
}

impl Expect {
    /// Of a browser without cookies.
    pub(super) fn nothing() -> Self {
        let none: BTreeSet<Read> = [None].into();
        Self(SLOTS.into_iter().map(|slot| (slot, Some(none.clone()))).collect())
    }

    fn allow(&mut self, slot: &'static str, value: Read) {
        if let Some(Some(allowed)) = self.0.get_mut(slot) {
            allowed.insert(value);
        }
    }

    fn set(&mut self, slot: &'static str, value: Read) {
        self.0.insert(slot, Some([value].into()));
    }

    fn anything(&mut self, slot: &'static str) {
        self.0.insert(slot, None);
    }

    /// A request of this browser was answered as done, and nothing overlapped it.
    pub(super) fn done(&mut self, ops: &[String]) {
        for (at, op) in ops.iter().enumerate() {
            let one = ops.get(at..=at).unwrap_or_default();
            if ends_session(op) {
                *self = Self::nothing();
                // New data after it may have nowhere to go.
                for (slot, _) in writes(ops.get(at..).unwrap_or_default()) {
                    self.anything(slot);
                }
                return;
            }
            if op.starts_with("login") {
                // Whether data follows a login is the manager's choice.
                for slot in ["a", "b"] {
                    self.anything(slot);
                }
            }
            for (slot, value) in writes(one) {
                self.set(slot, value);
            }
        }
    }

    /// A request may have been carried out, or a part of it.
    pub(super) fn maybe(&mut self, ops: &[String]) {
        for (slot, value) in writes(ops) {
            self.allow(slot, value);
        }
        if moves_session(ops) {
            self.moved();
        }
    }

    /// The browser may be in another session now.
    pub(super) fn moved(&mut self) {
        for slot in SLOTS {
            self.anything(slot);
        }
    }

    /// A request that raised an error has changed nothing, but for a logout, which may stand.
    pub(super) fn thrown(&mut self, ops: &[String]) {
        if moves_session(ops) {
            self.maybe(ops);
        }
    }

    /// Two requests overlapped, the first of which was at its gate while the others ran: what both
    /// wrote is either, what one wrote is that.
    pub(super) fn late(&mut self, held: &[String], others: &[String]) {
        if moves_session(held) || moves_session(others) {
            self.maybe(held);
            for slot in SLOTS {
                if writes(held).contains_key(slot) {
                    self.allow(slot, None);
                }
            }
            return;
        }
        let theirs = writes(others);
        for (slot, value) in writes(held) {
            if theirs.contains_key(slot) {
                self.allow(slot, value);
            } else {
                self.set(slot, value);
            }
        }
    }

    /// The first answer that is not allowed: its operation, what was found, what was allowed. Reads
    /// count up to the first operation that changes something.
    pub(super) fn check(&self, ops: &[String], results: &[Value]) -> Option<(String, String)> {
        for (op, result) in ops.iter().zip(results) {
            let slot = match op.as_str() {
                "whoami" => "user",
                "get:a" => "a",
                "get:b" => "b",
                _ => return None,
            };
            let found = result.as_str().map(str::to_owned);
            if let Some(Some(allowed)) = self.0.get(slot)
                && !allowed.contains(&found)
            {
                let name = |it: &Read| it.clone().unwrap_or_else(|| "nothing".into());
                let all: Vec<_> = allowed.iter().map(name).collect();
                let why = format!("{op} reads {}, not {}", name(&found), all.join(" or "));
                return Some((slot.into(), why));
            }
        }
        None
    }
}
