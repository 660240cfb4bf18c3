//! Properties of the state after a step.

use smallvec::SmallVec;

use super::{Findings, History, Seen, Stores};
use crate::check::property::Property;
use crate::event::{Event, RequestEvent};
use crate::form_tokens::FormTokens;
use crate::session::{Session, SessionRef};
use crate::state::State;

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
        let outlived = held.iter().any(|held| held.id.is_some_and(|id| !after.has_session(&id)));
        found.witness_if(outlived, Property::EveryObjectIsReachable);

        let infos = stores.after.iter().all(|(_, session)| session.has_info());
        found.break_if(!infos, Property::StoredHasInfo);
        let cap = FormTokens::room(seen.config.max_form_tokens);
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
}
