//! What was observed after a step: as a trace says it, and as the machine shows it.

use std::collections::BTreeMap;
use std::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

use super::reply::ReplyRecord;
use super::strict::{given, given_words, object_or_null, objects, word_or_null};
use crate::check::role::outcome_of;
use crate::config::{Config, SameSite};
use crate::effect::{CookieChange, CookieOp, Effects, Reply, Transaction};
use crate::event::Event;
use crate::form_tokens::FormTokens;
use crate::presented::CookieValue;
use crate::serial::{each_once, nullable};
use crate::session::{Session, SessionRef};
use crate::state::State;
use crate::time::Timestamp;
use crate::token::{FormToken, Handle, SessionId};
use crate::version::Version;

/// What was observed right after a step. A key that is None is not in the trace, and is not
/// compared. If null is an observation, the inner None is null.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The answer.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyRecord>,
    /// After `start_request`: the value of `REMOTE_USER`.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub remote_user: Option<Option<SmolStr>>,
    /// The session that the request now holds.
    #[serde(deserialize_with = "object_or_null", skip_serializing_if = "Option::is_none")]
    pub session: Option<Option<SessionRecord>>,
    /// The session cookie as the rest of this request sees it.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub request_cookie: Option<Option<CookieValue>>,
    /// After `finish_request`: the session cookie that the response carries.
    #[serde(deserialize_with = "object_or_null", skip_serializing_if = "Option::is_none")]
    pub set_cookie: Option<Option<CookieRecord>>,
    /// After `finish_request`, in version 2: how the transaction ends.
    #[serde(deserialize_with = "word_or_null", skip_serializing_if = "Option::is_none")]
    pub transaction: Option<Option<Transaction>>,
    /// Every stored session, in the order of their ids.
    #[serde(deserialize_with = "objects", skip_serializing_if = "Option::is_none")]
    pub stored: Option<Vec<SessionRecord>>,
}

impl Expect {
    /// Everything that can be observed after a step that led to `state`.
    #[must_use]
    pub fn observed(config: &Config, event: &Event, state: &State, effects: &Effects) -> Self {
        let request = event.request();
        let finished = outcome_of(event).is_some();
        let open = request.filter(|_| !finished);
        let items = state.items().into_iter();
        let stored = items.map(|(id, session)| SessionRef { id: Some(id), session }.into());
        Self {
            reply: Some((&effects.reply).into()),
            remote_user: matches!(event, Event::StartRequest { .. })
                .then(|| remote_user(effects).cloned()),
            session: open.map(|request| state.session(request).map(SessionRecord::from)),
            request_cookie: open.map(|request| state.request_cookie(request).cloned()),
            set_cookie: finished.then(|| CookieRecord::of(config, effects)),
            transaction: finished.then_some(effects.transaction),
            stored: Some(stored.collect()),
        }
    }
}

/// The user that a start exports.
pub(crate) const fn remote_user(effects: &Effects) -> Option<&SmolStr> {
    match &effects.reply {
        Reply::Started { remote_user } => remote_user.as_ref(),
        Reply::Done | Reply::Token(_) | Reply::Value(_) | Reply::Answer(_) | Reply::Refused(_) => {
            None
        }
    }
}

/// A session with its id, as a trace writes it; equal to what it was made from.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SessionRecord {
    /// None until the session is first stored.
    pub id: Option<SessionId>,
    /// What it holds.
    pub session: Session,
}

impl SessionRecord {
    /// The parts of a session that this record has, for a comparison: a handle counts only if there
    /// is one here.
    #[must_use]
    pub fn said_of(&self, shown: SessionRef<'_>) -> Self {
        let handle = self.session.handle.and(shown.session.handle);
        Self { id: shown.id, session: Session { handle, ..shown.session.clone() } }
    }

    /// The same, borrowed.
    #[must_use]
    pub const fn as_ref(&self) -> SessionRef<'_> {
        SessionRef { id: self.id, session: &self.session }
    }
}

impl From<SessionRef<'_>> for SessionRecord {
    fn from(shown: SessionRef<'_>) -> Self {
        Self { id: shown.id, session: shown.session.clone() }
    }
}

impl Serialize for SessionRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        SessionLine::of(self.as_ref()).serialize(serializer)
    }
}

/// The keys of a session in the order in which the recordings write them.
#[derive(Serialize)]
pub(crate) struct SessionLine<'a> {
    id: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<Handle>,
    user: Option<&'a SmolStr>,
    remote_addr: &'a str,
    created: Timestamp,
    accessed: Timestamp,
    form_tokens: &'a [FormToken],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    values: &'a BTreeMap<SmolStr, SmolStr>,
}

impl<'a> SessionLine<'a> {
    pub(crate) fn of(SessionRef { id, session }: SessionRef<'a>) -> Self {
        Self {
            id,
            handle: session.handle,
            user: session.user.as_ref(),
            remote_addr: session.remote_addr.as_str(),
            created: session.created,
            accessed: session.accessed,
            form_tokens: session.form_tokens.as_slice(),
            values: session.values(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SessionKeys {
    #[serde(deserialize_with = "nullable")]
    id: Option<SessionId>,
    #[serde(default, deserialize_with = "given")]
    handle: Option<Handle>,
    #[serde(deserialize_with = "nullable")]
    user: Option<SmolStr>,
    remote_addr: SmolStr,
    created: Timestamp,
    accessed: Timestamp,
    form_tokens: FormTokens,
    #[serde(default, deserialize_with = "each_once")]
    values: BTreeMap<SmolStr, SmolStr>,
}

impl<'de> Deserialize<'de> for SessionRecord {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let keys = SessionKeys::deserialize(from)?;
        let session = Session {
            version: Version,
            handle: keys.handle,
            user: keys.user,
            remote_addr: keys.remote_addr,
            created: keys.created,
            accessed: keys.accessed,
            form_tokens: keys.form_tokens,
            values: keys.values.into(),
        };
        Ok(Self { id: keys.id, session })
    }
}

/// The session cookie of a response, as a trace writes it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CookieRecord {
    /// Its name.
    pub name: SmolStr,
    /// The id, or empty for a revocation.
    pub value: CookieValue,
    /// The Path attribute; None if it is absent.
    #[serde(deserialize_with = "nullable")]
    pub path: Option<SmolStr>,
    /// The Domain attribute; None if it is absent.
    #[serde(deserialize_with = "nullable")]
    pub domain: Option<SmolStr>,
    /// The Max-Age attribute; None if it is absent.
    #[serde(deserialize_with = "nullable")]
    pub max_age: Option<i64>,
    /// In version 3, the flags; None if the trace does not say them, and then they are not
    /// compared.
    #[serde(default, deserialize_with = "given_words", skip_serializing_if = "Option::is_none")]
    pub flags: Option<Vec<Flag>>,
}

/// A flag of a cookie, as a header spells it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Flag {
    /// Scripts cannot read it.
    HttpOnly,
    /// It is only sent over TLS.
    Secure,
    /// `SameSite=Lax`.
    #[serde(rename = "SameSite=Lax")]
    Lax,
    /// `SameSite=Strict`.
    #[serde(rename = "SameSite=Strict")]
    Strict,
    /// `SameSite=None`.
    #[serde(rename = "SameSite=None")]
    None,
}

fn flags_of(config: &Config) -> Vec<Flag> {
    if !config.cookie_hardened {
        return Vec::new();
    }
    let same_site = match config.same_site {
        SameSite::Lax => Flag::Lax,
        SameSite::Strict => Flag::Strict,
        SameSite::None => Flag::None,
    };
    std::vec![Flag::HttpOnly, same_site, Flag::Secure]
}

impl CookieRecord {
    /// The parts of a cookie that this record has, for a comparison: flags count only if they are
    /// here.
    #[must_use]
    pub fn said_of(&self, shown: Self) -> Self {
        let flags = self.flags.as_ref().and(shown.flags);
        Self { flags, ..shown }
    }

    /// What the response of a step carries.
    #[must_use]
    pub fn of(config: &Config, effects: &Effects) -> Option<Self> {
        let CookieOp { value, path } = effects.cookie.as_ref()?;
        let (value, max_age) = match value {
            CookieChange::Set(id) => (CookieValue::Id(*id), None),
            CookieChange::Stillborn(id) => (CookieValue::Id(*id), Some(0)),
            CookieChange::Revoke => (CookieValue::Text(SmolStr::default()), Some(0)),
        };
        Some(Self {
            name: config.cookie_name.clone(),
            value,
            path: Some(path.clone()),
            domain: config.cookie_domain.clone(),
            max_age,
            flags: Some(flags_of(config)),
        })
    }
}
