//! Who acts in a script: turns a move into an input, with the ids and tokens that are known by
//! then.

use quixote_session::{
    Config, CookieValue, Effects, Entropy, Event, FormToken, Input, ManagerEvent, Outcome, Reply,
    RequestEvent, RequestId, SessionId, SmolStr, State, StoreOp, SubmittedToken, Timestamp, Width,
};

use crate::clock;
use crate::script::{Move, pick};

/// Clients with a browser; requests of strangers come from a number behind these.
pub(crate) const BROWSERS: u8 = 2;

/// Where the application is mounted.
const MOUNTS: [&str; 5] = ["", "/app", "/app/", "/q", "/"];

const USERS: [&str; 6] = ["alice", "bob", "", "\u{e9}t\u{e9}", "a;b", "longer than sixteen bytes"];
const KEYS: [&str; 4] = ["cart", "theme", "", "longer than sixteen bytes"];
const VALUES: [&str; 4] = ["1", "dark", "", "caf\u{e9}, longer than sixteen bytes"];

/// What a script can do, the plainest first. Deeds that a semantics or a driver does not have are
/// left out by the one who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    /// A request of a browser starts, with the cookie in its jar.
    Start,
    /// `FinishRequest`.
    Finish,
    /// `SetUser`.
    SetUser,
    /// `SetValue`.
    SetValue,
    /// `RemoveValue`.
    RemoveValue,
    /// `CreateFormToken`.
    CreateToken,
    /// `HasFormToken`.
    HasToken,
    /// `RemoveFormToken`.
    SpendToken,
    /// `HasSessionCookie`.
    HasCookie,
    /// `RevokeSessionCookie`.
    Revoke,
    /// `ExpireSession`.
    Expire,
    /// `NewSession`.
    New,
    /// `MaintainSession`.
    Maintain,
    /// `InsertSession`.
    Insert,
    /// `DeleteSession`.
    Delete,
    /// A request of a stranger starts, with any cookie whatever.
    Stranger,
    /// A response arrives.
    Deliver,
    /// A response is lost.
    Lose,
    /// `DeleteSessionsOf`.
    DeleteUser,
    /// `Sweep`.
    Sweep,
}

impl Deed {
    /// All of them. Those that the naive implementation does not know stand at the end.
    pub const ALL: [Self; 20] = [
        Self::Start,
        Self::Finish,
        Self::SetUser,
        Self::SetValue,
        Self::RemoveValue,
        Self::CreateToken,
        Self::HasToken,
        Self::SpendToken,
        Self::HasCookie,
        Self::Revoke,
        Self::Expire,
        Self::New,
        Self::Maintain,
        Self::Insert,
        Self::Delete,
        Self::Stranger,
        Self::Deliver,
        Self::Lose,
        Self::DeleteUser,
        Self::Sweep,
    ];

    /// What a byte chooses.
    #[must_use]
    pub fn of(choice: u8) -> Self {
        pick(&Self::ALL, choice).unwrap_or(Self::Start)
    }
}

/// What happens next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Turn {
    /// The machine is sent an input; the number is that of the client whose request starts.
    Step(u8, Input),
    /// A response, of those on their way, arrives.
    Deliver(u8),
    /// A response is lost.
    Lose(u8),
}

/// What the players know.
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
    /// Nobody knows anything. With `repeats` the entropy may hold again what was drawn before.
    #[must_use]
    pub const fn new(repeats: bool) -> Self {
        let now = 1_000_000_000_000;
        Self { now, started: 0, drawn: 0, repeats, ids: Vec::new(), tokens: Vec::new() }
    }

    /// Everybody knows all that a state holds.
    #[must_use]
    pub fn knowing(state: &State) -> Self {
        let sessions = state.values().into_iter();
        let tokens = sessions.flat_map(|session| session.form_tokens().as_slice()).copied();
        Self { ids: state.keys(), tokens: tokens.collect(), ..Self::new(false) }
    }

    /// The turn that a move stands for; `jar` says which cookie a client sends to a mount.
    pub fn turn(
        &mut self,
        config: &Config,
        state: &State,
        jar: impl Fn(u8, &str) -> Option<SessionId>,
        own: Move,
    ) -> Turn {
        self.now = clock::moved(self.now, config, own.when);
        let deed = Deed::of(own.deed);
        let (client, event) = match deed {
            Deed::Deliver => return Turn::Deliver(own.what),
            Deed::Lose => return Turn::Lose(own.what),
            Deed::Start => {
                let client = own.who % BROWSERS;
                let mount = pick(&MOUNTS, own.what).unwrap_or_default();
                (client, self.start(state, own, jar(client, mount).map(CookieValue::Id), mount))
            }
            Deed::Stranger => {
                let cookie = self.any_cookie(own.what);
                (BROWSERS, self.start(state, own, cookie, MOUNTS[0]))
            }
            Deed::Delete => {
                (0, Event::Manager(ManagerEvent::DeleteSession { id: self.id(own.what) }))
            }
            Deed::DeleteUser => {
                (0, Event::Manager(ManagerEvent::DeleteSessionsOf { user: user(own.what) }))
            }
            Deed::Sweep => (0, Event::Manager(ManagerEvent::Sweep)),
            _ => (0, self.of_request(deed, state, own)),
        };
        let entropy = self.entropy(config, state, &event, own.drawn);
        Turn::Step(client, Input { now: Timestamp(self.now), entropy, event })
    }

    /// Takes in what became of a step.
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

    /// The number is fresh, or now and then that of a request which is open: that is refused.
    fn start(
        &mut self,
        state: &State,
        own: Move,
        cookie: Option<CookieValue>,
        mount: &str,
    ) -> Event {
        let open = state.requests().first().copied().filter(|_| own.who > 250);
        let request = open.unwrap_or_else(|| {
            self.started += 1;
            RequestId(self.started)
        });
        let remote_addr = SmolStr::new_static("192.0.2.1");
        Event::StartRequest { request, cookie, remote_addr, script_name: mount.into() }
    }

    fn any_cookie(&self, what: u8) -> Option<CookieValue> {
        match what {
            0 => None,
            250.. => pick(&["", "*del*", "nosuchid", "00000000000000A1"], what).map(Into::into),
            _ => Some(CookieValue::Id(self.id(what))),
        }
    }

    fn of_request(&mut self, deed: Deed, state: &State, own: Move) -> Event {
        let what = own.what;
        let unknown = RequestId(u64::MAX);
        let request = pick(&state.requests(), own.who).filter(|_| own.who < 255);
        let request = request.unwrap_or(unknown);
        match deed {
            Deed::Finish => {
                let all = [
                    Outcome::Successful,
                    Outcome::Interrupted,
                    Outcome::Failed,
                    Outcome::Abandoned,
                ];
                let outcome = pick(&all, what).unwrap_or(Outcome::Successful);
                RequestEvent::FinishRequest { outcome }.of(request)
            }
            Deed::SetUser => RequestEvent::SetUser { user: user_or_nobody(what) }.of(request),
            Deed::SetValue => {
                RequestEvent::SetValue { key: text(&KEYS, what), value: text(&VALUES, what / 4) }
                    .of(request)
            }
            Deed::RemoveValue => RequestEvent::RemoveValue { key: text(&KEYS, what) }.of(request),
            Deed::HasToken => {
                RequestEvent::HasFormToken { token: self.token(state, request, what) }.of(request)
            }
            Deed::SpendToken => {
                RequestEvent::RemoveFormToken { token: self.token(state, request, what) }
                    .of(request)
            }
            Deed::HasCookie => {
                RequestEvent::HasSessionCookie { must_exist: what % 2 == 1 }.of(request)
            }
            Deed::Revoke => RequestEvent::RevokeSessionCookie.of(request),
            Deed::Expire => RequestEvent::ExpireSession.of(request),
            Deed::New => RequestEvent::NewSession.of(request),
            Deed::Maintain => RequestEvent::MaintainSession.of(request),
            Deed::Insert => {
                let user = user_or_nobody(own.drawn);
                RequestEvent::InsertSession { id: self.id(what), user }.of(request)
            }
            _ => RequestEvent::CreateFormToken.of(request),
        }
    }

    /// A known id, or one that was never drawn: of the other width, or close to a real one.
    fn id(&self, what: u8) -> SessionId {
        match what {
            240..=244 => [0xee; 8].into(),
            245..=249 => [0xee; 16].into(),
            _ => pick(&self.ids, what).unwrap_or([0xee; 8].into()),
        }
    }

    /// A token of the request's own session, any other that was issued, or none of ours.
    fn token(&self, state: &State, request: RequestId, what: u8) -> SubmittedToken {
        let held = state.session(request).map(|held| held.session.form_tokens().as_slice());
        let own = held.unwrap_or_default();
        match what {
            255 => SubmittedToken::IllFormed,
            254 => SubmittedToken::Token([0xee; 8].into()),
            _ if own.is_empty() || what % 4 == 3 => {
                pick(&self.tokens, what / 4).map_or(SubmittedToken::IllFormed, Into::into)
            }
            _ => pick(own, what).map_or(SubmittedToken::IllFormed, Into::into),
        }
    }

    /// Draws that were never drawn before; in front of them, or in place of all, what is in use.
    ///
    /// The properties are promised to a source that repeats nothing, but the machine itself has to
    /// see that an id is stored. So without `repeats` only stored ids stand there, and only where
    /// an id is drawn.
    fn entropy(&mut self, config: &Config, state: &State, event: &Event, drawn: u8) -> Entropy {
        let mut bytes = [0; Entropy::BYTES];
        for draw in bytes.chunks_exact_mut(config.width.bytes()) {
            self.drawn += 1;
            draw[..8].copy_from_slice(&self.drawn.to_be_bytes());
        }
        let draws_token =
            matches!(event, Event::Request { event: RequestEvent::CreateFormToken, .. });
        let used: Vec<Vec<u8>> = if self.repeats {
            let tokens = self.tokens.iter().map(|token| token.reveal_bytes().to_vec());
            self.ids.iter().map(|id| id.reveal_bytes().to_vec()).chain(tokens).collect()
        } else if draws_token {
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
        for draw in bytes.chunks_exact_mut(config.width.bytes()).take(taken) {
            if let Some(known) = pick(&used, drawn / 8)
                && known.len() == draw.len()
            {
                draw.copy_from_slice(&known);
            }
        }
        Entropy::from_bytes(bytes)
    }
}

fn text(texts: &[&'static str], what: u8) -> SmolStr {
    SmolStr::new_static(pick(texts, what).unwrap_or_default())
}

fn user(what: u8) -> SmolStr {
    text(&USERS, what)
}

/// A user, or nobody.
fn user_or_nobody(what: u8) -> Option<SmolStr> {
    (what % 8 != 7).then(|| user(what))
}
