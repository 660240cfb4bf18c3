//! What a worker is asked, and what it answers: one line of JSON each.

use quixote_session::driver::Failure;
use quixote_session::{CookieOp, Event, Refusal, Reply, Session, SessionId, SmolStr, StoreOp};
use serde::{Deserialize, Serialize};

/// The calls of one request, or of the manager.
#[derive(Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) number: u64,
    pub(crate) calls: Vec<Event>,
    /// How many milliseconds to wait before each call, so that what was loaded grows old.
    pub(crate) pause_ms: u64,
}

/// The results of those calls.
#[derive(Serialize, Deserialize)]
pub(crate) struct Told {
    pub(crate) number: u64,
    /// The calls that were made: after the store has failed, no more are made.
    pub(crate) calls: Vec<Called>,
}

/// One call.
#[derive(Serialize, Deserialize, Debug)]
pub(crate) struct Called {
    pub(crate) event: Event,
    pub(crate) during: During,
    /// The answer; for a finish, whether the request has ended, even if it was not saved.
    pub(crate) result: Result<Reply, Why>,
    /// Why a request that should have been saved was not.
    pub(crate) unsaved: Option<Why>,
    pub(crate) cookie: Option<CookieOp>,
    /// The questions to the store, in order.
    pub(crate) asked: Vec<Asked>,
}

/// From when to when, in nanoseconds of a clock that all processes share.
#[derive(Clone, Copy, Serialize, Deserialize, Debug)]
pub(crate) struct During {
    pub(crate) began: u64,
    pub(crate) ended: u64,
}

/// One question to the store, and its answer.
#[derive(Clone, Serialize, Deserialize, Debug)]
pub(crate) struct Asked {
    pub(crate) during: During,
    pub(crate) what: What,
}

/// See [`Asked`].
#[derive(Clone, Serialize, Deserialize, Debug)]
pub(crate) enum What {
    Loaded { id: SessionId, found: Option<(u64, Session)> },
    Generation { user: SmolStr, count: u64 },
    Write { op: StoreOp, expected: Option<u64>, revision: u64, done: bool },
    Failed,
}

/// A [`Failure`].
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Debug)]
pub(crate) enum Why {
    Refused(Refusal),
    Busy,
    Store,
    Unknown,
    Commit,
}

impl From<Failure> for Why {
    fn from(why: Failure) -> Self {
        match why {
            Failure::Refused(why) => Self::Refused(why),
            Failure::Busy => Self::Busy,
            Failure::Store => Self::Store,
            Failure::Unknown => Self::Unknown,
            Failure::Commit => Self::Commit,
        }
    }
}

impl Called {
    /// Whether it was done and, if it was a finish that saves, saved.
    pub(crate) const fn is_done(&self) -> bool {
        self.result.is_ok() && self.unsaved.is_none()
    }
}

impl Told {
    #[expect(clippy::option_option, reason = "nothing was found, or nobody could look")]
    /// What a request found under the id of its cookie; None if it could not look.
    pub(crate) fn found(&self) -> Option<Option<&Session>> {
        let first = self.calls.first().filter(|start| start.result.is_ok())?;
        let loaded = first.asked.iter().find_map(|asked| match &asked.what {
            What::Loaded { found, .. } => Some(found.as_ref().map(|(_, session)| session)),
            What::Generation { .. } | What::Write { .. } | What::Failed => None,
        });
        Some(loaded.flatten())
    }
}
