//! Properties of a request as a whole: what it saves, and what it leaves when it fails.

use smallvec::SmallVec;
use smol_str::SmolStr;

use super::step_checks::is_too_old;
use super::{Drops, Findings, History, Login, Seen, Stores, Trail, held_id, is_held};
use crate::check::property::Property;
use crate::check::role::{Fate, Part, Role, outcome_of, written_by};
use crate::effect::CookieChange;
use crate::event::{Event, RequestEvent, RequestId};
use crate::form_tokens::FormTokens;
use crate::presented::SubmittedToken;
use crate::session::Session;
use crate::token::SessionId;

impl History {
    // [step-53]
    pub(super) fn check_request(
        &self,
        seen: &Seen<'_>,
        role: Option<&Role>,
        stores: &Stores<'_>,
        found: &mut Findings,
    ) {
        let (Some(role), Some(request)) = (role, seen.input.event.request()) else { return };
        let Some(trail) = self.trails.get(&request) else { return };
        check_spent(request, seen, stores, found);
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

/// Checks that nothing but the spent token, or the taken value, leaves the session.
fn check_spent(request: RequestId, seen: &Seen<'_>, stores: &Stores<'_>, found: &mut Findings) {
    let Event::Request { event, .. } = &seen.input.event else { return };
    let spent = if let RequestEvent::TakeValue { key } = event {
        Part::Value(key.clone())
    } else if let RequestEvent::RemoveFormToken { token: SubmittedToken::Token(token) } = event {
        Part::Token(*token)
    } else {
        return;
    };
    let Some(id) = held_id(seen.before, request) else { return };
    let Some(before) = stores.before(id) else { return };
    let after = stores.after(id);
    let of = |session: &Session| {
        (session.handle(), SmolStr::new(session.remote_addr()), session.created())
    };
    let moved = after.is_some_and(|after| of(after) != of(before));
    let mut all = parts(before);
    all.extend(after.map(parts).into_iter().flatten());
    let changed = |part: &Part| after.and_then(|after| part.of(after)) != part.of(before);
    let lost = all.iter().any(|part| *part != spent && changed(part));
    found.break_if(lost || moved, Property::NoUpdateIsLost);
}

/// What a save adds its changes to: the session as it is stored, unless it is too old to save to.
pub(super) fn starts_from<'a>(
    seen: &Seen<'_>,
    stores: &Stores<'a>,
    held: Option<SessionId>,
) -> Option<&'a Session> {
    held.and_then(|id| stores.before(id)).filter(|session| !is_too_old(seen, session))
}

// [step-41] [step-42]
fn check_save(
    request: RequestId,
    trail: &Trail,
    seen: &Seen<'_>,
    stores: &Stores<'_>,
    found: &mut Findings,
) {
    let Some(held) = seen.before.session(request) else { return };
    let written = written_by(seen.effects.store.as_ref());
    let before = starts_from(seen, stores, held.id);
    let after = written.map(|(id, _)| id).or(held.id).and_then(|id| stores.after(id));
    check_login(trail, before, held.id, written, found);
    // If a request has only issued or spent form tokens and its session was ended, nothing is lost
    // but the form.
    let ended = held.id.is_some() && before.is_none();
    let tokens_alone = trail.touched.iter().all(is_token) && trail.login.is_none();
    if ended && tokens_alone && written.is_none() {
        return;
    }
    let cap = FormTokens::room(seen.config.max_form_tokens);
    let lost = loses_own(trail, held.session, after, cap)
        || before.is_some_and(|before| loses_others(trail, before, after, cap));
    found.break_if(lost, Property::NoUpdateIsLost);
    let contended = !trail.touched.is_empty()
        && held.id.is_some_and(|id| is_held(seen.before, id, Some(request)));
    found.witness_if(contended, Property::NoUpdateIsLost);
}

/// Checks what a login makes of the session that is saved.
fn check_login(
    trail: &Trail,
    before: Option<&Session>,
    held: Option<SessionId>,
    written: Option<(SessionId, &Session)>,
    found: &mut Findings,
) {
    let Some((id, session)) = written else { return };
    found.break_if(trail.renews && Some(id) == held, Property::LoginBeginsASession);
    let Some(login) = trail.login.as_ref().filter(|login| login.begins(trail.drops)) else {
        return;
    };
    let Login { user, at, ended } = login;
    found.witness_if(before.is_some(), Property::LoginBeginsASession);
    let fresh =
        Some(id) != held && session.created() == *at && session.remote_addr() == trail.remote_addr;
    found.break_if(!fresh, Property::LoginBeginsASession);

    let outlived = |part: &Part| {
        trail.drops.takes(part) && !trail.touched.contains(part) && part.of(session).is_some()
    };
    found.break_if(parts(session).iter().any(outlived), Property::ValuesStayWithTheirUser);
    let had = before.is_some_and(|before| !before.values().is_empty());
    let witness = had && trail.drops == Drops::Everything;
    found.witness_if(witness, Property::ValuesStayWithTheirUser);

    let saved = *ended && session.user() == user.as_ref();
    found.break_if(saved, Property::EndedUserStaysEnded);
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
    parts.iter().filter(|part| !trail.touched.contains(part)).any(|part| {
        let kept = after.and_then(|after| part.of(after)) == part.of(before);
        let crowded_out = after.is_some_and(|after| made_room(part, after, cap));
        !kept && !trail.drops.takes(part) && !crowded_out
    })
}

/// A token may be missing because newer ones fill the queue.
fn made_room(part: &Part, after: &Session, cap: usize) -> bool {
    is_token(part) && after.form_tokens().len() >= cap
}

pub(super) const fn is_token(part: &Part) -> bool {
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
