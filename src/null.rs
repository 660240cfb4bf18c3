//! Quixote's default: a session manager that does nothing.

use crate::effect::{Effects, Refusal, Reply};
use crate::event::{Event, Input, RequestEvent};

/// Quixote's `NullSessionManager`: accepts the hooks of the main loop and does nothing.
///
/// It is a machine without state, for a publisher that keeps no sessions: requests start and
/// finish, and have no session in between.
///
/// ```
/// use quixote_session::{Entropy, Input, NullSessionManager, Outcome, Refusal, Reply};
/// use quixote_session::{RequestEvent, RequestId, Timestamp};
///
/// let request = RequestId(1);
/// let ask = |event| {
///     let input = Input { now: Timestamp(0), entropy: Entropy::from_draws([]), event };
///     NullSessionManager.step(&input)
/// };
/// let finished = ask(RequestEvent::FinishRequest { outcome: Outcome::Failed }.of(request));
/// assert_eq!((finished.reply, finished.transaction), (Reply::Done, None));
/// let refused = ask(RequestEvent::ExpireSession.of(request));
/// assert_eq!(refused.reply, Reply::Refused(Refusal::NoSession));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct NullSessionManager;

impl NullSessionManager {
    /// Answers one input: start and finish of a request are accepted, all else is refused with
    /// [`Refusal::NoSession`].
    // [null-1] [null-2]
    #[must_use]
    pub const fn step(self, input: &Input) -> Effects {
        match &input.event {
            Event::StartRequest { .. } => Effects::reply(Reply::Started { remote_user: None }),
            Event::Request { event: RequestEvent::FinishRequest { .. }, .. } => {
                Effects::reply(Reply::Done)
            }
            Event::Request { .. } | Event::Manager(_) => Effects::refused(Refusal::NoSession),
        }
    }
}
