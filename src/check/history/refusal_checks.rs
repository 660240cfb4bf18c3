//! Whether an event is refused if there is a reason to, and only then, and whether the first of
//! several reasons is given. And whether a refusal has changed nothing.

use smol_str::SmolStr;

use super::draws::token_draws;
use super::facts::{Facts, count_of};
use super::saving::Saving;
use super::{Findings, Seen};
use crate::check::property::Property;
use crate::check::role::Part;
use crate::effect::{Effects, Refusal, Reply};
use crate::event::{Event, ManagerEvent, RequestEvent};
use crate::session::Session;

/// Checks that a refused event has changed nothing.
// [effect-2]
pub(super) fn check_unchanged(seen: &Seen<'_>, why: Refusal, found: &mut Findings) {
    let changed = seen.before != seen.after || *seen.effects != Effects::refused(why);
    found.witness_if(true, Property::RefusalChangesNothing);
    found.break_if(changed, Property::RefusalChangesNothing);
}

impl Facts<'_> {
    /// Checks that the event was refused if it had to be, and for the first reason.
    // [effect-3]
    pub(super) fn check_reason(&self, found: &mut Findings) {
        let given = match self.seen.effects.reply {
            Reply::Refused(why) => Some(why),
            Reply::Done
            | Reply::Started { .. }
            | Reply::Token(_)
            | Reply::Value(_)
            | Reply::Answer(_) => None,
        };
        let saving = Saving::of(self);
        let reasons = refusals_of(&self.seen.input.event).iter().copied();
        let first = reasons.filter(|why| self.has_reason(*why, saving.as_ref())).min();
        found.break_if(given != first, Property::RefusalsHaveAReason);
        let witness = given.is_some() && self.held.is_some();
        found.witness_if(witness, Property::RefusalsHaveAReason);
    }

    /// Whether there is this reason to refuse the event, which may be refused for it.
    fn has_reason(&self, why: Refusal, saving: Option<&Saving<'_>>) -> bool {
        match why {
            // [event-1] [event-2]
            Refusal::RequestOpen => self.trail.is_some(),
            Refusal::UnknownRequest => self.trail.is_none(),
            Refusal::TooManyRequests => self.meets_all_requests(),
            Refusal::TextTooLong => self.has_long_text(),
            // [event-3]
            Refusal::NoSession => self.trail.is_some_and(|trail| trail.expired),
            // [event-43] [event-42]
            Refusal::IdNotIssued | Refusal::SavedAtFinish => self.is_strict(),
            Refusal::WouldOrphan => self.is_strict() && self.orphans(),
            // [event-6]
            Refusal::NotOffered => !self.is_strict(),
            // [event-33]
            Refusal::NoUser => self.view().is_some_and(|view| view.user().is_none()),
            Refusal::UnknownKey => self.misses_value(),
            Refusal::UserEnded => self.acts_for_ended_user(saving.is_some() || self.ends_others()),
            Refusal::SessionGone => self.acts_on_gone() || saving.is_some_and(Saving::is_gone),
            Refusal::UnknownToken => self.misses_token(),
            Refusal::ValueChanged => self.guards_own() || saving.is_some_and(Saving::breaks_guard),
            Refusal::TooManyValues => {
                self.meets_all_values() || saving.is_some_and(Saving::is_too_large)
            }
            Refusal::UnknownSession => self.misses_session(),
            Refusal::TooManySessions => {
                self.inserts_too_many() || saving.is_some_and(Saving::has_no_room)
            }
            Refusal::EntropyUsedUp => self.has_no_token() || saving.is_some_and(Saving::has_no_id),
        }
    }

    // [config-27]
    fn meets_all_requests(&self) -> bool {
        let open = u32::try_from(self.seen.before.open_requests()).unwrap_or(u32::MAX);
        open >= self.seen.config.max_requests.min(MOST)
    }

    // [config-23]
    fn has_long_text(&self) -> bool {
        let is_long = |text: &SmolStr| text.len() > self.seen.config.max_text_bytes;
        match &self.seen.input.event {
            Event::StartRequest { remote_addr, script_name, .. } => {
                is_long(remote_addr) || is_long(script_name)
            }
            Event::Request { event, .. } => texts(event).into_iter().flatten().any(is_long),
            Event::Manager(_) => false,
        }
    }

    // [event-23] [event-37]
    fn orphans(&self) -> bool {
        let stored = self.held.and_then(|held| held.id).and_then(|id| self.stored(id));
        self.event() == Some(&RequestEvent::RevokeSessionCookie)
            || self.event() == Some(&RequestEvent::NewSession) && stored.is_some()
    }

    fn ends_others(&self) -> bool {
        matches!(
            self.event(),
            Some(RequestEvent::ExpireOtherSessions | RequestEvent::ExpireHandle { .. })
        )
    }

    // [event-9] [event-11]
    fn misses_value(&self) -> bool {
        let lacks = |session: Option<&Session>, key| {
            session.is_some_and(|session| !session.values().contains_key(key))
        };
        if let Some(RequestEvent::RemoveValue { key }) = self.event() {
            lacks(self.view(), key)
        } else if let Some(RequestEvent::TakeValue { key }) = self.event() {
            lacks(self.view(), key) || lacks(self.source(self.owns_value(key)), key)
        } else {
            false
        }
    }

    // [event-35] [step-39]
    fn acts_for_ended_user(&self, acts: bool) -> bool {
        let login = self.trail.and_then(|trail| trail.login.as_ref());
        self.is_strict() && acts && login.is_some_and(|login| login.ended)
    }

    // [event-34] [step-25]
    fn acts_on_gone(&self) -> bool {
        let Some(held) = self.held else { return false };
        if let Some(RequestEvent::TakeValue { key }) = self.event() {
            self.source(self.owns_value(key)).is_none()
        } else if let Some(RequestEvent::RemoveFormToken { token }) = self.event() {
            self.source(self.owns_token(*token)).is_none()
        } else {
            let stored = held.id.and_then(|id| self.stored(id));
            let is_users = stored.map(Session::user) == Some(held.session.user());
            let logged_in = self.trail.is_none_or(|trail| trail.login.is_some());
            self.ends_others() && !is_users && !logged_in
        }
    }

    // [event-17]
    fn misses_token(&self) -> bool {
        let Some(RequestEvent::RemoveFormToken { token }) = self.event() else { return false };
        !self.may_spend(*token)
    }

    // [event-13]
    fn guards_own(&self) -> bool {
        let Some(RequestEvent::GuardValue { key }) = self.event() else { return false };
        self.owns_value(key)
    }

    // [config-24] [config-26]
    fn meets_all_values(&self) -> bool {
        let (Some(view), Some(trail)) = (self.view(), self.trail) else { return false };
        let most = self.seen.config.max_values;
        let twice = most.saturating_mul(2);
        if let Some(RequestEvent::SetValue { key, .. }) = self.event() {
            let own = trail.touched.iter().filter(|part| matches!(part, Part::Value(_)));
            let is_full = view.values().len() >= most && !view.values().contains_key(key);
            let has_all = own.count() >= twice && !self.owns_value(key);
            is_full || self.is_strict() && has_all
        } else if let Some(RequestEvent::GuardValue { key }) = self.event() {
            trail.guards.len() >= twice && !trail.guards.contains_key(key)
        } else {
            false
        }
    }

    // [event-46]
    fn misses_session(&self) -> bool {
        let Event::Manager(ManagerEvent::DeleteSession { id }) = &self.seen.input.event else {
            return false;
        };
        !self.seen.before.has_session(id)
    }

    // [config-28] [config-30]
    fn inserts_too_many(&self) -> bool {
        let Some(RequestEvent::InsertSession { id, .. }) = self.event() else { return false };
        is_full(self.seen, 0) && !self.seen.before.has_session(id)
    }

    /// Whether every token that could be drawn is outstanding.
    // [token-7] [token-9]
    fn has_no_token(&self) -> bool {
        let Some(held) = self.held else { return false };
        let stored = held.id.and_then(|id| self.seen.before.get(&id));
        let holds = |session, token| count_of(session, token) > 0;
        let is_used = |token| holds(Some(held.session), token) || holds(stored, token);
        let draws = self.event() == Some(&RequestEvent::CreateFormToken);
        draws && self.is_strict() && token_draws(self.seen).all(is_used)
    }
}

/// What an event may be refused for.
const fn refusals_of(event: &Event) -> &'static [Refusal] {
    match event {
        Event::StartRequest { .. } => {
            &[Refusal::RequestOpen, Refusal::TooManyRequests, Refusal::TextTooLong]
        }
        Event::Request { event, .. } => refusals_in_request(event),
        Event::Manager(event) => match event {
            ManagerEvent::DeleteSession { .. } => &[Refusal::UnknownSession],
            ManagerEvent::DeleteHandle { .. } => &[Refusal::NotOffered],
            ManagerEvent::DeleteSessionsOf { .. } | ManagerEvent::Sweep => &[],
        },
    }
}

const fn refusals_in_request(event: &RequestEvent) -> &'static [Refusal] {
    use Refusal::{
        EntropyUsedUp, IdNotIssued, NoSession, NoUser, NotOffered, SavedAtFinish, SessionGone,
        TextTooLong, TooManySessions, TooManyValues, UnknownKey, UnknownRequest, UnknownToken,
        UserEnded, ValueChanged, WouldOrphan,
    };
    match event {
        RequestEvent::SetUser { .. } => &[UnknownRequest, TextTooLong, NoSession],
        RequestEvent::RenewSession => &[UnknownRequest, NoSession, NotOffered],
        RequestEvent::SetValue { .. } => &[UnknownRequest, TextTooLong, NoSession, TooManyValues],
        RequestEvent::RemoveValue { .. } => &[UnknownRequest, NoSession, UnknownKey],
        RequestEvent::TakeValue { .. } => &[UnknownRequest, NoSession, UnknownKey, SessionGone],
        RequestEvent::GuardValue { .. } => {
            &[UnknownRequest, TextTooLong, NoSession, NotOffered, ValueChanged, TooManyValues]
        }
        RequestEvent::CreateFormToken => &[UnknownRequest, NoSession, EntropyUsedUp],
        RequestEvent::HasFormToken { .. } | RequestEvent::ExpireSession => {
            &[UnknownRequest, NoSession]
        }
        RequestEvent::RemoveFormToken { .. } => {
            &[UnknownRequest, NoSession, SessionGone, UnknownToken]
        }
        RequestEvent::HasSessionCookie { .. } => &[UnknownRequest],
        RequestEvent::RevokeSessionCookie | RequestEvent::NewSession => {
            &[UnknownRequest, WouldOrphan]
        }
        RequestEvent::ExpireOtherSessions | RequestEvent::ExpireHandle { .. } => {
            &[UnknownRequest, NoSession, NotOffered, NoUser, UserEnded, SessionGone]
        }
        RequestEvent::MaintainSession => {
            &[UnknownRequest, NoSession, SavedAtFinish, TooManySessions, EntropyUsedUp]
        }
        RequestEvent::FinishRequest { .. } => &[
            UnknownRequest,
            UserEnded,
            SessionGone,
            ValueChanged,
            TooManyValues,
            TooManySessions,
            EntropyUsedUp,
        ],
        RequestEvent::InsertSession { .. } => {
            &[UnknownRequest, TextTooLong, IdNotIssued, TooManySessions]
        }
    }
}

/// The texts that an event brings and that are bounded.
// [config-23]
const fn texts(event: &RequestEvent) -> [Option<&SmolStr>; 2] {
    match event {
        RequestEvent::SetUser { user } | RequestEvent::InsertSession { user, .. } => {
            [user.as_ref(), None]
        }
        RequestEvent::SetValue { key, value } => [Some(key), Some(value)],
        RequestEvent::GuardValue { key } => [Some(key), None],
        RequestEvent::RenewSession
        | RequestEvent::RemoveValue { .. }
        | RequestEvent::TakeValue { .. }
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
        | RequestEvent::FinishRequest { .. } => [None, None],
    }
}

/// The most requests, or stored sessions, whatever the configuration says.
pub(super) const MOST: u32 = i32::MAX.unsigned_abs();

/// Whether as many sessions are stored as may be, even without this many of them.
pub(super) fn is_full(seen: &Seen<'_>, without: usize) -> bool {
    let left = seen.before.len().saturating_sub(without);
    u32::try_from(left).unwrap_or(u32::MAX) >= seen.config.max_sessions.min(MOST)
}
