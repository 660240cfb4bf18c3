//! What an exchange asks of the store, and what it is told.

use smol_str::SmolStr;

use super::over::Over;
use crate::effect::StoreOp;
use crate::entropy::Entropy;
#[cfg(feature = "std")]
use crate::entropy::source::EntropySource;
use crate::session::Session;
use crate::time::Timestamp;
use crate::token::SessionId;

/// Names one writing of a row: every write but a [`Touch`](StoreOp::Touch) gives the row another.
///
/// The exchange draws it, so the store compares and keeps it and never counts. As no two writes
/// have the same, whoever reads a row can tell whether it was written by the write in doubt.
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
    /// Of the write that wrote it.
    pub revision: Revision,
    /// What was written, with the latest access noted since.
    pub session: Session,
}

/// What an exchange wants done next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask<'a> {
    /// Read what is stored under the id: [`Answer::Loaded`]. What is there and cannot be read, such
    /// as a row of a newer version, is [`Answer::Failed`]: it is not nothing.
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
    /// Random bytes that were given to nobody before: [`Answer::Entropy`]. Only a step that draws
    /// an id or a token asks for them.
    // [driver-2]
    Entropy,
    /// Commit the application's own data of this request, if it has any in a transaction:
    /// [`Answer::Done`], or [`Answer::Failed`].
    Commit,
    /// Roll them back: [`Answer::Done`].
    Abort,
}

/// An operation on the store under its condition.
///
/// | operation | condition |
/// |---|---|
/// | `Create` | nothing under `id`; if there is a `generation`, it is that of the session's user |
/// | `Update` | `id` has the revision `expected` |
/// | `Rotate` | that of `Update` for `from` and of `Create` for `to` |
/// | `Discard` | `id` has the revision `expected`, and was last accessed at `accessed` |
/// | `DeleteUser` | if it spares a session: that has the revision `expected` |
/// | `Touch`, `Delete`, `DeleteHandle`, `DiscardOver`, `Put` | none |
///
/// `Create`, `Update`, `Rotate` and `Put` give the row the new `revision`. A `DiscardOver` deletes
/// what is `over`, and so does a `Create` before it writes, if it says what is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Write {
    /// What to write.
    pub op: StoreOp,
    /// The revision that the row must have; None where no row is to be there, or any may be.
    pub expected: Option<Revision>,
    /// For a `Discard`: the noted access that the row must have.
    pub accessed: Option<Timestamp>,
    /// What is over, for a `DiscardOver`, or for a `Create` that makes room by discarding it.
    pub over: Option<Over>,
    /// The revision that the row gets.
    pub revision: Revision,
    /// Whether [`Ask::Commit`] comes next. A driver that keeps sessions and its own data in one
    /// database commits both here, in one transaction, and answers [`Answer::Committed`].
    pub commits: bool,
}

/// What came of an [`Ask`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// This is stored, or nothing is.
    Loaded(Option<Stored>),
    /// So often were the user's sessions ended.
    Generation(u64),
    /// These bytes, fresh from an `EntropySource`.
    Entropy(Entropy),
    /// It was done.
    Done,
    /// To a [`Write`] that [commits](Write::commits): it was done, and the application's data are
    /// committed with it.
    Committed,
    /// The condition did not hold: nothing was written.
    Conflict,
    /// The store has failed, and it is certain that nothing was written.
    Failed,
    /// The store has failed, and nobody knows whether it wrote: a connection broke after the
    /// request had left, or no answer came in time.
    Unknown,
}

/// Everything outside, for a driver that blocks: see [`Exchange::run`](super::Exchange::run).
pub trait World {
    /// What the clock says.
    fn now(&mut self) -> Timestamp;

    /// Carries out what is asked, once so many milliseconds have passed: see
    /// [`Exchange::wait_ms`](super::Exchange::wait_ms).
    fn carry_out(&mut self, ask: Ask<'_>, wait_ms: u64) -> Answer;
}
