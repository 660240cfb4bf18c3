//! A watched run, in which a step may be altered before the checks see it.

use quixote_session::check::{History, Properties, Seen};
use quixote_session::{
    Config, CookieValue, Effects, Entropy, Event, Input, Outcome, Refusal, Reply, RequestEvent,
    RequestId, Session, SessionId, SessionParts, State, Timestamp, Width, step,
};

/// The moment of every step.
const NOW: Timestamp = Timestamp(1_000);

pub(crate) struct Run {
    config: Config,
    pub(crate) state: State,
    history: History,
    pub(crate) witnessed: Properties,
    draws: u8,
}

impl Run {
    /// A run in which each of these users has logged in, and has come back with this request.
    pub(crate) fn of(config: &Config, users: &[(RequestId, &str)]) -> Self {
        let (state, history, witnessed) = (State::new(), History::default(), Properties::NONE);
        let mut run = Self { config: config.clone(), state, history, witnessed, draws: 1 };
        for (request, user) in users {
            run.start(*request, None);
            run.send(RequestEvent::SetUser { user: Some((*user).into()) }.of(*request));
            run.finish(*request);
            run.start(*request, Some(run.id_of(user)));
        }
        run
    }

    pub(crate) fn start(&mut self, request: RequestId, id: Option<SessionId>) {
        self.send(Event::StartRequest {
            request,
            cookie: id.map(CookieValue::Id),
            remote_addr: "c".into(),
            script_name: "".into(),
            passive: false,
        });
    }

    pub(crate) fn finish(&mut self, request: RequestId) {
        self.send(RequestEvent::FinishRequest { outcome: Outcome::Successful }.of(request));
    }

    /// A step that must break nothing.
    pub(crate) fn send(&mut self, event: Event) {
        let (after, effects) = self.step(event.clone());
        let (config, before, input) = (&self.config, &self.state, &self.input(event));
        let seen = Seen { config, before, input, after: &after, effects: &effects };
        let found = self.history.observe(&seen);
        assert!(found.broken.is_empty(), "{input:?}: {:?}", found.broken);
        self.witnessed = self.witnessed.union(found.sometimes);
        (self.state, self.draws) = (after, self.draws + 1);
    }

    /// A step that must be refused for this reason, and break nothing.
    pub(crate) fn refused(&mut self, event: Event, why: Refusal) {
        let (_, effects) = self.step(event.clone());
        assert_eq!(effects.reply, Reply::Refused(why), "{event:?}");
        self.send(event);
    }

    /// Stores a session under the only id that the next step can draw.
    pub(crate) fn use_up(&mut self) {
        let id = match self.config.width {
            Width::Bits64 => [self.draws; 8].into(),
            Width::Bits128 => [self.draws; 16].into(),
        };
        let mut parts = SessionParts::from(Session::new("c".into(), NOW));
        parts.user = Some("somebody".into());
        let session = Session::try_from(parts).unwrap();
        self.state = std::mem::take(&mut self.state).with_stored(id, Some(session));
    }

    /// The properties that the checks report for a step whose outcome is altered.
    pub(crate) fn altered(
        &self,
        event: Event,
        alter: impl FnOnce(&mut State, &mut Effects),
    ) -> Properties {
        let (mut after, mut effects) = self.step(event.clone());
        alter(&mut after, &mut effects);
        let (config, before, input) = (&self.config, &self.state, &self.input(event));
        let seen = Seen { config, before, input, after: &after, effects: &effects };
        self.history.clone().observe(&seen).broken
    }

    /// Makes the stored session of the user as old as it can be.
    pub(crate) fn age(&mut self, user: &str) {
        let id = self.id_of(user);
        let mut parts = SessionParts::from(self.state.get(&id).unwrap().clone());
        (parts.created, parts.accessed) = (Timestamp(0), Timestamp(0));
        let old = Session::try_from(parts).unwrap();
        self.state = std::mem::take(&mut self.state).with_stored(id, Some(old));
    }

    pub(crate) fn id_of(&self, user: &str) -> SessionId {
        self.state.sessions_of(user)[0]
    }

    fn input(&self, event: Event) -> Input {
        Input { now: NOW, entropy: Entropy::from_bytes([self.draws; Entropy::BYTES]), event }
    }

    fn step(&self, event: Event) -> (State, Effects) {
        step(&self.config, self.state.clone(), self.input(event))
    }
}
