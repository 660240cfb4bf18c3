//! Worlds that are small enough to be searched whole, in each of whose states every event there is
//! gets sent: so a cell that is not reached here lies in no state of these worlds.
//!
//! A world is made of the events that lead on from state to state, its *moves*. All the other
//! events are sent too, to see what comes of them, and lead nowhere.

use std::collections::{BTreeSet, HashSet};

use quixote_session::check::{Cell, Cells, base_of};
use quixote_session::{
    Config, CookieValue, Entropy, Event, Input, ManagerEvent, Outcome, Reply, RequestEvent,
    RequestId, Semantics, SessionId, State, SubmittedToken, Timestamp, step,
};

/// A kind of event that leads on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Move {
    User,
    Value,
    Token,
    Expire,
    Replace,
    Revoke,
    Maintain,
    Insert,
    Delete,
    Clock,
    /// No world's: the event is sent to see what comes of it.
    Never,
}

/// The worlds: how many requests, and sessions, there are, and the moves. Requests start and finish
/// in each.
pub(crate) fn worlds(semantics: Semantics) -> Vec<(u32, &'static [Move])> {
    let mut worlds: Vec<(u32, &[Move])> = vec![
        (2, &[Move::Insert, Move::Delete]),
        (2, &[Move::User, Move::Delete]),
        (2, &[Move::Value, Move::Delete, Move::Expire]),
        (2, &[Move::Token, Move::Delete]),
        (1, &[Move::User, Move::Insert, Move::Delete, Move::Maintain]),
        (1, &[Move::User, Move::Delete, Move::Expire, Move::Replace, Move::Revoke, Move::Maintain]),
    ];
    if semantics == Semantics::Strict {
        // Only strict has limits of time, and so anything to see when the clock moves.
        worlds.push((1, &[Move::User, Move::Clock, Move::Delete]));
        worlds.push((1, &[Move::Token, Move::Clock]));
        worlds.push((1, &[Move::Value, Move::Clock]));
    }
    worlds
}

/// The requests that move; another number is never open.
const REQUESTS: [u64; 2] = [0, 1];
const NEVER_OPEN: u64 = 7;

/// The ids and tokens that can be drawn, and one that is never drawn.
const DRAWS: [u8; 2] = [1, 2];
const NEVER_DRAWN: u8 = 0xee;

const LONG: &str = "too long a text";
const OUTCOMES: [Outcome; 4] =
    [Outcome::Successful, Outcome::Interrupted, Outcome::Failed, Outcome::Abandoned];

/// Limits that so many of everything reach, and two moments, of which the second is the limit.
fn config(semantics: Semantics, most: u32) -> Config {
    Config {
        access_resolution_ms: u64::MAX,
        idle_limit_ms: None,
        absolute_limit_ms: Some(1),
        max_form_tokens: 1,
        max_text_bytes: LONG.len() - 1,
        max_values: 1,
        max_requests: most,
        max_sessions: most,
        ..base_of(semantics)
    }
}

pub(crate) struct World {
    config: Config,
    moves: &'static [Move],
    pub(crate) cells: Cells,
    pub(crate) states: usize,
}

/// The machine's state, and the moment of the clock.
type Place = (State, u64);

/// Events, each with the move that it is; None where it leads on in every world.
type Events = Vec<(Option<Move>, Event)>;

impl World {
    /// Searches the whole world.
    pub(crate) fn search(semantics: Semantics, (most, moves): (u32, &'static [Move])) -> Self {
        let (config, cells) = (config(semantics, most), Cells::default());
        let mut world = Self { config, moves, cells, states: 0 };
        let first = (State::new(), 0);
        let mut seen = HashSet::from([first.clone()]);
        let mut waiting = vec![first];
        while let Some(place) = waiting.pop() {
            world.states += 1;
            for after in world.expand(&place) {
                if seen.insert(after.clone()) {
                    waiting.push(after);
                }
            }
        }
        world
    }

    /// Sends every event; the places that moves led to.
    fn expand(&mut self, (state, moment): &Place) -> Vec<Place> {
        let mut after = Vec::new();
        for (kind, event) in self.events(state) {
            for entropy in self.entropies(&event) {
                let input = Input { now: Timestamp(*moment), entropy, event: event.clone() };
                let (next, effects) = step(&self.config, state.clone(), input.clone());
                self.cells.count(Cell::of(&self.config, state, &input, &effects));
                let moved = kind.is_none_or(|kind| self.moves.contains(&kind));
                if moved && !matches!(effects.reply, Reply::Refused(_)) {
                    after.push((next, *moment));
                }
            }
        }
        if self.moves.contains(&Move::Clock) {
            after.push((state.clone(), 1 - moment));
        }
        after
    }

    /// Whatever may be drawn, or the same as often as there are draws.
    fn entropies(&self, event: &Event) -> Vec<Entropy> {
        match event {
            Event::Request { event: RequestEvent::CreateFormToken, .. }
            | Event::Request { event: RequestEvent::MaintainSession, .. }
            | Event::Request { event: RequestEvent::FinishRequest { .. }, .. } => {
                DRAWS.map(|draw| self.entropy(draw)).to_vec()
            }
            _ => vec![self.entropy(0)],
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

    /// Every event that there is for this state, with the move that it is.
    fn events(&self, state: &State) -> Events {
        let mut events = Vec::new();
        self.of_request(state, RequestId(NEVER_OPEN), &mut events);
        for (kind, _) in &mut events {
            *kind = Some(Move::Never);
        }
        for number in REQUESTS.into_iter().take(self.config.max_requests as usize) {
            self.of_request(state, RequestId(number), &mut events);
        }
        events.extend(DRAWS.into_iter().chain([NEVER_DRAWN]).map(|draw| {
            let id = self.id(draw);
            (Some(Move::Delete), Event::Manager(ManagerEvent::DeleteSession { id }))
        }));
        for user in ["alice", "", LONG] {
            events.push((
                Some(Move::Delete),
                Event::Manager(ManagerEvent::DeleteSessionsOf { user: user.into() }),
            ));
        }
        events.push((Some(Move::Clock), Event::Manager(ManagerEvent::Sweep)));
        events
    }

    fn of_request(&self, state: &State, request: RequestId, events: &mut Events) {
        self.starts(request, events);
        changes(request, events);
        tokens(state, request, events);
        self.ends(request, events);
    }

    fn starts(&self, request: RequestId, events: &mut Events) {
        let text = |text: &str| Some(CookieValue::Text(text.into()));
        let ids = DRAWS.map(|draw| Some(CookieValue::Id(self.id(draw))));
        for (kind, cookie) in ids.into_iter().chain([None]).map(|cookie| (None, cookie)) {
            let (remote_addr, script_name) = ("c".into(), "".into());
            events.push((kind, Event::StartRequest { request, cookie, remote_addr, script_name }));
        }
        for (remote_addr, script_name) in [(LONG, ""), ("", LONG)] {
            let (remote_addr, script_name) = (remote_addr.into(), script_name.into());
            let cookie = text("*del*");
            events.push((
                Some(Move::Clock),
                Event::StartRequest { request, cookie, remote_addr, script_name },
            ));
        }
    }

    fn ends(&self, request: RequestId, events: &mut Events) {
        events.push((Some(Move::Revoke), RequestEvent::RevokeSessionCookie.of(request)));
        events.push((Some(Move::Expire), RequestEvent::ExpireSession.of(request)));
        events.push((Some(Move::Replace), RequestEvent::NewSession.of(request)));
        events.push((Some(Move::Maintain), RequestEvent::MaintainSession.of(request)));
        events.extend(
            OUTCOMES.map(|outcome| (None, RequestEvent::FinishRequest { outcome }.of(request))),
        );
        for user in [None, Some("alice".into()), Some(LONG.into())] {
            for draw in [DRAWS[0], NEVER_DRAWN] {
                let (id, user) = (self.id(draw), user.clone());
                events.push((
                    Some(Move::Insert),
                    RequestEvent::InsertSession { id, user }.of(request),
                ));
            }
        }
    }
}

/// One request sets the one user and key, the other the other.
fn changes(request: RequestId, events: &mut Events) {
    let [(user, key), (_, other)] = match request.0 {
        0 => [("alice", "k"), ("bob", "l")],
        _ => [("bob", "l"), ("alice", "k")],
    };
    for user in [None, Some(user.into()), Some(LONG.into())] {
        events.push((Some(Move::User), RequestEvent::SetUser { user }.of(request)));
    }
    for (kind, key, value) in [
        (Move::Value, key, "v"),
        (Move::Never, other, "v"),
        (Move::Never, LONG, ""),
        (Move::Never, "", LONG),
    ] {
        let (key, value) = (key.into(), value.into());
        events.push((Some(kind), RequestEvent::SetValue { key, value }.of(request)));
    }
    for key in ["k", "l", LONG] {
        events.push((Some(Move::Value), RequestEvent::RemoveValue { key: key.into() }.of(request)));
    }
    for must_exist in [false, true] {
        events.push((None, RequestEvent::HasSessionCookie { must_exist }.of(request)));
    }
}

/// Every token that the request's session or a stored one has, and one that none has.
fn tokens(state: &State, request: RequestId, events: &mut Events) {
    events.push((Some(Move::Token), RequestEvent::CreateFormToken.of(request)));
    let held = state.session(request).map(|held| held.session);
    let sessions = state.values().into_iter().chain(held);
    let tokens: BTreeSet<_> =
        sessions.flat_map(|session| session.form_tokens().as_slice()).copied().collect();
    let tokens = tokens.into_iter().map(SubmittedToken::Token);
    for token in tokens.chain([SubmittedToken::IllFormed]) {
        events.push((Some(Move::Token), RequestEvent::HasFormToken { token }.of(request)));
        events.push((Some(Move::Token), RequestEvent::RemoveFormToken { token }.of(request)));
    }
}
