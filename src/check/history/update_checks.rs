//! Properties of a request as a whole: what it saves, and what it leaves when it fails.

use smallvec::SmallVec;

use super::{Findings, History, Seen, Stores, Trail, held_id, is_held};
use crate::check::property::Property;
use crate::check::role::{Fate, Part, Role, outcome_of, parts_of};
use crate::effect::CookieChange;
use crate::event::RequestId;
use crate::session::Session;

impl History {
    // [step-43]
    pub(super) fn check_request(
        &self,
        seen: &Seen<'_>,
        role: Option<&Role>,
        stores: &Stores<'_>,
        found: &mut Findings,
    ) {
        let (Some(role), Some(request)) = (role, seen.input.event.request()) else { return };
        let Some(trail) = self.trail(request) else { return };
        let ends = outcome_of(&seen.input.event).is_some();
        match role.fate {
            Fate::Saved => {
                check_save(request, trail, seen, stores, found);
                if ends {
                    check_reading(request, trail, seen, stores, found);
                }
            }
            Fate::Dropped if ends => {
                let wrote = trail.traced || stores.differ_but_for_access();
                found.break_if(wrote, Property::FailureLeavesNoTrace);
                let held = held_id(seen.before, request);
                let stored = held.is_some_and(|id| stores.before(id).is_some());
                let witness = stored && !trail.touched.is_empty();
                found.witness_if(witness, Property::FailureLeavesNoTrace);
            }
            Fate::Dropped | Fate::Pending => {}
        }
    }
}

// [step-31] [step-32]
fn check_save(
    request: RequestId,
    trail: &Trail,
    seen: &Seen<'_>,
    stores: &Stores<'_>,
    found: &mut Findings,
) {
    let Some(held) = seen.before.session(request) else { return };
    let (written, _) = parts_of(seen.effects.store.as_ref());
    let before = held.id.and_then(|id| stores.before(id));
    let after = written.map(|(id, _)| id).or(held.id).and_then(|id| stores.after(id));
    let cap = usize::from(seen.config.max_form_tokens);
    let lost = loses_own(trail, held.session, after, cap)
        || before.is_some_and(|before| loses_others(trail, before, after, cap));
    found.break_if(lost, Property::NoUpdateIsLost);
    let contended = !trail.touched.is_empty()
        && held.id.is_some_and(|id| is_held(seen.before, id, Some(request)));
    found.witness_if(contended, Property::NoUpdateIsLost);
}

/// Whether a part that the request changed, and still sees, differs from what is stored now.
fn loses_own(trail: &Trail, view: &Session, after: Option<&Session>, cap: usize) -> bool {
    trail.touched.iter().any(|part| match after {
        Some(after) => part.of(view) != part.of(after) && !made_room(part, after, cap),
        None => part.of(view).is_some(),
    })
}

/// Whether a part that the request did not change differs from what was stored before.
fn loses_others(trail: &Trail, before: &Session, after: Option<&Session>, cap: usize) -> bool {
    let mut parts = parts(before);
    parts.extend(after.map(self::parts).into_iter().flatten());
    let user_changed = trail.touched.contains(&Part::User);
    parts.iter().filter(|part| !trail.touched.contains(part)).any(|part| {
        let dies_with_user = user_changed && is_token(part);
        let kept = after.and_then(|after| part.of(after)) == part.of(before);
        let crowded_out = after.is_some_and(|after| made_room(part, after, cap));
        !kept && !dies_with_user && !crowded_out
    })
}

/// A token may be missing because newer ones fill the queue.
fn made_room(part: &Part, after: &Session, cap: usize) -> bool {
    is_token(part) && after.form_tokens().len() >= cap
}

const fn is_token(part: &Part) -> bool {
    match part {
        Part::Token(_) => true,
        Part::User | Part::Value(_) => false,
    }
}

fn parts(session: &Session) -> SmallVec<[Part; 4]> {
    let tokens = session.form_tokens().as_slice().iter().copied().map(Part::Token);
    let values = session.values().keys().cloned().map(Part::Value);
    core::iter::once(Part::User).chain(values).chain(tokens).collect()
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
    let sets = seen.effects.cookie.as_ref().is_some_and(|cookie| match cookie.value {
        CookieChange::Set(_) | CookieChange::Stillborn(_) => true,
        CookieChange::Revoke => false,
    });
    let stores_id = stores.came().next().is_some();
    found.break_if(sets || stores_id, Property::ReadingStoresNothing);
    let gone = held_id(seen.before, request).is_some_and(|id| stores.before(id).is_none());
    found.witness_if(gone, Property::ReadingStoresNothing);
}
