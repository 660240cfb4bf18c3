//! A scenario: what happens to one machine, told event by event.
//!
//! Requests have numbers, which the test chooses. Every step goes through [`Situation`], so all
//! properties watch every scenario. If a step breaks a property that its semantics keeps, the test
//! fails, whatever the test is about. The watch ends with [`Scenario::put_state`], since a state
//! from outside has no history. [`Scenario::unwatched`] never begins it.

#![allow(dead_code, reason = "no test needs all of it")]
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

pub(crate) mod events;

use std::collections::VecDeque;
use std::fmt::Write as _;

pub(crate) use quixote_session::Outcome::{Abandoned, Failed, Interrupted, Successful};
use quixote_session::check::transcript::Transcript;
use quixote_session::check::{Action, Situation, Size, World};
use quixote_session::{
    Config, CookieChange, CookieValue, Effects, Entropy, Event, FormToken, Handle, Input, Outcome,
    Refusal, Reply, RequestEvent, RequestId, Session, SessionId, SessionRef, State, Timestamp,
    Width, step,
};

/// The three semantics.
pub(crate) const ALL: [Config; 3] = [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT];

/// Live and copying.
pub(crate) const QUIXOTE: [Config; 2] = [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT];

/// Copying and strict.
pub(crate) const COPIES: [Config; 2] = [Config::QUIXOTE_PERSISTENT, Config::STRICT];

/// Every way in which a request ends.
pub(crate) const OUTCOMES: [Outcome; 4] = [Successful, Interrupted, Failed, Abandoned];

/// The moment at which every scenario begins.
pub(crate) const DAWN: u64 = 1_000_000_000_000;

#[derive(Clone)]
pub(crate) struct Scenario {
    pub(crate) config: Config,
    pub(crate) now: u64,
    /// What the last event asked for.
    pub(crate) effects: Effects,
    /// The transcript.
    pub(crate) text: String,
    situation: Situation,
    world: World,
    transcript: Transcript,
    watched: bool,
    /// The highest number that a request had.
    latest: u64,
    drawn: u8,
    /// The requests whose responses are on their way, oldest first.
    responses: VecDeque<RequestId>,
}

/// What happens.
impl Scenario {
    pub(crate) fn of(config: &Config) -> Self {
        let [world, ..] = Size::Small.worlds();
        let world = World { clients: 2, draws: u8::MAX, ..world };
        let (situation, transcript) = (Situation::new(&world), Transcript::new(false));
        Self {
            config: config.clone(),
            now: DAWN,
            effects: Effects::reply(Reply::Done),
            text: String::new(),
            situation,
            world,
            transcript,
            watched: true,
            latest: 0,
            drawn: 0,
            responses: VecDeque::new(),
        }
    }

    /// A scenario to which the properties do not apply: the check refuses its configuration, or it
    /// draws something again that no session holds any more.
    pub(crate) fn unwatched(config: &Config) -> Self {
        Self { watched: false, ..Self::of(config) }
    }

    /// Goes on in a state that comes from outside, unwatched.
    pub(crate) fn put_state(&mut self, state: State) {
        (self.situation.state, self.watched) = (state, false);
    }

    /// Sends an event with fresh draws.
    pub(crate) fn send(&mut self, event: Event) -> Reply {
        let reply = self.send_with(self.draws(&[self.drawn + 1]), event);
        self.drawn += u8::from(self.effects.draws > 0);
        reply
    }

    pub(crate) fn send_with(&mut self, entropy: Entropy, event: Event) -> Reply {
        self.send_for(0, entropy, event)
    }

    fn send_for(&mut self, client: u8, entropy: Entropy, event: Event) -> Reply {
        let input = Input { now: Timestamp(self.now), entropy, event };
        self.latest = self.latest.max(input.event.request().map_or(0, |request| request.0));
        if !self.watched {
            let state = core::mem::take(&mut self.situation.state);
            (self.situation.state, self.effects) = step(&self.config, state, input);
            return self.effects.reply.clone();
        }
        self.effects = self.act(&Action::Step { client, input: input.clone() }).unwrap();
        writeln!(self.text, "{}", self.transcript.line(&input, &self.effects)).unwrap();
        if let Event::Request { request, event: RequestEvent::FinishRequest { outcome } } =
            input.event
            && self.effects.reply == Reply::Done
            && outcome != Abandoned
        {
            self.responses.push_back(request);
        }
        self.effects.reply.clone()
    }

    fn act(&mut self, action: &Action) -> Option<Effects> {
        let after = self.situation.after(&self.world, &self.config, action);
        let (situation, outcomes) =
            after.unwrap_or_else(|| panic!("too many draws: {}", self.text));
        self.situation = situation;
        for property in outcomes.found.broken.iter() {
            let (semantics, sentence) = (self.config.semantics, property.sentence());
            let kept = property.is_kept_by(semantics);
            assert!(!kept, "{semantics} {property}: {sentence}\n{}{action:?}", self.text);
        }
        outcomes.effects
    }

    /// Sends an event that is done.
    pub(crate) fn done(&mut self, event: Event) {
        assert_eq!(self.send(event), Reply::Done);
    }

    /// Sends an event that is refused.
    pub(crate) fn refused(&mut self, event: Event, why: Refusal) {
        let before = self.state().clone();
        assert_eq!(self.send(event), Reply::Refused(why));
        assert!(*self.state() == before, "{why:?} changes nothing");
    }

    /// Sends an event that is answered with yes or no.
    pub(crate) fn asks(&mut self, event: Event) -> bool {
        match self.send(event) {
            Reply::Answer(answer) => answer,
            reply => panic!("{reply:?}"),
        }
    }

    /// Starts a request, with a cookie of this session or without one; returns the user in the
    /// answer.
    pub(crate) fn start(&mut self, request: u64, id: Option<SessionId>) -> Option<String> {
        self.start_with(request, id.map(CookieValue::Id), "")
    }

    pub(crate) fn start_with(
        &mut self,
        request: u64,
        cookie: Option<CookieValue>,
        script_name: &str,
    ) -> Option<String> {
        self.arrive(0, request, cookie, script_name)
    }

    /// Starts a request of a client, with the cookie in its jar.
    pub(crate) fn visit(&mut self, client: u8, request: u64) -> Option<String> {
        let jar = &self.situation.browsers.clients().get(usize::from(client)).unwrap().jar;
        let cookie = jar.sends("").map(CookieValue::Id);
        self.arrive(client, request, cookie, "")
    }

    fn arrive(
        &mut self,
        client: u8,
        request: u64,
        cookie: Option<CookieValue>,
        script_name: &str,
    ) -> Option<String> {
        let event = events::start(request, cookie, script_name);
        match self.send_for(client, self.draws(&[0]), event) {
            Reply::Started { remote_user } => remote_user.map(|user| user.to_string()),
            reply => panic!("{reply:?}"),
        }
    }

    pub(crate) fn set_user(&mut self, request: u64, user: Option<&str>) {
        self.done(events::set_user(request, user));
    }

    pub(crate) fn set_value(&mut self, request: u64, key: &str, value: &str) {
        self.done(events::set_value(request, key, value));
    }

    pub(crate) fn token(&mut self, request: u64) -> FormToken {
        match self.send(events::create_token(request)) {
            Reply::Token(token) => token,
            reply => panic!("{reply:?}"),
        }
    }

    pub(crate) fn spend(&mut self, request: u64, token: FormToken) -> Reply {
        self.send(events::spend(request, token))
    }

    /// Takes a value that is there.
    pub(crate) fn take(&mut self, request: u64, key: &str) -> String {
        match self.send(events::take(request, key)) {
            Reply::Value(value) => value.to_string(),
            reply => panic!("{reply:?}"),
        }
    }

    pub(crate) fn has_token(&mut self, request: u64, token: FormToken) -> bool {
        self.asks(events::has_token(request, token))
    }

    pub(crate) fn has_cookie(&mut self, request: u64, must_exist: bool) -> bool {
        self.asks(events::has_cookie(request, must_exist))
    }

    pub(crate) fn finish(&mut self, request: u64, outcome: Outcome) -> Effects {
        self.done(events::finish(request, outcome));
        self.effects.clone()
    }

    /// A successful finish, and the id that its cookie sets.
    pub(crate) fn save(&mut self, request: u64) -> Option<SessionId> {
        self.finish(request, Successful);
        self.id_set()
    }

    /// The oldest response reaches its client.
    pub(crate) fn deliver(&mut self) {
        self.deliver_at(0);
    }

    /// The latest response overtakes all others.
    pub(crate) fn deliver_last(&mut self) {
        self.deliver_at(self.responses.len() - 1);
    }

    fn deliver_at(&mut self, place: usize) {
        self.act(&Action::Deliver(place.try_into().unwrap()));
        let RequestId(number) = self.responses.remove(place).unwrap();
        writeln!(self.text, "{:>16} response r{number} reaches its client", "").unwrap();
    }
}

/// Whole requests, each with a number that no request had before.
impl Scenario {
    /// Somebody logs in to a new session.
    pub(crate) fn log_in(&mut self, user: &str) -> SessionId {
        let request = self.latest + 1;
        self.start(request, None);
        self.set_user(request, Some(user));
        self.save(request).expect("a login sets a cookie")
    }

    /// A new session with one value.
    pub(crate) fn keep(&mut self, key: &str, value: &str) -> SessionId {
        let request = self.latest + 1;
        self.start(request, None);
        self.set_value(request, key, value);
        self.save(request).expect("a value is worth a cookie")
    }

    /// A form is rendered in this session.
    pub(crate) fn form(&mut self, id: SessionId) -> FormToken {
        let request = self.latest + 1;
        self.start(request, Some(id));
        let token = self.token(request);
        self.finish(request, Successful);
        token
    }

    /// A form is rendered in a new session that holds nothing else.
    pub(crate) fn first_form(&mut self) -> (SessionId, FormToken) {
        let request = self.latest + 1;
        self.start(request, None);
        let token = self.token(request);
        (self.save(request).expect("a form is worth a cookie"), token)
    }

    /// The user that a request finds in this session.
    pub(crate) fn user_of(&mut self, id: SessionId) -> Option<String> {
        let request = self.latest + 1;
        let user = self.start(request, Some(id));
        self.finish(request, Abandoned);
        user
    }
}

/// What can be seen afterwards.
impl Scenario {
    pub(crate) fn state(&self) -> &State {
        &self.situation.state
    }

    /// The session that the request holds, and its id.
    pub(crate) fn held(&self, request: u64) -> Option<SessionRef<'_>> {
        self.state().session(RequestId(request))
    }

    /// The session that the request holds, as the request sees it.
    pub(crate) fn session(&self, request: u64) -> &Session {
        self.held(request).unwrap().session
    }

    pub(crate) fn stored(&self, id: SessionId) -> Option<&Session> {
        self.state().get(&id)
    }

    pub(crate) fn stored_user(&self, id: SessionId) -> Option<&str> {
        self.stored(id)?.user().map(AsRef::as_ref)
    }

    pub(crate) fn stored_value(&self, id: SessionId, key: &str) -> Option<&str> {
        self.stored(id)?.values().get(key).map(AsRef::as_ref)
    }

    /// The handle that a session was given when it was stored.
    pub(crate) fn handle_of(&self, id: SessionId) -> Handle {
        self.stored(id).and_then(Session::handle).expect("strict gives every session a handle")
    }

    /// The cookie that the request still sees.
    pub(crate) fn request_cookie(&self, request: u64) -> Option<&CookieValue> {
        self.state().request_cookie(RequestId(request))
    }

    pub(crate) fn is_open(&self, request: u64) -> bool {
        self.state().is_open(RequestId(request))
    }

    /// What the last event did to the cookie.
    pub(crate) fn cookie(&self) -> Option<CookieChange> {
        self.effects.cookie.as_ref().map(|cookie| cookie.value)
    }

    pub(crate) fn id_set(&self) -> Option<SessionId> {
        match self.cookie() {
            Some(CookieChange::Set(id)) => Some(id),
            _ => None,
        }
    }
}

/// What is drawn.
impl Scenario {
    /// Entropy that no other event was given.
    pub(crate) fn entropy(&mut self) -> Entropy {
        self.drawn += 1;
        self.draws(&[self.drawn])
    }

    /// These draws in each half, the last of them repeated to the end. Each draw is one byte,
    /// repeated.
    pub(crate) fn draws(&self, draws: &[u8]) -> Entropy {
        let mut bytes = [0; Entropy::HALF];
        let draws = draws.iter().chain(std::iter::repeat(draws.last().unwrap()));
        for (place, draw) in bytes.chunks_exact_mut(self.config.width.bytes()).zip(draws) {
            place.fill(*draw);
        }
        Entropy::from_half(bytes)
    }

    /// The id that results from such a draw.
    pub(crate) fn id(&self, draw: u8) -> SessionId {
        match self.config.width {
            Width::Bits64 => [draw; 8].into(),
            Width::Bits128 => [draw; 16].into(),
        }
    }
}
