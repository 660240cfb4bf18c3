//! A random population of clients with cookie jars: chooses what happens next, and learns from the
//! answers.
//!
//! Every decision is a call of [`Choices::below`]. So a seeded generator, the bytes of a fuzzer,
//! and a property test that shrinks can all drive the same population.

mod chance;
mod choices;
mod cookies;
mod intents;

use std::string::String;
use std::vec::Vec;

use smol_str::SmolStr;

pub use self::choices::{Bytes, Choices, Seeded};
use self::intents::Intent;
use crate::config::Config;
use crate::cookie::read_cookie_text;
use crate::effect::{CookieChange, Effects, Refusal, Reply, StoreOp};
use crate::event::{Event, Input, ManagerEvent, Outcome, RequestEvent, RequestId};
use crate::state::State;
use crate::time::Timestamp;
use crate::token::{FormToken, SessionId};

/// How many ids are remembered, and how many tokens: the latest ones.
const REMEMBERED: usize = 16;

/// What a population does, and what it does not do.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Habits {
    /// How many clients there are; at least one.
    pub clients: usize,
    /// The most requests in flight; at least one.
    pub in_flight: usize,
    /// The most sessions stored. If there are more, the manager deletes one before anything else
    /// happens. Clients lose cookies, so otherwise the store of a long run would grow without end.
    pub stored: usize,
    /// Whether the application sets and removes values.
    pub values: bool,
    /// Whether the manager deletes the sessions of a user, and sweeps.
    pub manager: bool,
    /// Whether the driver sends events to requests that are not open, and the application sends
    /// texts that are too long. Draws also collide, and sessions expire, more often.
    pub careless: bool,
    /// Makes the fresh draws of one population differ from those of another.
    pub salt: u64,
}

impl Habits {
    /// Three clients with up to four requests in flight, and every event.
    pub const ALL: Self = Self {
        clients: 3,
        in_flight: 4,
        stored: 8,
        values: true,
        manager: true,
        careless: false,
        salt: 0,
    };

    /// The same with the events that version 1 of the trace format has.
    pub const VERSION_ONE: Self = Self { values: false, manager: false, ..Self::ALL };
}

/// What happens next.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Turn {
    /// The client whose request it belongs to; None for the manager, and for a request of nobody.
    pub client: Option<usize>,
    /// Of a `StartRequest`: the `Cookie` header that the client sends, if it sends one.
    pub cookie_header: Option<String>,
    /// The input for the machine; its cookie is the one in the header.
    pub input: Input,
}

/// Does not show the cookie header.
impl core::fmt::Debug for Turn {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Turn")
            .field("client", &self.client)
            .field("input", &self.input)
            .finish_non_exhaustive()
    }
}

/// Clients, their jars, their requests in flight and the responses on their way.
///
/// ```
/// use quixote_session::check::population::{Habits, Population, Seeded};
/// use quixote_session::{Config, State, step};
///
/// let (config, mut choices) = (Config::STRICT, Seeded::new(7));
/// let (mut population, mut state) = (Population::new(Habits::ALL), State::new());
/// for _ in 0..1_000 {
///     let turn = population.next_turn(&config, &state, &mut choices);
///     let (after, effects) = step(&config, state, turn.input.clone());
///     population.learn(&turn, &effects);
///     state = after;
/// }
/// assert!(!state.is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Population {
    habits: Habits,
    now: Timestamp,
    requests: u64,
    fresh: u64,
    jars: Vec<Option<SessionId>>,
    in_flight: Vec<InFlight>,
    arriving: Option<Response>,
    late: Vec<Response>,
    ids: Vec<SessionId>,
    tokens: Vec<FormToken>,
}

/// A request in flight.
#[derive(Clone, Copy, Debug)]
struct InFlight {
    request: RequestId,
    client: usize,
    /// Its finish was refused for good, so it can only fail.
    stuck: bool,
}

/// A cookie on its way to a client.
#[derive(Clone, Copy, Debug)]
struct Response {
    client: usize,
    cookie: CookieChange,
}

impl Population {
    /// Clients with empty jars and nothing in flight.
    #[must_use]
    pub fn new(habits: Habits) -> Self {
        let jars = std::vec![None; habits.clients.max(1)];
        Self {
            habits,
            now: Timestamp(1_000_000_000_000),
            requests: 0,
            fresh: 0,
            jars,
            in_flight: Vec::new(),
            arriving: None,
            late: Vec::new(),
            ids: Vec::new(),
            tokens: Vec::new(),
        }
    }

    /// The id that each client's session cookie names, if it has one.
    #[must_use]
    pub fn jars(&self) -> &[Option<SessionId>] {
        &self.jars
    }

    /// What happens next: mostly what a person with a browser does, sometimes what an attacker, a
    /// network or a clock does.
    pub fn next_turn(
        &mut self,
        config: &Config,
        state: &State,
        choices: &mut impl Choices,
    ) -> Turn {
        self.respond(choices);
        self.pass_time(config, choices);
        if state.len() > self.habits.stored {
            let id = choices.pick(&state.keys()).copied();
            return self.by_nobody(
                Event::Manager(ManagerEvent::DeleteSession { id: id.unwrap_or([0; 8].into()) }),
                config,
                choices,
            );
        }
        let room = self.in_flight.len() < self.habits.in_flight.max(1);
        let actor = match choices.pick(&self.in_flight) {
            Some(actor) if !room || choices.below(4) != 1 => *actor,
            _ => return self.start(config, choices),
        };
        let intent = intents::choose(&self.habits, choices);
        if intent == Intent::Stray {
            return self.stray(config, state, choices);
        }
        let Some(event) = self.event(intent, actor, config, state, choices) else {
            return self.start(config, choices);
        };
        let event = self.perhaps_too_long(event, config, choices);
        let client = event.request().map(|_| actor.client);
        let entropy = self.entropy(config, choices);
        Turn { client, cookie_header: None, input: Input { now: self.now, entropy, event } }
    }

    /// Learns what the machine answered to a turn.
    pub fn learn(&mut self, turn: &Turn, effects: &Effects) {
        match effects.reply {
            Reply::Refused(why) => return self.learn_refusal(&turn.input.event, why),
            Reply::Token(token) => remember(&mut self.tokens, token),
            Reply::Done | Reply::Started { .. } | Reply::Value(_) | Reply::Answer(_) => {}
        }
        if let Some(
            StoreOp::Put { id, .. } | StoreOp::Create { id, .. } | StoreOp::Rotate { to: id, .. },
        ) = &effects.store
        {
            remember(&mut self.ids, *id);
        }
        let Some(client) = turn.client else { return };
        if let Event::StartRequest { request, .. } = turn.input.event {
            self.in_flight.push(InFlight { request, client, stuck: false });
        }
        if let Event::Request { request, event: RequestEvent::FinishRequest { .. } } =
            turn.input.event
        {
            self.in_flight.retain(|open| open.request != request);
            if let Some(cookie) = &effects.cookie {
                self.arriving = Some(Response { client, cookie: cookie.value });
            }
        }
    }

    fn learn_refusal(&mut self, event: &Event, why: Refusal) {
        if let Event::Request { request, event: RequestEvent::FinishRequest { .. } } = event
            && why != Refusal::EntropyUsedUp
        {
            let open = self.in_flight.iter_mut().find(|open| open.request == *request);
            if let Some(open) = open {
                open.stuck = true;
            }
        }
    }

    /// A response arrives at once, late or never; late ones in any order.
    fn respond(&mut self, choices: &mut impl Choices) {
        if let Some(response) = self.arriving.take() {
            match choices.below(8) {
                0..=4 => self.obey(response),
                5 | 6 => self.late.push(response),
                _ => {}
            }
        }
        if !self.late.is_empty() && choices.below(6) == 1 {
            let place = choices.below(self.late.len());
            let response = self.late.swap_remove(place);
            self.obey(response);
        }
    }

    fn obey(&mut self, response: Response) {
        if let Some(jar) = self.jars.get_mut(response.client) {
            *jar = match response.cookie {
                CookieChange::Set(id) => Some(id),
                CookieChange::Revoke | CookieChange::Stillborn(_) => None,
            };
        }
    }

    fn start(&mut self, config: &Config, choices: &mut impl Choices) -> Turn {
        let client = choices.below(self.jars.len());
        self.requests = self.requests.saturating_add(1);
        let header = self.header(config, client, choices);
        self.start_as(RequestId(self.requests), Some(client), header, config, choices)
    }

    fn start_as(
        &mut self,
        request: RequestId,
        client: Option<usize>,
        cookie_header: Option<String>,
        config: &Config,
        choices: &mut impl Choices,
    ) -> Turn {
        let home = client.unwrap_or_default();
        let host = if choices.below(12) == 1 { 200 } else { home.saturating_add(1) };
        let mounts = ["", "", "", "/app", "/app/", "/"];
        let event = Event::StartRequest {
            request,
            cookie: cookie_header.as_deref().and_then(|header| read_cookie_text(config, header)),
            remote_addr: smol_str::format_smolstr!("192.0.2.{host}"),
            script_name: SmolStr::new_static(choices.pick(&mounts).copied().unwrap_or_default()),
            passive: self.habits.values && choices.below(8) == 1,
        };
        let event = self.perhaps_too_long(event, config, choices);
        let entropy = self.entropy(config, choices);
        Turn { client, cookie_header, input: Input { now: self.now, entropy, event } }
    }

    /// A driver has lost count: a request that is open starts again, or a request that is not open
    /// goes on. The machine refuses both.
    fn stray(&mut self, config: &Config, state: &State, choices: &mut impl Choices) -> Turn {
        if choices.below(2) == 1
            && let Some(open) = choices.pick(&self.in_flight).copied()
        {
            return self.start_as(open.request, None, None, config, choices);
        }
        let request = RequestId(self.requests.saturating_add(1_000_000));
        if self.habits.careless {
            let nobody = InFlight { request, client: 0, stuck: false };
            let intent = intents::choose(&self.habits, choices);
            let Some(event) = self.event(intent, nobody, config, state, choices) else {
                return self.start(config, choices);
            };
            let event = self.perhaps_too_long(event, config, choices);
            return self.by_nobody(event, config, choices);
        }
        let event = match choices.below(3) {
            0 => RequestEvent::CreateFormToken.of(request),
            1 => RequestEvent::SetUser { user: Some("mallory".into()) }.of(request),
            _ => RequestEvent::FinishRequest { outcome: Outcome::Successful }.of(request),
        };
        self.by_nobody(event, config, choices)
    }

    fn by_nobody(&mut self, event: Event, config: &Config, choices: &mut impl Choices) -> Turn {
        let entropy = self.entropy(config, choices);
        Turn { client: None, cookie_header: None, input: Input { now: self.now, entropy, event } }
    }
}

fn remember<T>(latest: &mut Vec<T>, item: T) {
    if latest.len() >= REMEMBERED {
        latest.remove(0);
    }
    latest.push(item);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::string::ToString as _;

    use super::{Bytes, Choices, Habits, Population, Seeded, Turn};
    use crate::check::kinds::Kind;
    use crate::{Config, Effects, Event, Reply, State, step};

    fn run(
        config: &Config,
        habits: Habits,
        steps: usize,
        choices: &mut impl Choices,
        mut see: impl FnMut(&Turn, &Effects, &Population),
    ) {
        let (mut population, mut state) = (Population::new(habits), State::new());
        for _ in 0..steps {
            let turn = population.next_turn(config, &state, choices);
            let (after, effects) = step(config, state, turn.input.clone());
            population.learn(&turn, &effects);
            state = after;
            see(&turn, &effects, &population);
            assert!(state.open_requests() <= 4 && state.len() <= 10, "nothing grows without end");
        }
    }

    #[test]
    fn every_event_happens_and_is_refused_under_all_semantics() {
        for config in [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT] {
            let mut seen = BTreeSet::new();
            run(&config, Habits::ALL, 20_000, &mut Seeded::new(1), |turn, effects, _| {
                let refused = match effects.reply {
                    Reply::Refused(why) => why.name(),
                    Reply::Done
                    | Reply::Started { .. }
                    | Reply::Token(_)
                    | Reply::Value(_)
                    | Reply::Answer(_) => "",
                };
                seen.insert((turn.input.event.name(), refused));
            });
            let events: BTreeSet<_> = seen.iter().map(|(event, _)| event).collect();
            assert_eq!(events.len(), Kind::ALL.len(), "{}", config.semantics);
            assert!(seen.contains(&("finish_request", "entropy_used_up")), "{}", config.semantics);
        }
    }

    #[test]
    fn zeros_are_plain_requests_one_after_another() {
        let mut names = std::vec::Vec::new();
        run(&Config::QUIXOTE, Habits::ALL, 4, &mut Bytes::new(&[]), |turn, _, _| {
            assert_eq!(turn.cookie_header, None);
            names.push(turn.input.event.name());
        });
        assert_eq!(names, ["start_request", "finish_request", "start_request", "finish_request"]);
    }

    #[test]
    fn jars_send_back_what_was_set() {
        let mut returned = 0;
        run(&Config::STRICT, Habits::ALL, 2_000, &mut Seeded::new(2), |turn, _, population| {
            if let (Event::StartRequest { .. }, Some(client), Some(header)) =
                (&turn.input.event, turn.client, &turn.cookie_header)
            {
                let own = population.jars()[client].map(|id| id.reveal().to_string());
                returned += u32::from(own.is_some_and(|own| header.contains(own.as_str())));
            }
        });
        assert!(returned > 50, "{returned}");
    }
}
