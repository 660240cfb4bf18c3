//! What the machine remembers, and queries that change nothing.
//!
//! A state has the [`Store`] of sessions, the [`Request`]s in flight by their numbers, and the
//! generations of users. Only a step may change them.

mod canonical;
mod changes;
mod objects;
#[cfg(feature = "serde")]
mod reading;
mod request;
mod store;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use smol_str::SmolStr;

pub(crate) use self::changes::{Change, Changes, Keeps, UserChange};
pub(crate) use self::objects::Slot;
pub(crate) use self::request::{Request, RequestData};
pub(crate) use self::store::Store;
use crate::config::Config;
use crate::event::RequestId;
use crate::presented::CookieValue;
use crate::semantics::{Saves, Semantics};
use crate::session::{Session, SessionRef};
use crate::time::Timestamp;
use crate::token::SessionId;

/// Stored ids are drawn, and the driver numbers the requests: no client chooses what the tables
/// hold, so the seed need not be secret.
const HASHER: FixedState = FixedState::with_seed(0);

/// The stored sessions and the requests in flight.
///
/// Only [`step`](crate::step) makes new states out of old ones. Two states are equal, and hash
/// alike, if they hold the same sessions and requests, and the same requests share a session; how
/// they came about does not count. Cloning, comparing and hashing look at everything.
///
/// The queries are the mapping interface of Quixote's `SessionManager`. They show what is stored,
/// including sessions that are over and not swept yet.
///
/// ```
/// use quixote_session::{Session, SessionId, State, Timestamp};
///
/// let id: SessionId = "00000000000000a1".parse()?;
/// let session = Session::new("192.0.2.1".into(), Timestamp(0));
/// let state = State::new().with_stored(id, Some(session.clone()));
/// assert_eq!(state.get(&id), Some(&session));
/// assert_eq!(state.keys(), [id]);
/// # Ok::<(), quixote_session::NotHex>(())
/// ```
#[derive(Clone, Default)]
pub struct State(Option<Box<Parts>>);

/// Behind a pointer, since a state is moved into each step and out of it.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) requests: HashMap<RequestId, Request, FixedState>,
    /// How often the sessions of each user had been ended when the driver last said so.
    pub(crate) generations: BTreeMap<SmolStr, u64>,
    /// The semantics of the last step; None before the first.
    pub(crate) semantics: Option<Semantics>,
}

impl Parts {
    const NONE: Self = Self {
        store: Store::new(),
        requests: HashMap::with_hasher(HASHER),
        generations: BTreeMap::new(),
        semantics: None,
    };
}

/// What is known of a save before its step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Save {
    /// Nothing is saved and nothing discarded: the request has changed nothing, and its session is
    /// stored already or has no info.
    Nothing,
    /// The session gets a new id, unless the store decides otherwise: it has info, and either is
    /// not stored yet or moves.
    UnderNewId,
    /// The session stays where it is, or is discarded; or nothing is known.
    Any,
}

impl State {
    /// A state without sessions and requests.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// The same requests over a store in which `session`, or nothing, is stored under `id`.
    ///
    /// This is not a transition, but tells the state about a store that it does not own. A driver
    /// whose sessions live outside the process loads a session this way before it starts a request.
    /// If the condition of a [`StoreOp`](crate::StoreOp) did not hold, it loads the session again
    /// and sends the same event once more.
    // [state-7] [driver-15] [driver-16] [driver-17] [driver-18]
    #[must_use]
    pub fn with_stored(mut self, id: SessionId, session: Option<Session>) -> Self {
        match session {
            Some(session) => self.parts().store.put(id, session),
            None => _ = self.parts().store.remove(&id),
        }
        self
    }

    /// The same state, which now knows how often the sessions of `user` were ended: the number that
    /// a [`DeleteUser`](crate::StoreOp::DeleteUser) raises in a store outside. A state that was not
    /// told assumes 0. What it was told it keeps, so give each request a state of its own.
    ///
    /// This is not a transition, but tells the state about that store. A driver does it before it
    /// sends a [`SetUser`](crate::RequestEvent::SetUser), and again if the condition of the
    /// operation that saves the login did not hold. A login that a request made in another
    /// generation is refused.
    // [driver-11]
    #[must_use]
    pub fn with_generation(mut self, user: SmolStr, generation: u64) -> Self {
        let parts = self.parts();
        for request in parts.requests.values_mut() {
            request.end_login_unless(&user, |made_in| made_in == generation);
        }
        parts.generations.insert(user, generation);
        self
    }

    /// The semantics of the step that led here; None before the first step. Each semantics relies
    /// on what it keeps true of its own states, so a driver that reads a state back compares this
    /// with its [`Config`](crate::Config).
    ///
    /// ```
    /// use quixote_session::{Config, State};
    ///
    /// let read = State::new();
    /// assert!(read.semantics().is_none_or(|own| own == Config::STRICT.semantics));
    /// ```
    // [state-12]
    #[must_use]
    pub fn semantics(&self) -> Option<Semantics> {
        self.read().semantics
    }

    /// The session stored under `id`.
    #[must_use]
    pub fn get(&self, id: &SessionId) -> Option<&Session> {
        self.read().store.find(id).map(|slot| &self.read().store.object(slot).session)
    }

    /// Whether a session is stored under `id`.
    #[must_use]
    pub fn has_session(&self, id: &SessionId) -> bool {
        self.read().store.has(id)
    }

    /// How many sessions are stored.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().store.len()
    }

    /// Whether no session is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read().store.len() == 0
    }

    /// The ids of all stored sessions, in order: Quixote's `keys` and `sorted_keys` in one.
    #[must_use]
    pub fn keys(&self) -> Vec<SessionId> {
        self.items().into_iter().map(|(id, _)| id).collect()
    }

    /// All stored sessions, in the order of their ids.
    #[must_use]
    pub fn values(&self) -> Vec<&Session> {
        self.items().into_iter().map(|(_, session)| session).collect()
    }

    /// All stored sessions with their ids, in the order of the ids.
    // [state-1] [state-2]
    #[must_use]
    pub fn items(&self) -> Vec<(SessionId, &Session)> {
        let mut items: Vec<_> = self.read().store.iter().collect();
        items.sort_unstable_by_key(|(id, _)| *id);
        items
    }

    /// The ids of one user's stored sessions, in order, even of those that are over. Looks at every
    /// stored session.
    #[must_use]
    pub fn sessions_of(&self, user: &str) -> Vec<SessionId> {
        self.read().store.ids_where(|session| session.user.as_deref() == Some(user))
    }

    /// The ids of one user's sessions that are not over, in order, for a list that the user sees.
    /// Looks at every stored session.
    #[must_use]
    pub fn current_sessions_of(
        &self,
        user: &str,
        config: &Config,
        now: Timestamp,
    ) -> Vec<SessionId> {
        self.read().store.ids_where(|session| {
            session.user.as_deref() == Some(user) && !session.is_over(config, now)
        })
    }

    /// How many stored sessions are not over. Looks at every stored session.
    #[must_use]
    pub fn current_len(&self, config: &Config, now: Timestamp) -> usize {
        let current = |(_, session): &(SessionId, &Session)| !session.is_over(config, now);
        self.read().store.iter().filter(current).count()
    }

    /// The requests in flight, in the order of their numbers.
    #[must_use]
    pub fn requests(&self) -> Vec<RequestId> {
        let mut requests: Vec<_> = self.read().requests.keys().copied().collect();
        requests.sort_unstable();
        requests
    }

    /// How many requests are in flight.
    #[must_use]
    pub fn open_requests(&self) -> usize {
        self.read().requests.len()
    }

    /// Whether the request is in flight.
    #[must_use]
    pub fn is_open(&self, request: RequestId) -> bool {
        self.read().requests.contains_key(&request)
    }

    /// The session that a request holds, as the request sees it, including its own changes. None if
    /// the request is not open, or has expired its session.
    // [state-6]
    #[must_use]
    pub fn session(&self, request: RequestId) -> Option<SessionRef<'_>> {
        let object = self.read().store.object(self.read().requests.get(&request)?.held?);
        Some(SessionRef { id: object.id, session: &object.session })
    }

    /// The value of the session cookie as the rest of the request sees it. None if the request
    /// carried none, or has revoked it since.
    #[must_use]
    pub fn request_cookie(&self, request: RequestId) -> Option<&CookieValue> {
        self.read().requests.get(&request)?.data.cookie.as_ref()
    }

    /// What a finish that saves does to the request's session, as far as that is known before.
    // [step-36] [step-44] [step-49] [step-51]
    pub(crate) fn foretold_save(&self, request: RequestId) -> Save {
        let Parts { store, requests, semantics, .. } = self.read();
        let saves = semantics.map(|semantics| semantics.differences().saves);
        let (Some(open), Some(Saves::Changes)) = (requests.get(&request), saves) else {
            return Save::Any;
        };
        let held = open.held.map(|slot| store.object(slot));
        let is_stored = held.is_none_or(|held| held.id.is_some());
        let has_info = held.is_some_and(|held| held.session.has_info());
        let moves = open.data.changes.as_ref().is_some_and(|changes| changes.moves());
        if open.data.changes.is_none() && (is_stored || !has_info) {
            Save::Nothing
        } else if has_info && (moves || !is_stored) {
            Save::UnderNewId
        } else {
            Save::Any
        }
    }

    /// Every session in memory, stored or held, in no particular order.
    #[cfg(feature = "check")]
    pub(crate) fn in_memory(&self) -> impl Iterator<Item = &Session> {
        self.read().store.objects().map(|object| &object.session)
    }

    /// Every stored session, in no particular order.
    #[cfg(feature = "check")]
    pub(crate) fn unordered(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.read().store.iter()
    }

    /// All parts, for a step to change.
    pub(crate) fn parts(&mut self) -> &mut Parts {
        self.0.get_or_insert_with(|| Box::new(Parts::NONE))
    }

    fn read(&self) -> &Parts {
        static NONE: Parts = Parts::NONE;
        self.0.as_deref().unwrap_or(&NONE)
    }
}

/// Shows how many there are of each kind; a list of them would grow with the store.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("sessions", &self.len())
            .field("open_requests", &self.open_requests())
            .finish_non_exhaustive()
    }
}
