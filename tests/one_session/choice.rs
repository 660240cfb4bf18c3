//! What the bytes of a turn choose: the arguments of an event, and the moment after it.

use quixote_session::check::kinds::{Arguments, pick};
use quixote_session::{Config, Handle, Outcome, RequestId, SessionId, SmolStr, SubmittedToken};

use super::Drives;

/// Two of them are used more often. `Alice` differs from `alice` only in case.
const USERS: [&str; 8] =
    ["alice", "alice", "alice", "bob", "bob", "Alice", "", "longer than sixteen bytes"];
const KEYS: [&str; 4] = ["a", "b", "c", "longer than sixteen bytes"];
const VALUES: [&str; 4] = ["1", "2", "", "longer than sixteen bytes"];

/// The moment after a turn: mostly the same, or later by about a limit, or a little earlier.
pub(super) fn moved(now: u64, config: &Config, when: u8) -> u64 {
    let idle = config.idle_limit_ms.unwrap_or(50_000);
    let absolute = config.absolute_limit_ms.unwrap_or(120_000);
    let resolution = config.access_resolution_ms;
    match when % 16 {
        1 => now.saturating_add(resolution),
        2 => now.saturating_add(resolution).saturating_add(1),
        3 => now.saturating_add(idle / 4),
        4 => now.saturating_add(idle.saturating_sub(1)),
        5 => now.saturating_add(idle),
        6 => now.saturating_add(absolute / 4),
        7 => now.saturating_add(absolute),
        8 => now.saturating_sub(1_000),
        when @ 9..=12 => now.saturating_add(u64::from(when) * 500),
        _ => now,
    }
}

fn text(texts: &[&'static str], choice: u8) -> SmolStr {
    SmolStr::new_static(pick(texts, choice).unwrap_or_default())
}

/// A user, or now and then nobody.
fn user(choice: u8) -> Option<SmolStr> {
    (choice % 8 < 6).then(|| text(&USERS, choice))
}

/// What a turn chooses for the arguments of an event.
pub(super) struct Choice<'a> {
    pub(super) drives: &'a Drives<'a>,
    pub(super) request: RequestId,
    pub(super) what: u8,
    pub(super) drawn: u8,
}

impl Arguments for Choice<'_> {
    fn request(&mut self) -> RequestId {
        self.request
    }

    fn login(&mut self) -> Option<SmolStr> {
        user(self.what)
    }

    fn key(&mut self) -> SmolStr {
        text(&KEYS, self.what)
    }

    fn value(&mut self) -> SmolStr {
        text(&VALUES, self.what / 4)
    }

    /// One of the last tokens that were drawn, or one that was never drawn.
    fn token(&mut self) -> SubmittedToken {
        let tokens = &self.drives.tokens;
        let last = &tokens[tokens.len().saturating_sub(8)..];
        let token = pick(last, self.what).filter(|_| self.what < 250);
        token.map_or(SubmittedToken::IllFormed, Into::into)
    }

    fn must_exist(&mut self) -> bool {
        self.what % 2 == 1
    }

    fn outcome(&mut self) -> Outcome {
        pick(&Outcome::ALL, self.what).unwrap_or(Outcome::Successful)
    }

    fn owner(&mut self) -> Option<SmolStr> {
        user(self.drawn)
    }

    fn new_id(&mut self) -> SessionId {
        self.id()
    }

    fn id(&mut self) -> SessionId {
        self.drives.any_id(self.what)
    }

    fn user(&mut self) -> SmolStr {
        text(&USERS, self.what)
    }

    /// One of the last handles of stored sessions, or one that no session had.
    fn handle(&mut self) -> Handle {
        let handles = &self.drives.handles;
        let last = &handles[handles.len().saturating_sub(8)..];
        pick(last, self.what).filter(|_| self.what < 240).unwrap_or([0xee; 16].into())
    }
}
