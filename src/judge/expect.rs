//! What a browser may read according to the clauses. Strict may allow less.
//!
//! For the user and each key there is a set of values that are allowed now; or every value is
//! allowed. A request that is answered as done makes the set smaller. A request whose outcome the
//! clauses leave open makes it larger.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The value that is read; None if there is none.
type Read = Option<String>;

/// The values that are allowed; None if every value is.
type Allowed = Option<BTreeSet<Read>>;

/// What a browser may read of the session that it holds.
#[derive(Clone, Debug)]
pub(super) struct Expect(BTreeMap<&'static str, Allowed>);

const SLOTS: [&str; 3] = ["user", "a", "b"];

/// The value that a request leaves in each slot that it writes.
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
    /// For a browser without cookies.
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
                // Data that is written after it may be lost, as there is no session.
                for (slot, _) in writes(ops.get(at..).unwrap_or_default()) {
                    self.anything(slot);
                }
                return;
            }
            if op.starts_with("login") {
                // A manager may keep the data at a login, or drop it.
                for slot in ["a", "b"] {
                    self.anything(slot);
                }
            }
            for (slot, value) in writes(one) {
                self.set(slot, value);
            }
        }
    }

    /// A request may have been carried out, in part or as a whole.
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

    /// A request that raised an error has changed nothing; only a logout may stand.
    pub(super) fn thrown(&mut self, ops: &[String]) {
        if moves_session(ops) {
            self.maybe(ops);
        }
    }

    /// Requests overlapped: one was held at its gate while the others ran. If both sides wrote a
    /// slot, either value is allowed; if one did, only its value is.
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

    /// Finds the first answer that is not allowed: its operation, and what was found and allowed.
    /// Only the reads before the first other operation count.
    pub(super) fn check(&self, ops: &[String], results: &[Value]) -> Option<(String, String)> {
        for (op, result) in ops.iter().zip(results) {
            let slot = match op.as_str() {
                "whoami" => "user",
                "get:a" => "a",
                "get:b" => "b",
                _ => return None,
            };
            // Some servers name nobody by an empty text.
            let nobody = slot == "user" && result == "";
            let found = result.as_str().filter(|_| !nobody).map(str::to_owned);
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
