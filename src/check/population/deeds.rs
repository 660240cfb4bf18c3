//! What a request, or the manager, does next.

use smol_str::SmolStr;

use super::{Choices, Habits, Open, Population};
use crate::config::Config;
use crate::event::{Event, ManagerEvent, Outcome, RequestEvent, RequestId};
use crate::presented::SubmittedToken;
use crate::state::State;
use crate::token::{SessionId, Width};

/// One kind of thing to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Finish,
    LogIn,
    LogOut,
    CreateToken,
    SpendToken,
    AskForToken,
    AskForCookie,
    Revoke,
    Expire,
    New,
    Maintain,
    Insert,
    Delete,
    Stray,
    SetValue,
    RemoveValue,
    DeleteUser,
    Sweep,
}

/// What there is in every population, the plainest first, each as often as its number says.
const ALWAYS: [(usize, Deed); 14] = [
    (20, Deed::Finish),
    (12, Deed::LogIn),
    (14, Deed::CreateToken),
    (12, Deed::SpendToken),
    (4, Deed::AskForToken),
    (4, Deed::AskForCookie),
    (3, Deed::LogOut),
    (2, Deed::Revoke),
    (4, Deed::Expire),
    (2, Deed::New),
    (3, Deed::Maintain),
    (2, Deed::Insert),
    (3, Deed::Delete),
    (1, Deed::Stray),
];

/// What a careless driver does besides.
const CARELESS: [(usize, Deed); 5] = [
    (6, Deed::AskForCookie),
    (8, Deed::Insert),
    (6, Deed::Delete),
    (4, Deed::Stray),
    (12, Deed::SetValue),
];

/// Longer texts than this are not made, where the configuration allows them.
const MOST_BYTES: usize = 4_096;

const VALUES: [(usize, Deed); 2] = [(10, Deed::SetValue), (4, Deed::RemoveValue)];
const MANAGER: [(usize, Deed); 2] = [(1, Deed::DeleteUser), (2, Deed::Sweep)];

/// How requests end, as often as the numbers say.
const OUTCOMES: [(usize, Outcome); 4] = [
    (11, Outcome::Successful),
    (3, Outcome::Interrupted),
    (4, Outcome::Failed),
    (2, Outcome::Abandoned),
];

pub(super) fn choose(habits: &Habits, choices: &mut impl Choices) -> Deed {
    let values: &[_] = if habits.values { &VALUES } else { &[] };
    let manager: &[_] = if habits.manager { &MANAGER } else { &[] };
    let careless: &[_] = if habits.careless { &CARELESS } else { &[] };
    weighted(choices, &[&ALWAYS, values, manager, careless]).unwrap_or(Deed::Finish)
}

/// One of the items, each as often as its number says; 0 decides for the first.
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
    pub(super) fn event(
        &mut self,
        deed: Deed,
        actor: Open,
        config: &Config,
        state: &State,
        choices: &mut impl Choices,
    ) -> Event {
        let request = actor.request;
        match deed {
            Deed::Finish | Deed::Stray => finish(actor, choices),
            Deed::LogIn => RequestEvent::SetUser { user: Some(user(choices)) }.of(request),
            Deed::LogOut => RequestEvent::SetUser { user: None }.of(request),
            Deed::CreateToken => RequestEvent::CreateFormToken.of(request),
            Deed::SpendToken => {
                RequestEvent::RemoveFormToken { token: self.token(actor, state, choices) }
                    .of(request)
            }
            Deed::AskForToken => {
                RequestEvent::HasFormToken { token: self.token(actor, state, choices) }.of(request)
            }
            Deed::AskForCookie => {
                RequestEvent::HasSessionCookie { must_exist: choices.below(2) == 1 }.of(request)
            }
            Deed::Revoke => RequestEvent::RevokeSessionCookie.of(request),
            Deed::Expire => RequestEvent::ExpireSession.of(request),
            Deed::New => RequestEvent::NewSession.of(request),
            Deed::Maintain => RequestEvent::MaintainSession.of(request),
            Deed::Insert => {
                let user = if choices.below(3) == 1 { None } else { Some(user(choices)) };
                let id = self.cookie_to_insert(request, state, choices);
                let id = id.unwrap_or_else(|| self.id(config.width, choices));
                RequestEvent::InsertSession { id, user }.of(request)
            }
            Deed::Delete => {
                Event::Manager(ManagerEvent::DeleteSession { id: self.id(config.width, choices) })
            }
            Deed::SetValue | Deed::RemoveValue => value_event(deed, request, choices),
            Deed::DeleteUser => {
                Event::Manager(ManagerEvent::DeleteSessionsOf { user: user(choices) })
            }
            Deed::Sweep => Event::Manager(ManagerEvent::Sweep),
        }
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
        // Whole, so that a new event is decided here, and given a `Deed` of its own above.
        let text = match &mut event {
            Event::StartRequest { remote_addr: one, script_name: other, .. } => {
                if first {
                    one
                } else {
                    other
                }
            }
            Event::Request { event: of_request, .. } => match of_request {
                RequestEvent::SetValue { key: one, value: other } => {
                    if first {
                        one
                    } else {
                        other
                    }
                }
                RequestEvent::SetUser { user: Some(text) }
                | RequestEvent::InsertSession { user: Some(text), .. }
                | RequestEvent::RemoveValue { key: text } => text,
                RequestEvent::SetUser { user: None }
                | RequestEvent::InsertSession { user: None, .. }
                | RequestEvent::CreateFormToken
                | RequestEvent::HasFormToken { .. }
                | RequestEvent::RemoveFormToken { .. }
                | RequestEvent::HasSessionCookie { .. }
                | RequestEvent::RevokeSessionCookie
                | RequestEvent::ExpireSession
                | RequestEvent::NewSession
                | RequestEvent::MaintainSession
                | RequestEvent::FinishRequest { .. } => return event,
            },
            Event::Manager(ManagerEvent::DeleteSessionsOf { user }) => user,
            Event::Manager(ManagerEvent::DeleteSession { .. } | ManagerEvent::Sweep) => {
                return event;
            }
        };
        *text = "x".repeat(config.max_text_bytes.saturating_add(1)).into();
        event
    }

    /// Mostly a token of the request's own session; sometimes one that belongs to another, is
    /// spent, is made up, or is none.
    fn token(&mut self, actor: Open, state: &State, choices: &mut impl Choices) -> SubmittedToken {
        let held = state.session(actor.request).map(|held| held.session.form_tokens().as_slice());
        let own = choices.pick(held.unwrap_or_default());
        let any = choices.pick(&self.tokens);
        match (choices.below(8), own, any) {
            (0..=4, Some(own), _) => (*own).into(),
            (0..=5, _, Some(any)) => (*any).into(),
            (6, ..) => SubmittedToken::IllFormed,
            _ => SubmittedToken::Token(self.fresh_draw().into()),
        }
    }

    /// A careless application brings the session of the request's own cookie back.
    fn cookie_to_insert(
        &self,
        request: RequestId,
        state: &State,
        choices: &mut impl Choices,
    ) -> Option<SessionId> {
        let wanted = self.habits.careless && choices.below(2) == 1;
        state.request_cookie(request).filter(|_| wanted)?.session_id()
    }

    /// Mostly an id that is or was in use, else one that is made up.
    fn id(&mut self, width: Width, choices: &mut impl Choices) -> SessionId {
        let known = choices.pick(&self.ids).copied();
        match (known.filter(|_| choices.below(4) != 3), width) {
            (Some(id), _) => id,
            (None, Width::Bits64) => self.fresh_draw().into(),
            (None, Width::Bits128) => {
                let mut bytes = [0; 16];
                bytes.copy_from_slice([self.fresh_draw(), self.fresh_draw()].as_flattened());
                bytes.into()
            }
        }
    }
}

/// A request whose finish was refused for good fails.
fn finish(actor: Open, choices: &mut impl Choices) -> Event {
    let outcome = weighted(choices, &[&OUTCOMES]).unwrap_or(Outcome::Successful);
    let outcome = if actor.stuck { Outcome::Failed } else { outcome };
    RequestEvent::FinishRequest { outcome }.of(actor.request)
}

fn value_event(deed: Deed, request: RequestId, choices: &mut impl Choices) -> Event {
    let key = text(choices, &["cart", "theme", ""]);
    if deed == Deed::RemoveValue {
        return RequestEvent::RemoveValue { key }.of(request);
    }
    let value = text(choices, &["1", "2", "dark", "", "caf\u{e9}"]);
    RequestEvent::SetValue { key, value }.of(request)
}

fn user(choices: &mut impl Choices) -> SmolStr {
    text(choices, &["alice", "alice", "alice", "bob", "bob", "carol", "carol", "", "\u{c6}lfred"])
}

fn text(choices: &mut impl Choices, texts: &[&'static str]) -> SmolStr {
    SmolStr::new_static(choices.pick(texts).copied().unwrap_or_default())
}
