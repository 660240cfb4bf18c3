//! What has happened so far, as far as the properties need to know, and their checks.
//!
//! A [`History`] watches one run of the machine from outside: it is shown every step, and says
//! which properties the step broke. It reads states by their queries and judges by its own
//! arithmetic, not by the rules it checks.

mod step_checks;
mod update_checks;

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::check::property::{Properties, Property};
use crate::config::Config;
use crate::effect::{CookieChange, Effects, Reply, StoreOp};
use crate::event::{Event, Input, RequestEvent, RequestId};
use crate::presented::SubmittedToken;
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
    dead: SmallVec<[SessionId; 2]>,
    /// How often each form token was issued and not accepted since.
    issued: SmallVec<[(FormToken, i8); 2]>,
    /// The path that each cookie was set with.
    paths: SmallVec<[(SessionId, SmolStr); 1]>,
    trails: SmallVec<[(RequestId, Trail); 2]>,
}

/// What one open request has done.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
struct Trail {
    /// The id that its cookie named.
    sent: Option<SessionId>,
    /// What it changed and has not saved.
    touched: SmallVec<[Key; 2]>,
    /// Whether it changed anything at all.
    changed: bool,
    /// Whether a stored session changed by what it did, where only a save may do that.
    traced: bool,
}

/// One thing that a session holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Key {
    User,
    Value(SmolStr),
    Token(FormToken),
}

impl History {
    /// Watches one step and says what it broke and what it witnessed.
    // [effect-2]
    pub fn observe(&mut self, seen: &Seen<'_>) -> Findings {
        let mut found = Findings::default();
        if matches!(seen.effects.reply, Reply::Refused(_)) {
            let nothing = Effects { draws: 0, ..Effects::reply(seen.effects.reply.clone()) };
            let changed = seen.before != seen.after || *seen.effects != nothing;
            found.witness_if(true, Property::RefusalChangesNothing);
            found.break_if(changed, Property::RefusalChangesNothing);
            return found;
        }
        let stores = Stores::of(seen);
        Self::check_state(seen, &stores, &mut found);
        self.check_ids(seen, &stores, &mut found);
        self.check_request(seen, &stores, &mut found);
        self.check_token(seen, &mut found);
        self.check_cookie(seen, &mut found);
        Self::check_manager(seen, &stores, &mut found);
        self.learn(seen, &stores);
        found
    }

    fn trail(&self, request: RequestId) -> Option<&Trail> {
        self.trails.iter().find(|(own, _)| *own == request).map(|(_, trail)| trail)
    }

    fn trail_mut(&mut self, request: RequestId) -> Option<&mut Trail> {
        self.trails.iter_mut().find(|(own, _)| *own == request).map(|(_, trail)| trail)
    }

    /// Takes in a step that was not refused.
    fn learn(&mut self, seen: &Seen<'_>, stores: &Stores<'_>) {
        for id in stores.left() {
            if let Err(place) = self.dead.binary_search(&id) {
                self.dead.insert(place, id);
            }
        }
        if let Event::Request { event: RequestEvent::InsertSession { id, .. }, .. } =
            &seen.input.event
        {
            self.dead.retain(|dead| dead != id);
        }
        self.learn_tokens(seen);
        let Some(request) = seen.input.event.request() else { return };
        match &seen.input.event {
            Event::StartRequest { cookie, .. } => {
                let sent = cookie.as_ref().and_then(crate::CookieValue::session_id);
                let trail = Trail { sent, ..Trail::default() };
                let place = self.trails.partition_point(|(own, _)| *own < request);
                self.trails.insert(place, (request, trail));
            }
            Event::Request { event: RequestEvent::FinishRequest { .. }, .. } => {
                self.trails.retain(|(own, _)| *own != request);
                if let Some(cookie) = &seen.effects.cookie
                    && let CookieChange::Set(id) = cookie.value
                {
                    self.paths.retain(|(own, _)| *own != id);
                    let place = self.paths.partition_point(|(own, _)| *own < id);
                    self.paths.insert(place, (id, cookie.path.clone()));
                }
            }
            event => self.learn_change(request, event, seen, stores),
        }
    }

    fn learn_tokens(&mut self, seen: &Seen<'_>) {
        let (token, change) = match (&seen.input.event, &seen.effects.reply) {
            (Event::Request { event: RequestEvent::CreateFormToken, .. }, Reply::Token(token)) => {
                (*token, 1)
            }
            (
                Event::Request {
                    event: RequestEvent::RemoveFormToken { token: SubmittedToken::Token(token), .. },
                    ..
                },
                _,
            ) => (*token, -1),
            _ => return,
        };
        match self.issued.binary_search_by_key(&token, |(own, _)| *own) {
            Ok(place) => {
                if let Some((_, balance)) = self.issued.get_mut(place) {
                    *balance = balance.saturating_add(change).max(-1);
                }
            }
            Err(place) => self.issued.insert(place, (token, change)),
        }
    }

    fn learn_change(
        &mut self,
        request: RequestId,
        event: &Event,
        seen: &Seen<'_>,
        stores: &Stores<'_>,
    ) {
        let key = Key::changed_by(event, &seen.effects.reply);
        if let Some(key) = &key {
            self.later_change_wins(request, key, seen);
        }
        let wrote = !may_write(event, seen.effects) && stores.differ_but_for_access();
        let read = matches!(
            event,
            Event::Request { event: RequestEvent::HasFormToken { .. }, .. }
                | Event::Request { event: RequestEvent::HasSessionCookie { .. }, .. }
                | Event::Request { event: RequestEvent::InsertSession { .. }, .. }
        );
        let Some(trail) = self.trail_mut(request) else { return };
        trail.traced |= wrote;
        trail.changed |= !read;
        if let Event::Request { event: RequestEvent::MaintainSession, .. }
        | Event::Request { event: RequestEvent::ExpireSession, .. }
        | Event::Request { event: RequestEvent::NewSession, .. } = event
        {
            trail.touched.clear();
        }
        if let Some(key) = key
            && let Err(place) = trail.touched.binary_search(&key)
        {
            trail.touched.insert(place, key);
        }
    }

    /// Where requests share one object the change is there for all at once: what another request
    /// did to the same key before has been overtaken.
    fn later_change_wins(&mut self, request: RequestId, key: &Key, seen: &Seen<'_>) {
        let Some(own) = seen.after.session(request) else { return };
        for (other, trail) in &mut self.trails {
            let held = seen.after.session(*other);
            let shared = held.is_some_and(|held| core::ptr::eq(held.session, own.session));
            if *other != request && shared {
                trail.touched.retain(|own| own != key);
            }
        }
    }
}

/// Whether an event in the middle of a request may change the store whatever becomes of that: it
/// ends a session, spends a token, is the manager's, or discards a session that it finds over.
const fn may_write(event: &Event, effects: &Effects) -> bool {
    match event {
        Event::Request { event: RequestEvent::ExpireSession, .. }
        | Event::Request { event: RequestEvent::RemoveFormToken { .. }, .. }
        | Event::Request { event: RequestEvent::InsertSession { .. }, .. } => true,
        Event::Request { event: RequestEvent::NewSession, .. } => {
            matches!(effects.store, Some(StoreOp::Discard { .. }))
        }
        _ => false,
    }
}

impl Key {
    /// What an event that was answered so has changed.
    fn changed_by(event: &Event, reply: &Reply) -> Option<Self> {
        match (event, reply) {
            (Event::Request { event: RequestEvent::SetUser { .. }, .. }, _) => Some(Self::User),
            (
                Event::Request { event: RequestEvent::SetValue { key, .. }, .. }
                | Event::Request { event: RequestEvent::RemoveValue { key, .. }, .. },
                _,
            ) => Some(Self::Value(key.clone())),
            (Event::Request { event: RequestEvent::CreateFormToken, .. }, Reply::Token(token)) => {
                Some(Self::Token(*token))
            }
            (
                Event::Request {
                    event: RequestEvent::RemoveFormToken { token: SubmittedToken::Token(token), .. },
                    ..
                },
                _,
            ) => Some(Self::Token(*token)),
            _ => None,
        }
    }

    /// What `session` holds under this key; None if nothing.
    fn of<'a>(&self, session: &'a Session) -> Option<&'a str> {
        match self {
            Self::User => session.user().map(SmolStr::as_str).filter(|user| !user.is_empty()),
            Self::Value(key) => session.values().get(key).map(SmolStr::as_str),
            Self::Token(token) => session.form_tokens().contains(token).then_some("outstanding"),
        }
    }
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
            one.0 == other.0
                && one.1.user() == other.1.user()
                && one.1.form_tokens() == other.1.form_tokens()
                && one.1.values() == other.1.values()
        };
        self.before.len() != self.after.len() || !self.before.iter().zip(&self.after).all(same)
    }
}

fn find<'a>(items: &[(SessionId, &'a Session)], id: SessionId) -> Option<&'a Session> {
    let place = items.binary_search_by_key(&id, |(own, _)| *own).ok()?;
    items.get(place).map(|(_, session)| *session)
}
