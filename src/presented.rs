//! What a client presents: text that is hostile until it is looked up.

use core::fmt;

use smol_str::SmolStr;

use crate::token::{FormToken, SessionId};

/// Value of the session cookie as the client sent it: hostile until looked up.
///
/// ```
/// use quixote_session::CookieValue;
///
/// assert!(CookieValue::from("00000000000000a1").session_id().is_some());
/// assert!(CookieValue::from("*del*").session_id().is_none());
/// assert_eq!(format!("{:?}", CookieValue::from("nosuchid")), "Text(8 bytes)");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum CookieValue {
    /// Text that has the form of an id.
    Id(SessionId),
    /// Any other text, `""` and Quixote's `*del*` included. It names no session.
    Text(SmolStr),
}

impl CookieValue {
    /// The id, if it has the form of one.
    // [cookie-3]
    #[must_use]
    pub const fn session_id(&self) -> Option<SessionId> {
        match self {
            Self::Id(id) => Some(*id),
            Self::Text(_) => None,
        }
    }

    /// The value in full. As secret as the id that it may be.
    #[must_use]
    pub fn reveal(&self) -> SmolStr {
        match self {
            Self::Id(id) => id.reveal().with_text(|text| text.into()),
            Self::Text(text) => text.clone(),
        }
    }
}

impl From<&str> for CookieValue {
    fn from(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Text(text.into()), Self::Id)
    }
}

/// An id is shortened; of other text only the length is shown.
impl fmt::Debug for CookieValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
        }
    }
}

/// A form token as the client submitted it: hostile until looked up.
///
/// ```
/// use quixote_session::SubmittedToken;
///
/// assert_eq!(SubmittedToken::from("' OR 1=1"), SubmittedToken::IllFormed);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SubmittedToken {
    /// Text that has the form of a token.
    Token(FormToken),
    /// Any other text: it can be no token of ours, so nothing of it is kept.
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

impl From<FormToken> for SubmittedToken {
    fn from(token: FormToken) -> Self {
        Self::Token(token)
    }
}

/// As text, the way the client sends it; an ill-formed token reads back from any other text.
#[cfg(feature = "serde")]
mod text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{CookieValue, SmolStr, SubmittedToken};

    impl Serialize for CookieValue {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            self.reveal().serialize(serializer)
        }
    }

    impl<'de> Deserialize<'de> for CookieValue {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            SmolStr::deserialize(from).map(|text| text.as_str().into())
        }
    }

    impl Serialize for SubmittedToken {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Token(token) => token.serialize(serializer),
                Self::IllFormed => "ill-formed".serialize(serializer),
            }
        }
    }

    impl<'de> Deserialize<'de> for SubmittedToken {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            SmolStr::deserialize(from).map(|text| text.as_str().into())
        }
    }
}
