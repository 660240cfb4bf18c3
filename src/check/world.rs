//! A bounded world: a list of everything that can happen in it, so that a search can try
//! everything.

use std::format;
use std::string::String;
use std::vec::Vec;

use crate::check::kinds::Kind;
use crate::config::Config;
use crate::event::Outcome;

/// What a world contains. What is not listed cannot happen there.
#[derive(Clone, Debug)]
pub struct World {
    /// The world's name.
    pub name: &'static str,
    /// What the world is for, as a sentence.
    pub purpose: &'static str,
    /// Clients, each with a cookie jar.
    pub clients: u8,
    /// Requests in flight and responses on their way, in total.
    pub in_flight: u8,
    /// Different ids and tokens that can be drawn, in total.
    pub draws: u8,
    /// Users that can log in.
    pub users: &'static [&'static str],
    /// Values that the key `k` can be set to; if there are any, it can also be removed.
    pub values: &'static [&'static str],
    /// Form tokens per session; 0 for a world without forms.
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
    /// `RenewSession`.
    Renew,
    /// A second key, `l`.
    TwoKeys,
    /// `TakeValue` of the key `k`.
    Take,
    /// `GuardValue` of the key `k`.
    Guard,
    /// `ExpireOtherSessions`.
    EndOthers,
    /// `ExpireHandle` and `DeleteHandle` of every stored handle.
    EndListed,
    /// Requests may be passive.
    Passive,
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
    /// Draws collide: ids that are in use come before an unused one.
    Collide,
    /// Responses are lost.
    Lose,
    /// `HasSessionCookie`.
    AskCookie,
    /// The address of a client changes with every id or token that is drawn.
    Roam,
}

/// Milliseconds from one moment of a world's clock to the next.
pub(super) const MOMENT: u64 = 10_000;

impl World {
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

    pub(super) fn has(&self, extra: Extra) -> bool {
        self.events.contains(&extra)
    }

    /// Whether the world has events of this kind, provided there are arguments for them.
    pub(super) fn has_kind(&self, kind: Kind) -> bool {
        match kind {
            // It needs the cookie of its client, which is not an argument of a kind.
            Kind::StartRequest => false,
            Kind::HasSessionCookie => self.has(Extra::AskCookie),
            Kind::SetUser | Kind::SetValue | Kind::RemoveValue | Kind::FinishRequest => true,
            Kind::CreateFormToken | Kind::HasFormToken | Kind::RemoveFormToken => {
                self.form_tokens > 0
            }
            Kind::RevokeSessionCookie => self.has(Extra::Revoke),
            Kind::ExpireSession => self.has(Extra::Expire),
            Kind::RenewSession => self.has(Extra::Renew),
            Kind::TakeValue => self.has(Extra::Take),
            Kind::GuardValue => self.has(Extra::Guard),
            Kind::ExpireOtherSessions => self.has(Extra::EndOthers),
            Kind::ExpireHandle | Kind::DeleteHandle => self.has(Extra::EndListed),
            Kind::NewSession => self.has(Extra::New),
            Kind::MaintainSession => self.has(Extra::Maintain),
            Kind::InsertSession => self.has(Extra::Insert),
            Kind::DeleteSession | Kind::DeleteSessionsOf => self.has(Extra::Delete),
            Kind::Sweep => self.has(Extra::Sweep),
        }
    }
}
