//! Properties of a state, and of a step by itself.

use smallvec::SmallVec;

use super::{Findings, History, Seen, Stores, held_id, is_held};
use crate::check::property::Property;
use crate::check::role::{Fate, Part, Role, parts_of};
use crate::effect::CookieChange;
use crate::entropy::Entropy;
use crate::event::{Event, ManagerEvent, RequestEvent};
use crate::presented::{CookieValue, SubmittedToken};
use crate::session::{Session, SessionRef};
use crate::state::State;
use crate::token::{SessionId, Width};

impl History {
    // [state-3] [state-4] [session-9] [session-6]
    pub(super) fn check_state(seen: &Seen<'_>, stores: &Stores<'_>, found: &mut Findings) {
        let after = seen.after;
        let found_under =
            |id, session| after.get(id).is_some_and(|own| core::ptr::eq(own, session));
        let named = stores.after.iter().all(|(id, session)| found_under(id, *session));
        let counted = after.len() == stores.after.len();
        found.break_if(!named || !counted, Property::IdsNameTheirSession);
        found.witness_if(after.len() > 1, Property::IdsNameTheirSession);

        let held = Self::held_only(after);
        let reachable = stores.after.len().saturating_add(held.len());
        let known = after.in_memory().count();
        found.break_if(known != reachable, Property::EveryObjectIsReachable);
        let outlived = held.iter().any(|held| held.id.is_some());
        found.witness_if(outlived, Property::EveryObjectIsReachable);

        let infos = stores.after.iter().all(|(_, session)| session.has_info());
        found.break_if(!infos, Property::StoredHasInfo);
        let cap = usize::from(seen.config.max_form_tokens);
        let sessions = || {
            let stored = stores.after.iter().map(|(_, session)| *session);
            stored.chain(held.iter().map(|held| held.session))
        };
        let bounded = |session: &Session| session.form_tokens().len() <= cap;
        found.break_if(!sessions().all(bounded), Property::TokensAreBounded);
        let ordered = |session: &Session| session.accessed() >= session.created();
        found.break_if(!sessions().all(ordered), Property::AccessedNotBeforeCreated);
        let noted = |session: &Session| session.accessed() > session.created();
        found.witness_if(sessions().any(noted), Property::AccessedNotBeforeCreated);
        if let Event::Request { request, event: RequestEvent::CreateFormToken } = seen.input.event {
            let full = |held: SessionRef<'_>| held.session.form_tokens().len() >= cap;
            let crowded = seen.before.session(request).is_some_and(full);
            found.witness_if(crowded, Property::TokensAreBounded);
        }
    }

    /// The sessions that requests hold and the store does not, each once.
    fn held_only(state: &State) -> SmallVec<[SessionRef<'_>; 4]> {
        let mut held: SmallVec<[SessionRef<'_>; 4]> = SmallVec::new();
        for request in state.requests() {
            let Some(own) = state.session(request) else { continue };
            let stored = own.id.and_then(|id| state.get(&id));
            let known = held.iter().map(|held| held.session).chain(stored);
            if !known.into_iter().any(|known| core::ptr::eq(known, own.session)) {
                held.push(own);
            }
        }
        held
    }

    // [token-9] [step-51]
    pub(super) fn check_ids(
        &self,
        seen: &Seen<'_>,
        role: Option<&Role>,
        stores: &Stores<'_>,
        found: &mut Findings,
    ) {
        let dead = |id: &SessionId| self.dead.binary_search(id).is_ok();
        // An id that the caller chose concerns `ids-are-issued` alone.
        let chosen = role.is_some_and(|role| role.chosen.is_some());
        let back = !chosen && stores.came().any(|id| dead(&id));
        found.break_if(back, Property::NoIdComesBack);
        let drawn = |id: &SessionId| {
            draws(&seen.input.entropy, seen.config.width, seen.effects.draws).any(|d| d == *id)
        };
        let issued = stores.came().all(|id| drawn(&id) || dead(&id));
        found.break_if(!issued, Property::IdsAreIssued);
        found.witness_if(stores.came().any(|id| drawn(&id)), Property::IdsAreIssued);

        let actor = seen.input.event.request();
        let outlived = stores.left().any(|id| is_held(seen.after, id, actor));
        found.witness_if(outlived, Property::NoIdComesBack);

        Self::check_user(seen, stores, chosen, found);

        let (written, deleted) = parts_of(seen.effects.store.as_ref());
        found.break_if(!reproduced(stores, written, deleted), Property::StoreOpsReproduceStore);
        let again = written.is_some_and(|(id, _)| stores.before(id).is_some());
        found.witness_if(again, Property::StoreOpsReproduceStore);
        // A session is emptied by spending its last token, or found empty by a save.
        let empties = role.is_some_and(|role| role.fate == Fate::Saved || role.part.is_some());
        let emptied = empties && written.is_none() && !deleted.is_empty();
        found.witness_if(emptied, Property::StoredHasInfo);
    }

    /// The user of an id, before and after the step.
    fn check_user(seen: &Seen<'_>, stores: &Stores<'_>, chosen: bool, found: &mut Findings) {
        let (written, deleted) = parts_of(seen.effects.store.as_ref());
        let mut changed = stores.before.iter().filter_map(|(id, before)| {
            let renewed = written.filter(|_| deleted.contains(id)).map(|(_, session)| session);
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

    pub(super) fn check_token(&self, seen: &Seen<'_>, found: &mut Findings) {
        let Event::Request { request, event } = &seen.input.event else { return };
        let RequestEvent::RemoveFormToken { token: SubmittedToken::Token(token) } = event else {
            return;
        };
        let place = self.issued.binary_search_by_key(token, |(own, _)| *own).ok();
        let balance = place.and_then(|place| self.issued.get(place)).map_or(0, |(_, left)| *left);
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
        let trail = seen.input.event.request().and_then(|request| self.trail(request));
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
                let set = self.paths.iter().find(|(id, _)| Some(*id) == sent);
                found.witness_if(set.is_some(), Property::RevocationMatches);
                let differs = set.is_some_and(|(_, path)| *path != cookie.path);
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
                found.break_if(stores.after(id).is_some(), Property::ExpiryIsImmediate);
                let shared = is_held(seen.after, id, Some(*request));
                found.witness_if(shared, Property::ExpiryIsImmediate);
            }
            Event::Request { .. } | Event::Manager(ManagerEvent::DeleteSession { .. }) => {}
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

/// The limits, by the property's own arithmetic and whatever the semantics.
fn is_over(seen: &Seen<'_>, session: &Session) -> bool {
    let now = seen.input.now.0;
    let reached = |since: u64, limit: Option<u64>| {
        limit.is_some_and(|limit| since.checked_add(limit).is_some_and(|end| now >= end))
    };
    reached(session.accessed().0, seen.config.idle_limit_ms)
        || reached(session.created().0, seen.config.absolute_limit_ms)
}

/// The first `count` draws, as ids.
fn draws(entropy: &Entropy, width: Width, count: u8) -> impl Iterator<Item = SessionId> {
    let bytes = entropy.bytes().chunks_exact(width.bytes());
    bytes.take(usize::from(count)).filter_map(move |draw| match width {
        Width::Bits64 => <[u8; 8]>::try_from(draw).ok().map(SessionId::from),
        Width::Bits128 => <[u8; 16]>::try_from(draw).ok().map(SessionId::from),
    })
}

/// Whether this operation alone leads from the store before to the store after.
// [effect-8]
fn reproduced(
    stores: &Stores<'_>,
    written: Option<(SessionId, &Session)>,
    deleted: &[SessionId],
) -> bool {
    let expected = |id: SessionId| match written {
        Some((own, session)) if own == id => Some(session),
        Some(_) | None => stores.before(id).filter(|_| !deleted.contains(&id)),
    };
    let ids = stores.before.iter().chain(&stores.after).map(|(id, _)| *id);
    ids.chain(written.map(|(id, _)| id)).all(|id| expected(id) == stores.after(id))
}
