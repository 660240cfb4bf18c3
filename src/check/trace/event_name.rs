//! What the events are called in a trace, and which of them are new or the manager's.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::event::Event;

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
            Event::SetUser { .. } => Self::SetUser,
            Event::SetValue { .. } => Self::SetValue,
            Event::RemoveValue { .. } => Self::RemoveValue,
            Event::CreateFormToken { .. } => Self::CreateFormToken,
            Event::HasFormToken { .. } => Self::HasFormToken,
            Event::RemoveFormToken { .. } => Self::RemoveFormToken,
            Event::HasSessionCookie { .. } => Self::HasSessionCookie,
            Event::RevokeSessionCookie { .. } => Self::RevokeSessionCookie,
            Event::ExpireSession { .. } => Self::ExpireSession,
            Event::NewSession { .. } => Self::NewSession,
            Event::MaintainSession { .. } => Self::MaintainSession,
            Event::FinishRequest { .. } => Self::FinishRequest,
            Event::InsertSession { .. } => Self::InsertSession,
            Event::DeleteSession { .. } => Self::DeleteSession,
            Event::DeleteSessionsOf { .. } => Self::DeleteSessionsOf,
            Event::Sweep => Self::Sweep,
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
