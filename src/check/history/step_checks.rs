//! Properties of a step by itself.

use smol_str::SmolStr;

use super::draws::id_draws;
use super::{Findings, History, Seen, Stores, ended_user, held_id, is_held, same_but_for_access};
use crate::check::property::Property;
use crate::check::role::{Fate, Part, Role, written_by};
use crate::effect::{CookieChange, Reply, StoreOp};
use crate::event::{Event, ManagerEvent, RequestEvent, RequestId};
use crate::presented::{CookieValue, SubmittedToken};
use crate::semantics::Semantics;
use crate::session::Session;
use crate::time::Timestamp;
use crate::token::SessionId;

impl History {
    // [token-10] [step-61]
    pub(super) fn check_ids(
        &self,
        seen: &Seen<'_>,
        role: Option<&Role>,
        stores: &Stores<'_>,
        found: &mut Findings,
    ) {
        // An id that the caller chose concerns `ids-are-issued` alone.
        let chosen = role.is_some_and(|role| role.chosen.is_some());
        let back = !chosen && stores.came().any(|id| self.dead.contains(&id));
        found.break_if(back, Property::NoIdComesBack);
        let count = usize::from(seen.effects.draws);
        let drawn = |id: &SessionId| id_draws(seen).take(count).any(|draw| draw == *id);
        let issued = stores.came().all(|id| drawn(&id) || self.dead.contains(&id));
        found.break_if(!issued, Property::IdsAreIssued);
        found.witness_if(stores.came().any(|id| drawn(&id)), Property::IdsAreIssued);

        let actor = seen.input.event.request();
        let outlived = stores.left().any(|id| is_held(seen.after, id, actor));
        found.witness_if(outlived, Property::NoIdComesBack);

        Self::check_user(seen, stores, chosen, found);

        let written = written_by(seen.effects.store.as_ref());
        found.break_if(!reproduced(seen, stores), Property::StoreOpsReproduceStore);
        let again = written.is_some_and(|(id, _)| stores.before(id).is_some());
        found.witness_if(again, Property::StoreOpsReproduceStore);
        // Spending its last token empties a session, or a save finds that it is empty.
        let empties = role.is_some_and(|role| role.fate == Fate::Saved || role.part.is_some());
        let emptied = empties && written.is_none() && stores.left().next().is_some();
        found.witness_if(emptied, Property::StoredHasInfo);
    }

    /// Checks who the user of each id is before and after the step.
    fn check_user(seen: &Seen<'_>, stores: &Stores<'_>, chosen: bool, found: &mut Findings) {
        let written = written_by(seen.effects.store.as_ref());
        let mut changed = stores.before.iter().filter_map(|(id, before)| {
            let left = stores.after(*id).is_none();
            let renewed = written.filter(|_| left).map(|(_, session)| session);
            let after = stores.after(*id).or(renewed)?;
            let changed = !chosen && after.user() != before.user();
            changed.then_some((*before, after, renewed.is_some()))
        });
        if let Some((before, after, renewed)) = changed.next() {
            let login = Part::User.of(before).is_none() && Part::User.of(after).is_some();
            let tokens = before.form_tokens().as_slice();
            let survives = tokens.iter().any(|token| after.form_tokens().contains(token));
            found.witness_if(!tokens.is_empty(), Property::NoTokenSurvivesLogin);
            found.break_if(survives, Property::NoTokenSurvivesLogin);
            found.witness_if(true, Property::OneUserPerId);
            found.break_if(!renewed, Property::OneUserPerId);
            found.witness_if(login, Property::NoIdSurvivesLogin);
            found.break_if(login && !renewed, Property::NoIdSurvivesLogin);
        }
    }

    /// Checks that sessions stay as they were if the event does not name them.
    pub(super) fn check_others(seen: &Seen<'_>, stores: &Stores<'_>, found: &mut Findings) {
        let ids = stores.before.iter().chain(&stores.after).map(|(id, _)| *id);
        let mut changed = ids.filter(|id| stores.before(*id) != stores.after(*id)).peekable();
        let others = stores.before.len() > 1 && changed.peek().is_some();
        found.witness_if(others, Property::OthersAreLeftAlone);
        let named = |id| names(seen, stores, id);
        found.break_if(!changed.all(named), Property::OthersAreLeftAlone);
    }

    /// Checks the access of a request that starts.
    pub(super) fn check_visit(seen: &Seen<'_>, stores: &Stores<'_>, found: &mut Findings) {
        if let Event::StartRequest { request, passive, .. } = &seen.input.event
            && let Some(id) = held_id(seen.after, *request)
            && let Some(stored) = stores.after(id)
        {
            let before = stores.before(id).map(Session::accessed);
            let prolonged = *passive && before != Some(stored.accessed());
            found.break_if(prolonged, Property::VisitCounts);
            let resolution_ms = seen.config.access_resolution_ms;
            let late = seen.input.now.0.saturating_sub(stored.accessed().0);
            found.break_if(late > resolution_ms && !passive, Property::VisitCounts);
            let noted = before.is_some_and(|before| before != stored.accessed());
            found.witness_if(noted, Property::VisitCounts);
        }
    }

    /// Checks a value that was taken.
    pub(super) fn check_taken(&self, seen: &Seen<'_>, stores: &Stores<'_>, found: &mut Findings) {
        let Event::Request { request, event: RequestEvent::TakeValue { key } } = &seen.input.event
        else {
            return;
        };
        let of = |session: &Session| session.values().get(key).cloned();
        let Some(id) = held_id(seen.before, *request) else { return };
        // A value that the request itself has set is not taken from the store.
        let part = Part::Value(key.clone());
        let own = self.trails.get(request).is_some_and(|trail| trail.touched.contains(&part));
        // If the session is not stored any more, the request takes the value from its own copy.
        let Some(stored) = stores.before(id) else { return };
        let held = seen.before.session(*request).map(|held| held.session);
        let shares = seen.config.semantics == Semantics::Live;
        if shares && !held.is_some_and(|held| core::ptr::eq(held, stored)) {
            return;
        }
        let was = of(stored);
        let taken = match &seen.effects.reply {
            Reply::Value(value) => Some(value),
            Reply::Done
            | Reply::Started { .. }
            | Reply::Token(_)
            | Reply::Answer(_)
            | Reply::Refused(_) => None,
        };
        let once = taken == was.as_ref() && stores.after(id).and_then(of).is_none();
        found.break_if(!own && !once, Property::ValueIsTakenOnce);
        let shared = seen.before.requests().into_iter().any(|other| {
            let held = seen.before.session(other);
            other != *request && held.is_some_and(|held| of(held.session).is_some())
        });
        found.witness_if(shared, Property::ValueIsTakenOnce);
    }

    pub(super) fn check_token(&self, seen: &Seen<'_>, found: &mut Findings) {
        let Event::Request { request, event } = &seen.input.event else { return };
        let RequestEvent::RemoveFormToken { token: SubmittedToken::Token(token) } = event else {
            return;
        };
        let balance = self.issued.get(token).copied().unwrap_or_default();
        found.break_if(balance < 1, Property::TokenAcceptedOnce);
        let shared = seen.before.requests().into_iter().any(|other| {
            let held = seen.before.session(other);
            let holds = held.is_some_and(|held| held.session.form_tokens().contains(token));
            other != *request && holds
        });
        found.witness_if(shared, Property::TokenAcceptedOnce);
    }

    pub(super) fn check_cookie(&self, seen: &Seen<'_>, found: &mut Findings) {
        let Some(cookie) = &seen.effects.cookie else { return };
        let trail = seen.input.event.request().and_then(|request| self.trails.get(&request));
        if let Some(sent) = trail.and_then(|trail| trail.sent)
            && cookie.value != CookieChange::Set(sent)
        {
            found.witness_if(true, Property::NoSessionIsOrphaned);
            found.break_if(seen.after.has_session(&sent), Property::NoSessionIsOrphaned);
        }
        match cookie.value {
            CookieChange::Set(id) => {
                found.witness_if(true, Property::CookieNamesStored);
                found.break_if(!seen.after.has_session(&id), Property::CookieNamesStored);
            }
            CookieChange::Stillborn(_) => found.break_if(true, Property::CookieNamesStored),
            CookieChange::Revoke => {
                let sent = trail.and_then(|trail| trail.sent);
                let set = sent.and_then(|sent| self.paths.get(&sent));
                found.witness_if(set.is_some(), Property::RevocationMatches);
                let differs = set.is_some_and(|path| *path != cookie.path);
                found.break_if(differs, Property::RevocationMatches);
            }
        }
    }

    pub(super) fn check_manager(seen: &Seen<'_>, stores: &Stores<'_>, found: &mut Findings) {
        match &seen.input.event {
            Event::StartRequest { request, cookie, .. } => {
                let id = cookie.as_ref().and_then(CookieValue::session_id);
                let over = id.and_then(|id| stores.before(id)).is_some_and(|s| is_over(seen, s));
                found.witness_if(over, Property::NothingPastItsLimits);
                let held = held_id(seen.after, *request);
                found.break_if(over && held == id, Property::NothingPastItsLimits);
            }
            Event::Request { request, event: RequestEvent::ExpireSession } => {
                let Some(id) = held_id(seen.before, *request) else { return };
                let held = seen.before.session(*request).and_then(|held| held.session.handle());
                let moved = |(_, session): &(SessionId, &Session)| session.handle() == held;
                let left = stores.after(id).is_some()
                    || (held.is_some() && stores.after.iter().any(moved));
                found.break_if(left, Property::ExpiryIsImmediate);
                let shared = is_held(seen.after, id, Some(*request));
                found.witness_if(shared, Property::ExpiryIsImmediate);
            }
            Event::Request { request, .. } => check_over(seen, stores, *request, found),
            Event::Manager(
                ManagerEvent::DeleteSession { .. } | ManagerEvent::DeleteHandle { .. },
            ) => {}
            Event::Manager(ManagerEvent::Sweep) => {
                let left = stores.after.iter().any(|(_, session)| is_over(seen, session));
                found.break_if(left, Property::SweepLeavesNoneOver);
                found.witness_if(stores.left().next().is_some(), Property::SweepLeavesNoneOver);
            }
            Event::Manager(ManagerEvent::DeleteSessionsOf { user }) => {
                let left = stores.after.iter().any(|(_, session)| session.user() == Some(user));
                found.break_if(left, Property::UserIsEndedEverywhere);
                let held = stores.left().any(|id| is_held(seen.after, id, None));
                found.witness_if(held, Property::UserIsEndedEverywhere);
            }
        }
    }
}

/// Checks that an event of a request writes nothing to a session that is too old, except to end it.
fn check_over(seen: &Seen<'_>, stores: &Stores<'_>, request: RequestId, found: &mut Findings) {
    let Some(id) = held_id(seen.before, request) else { return };
    let Some(before) = stores.before(id).filter(|session| is_too_old(seen, session)) else {
        return;
    };
    let saved = stores.after(id).is_some_and(|after| after != before);
    let takes = matches!(
        seen.input.event,
        Event::Request {
            event: RequestEvent::RemoveFormToken { .. } | RequestEvent::TakeValue { .. },
            ..
        }
    );
    let used = takes && seen.effects.store.is_some();
    found.break_if(saved || used, Property::NothingPastItsLimits);
}

/// Whether a session has reached one of its limits, by arithmetic of its own, under any semantics.
pub(super) fn is_over(seen: &Seen<'_>, session: &Session) -> bool {
    is_too_old(seen, session) || is_reached(seen, session.accessed().0, seen.config.idle_limit_ms)
}

pub(super) fn is_too_old(seen: &Seen<'_>, session: &Session) -> bool {
    is_reached(seen, session.created().0, seen.config.absolute_limit_ms)
}

/// Whether the two moments are at least the limit apart, in either order.
pub(super) fn is_reached(seen: &Seen<'_>, since: u64, limit: Option<u64>) -> bool {
    let now = seen.input.now.0;
    let far = |limit: u64| {
        let after = since.checked_add(limit).is_some_and(|end| now >= end);
        let before = now.checked_add(limit).is_some_and(|end| since >= end);
        after || before
    };
    limit.is_some_and(far)
}

/// Whether the event names the session that is stored under `id` before or after the step.
fn names(seen: &Seen<'_>, stores: &Stores<'_>, id: SessionId) -> bool {
    let before = stores.before(id);
    let written = written_by(seen.effects.store.as_ref());
    let is_written = written.is_some_and(|(own, _)| own == id && before.is_none());
    // A full store discards sessions that are over to make room for a new one.
    let makes_room =
        stores.came().next().is_some() && before.is_some_and(|session| is_over(seen, session));
    let is_of = |user: &SmolStr| before.and_then(Session::user) == Some(user);
    let named = match &seen.input.event {
        Event::StartRequest { cookie, .. } => {
            cookie.as_ref().and_then(CookieValue::session_id) == Some(id)
        }
        Event::Request { request, event } => is_named_by(seen, *request, event, id, before),
        Event::Manager(event) => match event {
            ManagerEvent::DeleteSession { id: named } => *named == id,
            ManagerEvent::DeleteHandle { handle } => {
                before.is_some_and(|session| session.handle() == Some(*handle))
            }
            ManagerEvent::DeleteSessionsOf { user } => is_of(user),
            ManagerEvent::Sweep => before.is_some_and(|session| is_over(seen, session)),
        },
    };
    named || is_written || makes_room
}

/// Whether an event of a request names the session that was stored under `id` before the step.
fn is_named_by(
    seen: &Seen<'_>,
    request: RequestId,
    event: &RequestEvent,
    id: SessionId,
    before: Option<&Session>,
) -> bool {
    let own = held_id(seen.before, request) == Some(id);
    let held = seen.before.session(request).map(|held| held.session);
    let is_of = |user: &SmolStr| before.and_then(Session::user) == Some(user);
    if let RequestEvent::InsertSession { id: chosen, .. } = event {
        *chosen == id
    } else if let Some((user, _)) = ended_user(seen) {
        !own && is_of(&user)
    } else if let RequestEvent::ExpireHandle { handle } = event {
        let listed = before.is_some_and(|session| session.handle() == Some(*handle));
        // The handle may be that of its own session, even if another user has logged in there
        // since, or that of another session of its user.
        let is_own = held.and_then(Session::handle) == Some(*handle);
        listed && (is_own || held.and_then(Session::user).is_some_and(is_of))
    } else {
        // The session that a request expires may have moved to another id.
        let moved = matches!(event, RequestEvent::ExpireSession)
            && before.is_some_and(|session| session.handle().is_some())
            && before.map(Session::handle) == held.map(Session::handle);
        own || moved
    }
}

/// Whether the operation alone leads from the store before to the store after.
// [effect-11]
fn reproduced(seen: &Seen<'_>, stores: &Stores<'_>) -> bool {
    let op = seen.effects.store.as_ref();
    let written = written_by(op);
    let ids = stores.before.iter().chain(&stores.after).map(|(id, _)| *id);
    ids.chain(written.map(|(id, _)| id)).all(|id| {
        let before = stores.before(id);
        let after = stores.after(id);
        match written {
            Some((own, session)) if own == id => after == Some(session),
            Some(_) | None => match before.filter(|session| !is_deleted(seen, op, id, session)) {
                None => after.is_none(),
                Some(before) => {
                    let touched = touched_by(op).filter(|(touched, _)| *touched == id);
                    let accessed =
                        touched.map_or(before.accessed(), |(_, at)| before.accessed().max(at));
                    after.is_some_and(|after| {
                        after.accessed() == accessed && same_but_for_access(before, after)
                    })
                }
            },
        }
    })
}

const fn touched_by(op: Option<&StoreOp>) -> Option<(SessionId, Timestamp)> {
    if let Some(StoreOp::Touch { id, accessed }) = op { Some((*id, *accessed)) } else { None }
}

/// Whether a store that carries the operation out deletes this session.
fn is_deleted(seen: &Seen<'_>, op: Option<&StoreOp>, id: SessionId, session: &Session) -> bool {
    match op {
        Some(
            StoreOp::Rotate { from: deleted, .. }
            | StoreOp::Delete { id: deleted }
            | StoreOp::Discard { id: deleted },
        ) => *deleted == id,
        Some(StoreOp::DeleteUser { user, except }) => {
            session.user() == Some(user) && *except != Some(id)
        }
        Some(StoreOp::DeleteHandle { handle, user }) => {
            session.handle() == Some(*handle)
                && user.as_ref().is_none_or(|user| session.user() == Some(user))
        }
        Some(StoreOp::DiscardOver { .. } | StoreOp::Create { discard_over: Some(_), .. }) => {
            is_over(seen, session)
        }
        Some(
            StoreOp::Put { .. }
            | StoreOp::Create { discard_over: None, .. }
            | StoreOp::Update { .. }
            | StoreOp::Touch { .. },
        )
        | None => false,
    }
}
