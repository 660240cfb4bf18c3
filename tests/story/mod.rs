//! A run of the machine that a test tells event by event, in the words of the system.
//!
//! Every step goes through [`Situation`], so all properties watch every story: one that its
//! semantics keeps and a step breaks fails the test, whatever the test is about.

#![allow(dead_code, reason = "each test file tells other stories")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::VecDeque;
use std::fmt::Write as _;

use quixote_session::check::transcript::Transcript;
use quixote_session::check::{Action, Properties, Situation, Size, World};
use quixote_session::{
    Config, CookieChange, CookieValue, Effects, Entropy, Event, FormToken, Input, ManagerEvent,
    Outcome, Refusal, Reply, RequestEvent, RequestId, Session, SessionId, SubmittedToken,
    Timestamp, Width,
};

/// When every story begins.
pub(crate) const DAWN: u64 = 1_000_000_000_000;

pub(crate) struct Story {
    pub(crate) config: Config,
    pub(crate) world: Situation,
    pub(crate) now: u64,
    /// The properties that have been broken so far.
    pub(crate) broken: Properties,
    pub(crate) text: String,
    scope: World,
    transcript: Transcript,
    requests: u64,
    draws: u8,
    /// Requests whose responses are on their way, oldest first.
    responses: VecDeque<RequestId>,
}

/// Events.
impl Story {
    pub(crate) fn of(config: Config) -> Self {
        let [scope, ..] = Size::Small.worlds();
        let scope = World { clients: 2, draws: u8::MAX, ..scope };
        let (world, transcript) = (Situation::new(&scope), Transcript::new(false));
        Self {
            config,
            world,
            now: DAWN,
            broken: Properties::NONE,
            text: String::new(),
            scope,
            transcript,
            requests: 0,
            draws: 0,
            responses: VecDeque::new(),
        }
    }

    /// Sends an event with draws that were never drawn before.
    pub(crate) fn send(&mut self, event: Event) -> Effects {
        let fresh = self.draws + 1;
        let effects = self.send_drawing(&[fresh], event);
        self.draws += u8::from(effects.draws > 0);
        effects
    }

    /// Sends an event whose draws are these, and the last of them over and over.
    pub(crate) fn send_drawing(&mut self, draws: &[u8], event: Event) -> Effects {
        self.send_for(0, draws, event)
    }

    fn send_for(&mut self, client: u8, draws: &[u8], event: Event) -> Effects {
        let mut bytes = [0; Entropy::BYTES];
        let draws = draws.iter().chain(std::iter::repeat(draws.last().unwrap()));
        for (place, draw) in bytes.chunks_exact_mut(self.config.width.bytes()).zip(draws) {
            place.fill(*draw);
        }
        let entropy = Entropy::from_bytes(bytes);
        let input = Input { now: Timestamp(self.now), entropy, event };
        let effects = self.act(&Action::Step { client, input: input.clone() }).unwrap();
        writeln!(self.text, "{}", self.transcript.line(&input, &effects)).unwrap();
        if let Event::Request { request, event: RequestEvent::FinishRequest { outcome } } =
            input.event
            && effects.reply == Reply::Done
            && outcome != Outcome::Abandoned
        {
            self.responses.push_back(request);
        }
        effects
    }

    fn act(&mut self, action: &Action) -> Option<Effects> {
        let after = self.world.after(&self.scope, &self.config, action);
        let (world, outcomes) = after.unwrap_or_else(|| panic!("too many draws: {}", self.text));
        self.world = world;
        self.broken = self.broken.union(outcomes.found.broken);
        for property in outcomes.found.broken.iter() {
            let (semantics, sentence) = (self.config.semantics, property.sentence());
            let kept = property.is_kept_by(semantics);
            assert!(!kept, "{semantics} {property}: {sentence}\n{}{action:?}", self.text);
        }
        outcomes.effects
    }

    /// A request without a cookie.
    pub(crate) fn start(&mut self) -> RequestId {
        self.start_at(None, "")
    }

    pub(crate) fn start_with(&mut self, id: SessionId) -> RequestId {
        self.start_at(Some(CookieValue::Id(id)), "")
    }

    pub(crate) fn start_at(&mut self, cookie: Option<CookieValue>, mount: &str) -> RequestId {
        let (request, effects) = self.try_start(0, cookie, mount);
        assert!(matches!(effects.reply, Reply::Started { .. }), "{effects:?}");
        request
    }

    /// A request of a client that brings the cookie in its jar.
    pub(crate) fn visit(&mut self, client: u8) -> RequestId {
        let jar = &self.world.browsers.clients().get(usize::from(client)).unwrap().jar;
        let cookie = jar.sends("").map(CookieValue::Id);
        self.try_start(client, cookie, "").0
    }

    pub(crate) fn try_start(
        &mut self,
        client: u8,
        cookie: Option<CookieValue>,
        mount: &str,
    ) -> (RequestId, Effects) {
        self.requests += 1;
        let request = RequestId(self.requests);
        let (remote_addr, script_name) = ("192.0.2.1".into(), mount.into());
        let fresh = [self.draws + 1];
        let event = Event::StartRequest { request, cookie, remote_addr, script_name };
        (request, self.send_for(client, &fresh, event))
    }

    pub(crate) fn set_user(&mut self, request: RequestId, user: &str) -> Effects {
        self.send(RequestEvent::SetUser { user: Some(user.into()) }.of(request))
    }

    pub(crate) fn set_nobody(&mut self, request: RequestId) -> Effects {
        self.send(RequestEvent::SetUser { user: None }.of(request))
    }

    pub(crate) fn set_value(&mut self, request: RequestId, key: &str, value: &str) -> Effects {
        self.send(RequestEvent::SetValue { key: key.into(), value: value.into() }.of(request))
    }

    pub(crate) fn remove_value(&mut self, request: RequestId, key: &str) -> Effects {
        self.send(RequestEvent::RemoveValue { key: key.into() }.of(request))
    }

    pub(crate) fn create_form_token(&mut self, request: RequestId) -> FormToken {
        let effects = self.send(RequestEvent::CreateFormToken.of(request));
        let Reply::Token(token) = effects.reply else { panic!("{effects:?}") };
        token
    }

    pub(crate) fn has_form_token(&mut self, request: RequestId, token: FormToken) -> Reply {
        let token = SubmittedToken::Token(token);
        self.send(RequestEvent::HasFormToken { token }.of(request)).reply
    }

    pub(crate) fn remove_form_token(&mut self, request: RequestId, token: FormToken) -> Effects {
        let token = SubmittedToken::Token(token);
        self.send(RequestEvent::RemoveFormToken { token }.of(request))
    }

    pub(crate) fn has_session_cookie(&mut self, request: RequestId, must_exist: bool) -> Reply {
        self.send(RequestEvent::HasSessionCookie { must_exist }.of(request)).reply
    }

    pub(crate) fn revoke(&mut self, request: RequestId) -> Effects {
        self.send(RequestEvent::RevokeSessionCookie.of(request))
    }

    pub(crate) fn expire(&mut self, request: RequestId) -> Effects {
        self.send(RequestEvent::ExpireSession.of(request))
    }

    pub(crate) fn new_session(&mut self, request: RequestId) -> Effects {
        self.send(RequestEvent::NewSession.of(request))
    }

    pub(crate) fn maintain(&mut self, request: RequestId) -> Effects {
        self.send(RequestEvent::MaintainSession.of(request))
    }

    pub(crate) fn insert(&mut self, request: RequestId, id: u8, user: Option<&str>) -> Effects {
        let (id, user) = (self.id(id), user.map(Into::into));
        self.send(RequestEvent::InsertSession { id, user }.of(request))
    }

    pub(crate) fn delete(&mut self, id: SessionId) -> Effects {
        self.send(Event::Manager(ManagerEvent::DeleteSession { id }))
    }

    pub(crate) fn finish(&mut self, request: RequestId) -> Effects {
        self.finish_as(request, Outcome::Successful)
    }

    pub(crate) fn finish_as(&mut self, request: RequestId, outcome: Outcome) -> Effects {
        self.send(RequestEvent::FinishRequest { outcome }.of(request))
    }

    /// The oldest response reaches its client.
    pub(crate) fn deliver(&mut self) {
        self.act(&Action::Deliver(0));
        let RequestId(number) = self.responses.pop_front().unwrap();
        writeln!(self.text, "{:>16} response r{number} reaches its client", "").unwrap();
    }

    pub(crate) fn wait(&mut self, milliseconds: u64) {
        self.now += milliseconds;
    }
}

/// What came of it.
impl Story {
    /// A whole request that logs somebody in; the id of the session.
    pub(crate) fn log_in(&mut self, user: &str) -> SessionId {
        let request = self.start();
        self.set_user(request, user);
        set_id(&self.finish(request))
    }

    /// A whole request whose form is rendered; the id of the session, and the token.
    pub(crate) fn render_form(&mut self) -> (SessionId, FormToken) {
        let request = self.start();
        let token = self.create_form_token(request);
        (set_id(&self.finish(request)), token)
    }

    /// A whole request that stores a value; the id of the session.
    pub(crate) fn store_value(&mut self, key: &str, value: &str) -> SessionId {
        let request = self.start();
        self.set_value(request, key, value);
        set_id(&self.finish(request))
    }

    /// The id whose bytes are all this one, in the configured width.
    pub(crate) fn id(&self, byte: u8) -> SessionId {
        match self.config.width {
            Width::Bits64 => [byte; 8].into(),
            Width::Bits128 => [byte; 16].into(),
        }
    }

    pub(crate) fn stored(&self, id: SessionId) -> Option<&Session> {
        self.world.state.get(&id)
    }

    pub(crate) fn user_of(&self, id: SessionId) -> Option<&str> {
        self.stored(id)?.user().map(|user| &**user)
    }

    pub(crate) fn value_of(&self, id: SessionId, key: &str) -> Option<&str> {
        self.stored(id)?.values().get(key).map(|value| &**value)
    }

    /// The id of the session that a request holds, if it has been stored.
    pub(crate) fn held_id(&self, request: RequestId) -> Option<SessionId> {
        self.world.state.session(request)?.id
    }

    pub(crate) fn sessions(&self) -> usize {
        self.world.state.len()
    }
}

pub(crate) fn cookie(effects: &Effects) -> Option<CookieChange> {
    effects.cookie.as_ref().map(|cookie| cookie.value)
}

/// The id that the response sets.
pub(crate) fn set_id(effects: &Effects) -> SessionId {
    match cookie(effects) {
        Some(CookieChange::Set(id)) => id,
        other => panic!("expected a cookie to be set, found {other:?}"),
    }
}

pub(crate) fn refused(why: Refusal) -> Effects {
    Effects::refused(why)
}

pub(crate) fn done() -> Effects {
    Effects::reply(Reply::Done)
}
