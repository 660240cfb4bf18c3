//! What a deployment decides: the semantics, the cookie, the limits. An argument of every step,
//! never part of the state.

mod check;

use smol_str::{SmolStr, SmolStrBuilder};

pub use self::check::ConfigError;
use crate::form_tokens::FormTokens;
use crate::semantics::{Differences, Semantics};
use crate::token::Width;

/// Everything a deployment decides.
///
/// There is no `Default`: start from one of the constants and override what differs. Use the same
/// `Config` for the whole life of a [`State`](crate::State), and call [`check`](Self::check) once
/// before the first step.
///
/// ```
/// use quixote_session::Config;
///
/// let config = Config { cookie_path: Some("/app".into()), ..Config::QUIXOTE };
/// assert_eq!(config.check(), Ok(()));
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Config {
    /// Which rules apply.
    pub semantics: Semantics,
    /// Quixote only: whether a session that is already stored is stored again.
    pub is_dirty: Dirtiness,
    /// Random bits in an id or token.
    pub width: Width,
    /// Name of the session cookie: an RFC 6265 token. If it begins with `__Host-`, browsers let
    /// only this host set it, over TLS. With a Domain, the name has to begin with `__Secure-`; any
    /// sibling subdomain can then set the cookie, and so decide which session a visitor is in.
    /// Cookies know no ports: what else runs on this host gets the cookie, too, and must call its
    /// own by another name.
    pub cookie_name: SmolStr,
    /// The cookie's Path. If it is None or empty, the Path comes from each request's `script_name`.
    /// Strict must have one, so that each cookie is revoked under the Path that it was set with.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub cookie_path: Option<SmolStr>,
    /// The cookie's Domain. None sends no such attribute: the cookie returns only to this host.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub cookie_domain: Option<SmolStr>,
    /// Whether the cookie carries `Secure`, `HttpOnly` and `SameSite`.
    pub cookie_hardened: bool,
    /// Which requests from other sites send the cookie, if it is hardened.
    pub same_site: SameSite,
    /// An access is noted if more than this many milliseconds have passed since the last noted one
    /// (Quixote's `ACCESS_TIME_RESOLUTION`, which counts seconds).
    pub access_resolution_ms: u64,
    /// Strict only: a session that was not accessed for this many milliseconds is over. What counts
    /// is the last noted access: when a request starts, at most once in `access_resolution_ms`. A
    /// request that began in time is served to its end.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub idle_limit_ms: Option<u64>,
    /// Strict only: a session that was created this many milliseconds ago is over. A login begins a
    /// new session, so the time counts from the login.
    #[cfg_attr(feature = "serde", serde(deserialize_with = "crate::serial::nullable"))]
    pub absolute_limit_ms: Option<u64>,
    /// Outstanding form tokens of one session: 1 to 16 (Quixote's `MAX_FORM_TOKENS`); the oldest
    /// makes room. A number outside that range counts as the nearest number in it.
    pub max_form_tokens: u8,
    /// Bytes in one text of an event: user, key, value, remote address, script name. A longer text
    /// is refused with [`Refusal::TextTooLong`](crate::Refusal::TextTooLong). A longer session
    /// cookie is not refused: it counts as empty, and so names no session.
    pub max_text_bytes: usize,
    /// Values in one session; one more is refused with
    /// [`Refusal::TooManyValues`](crate::Refusal::TooManyValues). Under strict a request also
    /// remembers the keys that it has removed: once it has set or removed twice this number, it
    /// may set no other key. It may guard twice this number of keys.
    pub max_values: usize,
    /// Requests in flight, never more than 2^31 − 1; one more is refused with
    /// [`Refusal::TooManyRequests`](crate::Refusal::TooManyRequests).
    pub max_requests: u32,
    /// Stored sessions, never more than 2^31 − 1; one more is refused with
    /// [`Refusal::TooManySessions`](crate::Refusal::TooManySessions). Strict makes room first: if
    /// the store is full, a new session looks at every stored one and discards those that are over.
    pub max_sessions: u32,
    /// Strict only: which protections that [`check`](Self::check) asks for are given up.
    pub gives_up: GivesUp,
}

/// What Quixote's `is_dirty` answers: whether a save stores a session that already has an id again.
///
/// Quixote's own class answers [`Never`](Self::Never), which suits its dictionary; over a mapping
/// that copies it should answer as `has_info` does. All four combinations with the semantics
/// [`Live`](Semantics::Live) and [`Copying`](Semantics::Copying) are in use.
///
/// ```
/// use quixote_session::{Config, Dirtiness};
///
/// assert_eq!(Config::QUIXOTE.is_dirty, Dirtiness::Never);
/// assert_eq!(Config::QUIXOTE_PERSISTENT.is_dirty, Dirtiness::HasInfo);
/// // This one loses what is changed after the first save.
/// let forgetful = Config { is_dirty: Dirtiness::Never, ..Config::QUIXOTE_PERSISTENT };
/// assert_eq!(forgetful.check(), Ok(()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Dirtiness {
    /// False, whatever the session holds: a session is stored once.
    Never,
    /// What `has_info` answers: a session is stored whenever a request that holds it ends well.
    HasInfo,
}

/// Which requests that another site causes send the cookie (RFC 6265bis, section 4.1.2.7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum SameSite {
    /// Only a visitor's own navigation to a page: links work, forms of other sites do not.
    Lax,
    /// None: even a visitor who follows a link from another site arrives without a session.
    Strict,
    /// All: for pages that other sites embed. Then only form tokens tell whose form was sent.
    None,
}

impl SameSite {
    /// The attribute's value, as a header spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lax => "Lax",
            Self::Strict => "Strict",
            Self::None => "None",
        }
    }
}

/// Which protections of strict a deployment gives up; each says what that costs. [`Config::check`]
/// refuses a configuration that lacks one and does not say so here.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that is given up")]
pub struct GivesUp {
    /// A name that browsers protect, with `__Host-` or `__Secure-` in front. Without it, a page of
    /// a sibling subdomain, or anybody on a network without encryption, can set a cookie of that
    /// name, and so decide which session a visitor is in, or that the visitor is in none.
    pub protected_name: bool,
    /// Ids of 128 bits: ids of 64 bits can be guessed if very many sessions are stored.
    pub long_ids: bool,
    /// `Secure`, `HttpOnly` and `SameSite`: without them the cookie is sent over plain http, and
    /// scripts can read it.
    pub flags: bool,
    /// An idle limit: without it a forgotten session stays open until the absolute limit.
    pub idle_limit: bool,
    /// An absolute limit: without it a stolen session lives as long as the thief uses it.
    pub absolute_limit: bool,
}

impl GivesUp {
    /// Nothing is given up.
    pub const NOTHING: Self = Self::all(false);

    /// Everything is given up, as it was before there was a field for it.
    #[cfg(feature = "check")]
    pub(crate) const EVERYTHING: Self = Self::all(true);

    const fn all(given_up: bool) -> Self {
        Self {
            protected_name: given_up,
            long_ids: given_up,
            flags: given_up,
            idle_limit: given_up,
            absolute_limit: given_up,
        }
    }
}

impl Config {
    /// Quixote as it ships: sessions in a dictionary, every request sharing the stored object.
    ///
    /// As in Quixote, neither the sizes nor the lives of sessions are limited.
    pub const QUIXOTE: Self = Self::quixote(Semantics::Live, Dirtiness::Never);

    /// Quixote over a persistent mapping that copies on every read and write, with `is_dirty`
    /// overridden by `has_info` as its documentation advises.
    pub const QUIXOTE_PERSISTENT: Self = Self::quixote(Semantics::Copying, Dirtiness::HasInfo);

    /// What a session manager should do today: 128-bit ids that are renewed at every login, merged
    /// saves, final expiry, an idle limit of 30 minutes, an absolute limit of 12 hours, and a
    /// `__Host-` cookie. Texts hold up to 64 KiB and a session up to 64 values.
    // [config-6] [config-7] [config-8] [config-9] [config-10] [config-11] [config-12] [config-13]
    // [config-14] [config-15]
    pub const STRICT: Self = Self::strict("__Host-session", true, GivesUp::NOTHING);

    /// Strict for development over plain `http`, with a cookie named `session` without flags. Never
    /// use it for a server that others can reach.
    ///
    /// You may not need it on your own machine: Chromium 148 and Firefox 140 accept the `__Host-`
    /// cookie of [`STRICT`](Self::STRICT) from `http://localhost` and from `http://127.0.0.1`. From
    /// any other host they require `https` for a `Secure` cookie, and other browsers require it
    /// even from there.
    pub const DEVELOPMENT: Self = Self::strict(
        "session",
        false,
        GivesUp { protected_name: true, flags: true, ..GivesUp::NOTHING },
    );

    /// Sessions and requests are counted in 31 bits each, so that an object's number fits 32.
    const MOST_OBJECTS: u32 = i32::MAX as u32;

    const fn strict(cookie_name: &'static str, hardened: bool, gives_up: GivesUp) -> Self {
        Self {
            semantics: Semantics::Strict,
            is_dirty: Dirtiness::Never,
            width: Width::Bits128,
            cookie_name: SmolStr::new_static(cookie_name),
            cookie_path: Some(SmolStr::new_static("/")),
            cookie_domain: None,
            cookie_hardened: hardened,
            same_site: SameSite::Lax,
            access_resolution_ms: 60_000,
            idle_limit_ms: Some(30 * 60_000),
            absolute_limit_ms: Some(12 * 3_600_000),
            max_form_tokens: FormTokens::MAX,
            max_text_bytes: 64 * 1_024,
            max_values: 64,
            max_requests: 1_000_000,
            max_sessions: 100_000_000,
            gives_up,
        }
    }

    // [config-1] [config-2] [config-3] [config-4] [config-5]
    const fn quixote(semantics: Semantics, is_dirty: Dirtiness) -> Self {
        Self {
            semantics,
            is_dirty,
            width: Width::Bits64,
            cookie_name: SmolStr::new_static("QX_session"),
            cookie_path: None,
            cookie_domain: None,
            cookie_hardened: false,
            access_resolution_ms: 1_000,
            idle_limit_ms: None,
            absolute_limit_ms: None,
            max_form_tokens: FormTokens::MAX,
            max_text_bytes: usize::MAX,
            max_values: usize::MAX,
            max_requests: Self::MOST_OBJECTS,
            max_sessions: Self::MOST_OBJECTS,
            same_site: SameSite::Lax,
            gives_up: GivesUp::NOTHING,
        }
    }

    /// The column of this semantics in the table of differences.
    pub(crate) const fn differences(&self) -> Differences {
        self.semantics.differences()
    }

    /// The Path of this response's cookie: the configured one, else the request's script name with
    /// a slash at its end.
    // [cookie-16] [cookie-17]
    pub(crate) fn path_of_cookie(&self, script_name: &SmolStr) -> SmolStr {
        match &self.cookie_path {
            Some(path) if !path.is_empty() => path.clone(),
            Some(_) | None if script_name.ends_with('/') => script_name.clone(),
            Some(_) | None => {
                let mut path = SmolStrBuilder::new();
                path.push_str(script_name);
                path.push('/');
                path.finish()
            }
        }
    }

    /// How many keys one request may guard; and how many it may have set or removed, and not saved,
    /// before it sets another.
    // [config-26]
    pub(crate) const fn change_limit(&self) -> usize {
        self.max_values.saturating_mul(2)
    }

    pub(crate) fn request_limit(&self) -> usize {
        self.max_requests.min(Self::MOST_OBJECTS) as usize
    }

    pub(crate) fn session_limit(&self) -> usize {
        self.max_sessions.min(Self::MOST_OBJECTS) as usize
    }
}
