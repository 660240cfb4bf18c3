//! What a request, or the manager, does next.

use smol_str::SmolStr;

use super::{Choices, Habits, InFlight, Population};
use crate::check::kinds::{Arguments, Kind};
use crate::config::Config;
use crate::event::{Event, ManagerEvent, Outcome, RequestEvent, RequestId};
use crate::presented::{CookieValue, SubmittedToken};
use crate::state::State;
use crate::token::{Handle, SessionId, Width};

/// What happens next.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Intent {
    /// An event is sent. To set the user is to log in.
    Send(Kind),
    LogOut,
    /// The driver has lost count of its requests.
    Stray,
}

/// What every population does, the plainest first, each with its weight.
const ALWAYS: [(usize, Intent); 14] = [
    (20, Intent::Send(Kind::FinishRequest)),
    (12, Intent::Send(Kind::SetUser)),
    (14, Intent::Send(Kind::CreateFormToken)),
    (12, Intent::Send(Kind::RemoveFormToken)),
    (4, Intent::Send(Kind::HasFormToken)),
    (4, Intent::Send(Kind::HasSessionCookie)),
    (3, Intent::LogOut),
    (2, Intent::Send(Kind::RevokeSessionCookie)),
    (4, Intent::Send(Kind::ExpireSession)),
    (2, Intent::Send(Kind::NewSession)),
    (3, Intent::Send(Kind::MaintainSession)),
    (2, Intent::Send(Kind::InsertSession)),
    (3, Intent::Send(Kind::DeleteSession)),
    (1, Intent::Stray),
];

/// What a careless driver also does.
const CARELESS: [(usize, Intent); 4] = [
    (8, Intent::Send(Kind::HasSessionCookie)),
    (8, Intent::Send(Kind::InsertSession)),
    (6, Intent::Send(Kind::DeleteSession)),
    (4, Intent::Stray),
];
const CARELESS_WITH_VALUES: [(usize, Intent); 3] = [
    (12, Intent::Send(Kind::SetValue)),
    (8, Intent::Send(Kind::TakeValue)),
    (8, Intent::Send(Kind::GuardValue)),
];
const CARELESS_MANAGER: [(usize, Intent); 3] = [
    (6, Intent::Send(Kind::DeleteSessionsOf)),
    (12, Intent::Send(Kind::ExpireOtherSessions)),
    (40, Intent::Send(Kind::ExpireHandle)),
];

const VALUES: [(usize, Intent); 5] = [
    (10, Intent::Send(Kind::SetValue)),
    (4, Intent::Send(Kind::RemoveValue)),
    (4, Intent::Send(Kind::TakeValue)),
    (3, Intent::Send(Kind::GuardValue)),
    (2, Intent::Send(Kind::RenewSession)),
];
const MANAGER: [(usize, Intent); 5] = [
    (1, Intent::Send(Kind::DeleteSessionsOf)),
    (2, Intent::Send(Kind::Sweep)),
    (1, Intent::Send(Kind::DeleteHandle)),
    (2, Intent::Send(Kind::ExpireOtherSessions)),
    (2, Intent::Send(Kind::ExpireHandle)),
];

/// Every kind has a weight, except the start of a request, which is not chosen by weight.
const _: () = {
    let mut kinds = Kind::ALL;
    while let [kind, rest @ ..] = kinds {
        let sent = sends(&ALWAYS, *kind) || sends(&VALUES, *kind) || sends(&MANAGER, *kind);
        assert!(
            sent || matches!(kind, Kind::StartRequest),
            "a kind of event has no weight in `src/check/population/intents.rs`"
        );
        kinds = rest;
    }
};

const fn sends(mut table: &[(usize, Intent)], kind: Kind) -> bool {
    while let [(_, intent), rest @ ..] = table {
        if matches!(intent, Intent::Send(own) if *own as u8 == kind as u8) {
            return true;
        }
        table = rest;
    }
    false
}

/// How requests end, each way with its weight.
const OUTCOMES: [(usize, Outcome); 4] = [
    (11, Outcome::Successful),
    (3, Outcome::Interrupted),
    (4, Outcome::Failed),
    (2, Outcome::Abandoned),
];

/// Texts are not longer than this, even if the configuration allows it.
const MOST_BYTES: usize = 4_096;

pub(super) fn choose(habits: &Habits, choices: &mut impl Choices) -> Intent {
    let values: &[_] = if habits.values { &VALUES } else { &[] };
    let manager: &[_] = if habits.manager { &MANAGER } else { &[] };
    let careless: [&[_]; 3] = match (habits.careless, habits.values, habits.manager) {
        (false, ..) => [&[]; 3],
        (true, values, manager) => [
            &CARELESS,
            if values { &CARELESS_WITH_VALUES } else { &[] },
            if manager { &CARELESS_MANAGER } else { &[] },
        ],
    };
    let [first, second, third] = careless;
    let intent = weighted(choices, &[&ALWAYS, values, manager, first, second, third]);
    intent.unwrap_or(Intent::Send(Kind::FinishRequest))
}

/// One of the items, by weight; the choice 0 is the first.
pub(super) fn weighted<T: Copy>(choices: &mut impl Choices, tables: &[&[(usize, T)]]) -> Option<T> {
    let items = || tables.iter().copied().flatten();
    let mut left = choices.below(items().map(|(weight, _)| weight).sum());
    for (weight, item) in items() {
        match left.checked_sub(*weight) {
            Some(rest) => left = rest,
            None => return Some(*item),
        }
    }
    None
}

impl Population {
    /// None for a request that starts.
    pub(super) fn event(
        &mut self,
        intent: Intent,
        actor: InFlight,
        config: &Config,
        state: &State,
        choices: &mut impl Choices,
    ) -> Option<Event> {
        let kind = match intent {
            Intent::Send(kind) => kind,
            Intent::LogOut => return Some(RequestEvent::SetUser { user: None }.of(actor.request)),
            Intent::Stray => Kind::FinishRequest,
        };
        kind.event(&mut Choice { population: self, actor, config, state, choices })
    }

    /// A careless application now and then brings a text that is one byte too long.
    pub(super) fn perhaps_too_long(
        &self,
        mut event: Event,
        config: &Config,
        choices: &mut impl Choices,
    ) -> Event {
        if !self.habits.careless || config.max_text_bytes > MOST_BYTES || choices.below(12) != 1 {
            return event;
        }
        let first = choices.below(2) == 0;
        if let Some(text) = text_of(&mut event, first) {
            *text = "x".repeat(config.max_text_bytes.saturating_add(1)).into();
        }
        event
    }
}

/// The text that an event brings; if it brings two, the first or the second.
fn text_of(event: &mut Event, first: bool) -> Option<&mut SmolStr> {
    match event {
        Event::StartRequest { remote_addr: one, script_name: other, .. } => {
            Some(if first { one } else { other })
        }
        Event::Request { event, .. } => match event {
            RequestEvent::SetValue { key: one, value: other } => {
                Some(if first { one } else { other })
            }
            RequestEvent::SetUser { user } | RequestEvent::InsertSession { user, .. } => {
                user.as_mut()
            }
            RequestEvent::RemoveValue { key }
            | RequestEvent::TakeValue { key }
            | RequestEvent::GuardValue { key } => Some(key),
            RequestEvent::RenewSession
            | RequestEvent::ExpireOtherSessions
            | RequestEvent::ExpireHandle { .. }
            | RequestEvent::CreateFormToken
            | RequestEvent::HasFormToken { .. }
            | RequestEvent::RemoveFormToken { .. }
            | RequestEvent::HasSessionCookie { .. }
            | RequestEvent::RevokeSessionCookie
            | RequestEvent::ExpireSession
            | RequestEvent::NewSession
            | RequestEvent::MaintainSession
            | RequestEvent::FinishRequest { .. } => None,
        },
        Event::Manager(ManagerEvent::DeleteSessionsOf { user }) => Some(user),
        Event::Manager(
            ManagerEvent::DeleteSession { .. }
            | ManagerEvent::DeleteHandle { .. }
            | ManagerEvent::Sweep,
        ) => None,
    }
}

/// What is chosen for the arguments of an event.
struct Choice<'a, C> {
    population: &'a mut Population,
    actor: InFlight,
    config: &'a Config,
    state: &'a State,
    choices: &'a mut C,
}

impl<C: Choices> Arguments for Choice<'_, C> {
    fn request(&mut self) -> RequestId {
        self.actor.request
    }

    fn login(&mut self) -> Option<SmolStr> {
        Some(self.user())
    }

    fn key(&mut self) -> SmolStr {
        self.text(&["cart", "theme", ""])
    }

    fn value(&mut self) -> SmolStr {
        self.text(&["1", "2", "dark", "", "caf\u{e9}"])
    }

    /// Mostly a token of the request's own session. Sometimes a token that belongs to another
    /// session, is spent, is made up, or is not a token.
    fn token(&mut self) -> SubmittedToken {
        let held = self.state.session(self.actor.request);
        let held = held.map(|held| held.session.form_tokens().as_slice());
        let own = self.choices.pick(held.unwrap_or_default());
        let any = self.choices.pick(&self.population.tokens);
        match (self.choices.below(8), own, any) {
            (0..=4, Some(own), _) => (*own).into(),
            (0..=5, _, Some(any)) => (*any).into(),
            (6, ..) => SubmittedToken::IllFormed,
            _ => SubmittedToken::Token(self.population.fresh_draw().into()),
        }
    }

    fn must_exist(&mut self) -> bool {
        self.choices.below(2) == 1
    }

    /// A request whose finish was refused for good fails.
    fn outcome(&mut self) -> Outcome {
        let outcome = weighted(self.choices, &[&OUTCOMES]).unwrap_or(Outcome::Successful);
        if self.actor.stuck { Outcome::Failed } else { outcome }
    }

    fn owner(&mut self) -> Option<SmolStr> {
        if self.choices.below(3) == 1 { None } else { Some(self.user()) }
    }

    /// A careless application inserts a session under the id in the request's own cookie.
    fn new_id(&mut self) -> SessionId {
        let wanted = self.population.habits.careless && self.choices.below(2) == 1;
        let cookie = self.state.request_cookie(self.actor.request).filter(|_| wanted);
        cookie.and_then(CookieValue::session_id).unwrap_or_else(|| self.id())
    }

    /// Mostly the handle of a stored session, otherwise a made-up one.
    fn handle(&mut self) -> Handle {
        let stored = self.state.values();
        let any = self.choices.pick(&stored).and_then(|session| session.handle());
        let any = any.filter(|_| self.choices.below(4) != 3);
        any.unwrap_or_else(|| {
            let mut bytes = [0; 16];
            let halves = bytes.as_chunks_mut().0;
            for half in halves {
                *half = self.population.fresh_draw();
            }
            bytes.into()
        })
    }

    /// Mostly an id that is or was in use, otherwise a made-up one.
    fn id(&mut self) -> SessionId {
        let known = self.choices.pick(&self.population.ids).copied();
        let known = known.filter(|_| self.choices.below(4) != 3);
        let mut draw = || self.population.fresh_draw();
        match (known, self.config.width) {
            (Some(id), _) => id,
            (None, Width::Bits64) => draw().into(),
            (None, Width::Bits128) => {
                let mut bytes = [0; 16];
                bytes.copy_from_slice([draw(), draw()].as_flattened());
                bytes.into()
            }
        }
    }

    fn user(&mut self) -> SmolStr {
        let users = ["alice", "alice", "alice", "bob", "bob", "carol", "carol", "", "\u{c6}lfred"];
        self.text(&users)
    }
}

impl<C: Choices> Choice<'_, C> {
    fn text(&mut self, texts: &[&'static str]) -> SmolStr {
        SmolStr::new_static(self.choices.pick(texts).copied().unwrap_or_default())
    }
}
