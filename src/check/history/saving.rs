//! What an event saves, where it stores that, and the reasons not to.

use super::draws::id_draws;
use super::facts::Facts;
use super::refusal_checks::is_full;
use super::step_checks::{is_over, is_reached, is_too_old};
use super::{Drops, Login, Trail};
use crate::check::role::Part;
use crate::config::Dirtiness;
use crate::session::{Session, SessionRef};
use crate::token::SessionId;

/// An event that saves, and what it finds.
pub(super) struct Saving<'a> {
    facts: &'a Facts<'a>,
    trail: &'a Trail,
    held: SessionRef<'a>,
    /// What is stored under the id of the request's session.
    there: Option<&'a Session>,
    /// What a save adds its changes to: the same, unless its absolute limit is reached.
    base: Option<&'a Session>,
}

/// Where a save stores its session.
enum Place {
    Nowhere,
    /// Where it is, or was.
    Under(SessionId),
    /// Under a new id, in place of what is stored.
    Moved,
    /// Under a new id, and nothing goes for it.
    Anew,
}

impl<'a> Saving<'a> {
    pub(super) fn of(facts: &'a Facts<'a>) -> Option<Self> {
        let (held, trail) = (facts.held.filter(|_| facts.saves)?, facts.trail?);
        let there = held.id.and_then(|id| facts.seen.before.get(&id));
        let base = held.id.and_then(|id| facts.stored(id));
        Some(Self { facts, trail, held, there, base })
    }

    /// Whether there is no session any more to save to, and none that a login would begin instead.
    // [step-35] [step-37] [step-38] [step-50]
    pub(super) fn is_gone(&self) -> bool {
        let Self { facts, trail, held, there, base } = self;
        if !facts.is_strict() {
            return false;
        }
        if held.id.is_none() {
            return held.session.has_info() && is_too_old(facts.seen, held.session);
        }
        if base.is_some() || !trail.has_more_than_tokens() {
            return false;
        }
        let login = trail.login.as_ref().filter(|login| login.user.is_some());
        login.filter(|_| trail.drops != Drops::Nothing || there.is_some()).is_none_or(|login| {
            let limit = facts.seen.config.absolute_limit_ms;
            let too_old = is_reached(facts.seen, login.at.0, limit);
            too_old && (there.is_some() || self.leaves_info())
        })
    }

    // [step-40]
    pub(super) fn breaks_guard(&self) -> bool {
        let value = |key| self.base.and_then(|base| base.values().get(key));
        let mut guards = self.trail.guards.iter();
        self.held.id.is_some() && guards.any(|(key, seen)| value(key) != seen.as_ref())
    }

    // [config-25]
    pub(super) fn is_too_large(&self) -> bool {
        let changes = self.facts.is_strict() && self.trail.has_more_than_tokens();
        changes && self.base.is_some() && self.count_values() > self.facts.seen.config.max_values
    }

    // [config-28] [config-29] [config-30]
    pub(super) fn has_no_room(&self) -> bool {
        let seen = self.facts.seen;
        match self.place() {
            Place::Nowhere | Place::Moved => false,
            Place::Under(id) => is_full(seen, 0) && !seen.before.has_session(&id),
            Place::Anew => {
                let strict = self.facts.is_strict();
                let goes = |(_, session): &(_, &Session)| strict && is_over(seen, session);
                is_full(seen, seen.before.unordered().filter(goes).count())
            }
        }
    }

    /// Whether every id that could be drawn is used.
    // [token-6] [token-7]
    pub(super) fn has_no_id(&self) -> bool {
        let seen = self.facts.seen;
        match self.place() {
            Place::Nowhere | Place::Under(_) => false,
            Place::Moved | Place::Anew => id_draws(seen).all(|id| seen.before.has_session(&id)),
        }
    }

    // [step-31] [step-33] [step-34] [step-37] [step-44] [step-47] [step-48]
    fn place(&self) -> Place {
        let has_info = self.held.session.has_info();
        let Some(id) = self.held.id else {
            return if has_info { Place::Anew } else { Place::Nowhere };
        };
        if !self.facts.is_strict() {
            let again = match self.facts.seen.config.is_dirty {
                Dirtiness::Never => false,
                Dirtiness::HasInfo => has_info,
            };
            return if again { Place::Under(id) } else { Place::Nowhere };
        }
        let begins = self.trail.login.as_ref().is_some_and(|own| own.begins(self.trail.drops));
        let moves = self.trail.renews || begins;
        match (self.there, self.base) {
            _ if !self.leaves_info() => Place::Nowhere,
            (_, None) if !self.trail.has_more_than_tokens() => Place::Nowhere,
            (_, Some(_)) if !moves => Place::Under(id),
            (Some(_), _) => Place::Moved,
            (None, _) => Place::Anew,
        }
    }

    /// Whether there is info in the session that the save leaves.
    fn leaves_info(&self) -> bool {
        let set = self.trail.login.as_ref().map(|Login { user, .. }| user.as_ref());
        let user = set.unwrap_or_else(|| self.base.and_then(Session::user));
        let queued = self.base.filter(|_| self.trail.drops == Drops::Nothing);
        user.is_some_and(|user| !user.is_empty())
            || self.count_values() > 0
            || !self.trail.issued.is_empty()
            || queued.is_some_and(|base| !base.form_tokens().is_empty())
    }

    /// How many values the save leaves: those of the request, and those that it did not change.
    fn count_values(&self) -> usize {
        let own = self.trail.touched.iter().filter(|part| match part {
            Part::Value(_) => part.of(self.held.session).is_some(),
            Part::User | Part::Token(_) => false,
        });
        let kept = self.base.filter(|_| self.trail.drops != Drops::Everything);
        let kept = kept.into_iter().flat_map(|base| base.values().keys());
        own.count().saturating_add(kept.filter(|key| !self.facts.owns_value(key)).count())
    }
}
