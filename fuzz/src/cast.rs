//! The actors of a script: they turn the bytes of a turn into an action, with the ids and tokens
//! that are known by then.

use quixote_session::check::Action;
use quixote_session::check::kinds::{Arguments, Draw, Kind, Next, pick};
use quixote_session::{
    Config, CookieValue, Effects, Entropy, Event, FormToken, Handle, Input, Outcome, Reply,
    RequestId, SessionId, SmolStr, State, StoreOp, SubmittedToken, Timestamp, Width,
};

use crate::clock;
use crate::script::Turn;

/// How many clients have a browser. Requests of strangers have the number after these.
pub(crate) const BROWSERS: u8 = 2;

/// Where the application is mounted.
const MOUNTS: [&str; 5] = ["", "/app", "/app/", "/q", "/"];

const USERS: [&str; 6] = ["alice", "bob", "", "\u{e9}t\u{e9}", "a;b", "longer than sixteen bytes"];
const KEYS: [&str; 4] = ["cart", "theme", "", "longer than sixteen bytes"];
const VALUES: [&str; 4] = ["1", "dark", "", "caf\u{e9}, longer than sixteen bytes"];

/// What the actors know.
#[derive(Clone, Debug)]
pub struct Cast {
    now: u64,
    started: u64,
    drawn: u64,
    repeats: bool,
    ids: Vec<SessionId>,
    tokens: Vec<FormToken>,
}

impl Cast {
    /// Actors who know nothing. With `repeats` the entropy may repeat what was drawn before.
    #[must_use]
    pub const fn new(repeats: bool) -> Self {
        let now = 1_000_000_000_000;
        Self { now, started: 0, drawn: 0, repeats, ids: Vec::new(), tokens: Vec::new() }
    }

    /// Actors who know everything in a state.
    #[must_use]
    pub fn knowing(state: &State) -> Self {
        let sessions = state.values().into_iter();
        let tokens = sessions.flat_map(|session| session.form_tokens().as_slice()).copied();
        Self { ids: state.keys(), tokens: tokens.collect(), ..Self::new(false) }
    }

    /// The action that a turn stands for; `jar` says which cookie a client sends to a mount.
    pub fn action(
        &mut self,
        config: &Config,
        state: &State,
        jar: impl Fn(u8, &str) -> Option<SessionId>,
        turn: Turn,
    ) -> Action {
        self.now = clock::moved(self.now, config, turn.when);
        let (client, event) = match Next::of(turn.next) {
            Next::Deliver => return Action::Deliver(turn.what),
            Next::Lose => return Action::Lose(turn.what),
            Next::Stranger => {
                let cookie = self.any_cookie(turn.what);
                (BROWSERS, self.start(state, turn, cookie, MOUNTS[0]))
            }
            Next::Send(kind) => {
                if let Some(event) = kind.event(&mut Choice { cast: self, state, turn }) {
                    (0, event)
                } else {
                    let client = turn.who % BROWSERS;
                    let mount = pick(&MOUNTS, turn.what).unwrap_or_default();
                    let cookie = jar(client, mount).map(CookieValue::Id);
                    (client, self.start(state, turn, cookie, mount))
                }
            }
        };
        let entropy = self.entropy(config, state, &event, turn.drawn);
        Action::Step { client, input: Input { now: Timestamp(self.now), entropy, event } }
    }

    /// Learns from the effects of a step.
    pub fn learn(&mut self, effects: &Effects) {
        if let Some(
            StoreOp::Put { id, .. } | StoreOp::Create { id, .. } | StoreOp::Rotate { to: id, .. },
        ) = &effects.store
            && !self.ids.contains(id)
        {
            self.ids.push(*id);
        }
        if let Reply::Token(token) = effects.reply {
            self.tokens.push(token);
        }
    }

    /// A start. Its number is fresh or, now and then, that of an open request, which is refused.
    fn start(
        &mut self,
        state: &State,
        turn: Turn,
        cookie: Option<CookieValue>,
        mount: &str,
    ) -> Event {
        let open = state.requests().first().copied().filter(|_| turn.who > 250);
        let request = open.unwrap_or_else(|| {
            self.started += 1;
            RequestId(self.started)
        });
        let remote_addr = SmolStr::new_static("192.0.2.1");
        let passive = turn.who / 8 % 8 == 1;
        Event::StartRequest { request, cookie, remote_addr, script_name: mount.into(), passive }
    }

    fn any_cookie(&self, what: u8) -> Option<CookieValue> {
        match what {
            0 => None,
            250.. => pick(&["", "*del*", "nosuchid", "00000000000000A1"], what).map(Into::into),
            _ => Some(CookieValue::Id(self.id(what))),
        }
    }

    /// A known id, or one that was never drawn: an id of the other width, or one close to a real
    /// id.
    fn id(&self, what: u8) -> SessionId {
        match what {
            240..=244 => [0xee; 8].into(),
            245..=249 => [0xee; 16].into(),
            _ => pick(&self.ids, what).unwrap_or([0xee; 8].into()),
        }
    }

    /// Fresh draws. Before them, or in place of all of them, there may be draws that are in use.
    ///
    /// The properties assume a source that repeats nothing, but the machine itself must notice that
    /// an id is stored. So without `repeats` only stored ids are repeated, and only if an id is
    /// drawn.
    fn entropy(&mut self, config: &Config, state: &State, event: &Event, drawn: u8) -> Entropy {
        let mut bytes = [0; Entropy::BYTES];
        for draw in bytes.chunks_exact_mut(config.width.bytes()) {
            self.drawn += 1;
            draw[..8].copy_from_slice(&self.drawn.to_be_bytes());
        }
        let used: Vec<Vec<u8>> = if self.repeats {
            let tokens = self.tokens.iter().map(|token| token.reveal_bytes().to_vec());
            self.ids.iter().map(|id| id.reveal_bytes().to_vec()).chain(tokens).collect()
        } else if Kind::of(event).draws() == Some(Draw::Token) {
            Vec::new()
        } else {
            state.keys().iter().map(|id| id.reveal_bytes().to_vec()).collect()
        };
        let taken = match drawn % 8 {
            5 => 1,
            6 => 2,
            7 => usize::from(Width::Bits64.draws()),
            _ => 0,
        };
        let half = usize::from(Kind::of(event).draws() == Some(Draw::Token));
        let half = bytes.chunks_exact_mut(Entropy::HALF).nth(half).unwrap_or_default();
        for draw in half.chunks_exact_mut(config.width.bytes()).take(taken) {
            if let Some(known) = pick(&used, drawn / 8)
                && known.len() == draw.len()
            {
                draw.copy_from_slice(&known);
            }
        }
        Entropy::from_bytes(bytes)
    }
}

/// What a turn chooses for the arguments of an event.
struct Choice<'a> {
    cast: &'a Cast,
    state: &'a State,
    turn: Turn,
}

impl Arguments for Choice<'_> {
    fn request(&mut self) -> RequestId {
        let open = pick(&self.state.requests(), self.turn.who).filter(|_| self.turn.who < 255);
        open.unwrap_or(RequestId(u64::MAX))
    }

    fn login(&mut self) -> Option<SmolStr> {
        user_or_nobody(self.turn.what)
    }

    fn key(&mut self) -> SmolStr {
        text(&KEYS, self.turn.what)
    }

    fn value(&mut self) -> SmolStr {
        text(&VALUES, self.turn.what / 4)
    }

    /// A token of the request's own session, another token that was issued, or one that was not.
    fn token(&mut self) -> SubmittedToken {
        let request = self.request();
        let held = self.state.session(request);
        let own = held.map(|held| held.session.form_tokens().as_slice()).unwrap_or_default();
        let token = match self.turn.what {
            255 => None,
            254 => Some([0xee; 8].into()),
            what if own.is_empty() || what % 4 == 3 => pick(&self.cast.tokens, what / 4),
            what => pick(own, what),
        };
        token.map_or(SubmittedToken::IllFormed, Into::into)
    }

    fn must_exist(&mut self) -> bool {
        self.turn.what % 2 == 1
    }

    fn outcome(&mut self) -> Outcome {
        pick(&Outcome::ALL, self.turn.what).unwrap_or(Outcome::Successful)
    }

    fn owner(&mut self) -> Option<SmolStr> {
        user_or_nobody(self.turn.drawn)
    }

    fn new_id(&mut self) -> SessionId {
        self.id()
    }

    fn id(&mut self) -> SessionId {
        self.cast.id(self.turn.what)
    }

    fn user(&mut self) -> SmolStr {
        text(&USERS, self.turn.what)
    }

    /// The handle of a stored session, or a handle that no session has.
    fn handle(&mut self) -> Handle {
        let stored = self.state.values();
        let known = pick(&stored, self.turn.what).and_then(quixote_session::Session::handle);
        known.filter(|_| self.turn.what < 240).unwrap_or([0xee; 16].into())
    }
}

fn text(texts: &[&'static str], what: u8) -> SmolStr {
    SmolStr::new_static(pick(texts, what).unwrap_or_default())
}

fn user_or_nobody(what: u8) -> Option<SmolStr> {
    (what % 8 != 7).then(|| text(&USERS, what))
}
