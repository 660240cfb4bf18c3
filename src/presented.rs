//! What a client sends: text that counts as hostile until it is looked up.

use core::fmt;

use smol_str::SmolStr;

use crate::token::{FormToken, SessionId};

/// The value of the session cookie as the client sent it, hostile until it is looked up.
///
/// ```
/// use quixote_session::CookieValue;
///
/// assert!(CookieValue::from("00000000000000a1").session_id().is_some());
/// assert!(CookieValue::from("*del*").session_id().is_none());
/// assert_eq!(format!("{:?}", CookieValue::from("nosuchid")), "Text(8 bytes)");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "SmolStr", from = "SmolStr"))]
pub enum CookieValue {
    /// Text that has the form of an id.
    Id(SessionId),
    /// Any other text, including `""` and Quixote's `*del*`. It names no session.
    Text(SmolStr),
}

impl CookieValue {
    /// The id, if the value has the form of one.
    // [cookie-12]
    #[must_use]
    pub const fn session_id(&self) -> Option<SessionId> {
        self.as_id().copied()
    }

    pub(crate) const fn as_id(&self) -> Option<&SessionId> {
        match self {
            Self::Id(id) => Some(id),
            Self::Text(_) => None,
        }
    }

    /// The value in full. It may be an id, and is then as secret.
    #[must_use]
    pub fn reveal(&self) -> SmolStr {
        match self {
            Self::Id(id) => (*id).into(),
            Self::Text(text) => text.clone(),
        }
    }
}

impl From<SmolStr> for CookieValue {
    fn from(text: SmolStr) -> Self {
        text.parse().map_or(Self::Text(text), Self::Id)
    }
}

impl From<CookieValue> for SmolStr {
    fn from(value: CookieValue) -> Self {
        value.reveal()
    }
}

impl From<&str> for CookieValue {
    fn from(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Text(text.into()), Self::Id)
    }
}

/// Shows an id shortened, and only the length of any other text.
impl fmt::Debug for CookieValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
        }
    }
}

/// A form token as the client submitted it, hostile until it is looked up.
///
/// ```
/// use quixote_session::SubmittedToken;
///
/// assert_eq!(SubmittedToken::from("' OR 1=1"), SubmittedToken::IllFormed);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(into = "SmolStr", from = "SmolStr"))]
pub enum SubmittedToken {
    /// Text that has the form of a token.
    Token(FormToken),
    /// Any other text. It cannot be a token of ours, so nothing of it is kept.
    IllFormed,
}

impl SubmittedToken {
    pub(crate) const fn token(self) -> Option<FormToken> {
        match self {
            Self::Token(token) => Some(token),
            Self::IllFormed => None,
        }
    }
}

impl From<&str> for SubmittedToken {
    fn from(text: &str) -> Self {
        text.parse().map_or(Self::IllFormed, Self::Token)
    }
}

impl From<SmolStr> for SubmittedToken {
    fn from(text: SmolStr) -> Self {
        text.as_str().into()
    }
}

/// Nothing of any other text was kept, so that is written as `ill-formed`, and reads back as such.
impl From<SubmittedToken> for SmolStr {
    fn from(token: SubmittedToken) -> Self {
        token.token().map_or(Self::new_static("ill-formed"), Into::into)
    }
}

impl From<FormToken> for SubmittedToken {
    fn from(token: FormToken) -> Self {
        Self::Token(token)
    }
}
