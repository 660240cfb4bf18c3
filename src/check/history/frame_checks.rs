//! What a save leaves as it was: the values that the request guards, the queue of form tokens, and
//! what no call of a request sets. And what must not be left: a session that was ended by its id or
//! its handle, and anything in a new session.

use std::vec::Vec;

use super::update_checks::starts_from;
use super::{Drops, Findings, History, Seen, Stores, Trail};
use crate::check::property::Property;
use crate::check::role::{Fate, Role, written_by};
use crate::event::{Event, ManagerEvent, RequestEvent};
use crate::form_tokens::FormTokens;
use crate::semantics::Semantics;
use crate::session::Session;
use crate::token::{FormToken, Handle, SessionId};

impl History {
    pub(super) fn check_frame(
        &self,
        seen: &Seen<'_>,
        role: Option<&Role>,
        stores: &Stores<'_>,
        found: &mut Findings,
    ) {
        check_ends(seen, stores, found);
        let Event::Request { request, event } = &seen.input.event else { return };
        if *event == RequestEvent::NewSession {
            let held = seen.after.session(*request).map(|held| held.session);
            let inherits = held.is_some_and(Session::has_info);
            found.break_if(inherits, Property::ValuesStayWithTheirUser);
        }
        let Some(held) = seen.before.session(*request) else { return };
        if let Some(trail) = self.trails.get(request)
            && role.is_some_and(|role| role.fate == Fate::Saved)
        {
            check_save(trail, held.id, seen, stores, found);
        }
    }
}

// [step-40] [step-41] [step-42] [step-43] [session-7] [session-11]
fn check_save(
    trail: &Trail,
    held: Option<SessionId>,
    seen: &Seen<'_>,
    stores: &Stores<'_>,
    found: &mut Findings,
) {
    let Some((_, session)) = written_by(seen.effects.store.as_ref()) else { return };
    let before = starts_from(seen, stores, held);
    if held.is_some() {
        let value = |key| before.and_then(|before| before.values().get(key));
        let changed = trail.guards.iter().any(|(key, seen)| value(key) != seen.as_ref());
        found.break_if(changed, Property::NoUpdateIsLost);
    }
    if seen.config.semantics == Semantics::Strict && (before.is_some() || held.is_none()) {
        let queue = queue_of(trail, before, FormTokens::room(seen.config.max_form_tokens));
        found.break_if(session.form_tokens().as_slice() != queue, Property::NoUpdateIsLost);
    }
    let Some(before) = before else { return };
    let begins = trail.login.as_ref().is_some_and(|login| login.begins(trail.drops));
    let same_begin =
        session.created() == before.created() && session.remote_addr() == before.remote_addr();
    let moved = !begins && !same_begin;
    let renamed = trail.drops != Drops::Everything && session.handle() != before.handle();
    let went_back = session.accessed() < before.accessed();
    found.break_if(moved || renamed || went_back, Property::NoUpdateIsLost);
}

/// The tokens that a save leaves: those that were queued, then the request's own, and of all these
/// the latest.
fn queue_of(trail: &Trail, before: Option<&Session>, cap: usize) -> Vec<FormToken> {
    let kept = before.filter(|_| trail.drops == Drops::Nothing);
    let mut queue = kept.map_or_else(Vec::new, |kept| kept.form_tokens().as_slice().to_vec());
    for own in &trail.issued {
        if !queue.contains(own) {
            queue.push(*own);
        }
    }
    queue.split_off(queue.len().saturating_sub(cap))
}

/// Checks that what is ended by its id or its handle is not stored any more.
// [event-31] [event-45] [event-47]
fn check_ends(seen: &Seen<'_>, stores: &Stores<'_>, found: &mut Findings) {
    let has = |handle: Handle, wanted: &dyn Fn(&Session) -> bool| {
        let mut stored = stores.after.iter().map(|(_, session)| *session);
        stored.any(|session| session.handle() == Some(handle) && wanted(session))
    };
    let left = match &seen.input.event {
        Event::Manager(ManagerEvent::DeleteSession { id }) => stores.after(*id).is_some(),
        Event::Manager(ManagerEvent::DeleteHandle { handle }) => has(*handle, &|_| true),
        Event::Request { request, event: RequestEvent::ExpireHandle { handle } } => {
            let held = seen.before.session(*request).map(|held| held.session);
            let is_own = held.and_then(Session::handle) == Some(*handle);
            let user = held.and_then(Session::user);
            has(*handle, &|session| is_own || session.user() == user)
        }
        Event::StartRequest { .. } | Event::Request { .. } | Event::Manager(_) => false,
    };
    found.break_if(left, Property::ExpiryIsImmediate);
}
