//! Properties of a request as a whole: what it saves, and what it leaves when it fails.

use smallvec::SmallVec;

use super::{Findings, History, Key, Seen, Stores, Trail};
use crate::check::property::Property;
use crate::effect::{CookieChange, StoreOp};
use crate::event::{Event, Outcome, RequestEvent, RequestId};
use crate::session::Session;

impl History {
    // [step-33]
    pub(super) fn check_request(&self, seen: &Seen<'_>, stores: &Stores<'_>, found: &mut Findings) {
        let Some(request) = seen.input.event.request() else { return };
        let Some(trail) = self.trail(request) else { return };
        match &seen.input.event {
            Event::Request { event: RequestEvent::MaintainSession, .. } => {
                self.check_save(request, trail, seen, stores, found)
            }
            Event::Request { event: RequestEvent::FinishRequest { outcome, .. }, .. } => {
                match outcome {
                    Outcome::Successful | Outcome::Interrupted => {
                        self.check_save(request, trail, seen, stores, found);
                        check_reading(request, trail, seen, stores, found);
                    }
                    Outcome::Failed | Outcome::Abandoned => {
                        let wrote = trail.traced || stores.differ_but_for_access();
                        found.break_if(wrote, Property::FailureLeavesNoTrace);
                        let stored = seen.before.session(request).is_some_and(|held| {
                            held.id.is_some_and(|id| stores.before(id).is_some())
                        });
                        let witness = stored && !trail.touched.is_empty();
                        found.witness_if(witness, Property::FailureLeavesNoTrace);
                    }
                }
            }
            _ => {}
        }
    }

    // [step-27]
    fn check_save(
        &self,
        request: RequestId,
        trail: &Trail,
        seen: &Seen<'_>,
        stores: &Stores<'_>,
        found: &mut Findings,
    ) {
        let Some(held) = seen.before.session(request) else { return };
        let saved_as = match &seen.effects.store {
            Some(StoreOp::Put { id, .. } | StoreOp::Create { id, .. }) => Some(*id),
            Some(StoreOp::Rotate { to, .. }) => Some(*to),
            _ => held.id,
        };
        let before = held.id.and_then(|id| stores.before(id));
        let after = saved_as.and_then(|id| stores.after(id));
        let cap = usize::from(seen.config.max_form_tokens);
        let lost = loses_own(trail, held.session, after, cap)
            || before.is_some_and(|before| loses_others(trail, before, after, cap));
        found.break_if(lost, Property::NoUpdateIsLost);
        let contended = held.id.is_some()
            && !trail.touched.is_empty()
            && self.trails.iter().any(|(other, _)| {
                let also = seen.before.session(*other);
                *other != request && also.is_some_and(|also| also.id == held.id)
            });
        found.witness_if(contended, Property::NoUpdateIsLost);
    }
}

/// Whether something that the request changed, and still sees, is not in what is stored now.
fn loses_own(trail: &Trail, view: &Session, after: Option<&Session>, cap: usize) -> bool {
    trail.touched.iter().any(|key| match after {
        Some(after) => key.of(view) != key.of(after) && !made_room(key, after, cap),
        None => key.of(view).is_some(),
    })
}

/// Whether something that the request did not change differs from what was stored before.
fn loses_others(trail: &Trail, before: &Session, after: Option<&Session>, cap: usize) -> bool {
    let mut keys = keys_of(before);
    keys.extend(after.map(keys_of).into_iter().flatten());
    let user_changed = trail.touched.contains(&Key::User);
    keys.iter().filter(|key| !trail.touched.contains(key)).any(|key| {
        let dies_with_user = user_changed && matches!(key, Key::Token(_));
        let kept = after.and_then(|after| key.of(after)) == key.of(before);
        let crowded_out = after.is_some_and(|after| made_room(key, after, cap));
        !kept && !dies_with_user && !crowded_out
    })
}

/// A token may be missing because newer ones fill the queue.
fn made_room(key: &Key, after: &Session, cap: usize) -> bool {
    matches!(key, Key::Token(_)) && after.form_tokens().len() >= cap
}

fn keys_of(session: &Session) -> SmallVec<[Key; 4]> {
    let tokens = session.form_tokens().as_slice().iter().copied().map(Key::Token);
    let values = session.values().keys().cloned().map(Key::Value);
    core::iter::once(Key::User).chain(values).chain(tokens).collect()
}

/// A request that changed nothing must not bring an id into the store, nor set a cookie.
fn check_reading(
    request: RequestId,
    trail: &Trail,
    seen: &Seen<'_>,
    stores: &Stores<'_>,
    found: &mut Findings,
) {
    if trail.changed {
        return;
    }
    let cookie = seen.effects.cookie.as_ref().map(|cookie| cookie.value);
    let sets = matches!(cookie, Some(CookieChange::Set(_) | CookieChange::Stillborn(_)));
    let stores_id = stores.came().next().is_some();
    found.break_if(sets || stores_id, Property::ReadingStoresNothing);
    let held = seen.before.session(request).and_then(|held| held.id);
    let gone = held.is_some_and(|id| stores.before(id).is_none());
    found.witness_if(gone, Property::ReadingStoresNothing);
}
