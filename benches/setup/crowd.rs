//! Many stored sessions of ours, and the requests that are made to them.

use std::mem;

use quixote_session::{
    Config, CookieChange, CookieOp, CookieValue, Effects, Entropy, Event, FormToken, Input,
    ManagerEvent, Outcome, Reply, RequestEvent, RequestId, SessionId, SmolStr, State, Timestamp,
    Width, read_cookie, set_cookie, step,
};

use super::walk::{Walk, spread};

/// A state with sessions numbered from 0, each with an 11-byte user and two form tokens.
#[derive(Clone)]
pub(crate) struct Crowd {
    pub(crate) config: Config,
    pub(crate) state: State,
    pub(crate) walk: Walk,
    pub(crate) now: Timestamp,
    last_request: u64,
}

/// The client's address, as long as such texts are.
pub(crate) const REMOTE_ADDR: SmolStr = SmolStr::new_static("192.0.2.123");

impl Crowd {
    /// Sessions `0..size`, stored by the requests that would store them. Time limits are out of
    /// reach, so that a long run ends nobody, but they are looked at.
    pub(crate) fn new(config: &Config, size: u64) -> Self {
        Self::with_tokens(config, size, 2)
    }

    pub(crate) fn with_tokens(config: &Config, size: u64, tokens: u64) -> Self {
        let far = |limit: Option<u64>| limit.map(|_| u64::MAX);
        let config = Config {
            idle_limit_ms: far(config.idle_limit_ms),
            absolute_limit_ms: far(config.absolute_limit_ms),
            ..config.clone()
        };
        let now = Timestamp(1_000_000_000_000);
        let (state, walk) = (State::new(), Walk::through(size));
        let mut crowd = Self { config, state, walk, now, last_request: 0 };
        for number in 0..size {
            crowd.join(number, tokens);
        }
        crowd
    }

    /// The next session to visit, a minute and more after its last visit: each is noted.
    pub(crate) fn next(&mut self, answer: bool) -> u64 {
        let number = self.walk.next(answer);
        let minutes = self.walk.rounds.wrapping_add(1);
        self.now = Timestamp(minutes.wrapping_mul(61_000).wrapping_add(1_000_000_000_000));
        number
    }

    /// Sends an event that draws nothing.
    pub(crate) fn send(&mut self, event: Event) -> Effects {
        self.send_with(Entropy::from_bytes([0; Entropy::BYTES]), event)
    }

    pub(crate) fn send_with(&mut self, entropy: Entropy, event: Event) -> Effects {
        let input = Input { now: self.now, entropy, event };
        let (state, effects) = step(&self.config, mem::take(&mut self.state), input);
        self.state = state;
        effects
    }

    /// Starts a request with this cookie.
    pub(crate) fn start(&mut self, cookie: Option<CookieValue>) -> RequestId {
        self.last_request = self.last_request.wrapping_add(1);
        let request = RequestId(self.last_request);
        let (remote_addr, script_name) = (REMOTE_ADDR, SmolStr::default());
        self.send(Event::StartRequest {
            request,
            cookie,
            remote_addr,
            script_name,
            passive: false,
        });
        request
    }

    pub(crate) fn finish(&mut self, request: RequestId, outcome: Outcome, number: u64) -> Effects {
        self.send_with(entropy_of_id(number), RequestEvent::FinishRequest { outcome }.of(request))
    }

    /// A new session: a login, form tokens, and a finish that stores it as session `number`.
    pub(crate) fn join(&mut self, number: u64, tokens: u64) -> Effects {
        let request = self.start(None);
        self.send(RequestEvent::SetUser { user: Some(user_of(number)) }.of(request));
        for nth in 0..tokens {
            self.send_with(
                entropy_of_token(number, nth),
                RequestEvent::CreateFormToken.of(request),
            );
        }
        self.finish(request, Outcome::Successful, number)
    }

    /// The request cycle: a start with a session's cookie, a look at a token, a finish.
    pub(crate) fn cycle(&mut self, number: u64) -> bool {
        let cookie = Some(CookieValue::Id(self.id_of(number)));
        self.cycle_with(cookie, self.token_of(number))
    }

    /// The same between two headers: the cookie is read from one and written into the other, as
    /// to a client whose cookie is set again.
    pub(crate) fn serve(&mut self, header: &str, token: FormToken) -> Option<String> {
        let cookie = read_cookie(&self.config, header);
        let id = cookie.as_ref()?.session_id()?;
        if !self.cycle_with(cookie, token) {
            return None;
        }
        let op = CookieOp { value: CookieChange::Set(id), path: SmolStr::new_static("/") };
        set_cookie(&self.config, &op).ok()
    }

    /// The state stays in a variable from step to step, as in a driver's loop.
    fn cycle_with(&mut self, cookie: Option<CookieValue>, token: FormToken) -> bool {
        self.last_request = self.last_request.wrapping_add(1);
        let request = RequestId(self.last_request);
        let (now, entropy) = (self.now, Entropy::from_bytes([0; Entropy::BYTES]));
        let input = |event| Input { now, entropy, event };
        let state = mem::take(&mut self.state);

        let (remote_addr, script_name) = (REMOTE_ADDR, SmolStr::default());
        let start =
            Event::StartRequest { request, cookie, remote_addr, script_name, passive: false };
        let (state, _) = step(&self.config, state, input(start));
        let look = RequestEvent::HasFormToken { token: token.into() }.of(request);
        let (state, found) = step(&self.config, state, input(look));
        let finish = RequestEvent::FinishRequest { outcome: Outcome::Successful }.of(request);
        let (state, _) = step(&self.config, state, input(finish));

        self.state = state;
        found.reply == Reply::Answer(true)
    }

    /// A request that ends session `number`.
    pub(crate) fn log_out(&mut self, number: u64) -> Effects {
        let id = self.id_of(number);
        let request = self.start(Some(CookieValue::Id(id)));
        self.send(RequestEvent::ExpireSession.of(request));
        self.finish(request, Outcome::Successful, number)
    }

    /// A request that changes the user; strict moves the session to the id of number `to`.
    pub(crate) fn log_in(&mut self, number: u64, to: u64, outcome: Outcome) -> Effects {
        let id = self.id_of(number);
        let request = self.start(Some(CookieValue::Id(id)));
        self.send(
            RequestEvent::SetUser { user: Some(SmolStr::new_static("somebody-else")) }.of(request),
        );
        self.finish(request, outcome, to)
    }

    /// Takes session `number` out of the store, if it is there.
    pub(crate) fn leave(&mut self, number: u64) {
        let id = self.id_of(number);
        self.send(Event::Manager(ManagerEvent::DeleteSession { id }));
    }

    pub(crate) fn id_of(&self, number: u64) -> SessionId {
        match self.config.width {
            Width::Bits64 => spread(number).to_be_bytes().into(),
            Width::Bits128 => wide(spread(number), spread(!number)).into(),
        }
    }

    /// The first of a session's tokens.
    pub(crate) fn token_of(&self, number: u64) -> FormToken {
        let seed = token_seed(number, 0);
        match self.config.width {
            Width::Bits64 => spread(seed).to_be_bytes().into(),
            Width::Bits128 => wide(spread(seed), spread(!seed)).into(),
        }
    }
}

pub(crate) fn wide(high: u64, low: u64) -> [u8; 16] {
    (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
}

fn entropy_of_id(number: u64) -> Entropy {
    // The last two are the handle.
    Entropy::from_draws([spread(number), spread(!number), number, !number])
}

fn entropy_of_token(number: u64, nth: u64) -> Entropy {
    entropy_of_id(token_seed(number, nth))
}

/// A number that no session has.
const fn token_seed(number: u64, nth: u64) -> u64 {
    number | (nth.wrapping_add(1) << 40)
}

/// Eleven bytes, of which no two sessions have the same.
pub(crate) fn user_of(number: u64) -> SmolStr {
    let mut text = *b"user0000000";
    let mut rest = number;
    for digit in text.iter_mut().skip(4).rev() {
        *digit = b'0'.wrapping_add(u8::try_from(rest % 10).unwrap_or(0));
        rest /= 10;
    }
    SmolStr::new(str::from_utf8(&text).unwrap_or_default())
}
