//! A bounded world: clients, a store, a clock, and a supply of draws. What can happen in it is
//! listed exhaustively, so that a search can try everything.

use std::format;
use std::string::String;
use std::vec::Vec;

use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::check::browser::Browsers;
use crate::check::history::{Findings, History, Seen};
use crate::check::property::Property;
use crate::config::Config;
use crate::effect::{Effects, Reply};
use crate::entropy::Entropy;
use crate::event::{Event, Input, ManagerEvent, Outcome, RequestEvent, RequestId};
use crate::presented::{CookieValue, SubmittedToken};
use crate::state::State;
use crate::step::step;
use crate::time::Timestamp;
use crate::token::{FormToken, Width};

/// What a world contains. Everything that is not listed in it cannot happen there.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The world's name.
    pub name: &'static str,
    /// What it is there to see, as a sentence.
    pub purpose: &'static str,
    /// Clients, each with a cookie jar.
    pub clients: u8,
    /// Requests in flight and responses on their way, together.
    pub in_flight: u8,
    /// Different ids and tokens that can be drawn, together.
    pub draws: u8,
    /// Users that can log in.
    pub users: &'static [&'static str],
    /// Values that the one key `k` can be set to; with any, it can also be removed.
    pub values: &'static [&'static str],
    /// Form tokens of one session; 0 for a world without forms.
    pub form_tokens: u8,
    /// Where the application is mounted.
    pub mounts: &'static [&'static str],
    /// How requests end.
    pub outcomes: &'static [Outcome],
    /// Moments of the clock; the idle limit is two of them away, the absolute limit three.
    pub moments: u8,
    /// Events besides those that the fields above imply.
    pub events: &'static [Extra],
}

/// An event that a world may contain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extra {
    /// `SetUser` with nobody.
    LogOut,
    /// `ExpireSession`.
    Expire,
    /// `NewSession`.
    New,
    /// `MaintainSession`.
    Maintain,
    /// `RevokeSessionCookie`.
    Revoke,
    /// `InsertSession` under one fixed id, with and without a user.
    Insert,
    /// `DeleteSession` of every stored id, and `DeleteSessionsOf` every user.
    Delete,
    /// `Sweep`.
    Sweep,
    /// The clock goes back.
    ClockBack,
    /// Draws that are in use already stand in front of an unused one.
    Collide,
    /// Responses are lost.
    Lose,
}

/// Milliseconds from one moment of a world's clock to the next.
const MOMENT: u64 = 10_000;

/// The id that `InsertSession` uses: one that is never drawn.
const CHOSEN: u8 = 0xee;

impl Scope {
    /// The configuration of a world: that of the semantics, with limits that the clock reaches.
    #[must_use]
    pub fn config(&self, base: &Config) -> Config {
        Config {
            access_resolution_ms: 0,
            idle_limit_ms: Some(MOMENT.saturating_mul(2)),
            absolute_limit_ms: Some(MOMENT.saturating_mul(3)),
            max_form_tokens: self.form_tokens.max(1),
            ..base.clone()
        }
    }

    /// What the world contains, as one sentence for people.
    #[must_use]
    pub fn contents(&self) -> String {
        let list = |items: &[&str]| {
            let quoted: Vec<_> = items.iter().map(|item| format!("{item:?}")).collect();
            if quoted.is_empty() { "none".into() } else { quoted.join(", ") }
        };
        let outcomes: Vec<_> = self.outcomes.iter().map(|outcome| outcome.name()).collect();
        let events: Vec<_> = self.events.iter().map(|extra| format!("{extra:?}")).collect();
        format!(
            "**{}** {} Clients: {}; requests and responses in flight: {}; draws: {}; users: {}; \
             values: {}; form tokens of a session: {}; mounts: {}; outcomes: {}; moments: {}; \
             besides: {}.",
            self.name,
            self.purpose,
            self.clients,
            self.in_flight,
            self.draws,
            list(self.users),
            list(self.values),
            self.form_tokens,
            list(self.mounts),
            outcomes.join(", "),
            self.moments,
            if events.is_empty() { "none".into() } else { events.join(", ") },
        )
    }

    fn has(&self, extra: Extra) -> bool {
        self.events.contains(&extra)
    }
}

/// Something that happens in a world.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// The machine is sent an input; `client` is whose request starts, where one does.
    Step {
        /// Number of the client; 0 for events of the manager.
        client: u8,
        /// The input.
        input: Input,
    },
    /// The response at this place arrives at its client.
    Deliver(u8),
    /// The response at this place is lost.
    Lose(u8),
    /// The clock shows this moment.
    Clock(u8),
}

/// One state of a world: the machine's, the clients', and what the properties remember.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct World {
    /// The machine's state.
    pub state: State,
    /// The clients and their cookies.
    pub browsers: Browsers,
    history: History,
    moment: u8,
    drawn: u8,
}

/// What an action led to.
#[derive(Clone, Debug)]
pub struct Outcomes {
    /// What the machine asked for, where the action was a step.
    pub effects: Option<Effects>,
    /// What the properties saw.
    pub found: Findings,
    /// Whether the world is the same as before: the event was refused, and rightly changed
    /// nothing.
    pub unchanged: bool,
}

impl World {
    /// The world before anything has happened.
    #[must_use]
    pub fn new(scope: &Scope) -> Self {
        Self {
            state: State::new(),
            browsers: Browsers::new(scope.clients),
            history: History::default(),
            moment: 0,
            drawn: 0,
        }
    }

    /// The same world after `action`; None if that lies outside of it, because it needs more
    /// draws than there are.
    #[must_use]
    pub fn after(
        &self,
        scope: &Scope,
        config: &Config,
        action: &Action,
    ) -> Option<(Self, Outcomes)> {
        let mut next = self.clone();
        let mut found = Findings::default();
        let mut effects = None;
        let mut unchanged = false;
        match action {
            Action::Step { client, input } => {
                let (state, done) = step(config, core::mem::take(&mut next.state), input.clone());
                if done.draws > 0 {
                    next.drawn = next.drawn.checked_add(1).filter(|drawn| *drawn <= scope.draws)?;
                }
                let (before, after) = (&self.state, &state);
                let seen = Seen { config, before, input, after, effects: &done };
                found = next.history.observe(&seen);
                if matches!(done.reply, Reply::Refused(_)) {
                    unchanged = !found.broken.contains(Property::RefusalChangesNothing);
                } else {
                    next.browsers.observe(&seen, *client, &mut found);
                }
                next.state = state;
                effects = Some(done);
            }
            Action::Deliver(place) => next.browsers.deliver(usize::from(*place), &mut found),
            Action::Lose(place) => next.browsers.lose(usize::from(*place)),
            Action::Clock(moment) => next.moment = *moment,
        }
        Some((next, Outcomes { effects, found, unchanged }))
    }

    /// Everything that can happen next, in a fixed order.
    #[must_use]
    pub fn actions(&self, scope: &Scope, width: Width) -> Vec<Action> {
        let mut actions = Listing { world: self, scope, width, actions: Vec::new() };
        actions.starts();
        for request in self.state.requests() {
            actions.of_request(request);
        }
        actions.of_manager();
        actions.of_wire();
        actions.actions
    }

    /// The moment that the clock shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp(u64::from(self.moment).saturating_add(1).saturating_mul(MOMENT))
    }

    /// Requests in flight and responses on their way.
    fn busy(&self) -> usize {
        self.state.open_requests().saturating_add(self.browsers.responses().len())
    }
}

/// The actions found so far.
struct Listing<'a> {
    world: &'a World,
    scope: &'a Scope,
    width: Width,
    actions: Vec<Action>,
}

impl Listing<'_> {
    fn starts(&mut self) {
        if self.world.busy() >= usize::from(self.scope.in_flight) {
            return;
        }
        let request = self.unused_request();
        for (number, client) in (0..).zip(self.world.browsers.clients()) {
            for mount in self.scope.mounts {
                let cookie = client.jar.sends(mount).map(CookieValue::Id);
                let (remote_addr, script_name) = (SmolStr::new_static("c"), (*mount).into());
                self.add(number, Event::StartRequest { request, cookie, remote_addr, script_name });
            }
        }
    }

    /// Numbers are used again here, the lowest first, to keep worlds that differ only in them
    /// from being counted twice: the machine does not remember a closed request's number.
    fn unused_request(&self) -> RequestId {
        let open = self.world.state.requests();
        let used = open.iter().zip(0..).take_while(|(request, place)| request.0 == *place);
        RequestId(u64::try_from(used.count()).unwrap_or(u64::MAX))
    }

    fn of_request(&mut self, request: RequestId) {
        for user in self.scope.users {
            self.add(0, RequestEvent::SetUser { user: Some((*user).into()) }.of(request));
        }
        for value in self.scope.values {
            self.add(
                0,
                RequestEvent::SetValue { key: "k".into(), value: (*value).into() }.of(request),
            );
        }
        if !self.scope.values.is_empty() {
            self.add(0, RequestEvent::RemoveValue { key: "k".into() }.of(request));
        }
        if self.scope.form_tokens > 0 {
            self.add_drawing(&RequestEvent::CreateFormToken.of(request), false);
            for token in self.tokens() {
                self.add(0, RequestEvent::HasFormToken { token }.of(request));
                self.add(0, RequestEvent::RemoveFormToken { token }.of(request));
            }
        }
        for extra in self.scope.events {
            match extra {
                Extra::LogOut => self.add(0, RequestEvent::SetUser { user: None }.of(request)),
                Extra::Expire => self.add(0, RequestEvent::ExpireSession.of(request)),
                Extra::New => self.add(0, RequestEvent::NewSession.of(request)),
                Extra::Maintain => {
                    self.add_drawing(&RequestEvent::MaintainSession.of(request), true)
                }
                Extra::Revoke => self.add(0, RequestEvent::RevokeSessionCookie.of(request)),
                Extra::Insert => {
                    for user in [None, Some("chosen".into())] {
                        let id = [0, 0, 0, 0, 0, 0, 0, CHOSEN].into();
                        self.add(0, RequestEvent::InsertSession { id, user }.of(request));
                    }
                }
                _ => {}
            }
        }
        for outcome in self.scope.outcomes {
            self.add_drawing(&RequestEvent::FinishRequest { outcome: *outcome }.of(request), true);
        }
    }

    fn of_manager(&mut self) {
        if self.scope.has(Extra::Delete) {
            for id in self.world.state.keys() {
                self.add(0, Event::Manager(ManagerEvent::DeleteSession { id }));
            }
            for user in self.scope.users {
                self.add(
                    0,
                    Event::Manager(ManagerEvent::DeleteSessionsOf { user: (*user).into() }),
                );
            }
        }
        if self.scope.has(Extra::Sweep) {
            self.add(0, Event::Manager(ManagerEvent::Sweep));
        }
    }

    fn of_wire(&mut self) {
        for place in (0..).take(self.world.browsers.responses().len()) {
            self.actions.push(Action::Deliver(place));
            if self.scope.has(Extra::Lose) {
                self.actions.push(Action::Lose(place));
            }
        }
        let moment = self.world.moment;
        let next = moment.saturating_add(1);
        if next < self.scope.moments {
            self.actions.push(Action::Clock(next));
        }
        if self.scope.has(Extra::ClockBack)
            && let Some(last) = moment.checked_sub(1)
        {
            self.actions.push(Action::Clock(last));
        }
    }

    /// Every token that some session in memory holds, and one that none does.
    fn tokens(&self) -> SmallVec<[SubmittedToken; 4]> {
        let sessions = self.world.state.in_memory();
        let mut tokens: SmallVec<[FormToken; 8]> =
            sessions.flat_map(|session| session.form_tokens().as_slice()).copied().collect();
        tokens.sort_unstable();
        tokens.dedup();
        let known = tokens.into_iter().map(SubmittedToken::Token);
        known.chain([SubmittedToken::IllFormed]).collect()
    }

    fn add(&mut self, client: u8, event: Event) {
        self.add_with(client, event, Entropy::from_bytes([0; Entropy::BYTES]));
    }

    fn add_with(&mut self, client: u8, event: Event, entropy: Entropy) {
        let input = Input { now: self.world.now(), entropy, event };
        self.actions.push(Action::Step { client, input });
    }

    /// An event that may draw: with a fresh draw, and, where the world has it, with draws in
    /// front that are in use, or with nothing but these.
    fn add_drawing(&mut self, event: &Event, draws_id: bool) {
        let fresh = self.world.drawn.saturating_add(1);
        self.add_with(0, event.clone(), entropy(self.width, &[fresh]));
        if !self.scope.has(Extra::Collide) || !draws_id {
            return;
        }
        if let Some(used) = self.world.state.keys().first() {
            let used = used.reveal_bytes().last().copied().unwrap_or(0);
            self.add_with(0, event.clone(), entropy(self.width, &[used, fresh]));
            self.add_with(0, event.clone(), entropy(self.width, &[used; 4]));
        }
    }
}

/// Draws that show a small number in their last byte.
fn entropy(width: Width, numbers: &[u8]) -> Entropy {
    let mut bytes = [0; Entropy::BYTES];
    for (draw, number) in bytes.chunks_exact_mut(width.bytes()).zip(numbers) {
        if let Some(last) = draw.last_mut() {
            *last = *number;
        }
    }
    Entropy::from_bytes(bytes)
}
