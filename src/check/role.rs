//! What events and operations mean to code that watches the machine: one table, which needs an
//! entry for every new event.

use smol_str::SmolStr;

use crate::effect::{Effects, Reply, StoreOp};
use crate::event::{Event, Outcome, RequestEvent};
use crate::presented::SubmittedToken;
use crate::session::Session;
use crate::token::{FormToken, SessionId};

/// What an event of a request does to the session that the request holds, and to the store, unless
/// it is refused.
pub(super) struct Role {
    /// The part of the session that it changed.
    pub(super) part: Option<Part>,
    /// Whether it changed anything about the request.
    pub(super) changes_request: bool,
    /// Whether it may change the store for good, even if the request fails.
    pub(super) is_final: bool,
    /// What became of the changes that the request had made so far.
    pub(super) fate: Fate,
    /// The id that the caller chose for a session.
    pub(super) chosen: Option<SessionId>,
}

/// What becomes of changes that are not saved yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Pending,
    Saved,
    Dropped,
}

impl Role {
    /// It changes the request, but no part of its session.
    const OTHER: Self = Self {
        part: None,
        changes_request: true,
        is_final: false,
        fate: Fate::Pending,
        chosen: None,
    };

    pub(super) fn of(event: &RequestEvent, effects: &Effects) -> Self {
        match event {
            RequestEvent::SetUser { .. } => Self { part: Some(Part::User), ..Self::OTHER },
            // A value is taken from the store for good, even if the request fails.
            RequestEvent::TakeValue { key } => {
                let part = effects.store.is_none().then(|| Part::Value(key.clone()));
                Self { part, is_final: true, ..Self::OTHER }
            }
            RequestEvent::SetValue { key, .. } | RequestEvent::RemoveValue { key } => {
                Self { part: Some(Part::Value(key.clone())), ..Self::OTHER }
            }
            RequestEvent::CreateFormToken => Self { part: token_of(&effects.reply), ..Self::OTHER },
            // A form is accepted for good, even if the request fails.
            RequestEvent::RemoveFormToken { token } => {
                Self { part: submitted(token), is_final: true, ..Self::OTHER }
            }
            RequestEvent::HasFormToken { .. } | RequestEvent::HasSessionCookie { .. } => {
                Self { changes_request: false, ..Self::OTHER }
            }
            RequestEvent::RenewSession
            | RequestEvent::GuardValue { .. }
            | RequestEvent::RevokeSessionCookie => Self::OTHER,
            RequestEvent::ExpireSession => {
                Self { is_final: true, fate: Fate::Dropped, ..Self::OTHER }
            }
            // These end other sessions, or expire the one that the request holds.
            RequestEvent::ExpireOtherSessions => Self { is_final: true, ..Self::OTHER },
            RequestEvent::ExpireHandle { .. } => {
                let own =
                    !matches!(&effects.store, Some(StoreOp::DeleteHandle { user: Some(_), .. }));
                let fate = if own { Fate::Dropped } else { Fate::Pending };
                Self { is_final: true, fate, ..Self::OTHER }
            }
            // The session that it replaces is discarded if it is over.
            RequestEvent::NewSession => Self {
                is_final: matches!(effects.store, Some(StoreOp::Discard { .. })),
                fate: Fate::Dropped,
                ..Self::OTHER
            },
            RequestEvent::MaintainSession => Self { fate: Fate::Saved, ..Self::OTHER },
            RequestEvent::FinishRequest { outcome } => {
                let fate = match outcome {
                    Outcome::Successful | Outcome::Interrupted => Fate::Saved,
                    Outcome::Failed | Outcome::Abandoned => Fate::Dropped,
                };
                Self { fate, ..Self::OTHER }
            }
            // The session that it stores is not the one that the request holds.
            RequestEvent::InsertSession { id, .. } => {
                Self { changes_request: false, is_final: true, chosen: Some(*id), ..Self::OTHER }
            }
        }
    }
}

/// How the request ends, if the event ends it.
pub(super) const fn outcome_of(event: &Event) -> Option<Outcome> {
    match event {
        Event::Request { event, .. } => match event {
            RequestEvent::FinishRequest { outcome } => Some(*outcome),
            RequestEvent::SetUser { .. }
            | RequestEvent::RenewSession
            | RequestEvent::SetValue { .. }
            | RequestEvent::RemoveValue { .. }
            | RequestEvent::TakeValue { .. }
            | RequestEvent::GuardValue { .. }
            | RequestEvent::CreateFormToken
            | RequestEvent::HasFormToken { .. }
            | RequestEvent::RemoveFormToken { .. }
            | RequestEvent::HasSessionCookie { .. }
            | RequestEvent::RevokeSessionCookie
            | RequestEvent::ExpireSession
            | RequestEvent::ExpireOtherSessions
            | RequestEvent::ExpireHandle { .. }
            | RequestEvent::NewSession
            | RequestEvent::MaintainSession
            | RequestEvent::InsertSession { .. } => None,
        },
        Event::StartRequest { .. } | Event::Manager(_) => None,
    }
}

const fn token_of(reply: &Reply) -> Option<Part> {
    match reply {
        Reply::Token(token) => Some(Part::Token(*token)),
        Reply::Done
        | Reply::Started { .. }
        | Reply::Value(_)
        | Reply::Answer(_)
        | Reply::Refused(_) => None,
    }
}

const fn submitted(token: &SubmittedToken) -> Option<Part> {
    match token {
        SubmittedToken::Token(token) => Some(Part::Token(*token)),
        SubmittedToken::IllFormed => None,
    }
}

/// A part of a session that can be changed by itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Part {
    User,
    Value(SmolStr),
    Token(FormToken),
}

impl Part {
    /// What `session` holds in this part; None if nothing.
    pub(super) fn of<'a>(&self, session: &'a Session) -> Option<&'a str> {
        match self {
            Self::User => session.user().map(SmolStr::as_str).filter(|user| !user.is_empty()),
            Self::Value(key) => session.values().get(key).map(SmolStr::as_str),
            Self::Token(token) => session.form_tokens().contains(token).then_some("outstanding"),
        }
    }
}

/// What an operation writes, and under which id.
pub(super) const fn written_by(op: Option<&StoreOp>) -> Option<(SessionId, &Session)> {
    match op {
        Some(
            StoreOp::Put { id, session }
            | StoreOp::Create { id, session, .. }
            | StoreOp::Update { id, session }
            | StoreOp::Rotate { to: id, session, .. },
        ) => Some((*id, session)),
        None
        | Some(
            StoreOp::Touch { .. }
            | StoreOp::Delete { .. }
            | StoreOp::DeleteUser { .. }
            | StoreOp::DeleteHandle { .. }
            | StoreOp::Discard { .. }
            | StoreOp::DiscardOver { .. },
        ) => None,
    }
}
