//! What an exchange asks of the store, and what the store answers.

use smol_str::SmolStr;

use super::over::Over;
use crate::effect::StoreOp;
use crate::entropy::Entropy;
#[cfg(feature = "std")]
use crate::entropy::source::EntropySource;
use crate::session::Session;
use crate::time::Timestamp;
use crate::token::SessionId;

/// Names the write that wrote a row: every write except a [`Touch`](StoreOp::Touch) gives the row
/// another revision.
///
/// The exchange chooses it, so the store only compares and keeps it, and never counts. No two
/// writes have the same revision, so a row shows whether a write in doubt has written it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Revision(pub u64);

#[cfg(feature = "std")]
impl EntropySource {
    /// The next 8 bytes of the stream: the first revision of one [`Exchange`](super::Exchange).
    ///
    /// ```
    /// let mut entropy = quixote_session::EntropySource::from_system()?;
    /// assert_ne!(entropy.revision(), entropy.revision());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn revision(&mut self) -> Revision {
        Revision(self.number())
    }
}

/// A session as it is stored, and the revision beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    /// The revision of the write that wrote it.
    pub revision: Revision,
    /// What was written, with the latest access that was noted since.
    pub session: Session,
}

/// What an exchange wants done next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask<'a> {
    /// Read what is stored under the id: [`Answer::Loaded`]. If a row is there but cannot be read,
    /// such as one of a newer version, answer [`Answer::Failed`], and not that nothing is there.
    Load {
        /// Which id.
        id: SessionId,
    },
    /// Read how often the sessions of this user were ended: [`Answer::Generation`], 0 if never.
    Generation {
        /// Whose, compared byte by byte.
        user: &'a SmolStr,
    },
    /// Check the condition and write, in one atomic act: [`Answer::Done`], or
    /// [`Answer::Conflict`] if the condition did not hold and nothing was written.
    Write(&'a Write),
    /// Random bytes that were never given before: [`Answer::Entropy`]. Only a step that draws an id
    /// or a token asks for them.
    // [driver-2]
    Entropy,
    /// Commit the application's own data of this request, if there are any in a transaction:
    /// [`Answer::Done`], or [`Answer::Failed`].
    Commit,
    /// Roll those data back: [`Answer::Done`].
    Abort,
}

/// An operation on the store, with its condition.
///
/// | operation | condition |
/// |---|---|
/// | `Create` | nothing is stored under `id`; if there is a `generation`, the session's user has it |
/// | `Update` | `id` has the revision `expected` |
/// | `Rotate` | that of `Update` for `from`, and that of `Create` for `to` |
/// | `Discard` | `id` has the revision `expected`, and was last accessed at `accessed` |
/// | `DeleteUser` | if it spares a session: that session has the revision `expected` |
/// | `Touch`, `Delete`, `DeleteHandle`, `DiscardOver`, `Put` | none |
///
/// `Create`, `Update`, `Rotate` and `Put` give the row the new `revision`. A `DiscardOver` deletes
/// the sessions that are `over`. A `Create` with an `over` deletes them before it writes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Write {
    /// What to write.
    pub op: StoreOp,
    /// The revision that the row must have. None if there must be no row, or if any will do.
    pub expected: Option<Revision>,
    /// For a `Discard`: the noted access that the row must have.
    pub accessed: Option<Timestamp>,
    /// The sessions that are over, for a `DiscardOver`, or for a `Create` that first makes room.
    pub over: Option<Over>,
    /// The revision that the row gets.
    pub revision: Revision,
    /// Whether [`Ask::Commit`] comes next. A driver that keeps sessions and the application's data
    /// in one database may commit both now, in one transaction, and answer [`Answer::Committed`].
    pub commits: bool,
}

/// What came of an [`Ask`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// This is stored, or nothing is.
    Loaded(Option<Stored>),
    /// The user's sessions were ended this often.
    Generation(u64),
    /// These bytes, fresh from an `EntropySource`.
    Entropy(Entropy),
    /// It was done.
    Done,
    /// A [`Write`] that [commits](Write::commits) was done, and the application's data were
    /// committed with it.
    Committed,
    /// The condition did not hold: nothing was written.
    Conflict,
    /// The store has failed, and it is certain that nothing was written.
    Failed,
    /// The store has failed, and may have written: the connection broke after the write was sent,
    /// or no answer came in time.
    Unknown,
}

/// The clock and the store, for a driver that blocks: see [`Exchange::run`](super::Exchange::run).
pub trait World {
    /// What the clock says.
    fn now(&mut self) -> Timestamp;

    /// Waits for so many milliseconds, and then carries out what is asked: see
    /// [`Exchange::wait_ms`](super::Exchange::wait_ms).
    fn carry_out(&mut self, ask: Ask<'_>, wait_ms: u64) -> Answer;
}
