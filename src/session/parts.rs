//! A session in parts, for a store with a layout of its own.

use alloc::collections::BTreeMap;

use smol_str::SmolStr;

use super::Session;
use crate::form_tokens::FormTokens;
use crate::time::Timestamp;
use crate::token::Handle;
use crate::version::Version;

/// All that a [`Session`] holds, for a store that lays it out by itself, without serde.
///
/// ```
/// use quixote_session::{Session, SessionParts, Timestamp};
///
/// let session = Session::new("192.0.2.1".into(), Timestamp(5_000));
/// let parts = SessionParts::from(session.clone());
/// assert_eq!(parts.clone().try_into(), Ok(session));
/// let wrong = SessionParts { accessed: Timestamp(4_999), ..parts };
/// assert!(Session::try_from(wrong).is_err(), "what is read is checked");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionParts {
    /// See [`Session::handle`].
    pub handle: Option<Handle>,
    /// See [`Session::user`].
    pub user: Option<SmolStr>,
    /// See [`Session::remote_addr`].
    pub remote_addr: SmolStr,
    /// See [`Session::created`].
    pub created: Timestamp,
    /// See [`Session::accessed`].
    pub accessed: Timestamp,
    /// See [`Session::form_tokens`].
    pub form_tokens: FormTokens,
    /// See [`Session::values`].
    pub values: BTreeMap<SmolStr, SmolStr>,
}

/// A session that was accessed before it was created.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("accessed: expected a time not before created")]
pub struct AccessedTooEarly;

impl From<Session> for SessionParts {
    fn from(session: Session) -> Self {
        let Session {
            version: _,
            handle,
            user,
            remote_addr,
            created,
            accessed,
            form_tokens,
            values,
        } = session;
        let values = values.into();
        Self { handle, user, remote_addr, created, accessed, form_tokens, values }
    }
}

impl TryFrom<SessionParts> for Session {
    type Error = AccessedTooEarly;

    fn try_from(parts: SessionParts) -> Result<Self, AccessedTooEarly> {
        let SessionParts { handle, user, remote_addr, created, accessed, form_tokens, values } =
            parts;
        let (values, version) = (values.into(), Version);
        Self { version, handle, user, remote_addr, created, accessed, form_tokens, values }
            .checked()
    }
}

impl Session {
    /// This session, if what was read from outside can be one.
    // [state-9]
    pub(super) fn checked(self) -> Result<Self, AccessedTooEarly> {
        if self.accessed < self.created { Err(AccessedTooEarly) } else { Ok(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::{AccessedTooEarly, SessionParts};
    use crate::session::Session;
    use crate::time::Timestamp;

    // [state-9]
    #[test]
    fn parts_accessed_before_they_were_created_are_no_session() {
        let parts = SessionParts::from(Session::new("".into(), Timestamp(5)));
        let accessed = |at| SessionParts { accessed: Timestamp(at), ..parts.clone() };
        assert_eq!(Session::try_from(accessed(4)), Err(AccessedTooEarly));
        for at in [5, 6] {
            assert_eq!(Session::try_from(accessed(at)).map(SessionParts::from), Ok(accessed(at)));
        }
    }
}
