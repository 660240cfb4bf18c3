//! What the events are called in a trace, and which of them are new or the manager's.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::event::{Event, ManagerEvent, RequestEvent};

/// The events by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EventName {
    StartRequest,
    SetUser,
    SetValue,
    RemoveValue,
    CreateFormToken,
    HasFormToken,
    RemoveFormToken,
    HasSessionCookie,
    RevokeSessionCookie,
    ExpireSession,
    NewSession,
    MaintainSession,
    FinishRequest,
    InsertSession,
    DeleteSession,
    DeleteSessionsOf,
    Sweep,
}

impl EventName {
    pub(super) const fn of(event: &Event) -> Self {
        match event {
            Event::StartRequest { .. } => Self::StartRequest,
            Event::Request { event: RequestEvent::SetUser { .. }, .. } => Self::SetUser,
            Event::Request { event: RequestEvent::SetValue { .. }, .. } => Self::SetValue,
            Event::Request { event: RequestEvent::RemoveValue { .. }, .. } => Self::RemoveValue,
            Event::Request { event: RequestEvent::CreateFormToken, .. } => Self::CreateFormToken,
            Event::Request { event: RequestEvent::HasFormToken { .. }, .. } => Self::HasFormToken,
            Event::Request { event: RequestEvent::RemoveFormToken { .. }, .. } => {
                Self::RemoveFormToken
            }
            Event::Request { event: RequestEvent::HasSessionCookie { .. }, .. } => {
                Self::HasSessionCookie
            }
            Event::Request { event: RequestEvent::RevokeSessionCookie, .. } => {
                Self::RevokeSessionCookie
            }
            Event::Request { event: RequestEvent::ExpireSession, .. } => Self::ExpireSession,
            Event::Request { event: RequestEvent::NewSession, .. } => Self::NewSession,
            Event::Request { event: RequestEvent::MaintainSession, .. } => Self::MaintainSession,
            Event::Request { event: RequestEvent::FinishRequest { .. }, .. } => Self::FinishRequest,
            Event::Request { event: RequestEvent::InsertSession { .. }, .. } => Self::InsertSession,
            Event::Manager(ManagerEvent::DeleteSession { .. }) => Self::DeleteSession,
            Event::Manager(ManagerEvent::DeleteSessionsOf { .. }) => Self::DeleteSessionsOf,
            Event::Manager(ManagerEvent::Sweep) => Self::Sweep,
        }
    }

    /// Whether the event came with version 2.
    pub(super) const fn is_new(self) -> bool {
        matches!(self, Self::SetValue | Self::RemoveValue | Self::DeleteSessionsOf | Self::Sweep)
    }

    /// Whether the event is the manager's and belongs to no request.
    pub(super) const fn is_of_manager(self) -> bool {
        matches!(self, Self::DeleteSession | Self::DeleteSessionsOf | Self::Sweep)
    }
}

/// As the trace writes it.
impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}
