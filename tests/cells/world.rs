//! Worlds that are small enough to be searched completely. Every event is sent in each of their
//! states, so a cell that is not reached here occurs in none of these states.
//!
//! A world is made of the events that lead on from state to state, its *moves*. All other events
//! are sent too, to see their outcomes, but the search does not go on from there.

use std::collections::{BTreeSet, HashSet};

use quixote_session::check::kinds::{Kind, Ranges};
use quixote_session::check::{Cell, Cells, base_of};
use quixote_session::{
    Config, CookieValue, Entropy, Event, Handle, Input, Outcome, Reply, RequestEvent, RequestId,
    Semantics, SessionId, State, SubmittedToken, Timestamp, step,
};

/// The kinds of events that lead on, in groups.
type Moves = &'static [&'static [Kind]];

/// In every world requests start and finish.
const ALWAYS: &[Kind] = &[Kind::StartRequest, Kind::HasSessionCookie, Kind::FinishRequest];
const USER: &[Kind] = &[Kind::SetUser];
const VALUE: &[Kind] = &[Kind::SetValue, Kind::RemoveValue, Kind::TakeValue];
const SET: &[Kind] = &[Kind::SetValue];
const GUARD: &[Kind] = &[Kind::GuardValue];
const TOKEN: &[Kind] = &[Kind::CreateFormToken, Kind::HasFormToken, Kind::RemoveFormToken];
const EXPIRE: &[Kind] = &[Kind::ExpireSession];
const MAINTAIN: &[Kind] = &[Kind::MaintainSession];
const REPLACE: &[Kind] = &[Kind::RevokeSessionCookie, Kind::NewSession];
const INSERT: &[Kind] = &[Kind::InsertSession];
const DELETE: &[Kind] = &[Kind::DeleteSession, Kind::DeleteSessionsOf];
/// If sweeps lead on, the clock moves.
const CLOCK: &[Kind] = &[Kind::Sweep];

/// Which limit there is.
#[derive(Clone, Copy)]
enum Limit {
    Idle,
    Absolute,
    /// The idle limit, and room for one session.
    IdleRoom,
    /// The absolute limit, and room for one session.
    AbsoluteRoom,
}

/// A world: the most requests and sessions, the moves, and the limit.
#[derive(Clone, Copy)]
pub(crate) struct Plan(u32, Moves, Limit);

pub(crate) fn worlds(semantics: Semantics) -> Vec<Plan> {
    use Limit::{Absolute, AbsoluteRoom, Idle, IdleRoom};
    let mut worlds = vec![
        Plan(2, &[INSERT, DELETE], Absolute),
        Plan(2, &[USER, DELETE], Absolute),
        Plan(2, &[VALUE, DELETE, EXPIRE], Absolute),
        Plan(2, &[TOKEN, DELETE], Absolute),
        Plan(1, &[USER, INSERT, DELETE, MAINTAIN], Absolute),
        Plan(1, &[USER, DELETE, EXPIRE, REPLACE, MAINTAIN], Absolute),
    ];
    if semantics == Semantics::Strict {
        // Only strict has time limits, so that a moving clock matters, and only strict has the
        // events that Quixote does not offer.
        for limit in [Idle, Absolute] {
            worlds.push(Plan(1, &[USER, CLOCK, DELETE], limit));
            worlds.push(Plan(1, &[TOKEN, CLOCK], limit));
            worlds.push(Plan(1, &[VALUE, GUARD, CLOCK], limit));
        }
        worlds.push(Plan(1, &[USER, SET, CLOCK, DELETE], Idle));
        worlds.push(Plan(2, &[SET, CLOCK], IdleRoom));
        worlds.push(Plan(2, &[USER, DELETE], AbsoluteRoom));
        worlds.push(Plan(2, &[SET, GUARD, CLOCK], IdleRoom));
        worlds.push(Plan(1, &[USER, VALUE], Absolute));
        worlds.push(Plan(1, &[USER, SET, GUARD, DELETE], Absolute));
    }
    worlds
}

/// The requests that move; no request of another number is ever open.
const REQUESTS: [u64; 2] = [0, 1];
const NEVER_OPEN: u64 = 7;

/// The ids and tokens that can be drawn, and one that is never drawn.
const DRAWS: [u8; 2] = [1, 2];
const NEVER_DRAWN: u8 = 0xee;

/// A key under which nothing is set for good.
const UNSET: &str = "m";

const LONG: &str = "too long a text";

/// Limits that `most` requests, sessions and so on reach. There are two moments, and the second is
/// at the time limit.
fn config(semantics: Semantics, most: u32, limit: Limit) -> Config {
    let (idle_limit_ms, absolute_limit_ms) = match limit {
        Limit::Idle | Limit::IdleRoom => (Some(1), None),
        Limit::Absolute | Limit::AbsoluteRoom => (None, Some(1)),
    };
    let max_sessions = match limit {
        Limit::Idle | Limit::Absolute => most,
        Limit::IdleRoom | Limit::AbsoluteRoom => 1,
    };
    Config {
        access_resolution_ms: u64::MAX,
        idle_limit_ms,
        absolute_limit_ms,
        max_form_tokens: 1,
        max_text_bytes: LONG.len() - 1,
        max_values: 1,
        max_requests: most,
        max_sessions,
        ..base_of(semantics)
    }
}

pub(crate) struct World {
    config: Config,
    moves: Moves,
    pub(crate) cells: Cells,
    pub(crate) states: usize,
}

/// The machine's state, and the moment of the clock.
type Place = (State, u64);

impl World {
    /// Searches the whole world.
    pub(crate) fn search(semantics: Semantics, Plan(most, moves, limit): Plan) -> Self {
        let (config, cells) = (config(semantics, most, limit), Cells::default());
        let mut world = Self { config, moves, cells, states: 0 };
        let first = (State::new(), 0);
        let mut seen = HashSet::from([first.clone()]);
        let mut waiting = vec![first];
        while let Some(place) = waiting.pop() {
            world.states += 1;
            for after in world.expand(&place) {
                if !seen.contains(&after) {
                    seen.insert(after.clone());
                    waiting.push(after);
                }
            }
        }
        world
    }

    /// Sends every event, and returns the places that moves led to.
    fn expand(&mut self, (state, moment): &Place) -> Vec<Place> {
        let (mut after, mut spare) = (Vec::new(), None);
        for event in self.events(state) {
            for entropy in self.entropies(&event) {
                let input = Input { now: Timestamp(*moment), entropy, event: event.clone() };
                let copy = spare.take().unwrap_or_else(|| state.clone());
                let (next, effects) = step(&self.config, copy, input.clone());
                self.cells.count(Cell::of(&self.config, state, &input, &effects));
                if matches!(effects.reply, Reply::Refused(_)) {
                    // It did not change, so it is used again.
                    spare = Some(next);
                } else if self.leads_on(&event) {
                    after.push((next, *moment));
                }
            }
        }
        if self.moves.contains(&CLOCK) {
            after.push((state.clone(), 1 - moment));
        }
        after
    }

    /// The user without a name is no info, so it matters in worlds with values. Each request sets a
    /// key of its own. If two requests guard, both set the same key, to values of their own, and
    /// one guards it: more would be too many states.
    fn leads_on(&self, event: &Event) -> bool {
        let kind = Kind::of(event);
        let two_guard = self.moves.contains(&GUARD) && self.config.max_requests == 2;
        let moves = ALWAYS.contains(&kind) || self.moves.iter().any(|group| group.contains(&kind));
        moves
            && match event {
                Event::Request { request, event: RequestEvent::SetValue { key, value } } => {
                    let first = request.0 == 0;
                    let own = key == user_and_key(*request).1 && value == "v";
                    if two_guard { key == "k" && first == (value == "v") } else { own }
                }
                Event::Request { event: RequestEvent::SetUser { user: Some(user) }, .. } => {
                    !user.is_empty() || self.moves.contains(&VALUE)
                }
                Event::Request { request, event: RequestEvent::GuardValue { key } } => {
                    key != UNSET && (!two_guard || (key == "k" && request.0 == 0))
                }
                _ => event.request() != Some(RequestId(NEVER_OPEN)),
            }
    }

    /// The draws to try for an event: one number again and again, for each number that can be
    /// drawn.
    fn entropies(&self, event: &Event) -> Vec<Entropy> {
        match Kind::of(event).draws() {
            Some(_) => DRAWS.map(|draw| self.entropy(draw)).to_vec(),
            None => vec![self.entropy(0)],
        }
    }

    fn entropy(&self, draw: u8) -> Entropy {
        let mut bytes = [0; Entropy::BYTES];
        for place in bytes.chunks_exact_mut(self.config.width.bytes()) {
            place.fill(draw);
        }
        Entropy::from_bytes(bytes)
    }

    fn id(&self, draw: u8) -> SessionId {
        match self.config.width.bytes() {
            8 => [draw; 8].into(),
            _ => [draw; 16].into(),
        }
    }

    /// Every event that can be sent in this state.
    fn events(&self, state: &State) -> Vec<Event> {
        let open = REQUESTS.into_iter().take(self.config.max_requests as usize);
        let mut events = Vec::new();
        for request in open.chain([NEVER_OPEN]).map(RequestId) {
            let ranges = self.ranges(state, request);
            for kind in Kind::ALL.iter().filter(|kind| !kind.is_of_manager()) {
                kind.every(request, &ranges, &mut |event| events.push(event));
            }
        }
        // The manager's events have no request, so this number is not used.
        let nobody = RequestId(NEVER_OPEN);
        let ranges = self.ranges(state, nobody);
        for kind in Kind::ALL.iter().filter(|kind| kind.is_of_manager()) {
            kind.every(nobody, &ranges, &mut |event| events.push(event));
        }
        events
    }

    /// All arguments that the events of a request, and the manager's, may have.
    fn ranges(&self, state: &State, request: RequestId) -> Ranges {
        let texts = |texts: &[&str]| texts.iter().copied().map(Into::into).collect();
        let users = |user: &str| vec![None, Some(user.into()), Some("".into()), Some(LONG.into())];
        let ids = DRAWS.map(|draw| self.id(draw));
        let never = self.id(NEVER_DRAWN);
        Ranges {
            cookie: ids.map(|id| Some(CookieValue::Id(id))).into_iter().chain([None]).collect(),
            remote_addr: texts(&["c", LONG]),
            script_name: texts(&["", LONG]),
            passive: vec![false, true],
            login: users(user_and_key(request).0),
            key: texts(&["k", "l", UNSET, LONG]),
            value: texts(&["v", "w", LONG]),
            token: tokens(state, request),
            must_exist: vec![false, true],
            outcome: Outcome::ALL.to_vec(),
            owner: users("alice"),
            new_id: vec![ids[0], never],
            id: ids.into_iter().chain([never]).collect(),
            user: texts(&["alice", "", LONG]),
            handle: handles(state),
        }
    }
}

/// The user and the key that a request sets: each of the two requests has its own.
const fn user_and_key(request: RequestId) -> (&'static str, &'static str) {
    match request.0 {
        0 => ("alice", "k"),
        _ => ("bob", "l"),
    }
}

/// The handles of all stored sessions, and a handle that no session has.
fn handles(state: &State) -> Vec<Handle> {
    let handles: BTreeSet<_> =
        state.values().iter().filter_map(|session| session.handle()).collect();
    handles.into_iter().chain([[NEVER_DRAWN; 16].into()]).collect()
}

/// Every token of the request's session and of stored sessions, and a token that no session has.
fn tokens(state: &State, request: RequestId) -> Vec<SubmittedToken> {
    let held = state.session(request).map(|held| held.session);
    let sessions = state.values().into_iter().chain(held);
    let tokens: BTreeSet<_> =
        sessions.flat_map(|session| session.form_tokens().as_slice()).copied().collect();
    let tokens = tokens.into_iter().map(SubmittedToken::Token);
    tokens.chain([SubmittedToken::IllFormed]).collect()
}
