//! Who logs in.

use smol_str::SmolStr;

/// Who logs in: a name, or a name whose login was prepared.
///
/// To check a password takes time. If all sessions of that user are ended meanwhile, for example
/// because the password was changed, the login that follows must not be saved: whoever is logging
/// in knows the old password. So ask the store for the user's generation before you read what the
/// password is checked against, and [prepare](Self::prepared) the login with it. A bare name says
/// that no time has passed: the generation is then loaded when the user logs in.
///
/// ```
/// use quixote_session::driver::{Call, Login};
///
/// let login = Login::prepared("alice", 3); // read from the store, before the password is checked
/// assert_eq!((login.user(), login.generation()), ("alice", Some(3)));
/// let call = Call::login(login); // after the check
/// assert_ne!(call, Call::login("alice"));
/// ```
// [driver-24]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    pub(super) user: SmolStr,
    pub(super) generation: Option<u64>,
}

impl Login {
    /// A login of this user, whose sessions had been ended this often when the check of the proof
    /// began. It is refused if they are ended again before it is saved.
    #[must_use]
    pub fn prepared(user: impl Into<SmolStr>, generation: u64) -> Self {
        Self { user: user.into(), generation: Some(generation) }
    }

    /// Who.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// How often the user's sessions had been ended when the login was prepared; None for a bare
    /// name. If another request completes the login, keep it together with the name, under one key
    /// of the session, and [prepare](Self::prepared) the login with it.
    #[must_use]
    pub const fn generation(&self) -> Option<u64> {
        self.generation
    }
}

impl<T: Into<SmolStr>> From<T> for Login {
    fn from(user: T) -> Self {
        Self { user: user.into(), generation: None }
    }
}
