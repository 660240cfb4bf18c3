//! One call in progress, and how to find out whether a write in doubt was carried out.

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
    /// Entropy for the next step only. Most steps draw nothing, so entropy is asked for before a
    /// step that certainly draws, or after a step was refused for lack of it.
    pub(super) entropy: Option<Entropy>,
    /// Whether the state was loaded during this turn.
    pub(super) is_fresh: bool,
    /// How often it was tried again, after a lost race or for another reason.
    pub(super) tries: u32,
    /// Why the save was given up, if it was: then the request ends as a failed one.
    pub(super) unsaved: Option<Failure>,
    /// A write that may have been carried out.
    pub(super) doubtful: Option<Box<Attempt>>,
    /// Whether there was ever such a write in this turn. Then the answer must not be that nothing
    /// happened.
    pub(super) in_doubt: bool,
    pub(super) waits: Waits,
}

/// What a turn waits for.
pub(super) enum Waits {
    /// What is stored under the exchange's id.
    Session,
    /// The generation of the user who logs in.
    Generation,
    /// Entropy for a step that draws.
    Entropy,
    /// The result of this write.
    Write(Box<Attempt>),
    /// What is stored under an id of the doubtful write.
    ReadingBack,
    /// The end of the application's transaction, after which this is the answer.
    Transaction(Transaction, Said),
}

/// A step whose state is not kept yet, and its write.
pub(super) struct Attempt {
    pub(super) after: State,
    pub(super) effects: Effects,
    pub(super) write: Write,
}

/// What a look for a write in doubt has shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// It was carried out.
    Written,
    /// It was not carried out, or a second time changes nothing: the call starts over.
    Again,
    /// There is no way to tell.
    Undecided,
}

impl Attempt {
    /// The id under which the write would be found. None if it may simply be carried out once more,
    /// because a second time changes nothing.
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

    /// Decides whether the write was carried out, from what is found under one of its ids: the id
    /// that [`looks_for`](Self::looks_for) names, or the id that the session was loaded under. Only
    /// the revision counts. The content proves nothing, because two requests that spend the same
    /// form token write the same.
    ///
    /// If nothing is found there, it depends on the operation:
    ///
    /// - `Create`, and `Rotate` under its new id: only this request knows the new id. If it was
    ///   written and is gone, the session was ended; starting over is refused for its generation,
    ///   or is a login after that end.
    /// - `Rotate` under its old id: the session may be under the new id, and starting over could
    ///   leave two sessions of one login. So there is no way to tell.
    /// - `Discard` and `Update`: if the next step refuses, the call fails as unknown, because a
    ///   write is in doubt. Or that step asks nothing of the store, and answers as the write would
    ///   have answered.
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
    /// What is known of an id that is not loaded yet.
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
    /// Splits what was loaded into the row and the session.
    pub(super) fn of(Stored { revision, session }: Stored) -> (Self, Session) {
        (Self { revision, accessed: session.accessed() }, session)
    }
}
