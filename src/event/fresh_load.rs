//! Before which events a driver whose store is outside has to load again.

use super::{Event, ManagerEvent, RequestEvent};

impl Event {
    /// Whether the answer depends on what is stored now, and no [`StoreOp`](crate::StoreOp) has a
    /// condition that would fail if that has changed. Before such an event, a driver whose store is
    /// outside the process loads the request's session again, by
    /// [`State::with_stored`](crate::State::with_stored). An [`Exchange`](crate::driver::Exchange)
    /// also looks at the effects, and loads less often.
    ///
    /// ```
    /// use quixote_session::{Outcome, RequestEvent, RequestId};
    ///
    /// let finish = |outcome| RequestEvent::FinishRequest { outcome }.of(RequestId(1));
    /// assert!(finish(Outcome::Successful).needs_fresh_load());
    /// assert!(!finish(Outcome::Failed).needs_fresh_load(), "it saves nothing");
    /// ```
    #[must_use]
    pub const fn needs_fresh_load(&self) -> bool {
        match self {
            Self::Request { event, .. } => event.needs_fresh_load(),
            Self::StartRequest { .. } => false,
            Self::Manager(event) => match event {
                ManagerEvent::DeleteSession { .. } => true,
                ManagerEvent::DeleteHandle { .. }
                | ManagerEvent::DeleteSessionsOf { .. }
                | ManagerEvent::Sweep => false,
            },
        }
    }
}

impl RequestEvent {
    const fn needs_fresh_load(&self) -> bool {
        match self {
            Self::HasSessionCookie { must_exist, .. } => *must_exist,
            // The user's generation is what is loaded.
            Self::SetUser { user } => user.is_some(),
            // The token must differ from those that are outstanding in the stored session.
            Self::NewSession
            | Self::CreateFormToken
            | Self::ExpireOtherSessions
            | Self::ExpireHandle { .. } => true,
            Self::FinishRequest { outcome } => outcome.saves(),
            Self::RenewSession
            | Self::SetValue { .. }
            | Self::RemoveValue { .. }
            | Self::TakeValue { .. }
            | Self::GuardValue { .. }
            | Self::HasFormToken { .. }
            | Self::RemoveFormToken { .. }
            | Self::RevokeSessionCookie
            | Self::ExpireSession
            | Self::MaintainSession
            | Self::InsertSession { .. } => false,
        }
    }
}
