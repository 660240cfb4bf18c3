//! One run of the machine, with short words for what happens in it.

use quixote_session::{
    Config, CookieChange, CookieValue, Effects, Entropy, Event, FormToken, Input, Outcome, Refusal,
    Reply, RequestEvent, RequestId, Session, SessionId, SessionRef, State, Timestamp, step,
};

pub(crate) use quixote_session::Outcome::{Abandoned, Failed, Interrupted, Successful};

/// The three semantics.
pub(crate) const ALL: [Config; 3] = [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT];

/// Live and copying.
pub(crate) const QUIXOTE: [Config; 2] = [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT];

/// Copying and strict.
pub(crate) const COPIES: [Config; 2] = [Config::QUIXOTE_PERSISTENT, Config::STRICT];

#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) config: Config,
    pub(crate) state: State,
    pub(crate) now: u64,
    /// What the last event asked for.
    pub(crate) effects: Effects,
    drawn: u64,
    requests: u64,
}

impl Run {
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            config: config.clone(),
            state: State::new(),
            now: 1_000_000_000_000,
            effects: Effects::reply(Reply::Done),
            drawn: 0,
            requests: 1_000,
        }
    }

    pub(crate) fn entropy(&mut self) -> Entropy {
        self.drawn += 4;
        Entropy::from_draws([self.drawn, self.drawn + 1, self.drawn + 2, self.drawn + 3])
    }

    pub(crate) fn send(&mut self, event: Event) -> Reply {
        let entropy = self.entropy();
        self.send_with(entropy, event)
    }

    pub(crate) fn send_with(&mut self, entropy: Entropy, event: Event) -> Reply {
        let input = Input { now: Timestamp(self.now), entropy, event };
        let (state, effects) = step(&self.config, core::mem::take(&mut self.state), input);
        self.state = state;
        self.effects = effects;
        self.effects.reply.clone()
    }

    pub(crate) fn done(&mut self, event: Event) {
        assert_eq!(self.send(event), Reply::Done);
    }

    pub(crate) fn refused(&mut self, event: Event, why: Refusal) {
        let before = self.state.clone();
        assert_eq!(self.send(event), Reply::Refused(why));
        assert!(self.state == before, "{why:?} changes nothing");
    }

    /// The user that is exported.
    pub(crate) fn start(&mut self, request: u64, id: Option<SessionId>) -> Option<String> {
        self.start_with(request, id.map(CookieValue::Id), "")
    }

    pub(crate) fn start_with(
        &mut self,
        request: u64,
        cookie: Option<CookieValue>,
        script_name: &str,
    ) -> Option<String> {
        let (request, remote_addr) = (RequestId(request), "192.0.2.1".into());
        let script_name = script_name.into();
        match self.send(Event::StartRequest { request, cookie, remote_addr, script_name }) {
            Reply::Started { remote_user } => remote_user.map(|user| user.to_string()),
            reply => panic!("{reply:?}"),
        }
    }

    pub(crate) fn set_user(&mut self, request: u64, user: Option<&str>) {
        self.done(RequestEvent::SetUser { user: user.map(Into::into) }.of(RequestId(request)));
    }

    pub(crate) fn set_value(&mut self, request: u64, key: &str, value: &str) {
        self.done(set_value(request, key, value));
    }

    pub(crate) fn token(&mut self, request: u64) -> FormToken {
        match self.send(RequestEvent::CreateFormToken.of(RequestId(request))) {
            Reply::Token(token) => token,
            reply => panic!("{reply:?}"),
        }
    }

    pub(crate) fn spend(&mut self, request: u64, token: FormToken) -> Reply {
        self.send(RequestEvent::RemoveFormToken { token: token.into() }.of(RequestId(request)))
    }

    pub(crate) fn asks(&mut self, event: Event) -> bool {
        match self.send(event) {
            Reply::Answer(answer) => answer,
            reply => panic!("{reply:?}"),
        }
    }

    pub(crate) fn has_token(&mut self, request: u64, token: FormToken) -> bool {
        self.asks(RequestEvent::HasFormToken { token: token.into() }.of(RequestId(request)))
    }

    pub(crate) fn has_cookie(&mut self, request: u64, must_exist: bool) -> bool {
        self.asks(RequestEvent::HasSessionCookie { must_exist }.of(RequestId(request)))
    }

    pub(crate) fn finish(&mut self, request: u64, outcome: Outcome) -> Effects {
        self.done(finish(request, outcome));
        self.effects.clone()
    }

    /// A successful finish, and the id that its cookie sets.
    pub(crate) fn save(&mut self, request: u64) -> Option<SessionId> {
        self.finish(request, Successful);
        self.id_set()
    }

    pub(crate) fn cookie(&self) -> Option<CookieChange> {
        self.effects.cookie.as_ref().map(|cookie| cookie.value)
    }

    pub(crate) fn id_set(&self) -> Option<SessionId> {
        match self.cookie() {
            Some(CookieChange::Set(id)) => Some(id),
            _ => None,
        }
    }

    /// A request of its own that logs somebody in, anew.
    pub(crate) fn log_in(&mut self, user: &str) -> SessionId {
        let request = self.unused();
        self.start(request, None);
        self.set_user(request, Some(user));
        self.save(request).expect("a login sets a cookie")
    }

    /// A request of its own that shows a form, in this session.
    pub(crate) fn form(&mut self, id: SessionId) -> FormToken {
        let request = self.unused();
        self.start(request, Some(id));
        let token = self.token(request);
        self.finish(request, Successful);
        token
    }

    /// A request of its own that sees who is logged in.
    pub(crate) fn user_of(&mut self, id: SessionId) -> Option<String> {
        let request = self.unused();
        let user = self.start(request, Some(id));
        self.finish(request, Abandoned);
        user
    }

    fn unused(&mut self) -> u64 {
        self.requests += 1;
        self.requests
    }

    pub(crate) fn held(&self, request: u64) -> Option<SessionRef<'_>> {
        self.state.session(RequestId(request))
    }

    pub(crate) fn stored(&self, id: SessionId) -> Option<&Session> {
        self.state.get(&id)
    }

    /// What the store holds under the id and the key.
    pub(crate) fn value(&self, id: SessionId, key: &str) -> Option<&str> {
        self.stored(id)?.values().get(key).map(AsRef::as_ref)
    }

    pub(crate) fn stored_user(&self, id: SessionId) -> Option<&str> {
        self.stored(id)?.user().map(AsRef::as_ref)
    }
}

pub(crate) fn finish(request: u64, outcome: Outcome) -> Event {
    RequestEvent::FinishRequest { outcome }.of(RequestId(request))
}

pub(crate) fn set_value(request: u64, key: &str, value: &str) -> Event {
    RequestEvent::SetValue { key: key.into(), value: value.into() }.of(RequestId(request))
}

pub(crate) fn expire(request: u64) -> Event {
    RequestEvent::ExpireSession.of(RequestId(request))
}
