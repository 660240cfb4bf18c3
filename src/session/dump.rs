//! A session with its id, and as text for an operator.

use core::fmt;

use super::Session;
use crate::token::SessionId;

/// A session with its id, if it has been stored: what [`State::session`](crate::State::session)
/// shows of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionRef<'a> {
    /// None until the session is first stored.
    pub id: Option<SessionId>,
    /// What it holds.
    pub session: &'a Session,
}

impl<'a> SessionRef<'a> {
    /// A few lines about the session for an operator, with the id and tokens shortened and the
    /// times in UTC. `header` puts a line with the id in front.
    ///
    /// ```
    /// use quixote_session::{Session, SessionRef, Timestamp};
    ///
    /// let session = Session::new("192.0.2.1".into(), Timestamp(0));
    /// let text = SessionRef { id: None, session: &session }.dump(false).to_string();
    /// assert_eq!(
    ///     text,
    ///     "  user: none\n  remote_addr: 192.0.2.1\n  created 1970-01-01 00:00:00, \
    ///      last accessed 1970-01-01 00:00:00\n  form_tokens: []\n"
    /// );
    /// ```
    #[must_use]
    pub const fn dump(self, header: bool) -> Dump<'a> {
        Dump { shown: self, header }
    }
}

/// `session 629f… (user alice)`: the id is shortened, as in every text meant for a log.
impl fmt::Display for SessionRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("session ")?;
        write_short_id(f, self.id)?;
        match self.session.user.as_deref() {
            Some(user) if !user.is_empty() => write!(f, " (user {user})"),
            _ => f.write_str(" (no user)"),
        }
    }
}

/// What [`SessionRef::dump`] prints.
#[derive(Clone, Copy, Debug)]
pub struct Dump<'a> {
    shown: SessionRef<'a>,
    header: bool,
}

impl fmt::Display for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SessionRef { id, session } = self.shown;
        if self.header {
            f.write_str("session ")?;
            write_short_id(f, id)?;
            f.write_str(":\n")?;
        }
        writeln!(f, "  user: {}", session.user.as_deref().unwrap_or("none"))?;
        writeln!(f, "  remote_addr: {}", session.remote_addr)?;
        writeln!(f, "  created {}, last accessed {}", session.created, session.accessed)?;
        writeln!(f, "  form_tokens: {:?}", session.form_tokens)
    }
}

fn write_short_id(f: &mut fmt::Formatter<'_>, id: Option<SessionId>) -> fmt::Result {
    match id {
        Some(id) => write!(f, "{}…", id.reveal().start()),
        None => f.write_str("without id"),
    }
}
