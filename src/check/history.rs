//! What the properties need to know of a run so far, and their checks.
//!
//! A [`History`] watches one run of the machine from outside: it is shown every step, and says
//! which properties the step broke. It reads states through their queries, and judges with
//! arithmetic of its own, without the rules that it checks.

mod answer_checks;
mod draws;
mod facts;
mod frame_checks;
mod refusal_checks;
mod saving;
mod state_checks;
mod step_checks;
mod trail;
mod update_checks;

use std::collections::{BTreeMap, BTreeSet};

use smallvec::SmallVec;
use smol_str::SmolStr;

use self::facts::Facts;
use self::refusal_checks::check_unchanged;
use self::trail::{Drops, Login, Trail};
use crate::check::property::{Properties, Property};
use crate::check::role::{Fate, Part, Role, outcome_of};
use crate::config::Config;
use crate::effect::{CookieChange, CookieOp, Effects, Reply};
use crate::event::{Event, Input, ManagerEvent, RequestEvent, RequestId};
use crate::presented::CookieValue;
use crate::session::Session;
use crate::state::State;
use crate::token::{FormToken, SessionId};

/// One step, seen from outside.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The configuration that the step ran under.
    pub config: &'a Config,
    /// The state that it was given.
    pub before: &'a State,
    /// The input.
    pub input: &'a Input,
    /// The state that it returned.
    pub after: &'a State,
    /// The effects that it asked for.
    pub effects: &'a Effects,
}

/// What a step showed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Findings {
    /// The properties that it broke.
    pub broken: Properties,
    /// The properties whose *sometimes* it witnessed.
    pub sometimes: Properties,
}

impl Findings {
    pub(crate) const fn break_if(&mut self, condition: bool, property: Property) {
        self.broken.add_if(condition, property);
    }

    pub(crate) const fn witness_if(&mut self, condition: bool, property: Property) {
        self.sometimes.add_if(condition, property);
    }

    /// Both together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self {
            broken: self.broken.union(other.broken),
            sometimes: self.sometimes.union(other.sometimes),
        }
    }
}

/// What the properties need to remember of a run.
///
/// ```
/// use quixote_session::check::{History, Property, Seen};
/// use quixote_session::{Config, Entropy, Event, Input, ManagerEvent, State, Timestamp, step};
///
/// let (config, before) = (Config::STRICT, State::new());
/// let event = Event::Manager(ManagerEvent::Sweep);
/// let input = Input { now: Timestamp(0), entropy: Entropy::from_draws([]), event };
/// let (after, effects) = step(&config, before.clone(), input.clone());
/// let seen =
///     Seen { config: &config, before: &before, input: &input, after: &after, effects: &effects };
/// assert!(History::default().observe(&seen).broken.is_empty());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub struct History {
    /// Ids that left the store.
    dead: BTreeSet<SessionId>,
    /// For each form token, how often it was issued minus how often it was accepted; at least -1.
    issued: BTreeMap<FormToken, i8>,
    /// The path that each cookie was set with.
    paths: BTreeMap<SessionId, SmolStr>,
    trails: BTreeMap<RequestId, Trail>,
}

impl History {
    /// Watches one step, and says which properties it broke and which it witnessed.
    pub fn observe(&mut self, seen: &Seen<'_>) -> Findings {
        let mut found = Findings::default();
        let role = match &seen.input.event {
            Event::Request { event, .. } => Some(Role::of(event, seen.effects)),
            Event::StartRequest { .. } | Event::Manager(_) => None,
        };
        let facts = Facts::of(self, seen, role.as_ref());
        facts.check_reason(&mut found);
        facts.check_answer(&mut found);
        if let Reply::Refused(why) = seen.effects.reply {
            check_unchanged(seen, why, &mut found);
            return found;
        }
        let stores = Stores::of(seen);
        Self::check_state(seen, &stores, &mut found);
        self.check_ids(seen, role.as_ref(), &stores, &mut found);
        Self::check_others(seen, &stores, &mut found);
        Self::check_visit(seen, &stores, &mut found);
        self.check_taken(seen, &stores, &mut found);
        self.check_request(seen, role.as_ref(), &stores, &mut found);
        self.check_frame(seen, role.as_ref(), &stores, &mut found);
        self.check_token(seen, &mut found);
        self.check_cookie(seen, &mut found);
        Self::check_manager(seen, &stores, &mut found);
        let pending = self.learn_end(seen);
        found.witness_if(pending, Property::EndedUserStaysEnded);
        self.learn(seen, role, &stores);
        found
    }

    /// Remembers what happened in a step that was not refused.
    fn learn(&mut self, seen: &Seen<'_>, role: Option<Role>, stores: &Stores<'_>) {
        self.dead.extend(stores.left());
        if let Event::StartRequest { request, cookie, remote_addr, .. } = &seen.input.event {
            let sent = cookie.as_ref().and_then(CookieValue::session_id);
            let remote_addr = remote_addr.clone();
            let carries = cookie.is_some();
            let trail = Trail { sent, carries, remote_addr, ..Trail::default() };
            self.trails.insert(*request, trail);
        }
        if let (Some(role), Some(request)) = (role, seen.input.event.request()) {
            self.dead.retain(|dead| role.chosen != Some(*dead));
            if let Some(Part::Token(token)) = role.part {
                self.learn_token(token, &seen.effects.reply);
            }
            if outcome_of(&seen.input.event).is_some() {
                self.trails.remove(&request);
            } else {
                self.learn_change(request, role, seen, stores);
            }
        }
        if let Some(CookieOp { value: CookieChange::Set(id), path }) = &seen.effects.cookie {
            self.paths.insert(*id, path.clone());
        }
    }

    /// A form token was issued, if the reply is the token; otherwise it was accepted.
    fn learn_token(&mut self, token: FormToken, reply: &Reply) {
        let change = if *reply == Reply::Token(token) { 1 } else { -1 };
        let balance = self.issued.entry(token).or_default();
        *balance = balance.saturating_add(change).max(-1);
    }

    fn learn_change(
        &mut self,
        request: RequestId,
        role: Role,
        seen: &Seen<'_>,
        stores: &Stores<'_>,
    ) {
        if let Some(part) = &role.part {
            self.later_change_wins(request, part, seen);
        }
        let wrote = !role.is_final && stores.differ_but_for_access();
        let user = seen.before.session(request).map(|held| held.session.user().cloned());
        let now = seen.input.now;
        let Some(trail) = self.trails.get_mut(&request) else { return };
        if let Event::Request { event: RequestEvent::SetUser { user: to }, .. } = &seen.input.event
        {
            trail.learn_user(user.as_ref().and_then(Option::as_ref), to.as_ref(), now);
        }
        trail.renews |=
            matches!(seen.input.event, Event::Request { event: RequestEvent::RenewSession, .. });
        trail.learn_kept(seen);
        trail.learn_lost(seen);
        trail.traced |= wrote;
        trail.changed |= role.changes_request;
        match role.fate {
            Fate::Pending => {}
            Fate::Saved | Fate::Dropped => {
                trail.touched.clear();
                trail.guards.clear();
                trail.issued.clear();
                (trail.drops, trail.login, trail.renews) = (Drops::Nothing, None, false);
            }
        }
        trail.touched.extend(role.part);
    }

    /// If the step ended all sessions of a user, this ends the logins of that user that are not
    /// saved, and says whether there are any.
    fn learn_end(&mut self, seen: &Seen<'_>) -> bool {
        let Some((user, by)) = ended_user(seen) else { return false };
        let mut pending = false;
        for (request, trail) in &mut self.trails {
            let login = trail.login.as_mut().filter(|login| login.user.as_ref() == Some(&user));
            if let Some(login) = login
                && Some(*request) != by
            {
                (login.ended, pending) = (true, true);
            }
        }
        pending
    }

    /// If requests share one object, all of them see a change at once, and it replaces what another
    /// request did to the same part before.
    fn later_change_wins(&mut self, request: RequestId, part: &Part, seen: &Seen<'_>) {
        let Some(own) = seen.after.session(request) else { return };
        for (other, trail) in &mut self.trails {
            let held = seen.after.session(*other);
            let shared = held.is_some_and(|held| core::ptr::eq(held.session, own.session));
            if *other != request && shared {
                trail.touched.retain(|own| own != part);
            }
        }
    }
}

/// The user whose sessions a step ended, and the request that ended them, whose own session goes
/// on.
fn ended_user(seen: &Seen<'_>) -> Option<(SmolStr, Option<RequestId>)> {
    match &seen.input.event {
        Event::Manager(ManagerEvent::DeleteSessionsOf { user }) => Some((user.clone(), None)),
        Event::Request { request, event: RequestEvent::ExpireOtherSessions } => {
            let user = seen.before.session(*request)?.session.user()?;
            Some((user.clone(), Some(*request)))
        }
        Event::StartRequest { .. } | Event::Request { .. } | Event::Manager(_) => None,
    }
}

/// The id of the session that a request holds, if it has one.
fn held_id(state: &State, request: RequestId) -> Option<SessionId> {
    state.session(request).and_then(|held| held.id)
}

/// Whether a request other than `actor` holds the session of this id.
fn is_held(state: &State, id: SessionId, actor: Option<RequestId>) -> bool {
    let mut others = state.requests().into_iter().filter(|request| Some(*request) != actor);
    others.any(|request| held_id(state, request) == Some(id))
}

/// The store before and after a step.
struct Stores<'a> {
    before: SmallVec<[(SessionId, &'a Session); 4]>,
    after: SmallVec<[(SessionId, &'a Session); 4]>,
}

impl<'a> Stores<'a> {
    fn of(seen: &Seen<'a>) -> Self {
        let sorted = |state: &'a State| {
            let mut items: SmallVec<[_; 4]> = state.unordered().collect();
            items.sort_unstable_by_key(|(id, _)| *id);
            items
        };
        Self { before: sorted(seen.before), after: sorted(seen.after) }
    }

    fn before(&self, id: SessionId) -> Option<&'a Session> {
        find(&self.before, id)
    }

    fn after(&self, id: SessionId) -> Option<&'a Session> {
        find(&self.after, id)
    }

    /// Ids that left the store in this step.
    fn left(&self) -> impl Iterator<Item = SessionId> {
        let ids = self.before.iter().map(|(id, _)| *id);
        ids.filter(|id| self.after(*id).is_none())
    }

    /// Ids that came into the store in this step.
    fn came(&self) -> impl Iterator<Item = SessionId> {
        let ids = self.after.iter().map(|(id, _)| *id);
        ids.filter(|id| self.before(*id).is_none())
    }

    fn differ_but_for_access(&self) -> bool {
        let same = |(one, other): (&(SessionId, &Session), &(SessionId, &Session))| {
            one.0 == other.0 && same_but_for_access(one.1, other.1)
        };
        self.before.len() != self.after.len() || !self.before.iter().zip(&self.after).all(same)
    }
}

fn same_but_for_access(one: &Session, other: &Session) -> bool {
    one.handle() == other.handle()
        && one.user() == other.user()
        && one.remote_addr() == other.remote_addr()
        && one.created() == other.created()
        && one.form_tokens() == other.form_tokens()
        && one.values() == other.values()
}

fn find<'a>(items: &[(SessionId, &'a Session)], id: SessionId) -> Option<&'a Session> {
    let place = items.binary_search_by_key(&id, |(own, _)| *own).ok()?;
    items.get(place).map(|(_, session)| *session)
}
