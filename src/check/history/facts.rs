//! What an event finds: what its request sees and has done, and where it takes from what it asks
//! for.

use super::step_checks::is_too_old;
use super::{Drops, History, Seen, Trail};
use crate::check::role::{Fate, Part, Role};
use crate::event::{Event, RequestEvent};
use crate::presented::SubmittedToken;
use crate::semantics::Semantics;
use crate::session::{Session, SessionRef};
use crate::token::{FormToken, SessionId};

/// What a step found, before it did anything.
pub(super) struct Facts<'a> {
    pub(super) seen: &'a Seen<'a>,
    /// What the event's request has done, if it is open.
    pub(super) trail: Option<&'a Trail>,
    /// The session that the request holds, as the request sees it.
    pub(super) held: Option<SessionRef<'a>>,
    /// Whether the event saves.
    pub(super) saves: bool,
}

impl<'a> Facts<'a> {
    pub(super) fn of(history: &'a History, seen: &'a Seen<'a>, role: Option<&Role>) -> Self {
        let request = seen.input.event.request();
        let trail = request.and_then(|request| history.trails.get(&request));
        let held = request.and_then(|request| seen.before.session(request));
        let saves = role.is_some_and(|role| role.fate == Fate::Saved);
        Self { seen, trail, held, saves }
    }

    /// What happens in the request, if anything does.
    pub(super) const fn event(&self) -> Option<&'a RequestEvent> {
        match &self.seen.input.event {
            Event::Request { event, .. } => Some(event),
            Event::StartRequest { .. } | Event::Manager(_) => None,
        }
    }

    pub(super) fn is_strict(&self) -> bool {
        self.seen.config.semantics == Semantics::Strict
    }

    pub(super) fn view(&self) -> Option<&'a Session> {
        self.held.map(|held| held.session)
    }

    /// What is stored under an id, if a request may still work on it.
    pub(super) fn stored(&self, id: SessionId) -> Option<&'a Session> {
        let stored = self.seen.before.get(&id);
        stored.filter(|session| !(self.is_strict() && is_too_old(self.seen, session)))
    }

    /// The session that a value or a form token is taken from. Under strict that is the stored one,
    /// if there is one, unless it is the request's own. None if that session is gone.
    // [step-21] [step-22] [step-23] [step-24]
    pub(super) fn source(&self, is_own: bool) -> Option<&'a Session> {
        let held = self.held?;
        match held.id {
            Some(id) if self.is_strict() && !is_own => self.stored(id),
            Some(_) | None => Some(held.session),
        }
    }

    /// Whether the request itself has set or removed the value, and not saved that.
    pub(super) fn owns_value(&self, key: &str) -> bool {
        let part = Part::Value(key.into());
        self.trail.is_some_and(|trail| trail.touched.contains(&part))
    }

    /// Whether the request itself has issued the form token, and neither spent nor saved it.
    pub(super) fn owns_token(&self, token: SubmittedToken) -> bool {
        let issued = self.trail.map(|trail| trail.issued.as_slice());
        token.token().is_some_and(|token| issued.is_some_and(|issued| issued.contains(&token)))
    }

    /// Whether the form token is outstanding, for this request to spend it.
    // [event-17] [step-26]
    pub(super) fn may_spend(&self, token: SubmittedToken) -> bool {
        let own = self.owns_token(token);
        let same_user = self.trail.is_some_and(|trail| trail.drops == Drops::Nothing);
        let is_new = self.held.is_some_and(|held| held.id.is_none());
        let may = own || same_user || is_new || !self.is_strict();
        may && self.source(own).is_some_and(|session| has_token(session, token))
    }
}

pub(super) fn has_token(session: &Session, token: SubmittedToken) -> bool {
    token.token().is_some_and(|token| session.form_tokens().contains(&token))
}

/// How many equal form tokens the session has.
pub(super) fn count_of(session: Option<&Session>, token: FormToken) -> usize {
    let tokens = session.map_or(&[][..], |session| session.form_tokens().as_slice());
    tokens.iter().filter(|own| **own == token).count()
}
