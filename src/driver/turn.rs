//! One call under way: where it stands, and how a write in doubt is decided.

use alloc::boxed::Box;

use super::ask::{Revision, Stored, Write};
use super::call::{Failure, Said};
use crate::effect::{Effects, StoreOp, Transaction};
use crate::entropy::Entropy;
use crate::event::Event;
use crate::session::Session;
use crate::state::State;
use crate::time::Timestamp;
use crate::token::SessionId;

/// A call that waits for an answer.
pub(super) struct Turn {
    pub(super) event: Event,
    /// What the clock said last.
    pub(super) now: Timestamp,
    /// For the next step, and for no other. Most draw nothing: it is asked for before a step that
    /// draws for sure, or once one was refused for the lack of it.
    pub(super) entropy: Option<Entropy>,
    /// Whether what is known was loaded during this turn.
    pub(super) is_fresh: bool,
    /// How often it has lost a race, or what else made it try again.
    pub(super) tries: u32,
    /// Why the save of the request was given up, so that it ends as a failed one.
    pub(super) unsaved: Option<Failure>,
    /// A write of which nobody knows whether it was carried out.
    pub(super) doubtful: Option<Box<Attempt>>,
    /// Whether there was ever one in this turn: then nothing can be said to have not happened.
    pub(super) in_doubt: bool,
    pub(super) waits: Waits,
}

/// What a turn waits for.
pub(super) enum Waits {
    /// What is stored under the exchange's id.
    Session,
    /// The generation of who logs in.
    Generation,
    /// Entropy for a step that draws.
    Entropy,
    /// That this is carried out.
    Write(Box<Attempt>),
    /// What is stored under an id of the doubtful write.
    ReadingBack,
    /// The end of the application's transaction, after which this is said.
    Transaction(Transaction, Said),
}

/// A step that is not believed yet, and its write.
pub(super) struct Attempt {
    pub(super) after: State,
    pub(super) effects: Effects,
    pub(super) write: Write,
}

/// What is known of a doubtful write once it was looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It was carried out.
    Written,
    /// It was not, or to do it once more changes nothing: the call starts over.
    Again,
    /// Nobody can tell.
    Undecided,
}

impl Attempt {
    /// The id under which it would be found; None if it may simply be carried out once more, as the
    /// second time changes nothing.
    pub(super) const fn looks_for(&self) -> Option<SessionId> {
        match self.write.op {
            StoreOp::Create { id, .. }
            | StoreOp::Update { id, .. }
            | StoreOp::Rotate { to: id, .. }
            | StoreOp::Discard { id } => Some(id),
            StoreOp::Put { .. }
            | StoreOp::Touch { .. }
            | StoreOp::Delete { .. }
            | StoreOp::DeleteHandle { .. }
            | StoreOp::DeleteUser { .. }
            | StoreOp::DiscardOver { .. } => None,
        }
    }

    /// What it was, from what is found under an id of it: the one that it is looked for under, or
    /// the one that the session was loaded under. Content alone proves nothing: two requests
    /// that spend the same form token write the same.
    ///
    /// A new id is known to nobody but this request: if it was there and is gone, somebody has
    /// ended it, which the generation tells, or else it is a login after that end. What was to be
    /// moved and is gone from its old id may be under the new one: to begin anew could leave two
    /// sessions of one login, so nobody can tell. What was to be
    /// discarded or updated and is gone is refused by the next step, and as that is in doubt
    /// nothing is said; or that step asks nothing of the store, and answers as the write would
    /// have.
    pub(super) fn judge(&self, id: Option<SessionId>, found: Option<&Stored>) -> Verdict {
        let Some(found) = found.map(|stored| stored.revision) else {
            let moved = matches!(self.write.op, StoreOp::Rotate { from, .. } if Some(from) == id);
            return if moved { Verdict::Undecided } else { Verdict::Again };
        };
        if found == self.write.revision {
            return Verdict::Written;
        }
        match self.write.op {
            // Another request may have written over ours.
            StoreOp::Update { .. } if Some(found) != self.write.expected => Verdict::Undecided,
            StoreOp::Update { .. }
            | StoreOp::Discard { .. }
            | StoreOp::Create { .. }
            | StoreOp::Rotate { .. }
            | StoreOp::Put { .. }
            | StoreOp::Touch { .. }
            | StoreOp::Delete { .. }
            | StoreOp::DeleteHandle { .. }
            | StoreOp::DeleteUser { .. }
            | StoreOp::DiscardOver { .. } => Verdict::Again,
        }
    }
}

/// What an exchange knows of the id that its request came with.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) id: SessionId,
    /// None if nothing is stored there, or nothing was loaded yet.
    pub(super) row: Option<Row>,
}

impl Known {
    /// Of an id that is not loaded yet.
    pub(super) const fn only_id(id: SessionId) -> Self {
        Self { id, row: None }
    }
}

/// What a condition compares of a session that is stored.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) revision: Revision,
    /// When it was last accessed.
    pub(super) accessed: Timestamp,
}

impl Row {
    /// Of a session that was loaded, and that session.
    pub(super) fn of(Stored { revision, session }: Stored) -> (Self, Session) {
        (Self { revision, accessed: session.accessed() }, session)
    }
}
