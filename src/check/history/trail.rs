//! What a history remembers of an open request.

use std::collections::{BTreeMap, BTreeSet};
use std::vec::Vec;

use smol_str::SmolStr;

use super::Seen;
use super::update_checks::is_token;
use crate::check::role::Part;
use crate::effect::{Reply, StoreOp};
use crate::event::{Event, RequestEvent};
use crate::form_tokens::FormTokens;
use crate::presented::SubmittedToken;
use crate::time::Timestamp;
use crate::token::{FormToken, SessionId};

/// What an open request has done.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the request")]
pub(super) struct Trail {
    /// The id that its cookie named.
    pub(super) sent: Option<SessionId>,
    /// Whether it still carries a session cookie, whatever that names.
    pub(super) carries: bool,
    /// Whether it has expired its session, and begun no other.
    pub(super) expired: bool,
    /// The parts that it has changed since the user last changed, and not saved.
    pub(super) touched: BTreeSet<Part>,
    /// What its changes of the user take from the session that it found.
    pub(super) drops: Drops,
    /// The last user that it set, not saved yet.
    pub(super) login: Option<Login>,
    /// Whether a renewal was asked for and not saved.
    pub(super) renews: bool,
    /// The values that it guards, and what it saw of each.
    pub(super) guards: BTreeMap<SmolStr, Option<SmolStr>>,
    /// The form tokens that it issued since the user last changed, and neither spent nor saved:
    /// the latest, as many as a session holds, oldest first.
    pub(super) issued: Vec<FormToken>,
    pub(super) remote_addr: SmolStr,
    /// Whether it changed anything at all.
    pub(super) changed: bool,
    /// Whether it changed a stored session before its end, apart from changes that are final.
    pub(super) traced: bool,
}

/// What a change of the user takes from the session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub(super) enum Drops {
    #[default]
    Nothing,
    /// Nobody became somebody.
    Tokens,
    /// Somebody became another, or nobody.
    Everything,
}

impl Drops {
    pub(super) fn takes(self, part: &Part) -> bool {
        match part {
            Part::User => false,
            Part::Value(_) => self == Self::Everything,
            Part::Token(_) => self >= Self::Tokens,
        }
    }
}

/// A user that was set and is not saved yet.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Login {
    pub(super) user: Option<SmolStr>,
    pub(super) at: Timestamp,
    /// The user's sessions were ended since.
    pub(super) ended: bool,
}

impl Trail {
    /// Whether it has changed anything that a visitor would miss, and not saved that.
    pub(super) fn has_more_than_tokens(&self) -> bool {
        let more = self.touched.iter().any(|part| !is_token(part));
        more || self.login.is_some() || self.renews || !self.guards.is_empty()
    }

    pub(super) fn learn_user(
        &mut self,
        before: Option<&SmolStr>,
        to: Option<&SmolStr>,
        at: Timestamp,
    ) {
        let drops = match before {
            _ if before == to => Drops::Nothing,
            None => Drops::Tokens,
            Some(_) => Drops::Everything,
        };
        self.touched.retain(|part| !drops.takes(part));
        if drops >= Drops::Tokens {
            self.issued.clear();
        }
        if drops == Drops::Everything {
            self.guards.clear();
        }
        self.drops = self.drops.max(drops);
        self.login = Some(Login { user: to.cloned(), at, ended: false });
    }

    /// Learns whether the request still has its session and its cookie.
    // [event-21] [event-27] [event-28] [event-32] [event-36] [event-41]
    pub(super) fn learn_lost(&mut self, seen: &Seen<'_>) {
        let Event::Request { request, event } = &seen.input.event else { return };
        match event {
            RequestEvent::ExpireSession => (self.carries, self.expired) = (false, true),
            RequestEvent::ExpireHandle { handle } => {
                let held = seen.before.session(*request).and_then(|held| held.session.handle());
                if held == Some(*handle) {
                    (self.carries, self.expired) = (false, true);
                }
            }
            RequestEvent::NewSession => self.expired = false,
            RequestEvent::RevokeSessionCookie => self.carries = false,
            // It had no info, so its cookie is revoked.
            RequestEvent::MaintainSession => {
                let deletes = matches!(seen.effects.store, Some(StoreOp::Delete { .. }));
                self.carries &= !deletes;
            }
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
            | RequestEvent::ExpireOtherSessions
            | RequestEvent::FinishRequest { .. }
            | RequestEvent::InsertSession { .. } => {}
        }
    }

    /// Learns what the request guards, and which form tokens of its own it has.
    // [event-12]
    pub(super) fn learn_kept(&mut self, seen: &Seen<'_>) {
        let Event::Request { request, event } = &seen.input.event else { return };
        match event {
            RequestEvent::GuardValue { key } => {
                let held = seen.before.session(*request);
                let value = held.and_then(|held| held.session.values().get(key).cloned());
                self.guards.entry(key.clone()).or_insert(value);
            }
            // A value that was taken from the store is this request's alone.
            RequestEvent::TakeValue { key } if seen.effects.store.is_some() => {
                self.guards.remove(key);
            }
            RequestEvent::CreateFormToken => {
                if let Reply::Token(token) = seen.effects.reply {
                    // Not by the queue of a session, which is what is checked.
                    self.issued.push(token);
                    let cap = FormTokens::room(seen.config.max_form_tokens);
                    self.issued.drain(..self.issued.len().saturating_sub(cap));
                }
            }
            RequestEvent::RemoveFormToken { token: SubmittedToken::Token(token) } => {
                self.issued.retain(|own| own != token);
            }
            RequestEvent::RemoveFormToken { token: SubmittedToken::IllFormed }
            | RequestEvent::TakeValue { .. }
            | RequestEvent::SetUser { .. }
            | RequestEvent::RenewSession
            | RequestEvent::SetValue { .. }
            | RequestEvent::RemoveValue { .. }
            | RequestEvent::HasFormToken { .. }
            | RequestEvent::HasSessionCookie { .. }
            | RequestEvent::RevokeSessionCookie
            | RequestEvent::ExpireSession
            | RequestEvent::ExpireOtherSessions
            | RequestEvent::ExpireHandle { .. }
            | RequestEvent::NewSession
            | RequestEvent::MaintainSession
            | RequestEvent::FinishRequest { .. }
            | RequestEvent::InsertSession { .. } => {}
        }
    }
}

impl Login {
    /// Whether a session of this user, or of nobody, begins with it.
    pub(super) const fn begins(&self, drops: Drops) -> bool {
        self.user.is_some() || matches!(drops, Drops::Everything)
    }
}
