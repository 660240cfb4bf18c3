//! One session: what it holds, and when it is worth keeping.

mod dump;
mod parts;
#[cfg(feature = "serde")]
mod reading;
mod values;

use alloc::collections::BTreeMap;
use core::fmt;

use smol_str::SmolStr;

pub use self::dump::{Dump, SessionRef};
pub use self::parts::{AccessedTooEarly, SessionParts};
use self::values::Values;
use crate::config::{Config, Dirtiness};
use crate::form_tokens::FormTokens;
use crate::semantics::{Limits, Saves};
use crate::time::Timestamp;
use crate::token::Handle;
use crate::version::Version;

/// What is remembered about one visitor.
///
/// A session carries no id: its id is the key that it is stored under, so the two cannot disagree.
/// [`SessionRef`] shows both together.
///
/// ```
/// use quixote_session::{Session, Timestamp};
///
/// let session = Session::new("192.0.2.1".into(), Timestamp(5_000));
/// assert_eq!(session.remote_addr(), "192.0.2.1");
/// assert_eq!(session.access_age(Timestamp(7_500)), 2_500);
/// assert!(!session.has_info(), "nothing worth storing yet");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(remote = "Self", deny_unknown_fields))]
pub struct Session {
    pub(crate) version: Version,
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) handle: Option<Handle>,
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub(crate) user: Option<SmolStr>,
    pub(crate) remote_addr: SmolStr,
    pub(crate) created: Timestamp,
    pub(crate) accessed: Timestamp,
    pub(crate) form_tokens: FormTokens,
    pub(crate) values: Values,
}

impl Session {
    /// A session without user, values and tokens, created and accessed at `now`.
    // [session-1] [session-2] [session-3]
    #[must_use]
    pub const fn new(remote_addr: SmolStr, now: Timestamp) -> Self {
        Self {
            version: Version,
            handle: None,
            user: None,
            remote_addr,
            created: now,
            accessed: now,
            form_tokens: FormTokens::new(),
            values: Values::new(),
        }
    }

    /// Names the session in pages. None until it is stored, and always None under Quixote.
    #[must_use]
    pub const fn handle(&self) -> Option<Handle> {
        self.handle
    }

    /// Who is logged in. Any text is a user, even the empty one; only None is nobody.
    #[must_use]
    pub const fn user(&self) -> Option<&SmolStr> {
        self.user.as_ref()
    }

    /// Address of the request that began the session; under strict a login begins it anew.
    #[must_use]
    pub fn remote_addr(&self) -> &str {
        &self.remote_addr
    }

    /// When the session began, in milliseconds since the epoch; under strict a login begins it
    /// anew.
    #[must_use]
    pub const fn created(&self) -> Timestamp {
        self.created
    }

    /// The last noted access. A request notes its start if more than `access_resolution_ms` have
    /// passed since the access that was noted before. Under copying, a request that fails or is
    /// abandoned notes nothing.
    #[must_use]
    pub const fn accessed(&self) -> Timestamp {
        self.accessed
    }

    /// The outstanding form tokens, oldest first.
    #[must_use]
    pub const fn form_tokens(&self) -> &FormTokens {
        &self.form_tokens
    }

    /// The application's data, in the order of the keys.
    #[must_use]
    pub fn values(&self) -> &BTreeMap<SmolStr, SmolStr> {
        self.values.as_map()
    }

    /// Milliseconds since the session began; negative if the clock has gone back behind that.
    #[must_use]
    pub fn creation_age(&self, now: Timestamp) -> i64 {
        self.created.age_at(now)
    }

    /// Milliseconds since the last noted access; negative if the clock has gone back behind that.
    #[must_use]
    pub fn access_age(&self, now: Timestamp) -> i64 {
        self.accessed.age_at(now)
    }

    /// Whether there is anything worth storing: a user that is not empty, a token or a value.
    ///
    /// As in Quixote, what counts is truth, not presence: the empty user is exported as
    /// `REMOTE_USER`, but is no info.
    // [session-4]
    #[must_use]
    pub fn has_info(&self) -> bool {
        self.user.as_ref().is_some_and(|user| !user.is_empty())
            || !self.form_tokens.is_empty()
            || !self.values.is_empty()
    }

    /// Whether Quixote stores this session again when a request that holds it ends, as
    /// [`Config::is_dirty`] says. Strict compares with what is stored and does not ask.
    ///
    /// ```
    /// use quixote_session::{Config, Session, Timestamp};
    ///
    /// let session = Session::new("192.0.2.1".into(), Timestamp(0));
    /// assert!(!session.is_dirty(&Config::QUIXOTE));
    /// assert!(!session.is_dirty(&Config::QUIXOTE_PERSISTENT), "no info, nothing to save");
    /// ```
    // [step-34]
    #[must_use]
    pub fn is_dirty(&self, config: &Config) -> bool {
        match (config.differences().saves, config.is_dirty) {
            (Saves::WholeSession, Dirtiness::HasInfo) => self.has_info(),
            (Saves::WholeSession, Dirtiness::Never) | (Saves::Changes, _) => false,
        }
    }

    /// The same session with the later of two accesses: the one that is noted, and this one. A
    /// store outside uses it to carry out a [`Touch`](crate::StoreOp::Touch), and to keep a later
    /// access when it writes.
    ///
    /// ```
    /// use quixote_session::{Session, Timestamp};
    ///
    /// let session = Session::new("192.0.2.1".into(), Timestamp(5_000));
    /// assert_eq!(session.clone().accessed_by(Timestamp(7_500)).accessed(), Timestamp(7_500));
    /// assert_eq!(session.accessed_by(Timestamp(2_500)).accessed(), Timestamp(5_000));
    /// ```
    // [driver-7]
    #[must_use]
    pub fn accessed_by(mut self, moment: Timestamp) -> Self {
        self.accessed = self.accessed.max(moment);
        self
    }

    /// Notes an access if strictly more than the resolution has passed since the last one; returns
    /// whether it did.
    // [time-3] [time-4] [time-5]
    pub(crate) fn touch(&mut self, now: Timestamp, resolution_ms: u64) -> bool {
        let noted = now.since(self.accessed) > resolution_ms;
        if noted {
            self.accessed = now;
        }
        noted
    }

    /// The first millisecond in which a time limit of strict ends the session, unless an access is
    /// noted before; None if no limit ends it, as under Quixote.
    ///
    /// This moment moves when an access is noted, and each noted access is a
    /// [`StoreOp`](crate::StoreOp). So a store that lets entries expire may use the moment that the
    /// session last written to it gives. [`Sweep`](crate::ManagerEvent::Sweep) then has nothing to
    /// do.
    ///
    /// ```
    /// use quixote_session::{Config, Session, Timestamp};
    ///
    /// let session = Session::new("192.0.2.1".into(), Timestamp(5_000));
    /// assert_eq!(session.expires_at(&Config::STRICT), Some(Timestamp(5_000 + 30 * 60_000)));
    /// assert_eq!(session.expires_at(&Config::QUIXOTE), None);
    /// ```
    #[must_use]
    pub fn expires_at(&self, config: &Config) -> Option<Timestamp> {
        match config.differences().limits {
            Limits::None => return None,
            Limits::IdleAndAbsolute => {}
        }
        let end = |since: Timestamp, limit: Option<u64>| match limit? {
            // Whatever the clock says.
            0 => Some(Timestamp(0)),
            limit => since.0.checked_add(limit).map(Timestamp),
        };
        let idle = end(self.accessed, config.idle_limit_ms);
        let absolute = end(self.created, config.absolute_limit_ms);
        idle.into_iter().chain(absolute).min()
    }

    /// Whether a time limit of strict is reached. Both limits are inclusive: a session is over in
    /// the very millisecond in which its age equals the limit. It is also over if its times lie
    /// ahead of `now` by the limit or more: the clock that wrote them was wrong, so its age is
    /// unknown.
    // [time-6] [time-7] [time-8] [time-9] [time-10]
    #[inline]
    #[must_use]
    pub fn is_over(&self, config: &Config, now: Timestamp) -> bool {
        self.is_too_old(config, now) || reached(config, self.accessed, config.idle_limit_ms, now)
    }

    /// Whether the absolute limit is reached, which also ends the work of open requests.
    // [time-14]
    pub(crate) fn is_too_old(&self, config: &Config, now: Timestamp) -> bool {
        reached(config, self.created, config.absolute_limit_ms, now)
    }
}

fn reached(config: &Config, since: Timestamp, limit: Option<u64>, now: Timestamp) -> bool {
    match config.differences().limits {
        Limits::None => false,
        Limits::IdleAndAbsolute => limit.is_some_and(|limit| now.0.abs_diff(since.0) >= limit),
    }
}

/// Names what the session holds, and shows neither values nor whole tokens.
#[expect(clippy::missing_fields_in_debug, reason = "in memory there is one version alone")]
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("handle", &self.handle)
            .field("user", &self.user)
            .field("remote_addr", &self.remote_addr)
            .field("created", &self.created.0)
            .field("accessed", &self.accessed.0)
            .field("form_tokens", &self.form_tokens)
            .field("values", &self.values().keys())
            .finish()
    }
}
