//! Whether what is answered is true: of the session and the cookie that the request sees, and of
//! what the event has done to them.

use smol_str::SmolStr;

use super::Findings;
use super::draws::token_draws;
use super::facts::{Facts, count_of, has_token};
use super::step_checks::is_over;
use crate::check::property::Property;
use crate::effect::Reply;
use crate::event::{Event, RequestEvent, RequestId};
use crate::presented::{CookieValue, SubmittedToken};
use crate::session::Session;
use crate::token::FormToken;

impl Facts<'_> {
    /// Checks the answer to an event that was not refused.
    pub(super) fn check_answer(&self, found: &mut Findings) {
        let is_true = match &self.seen.effects.reply {
            Reply::Done => has_happened(self),
            Reply::Started { remote_user } => is_user(self, remote_user.as_ref()),
            Reply::Token(token) => is_issued(self, *token),
            Reply::Value(value) => is_taken(self, value),
            Reply::Answer(answer) => is_answer(self, *answer),
            // A refusal has checks of its own.
            Reply::Refused(_) => return,
        };
        found.break_if(!is_true, Property::AnswersAreTrue);
        found.witness_if(self.seen.effects.reply != Reply::Done, Property::AnswersAreTrue);
    }
}

/// The event of a request, and the session that the request holds after it.
fn of_request<'a>(facts: &Facts<'a>) -> Option<(RequestId, &'a RequestEvent, Option<&'a Session>)> {
    match &facts.seen.input.event {
        Event::Request { request, event } => {
            let after = facts.seen.after.session(*request).map(|held| held.session);
            Some((*request, event, after))
        }
        Event::StartRequest { .. } | Event::Manager(_) => None,
    }
}

/// Whether what can be seen of it at once has happened. Other properties judge what a save, an end
/// or the manager leaves in the store.
// [event-4] [event-7] [event-8] [event-21] [event-27] [event-28] [event-32] [event-44] [state-6]
fn has_happened(facts: &Facts<'_>) -> bool {
    let Some((request, event, after)) = of_request(facts) else {
        return matches!(facts.seen.input.event, Event::Manager(_));
    };
    let value_of = |key| after.map(|session| session.values().get(key));
    let is_hidden = || facts.seen.after.request_cookie(request).is_none();
    let has_ended = || is_hidden() && after.is_none();
    match event {
        RequestEvent::SetUser { user } => after.map(Session::user) == Some(user.as_ref()),
        RequestEvent::SetValue { key, value } => value_of(key) == Some(Some(value)),
        RequestEvent::RemoveValue { key } => value_of(key) == Some(None),
        RequestEvent::RemoveFormToken { token } => is_spent(facts, *token, after),
        RequestEvent::RevokeSessionCookie => is_hidden(),
        RequestEvent::ExpireSession => has_ended(),
        RequestEvent::ExpireHandle { handle } => {
            let is_own = facts.view().and_then(Session::handle) == Some(*handle);
            !is_own || has_ended()
        }
        RequestEvent::NewSession => after.is_some(),
        RequestEvent::InsertSession { id, user } => {
            facts.seen.after.get(id).map(Session::user) == Some(user.as_ref())
        }
        RequestEvent::FinishRequest { .. } => !facts.seen.after.is_open(request),
        RequestEvent::RenewSession
        | RequestEvent::GuardValue { .. }
        | RequestEvent::ExpireOtherSessions
        | RequestEvent::MaintainSession => true,
        // These are answered with what they ask for.
        RequestEvent::TakeValue { .. }
        | RequestEvent::CreateFormToken
        | RequestEvent::HasFormToken { .. }
        | RequestEvent::HasSessionCookie { .. } => false,
    }
}

/// Whether the token was outstanding, and the request sees one less of it, if it saw it.
fn is_spent(facts: &Facts<'_>, token: SubmittedToken, after: Option<&Session>) -> bool {
    let SubmittedToken::Token(spent) = token else { return false };
    let left = count_of(facts.view(), spent).saturating_sub(1);
    facts.may_spend(token) && count_of(after, spent) == left
}

/// Whether a request that starts sees this user, and that of the session that its cookie names.
// [step-7]
fn is_user(facts: &Facts<'_>, remote_user: Option<&SmolStr>) -> bool {
    let Event::StartRequest { request, cookie, .. } = &facts.seen.input.event else { return false };
    let id = cookie.as_ref().and_then(CookieValue::session_id);
    let found = id.and_then(|id| facts.seen.before.get(&id));
    let found = found.filter(|session| !(facts.is_strict() && is_over(facts.seen, session)));
    let held = facts.seen.after.session(*request).map(|held| held.session);
    remote_user == found.and_then(Session::user) && remote_user == held.and_then(Session::user)
}

/// Whether the token is the last that the step drew, and the request sees it.
// [event-14]
fn is_issued(facts: &Facts<'_>, token: FormToken) -> bool {
    let Some((_, RequestEvent::CreateFormToken, after)) = of_request(facts) else { return false };
    let drawn = token_draws(facts.seen).take(usize::from(facts.seen.effects.draws)).last();
    drawn == Some(token) && count_of(after, token) > 0
}

/// Whether the value was there to be taken, and the request sees it no longer.
// [event-10]
fn is_taken(facts: &Facts<'_>, value: &SmolStr) -> bool {
    let Some((_, RequestEvent::TakeValue { key }, after)) = of_request(facts) else { return false };
    let source = facts.source(facts.owns_value(key));
    let was = source.and_then(|session| session.values().get(key));
    was == Some(value) && after.is_some_and(|after| !after.values().contains_key(key))
}

// [event-15] [event-18] [event-19] [time-12]
fn is_answer(facts: &Facts<'_>, answer: bool) -> bool {
    let Some((_, event, _)) = of_request(facts) else { return false };
    if let RequestEvent::HasFormToken { token } = event {
        answer == facts.view().is_some_and(|session| has_token(session, *token))
    } else if let RequestEvent::HasSessionCookie { must_exist } = event {
        let carries = facts.trail.filter(|trail| trail.carries);
        let stored = carries.and_then(|trail| trail.sent).and_then(|id| facts.stored(id));
        answer == if *must_exist { stored.is_some() } else { carries.is_some() }
    } else {
        false
    }
}
