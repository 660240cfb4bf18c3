//! The extractor: what a handler uses.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use quixote_session::driver::{Call, Ending, Exchange, Failure, FromSaid, Login};
use quixote_session::{Event, FormToken, Handle, Session as Stored, SmolStr};
use quixote_session_store::{Manager, OwnData};
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::caught::Caught;
use crate::error::SessionError;

/// The session of a request, as an extractor. Clones are the same session.
///
/// Changes are saved when the handler has returned. What is final, such as
/// [`logout`](Self::logout) or [`accept`](Self::accept), happens at once.
#[derive(Clone)]
pub struct Session(Arc<Shared>);

struct Shared {
    manager: Manager,
    exchange: Mutex<Exchange>,
    /// The application's own transaction, which ends as the request ends.
    own: Mutex<Option<Box<dyn OwnData>>>,
    /// Whether a handler has extracted it, or a call was made.
    used: AtomicBool,
    /// Whether the store failed. Then the response must not say that anything was done.
    failed: AtomicBool,
}

impl Session {
    pub(crate) fn new(manager: Manager, exchange: Exchange) -> Self {
        let (exchange, own) = (Mutex::new(exchange), Mutex::new(None));
        let (used, failed) = (AtomicBool::new(false), AtomicBool::new(false));
        Self(Arc::new(Shared { manager, exchange, own, used, failed }))
    }

    /// The response may depend on the session from here on. An extractor of the extensions can find
    /// it, too, and that cannot be noticed before it is looked at.
    fn mark_used(&self) {
        self.0.used.store(true, Ordering::Relaxed);
    }

    pub(crate) fn was_used(&self) -> bool {
        self.0.used.load(Ordering::Relaxed)
    }

    pub(crate) async fn end(&self, end: Call<Ending>) -> Result<Ending, Failure> {
        let own = self.0.own.lock().await.take();
        // Whoever took a call along that has begun, and does not go on with it, holds the lock.
        let Ok(mut exchange) = timeout(Manager::LONGEST, self.0.exchange.lock()).await else {
            abort(own).await;
            return Err(Failure::Unknown);
        };
        if self.0.failed.load(Ordering::Relaxed) {
            abort(own).await;
            // If a call of the manager failed, the request is still open, and would take calls.
            _ = self.0.manager.run(&mut exchange, Call::abandon()).await;
            return Err(Failure::Store);
        }
        match own {
            Some(mut own) => self.0.manager.run_with(&mut exchange, end, &mut *own).await,
            None => self.0.manager.run(&mut exchange, end).await,
        }
    }

    /// Attaches a transaction of the application to the request. It is committed once the session
    /// is written, or together with it (see [`OwnData::write`], which also says when a transaction
    /// of SQLite has to begin). It is rolled back if the request fails, its save is refused, or it
    /// is dropped. A panic in the commit counts as a commit that failed. A request has one
    /// transaction: to attach another drops the one before.
    ///
    /// A request that changes nothing in its session commits even if the session has ended
    /// meanwhile. To have that refused, [guard](Self::guard) a value.
    pub async fn attach(&self, own: impl OwnData + 'static) {
        *self.0.own.lock().await = Some(Box::new(Caught(own)));
    }

    /// Runs any call. A call of the manager is about other sessions, and is run apart from the
    /// request.
    ///
    /// # Errors
    ///
    /// Why it failed.
    pub async fn call<T: FromSaid>(&self, call: Call<T>) -> Result<T, SessionError> {
        self.mark_used();
        let manager = &self.0.manager;
        let result = if let Event::Manager(_) = call.event() {
            manager.run(&mut manager.exchange(), call).await
        } else {
            manager.run(&mut *self.0.exchange.lock().await, call).await
        };
        self.noted(result)
    }

    /// Reads the session as the request sees it: as it was when the request arrived, with the
    /// request's own changes. None after a logout.
    pub async fn look<T>(&self, look: impl FnOnce(&Stored) -> T) -> Option<T> {
        self.mark_used();
        self.0.exchange.lock().await.session().map(|held| look(held.session))
    }

    /// Asks the store whether the session that the request came with still exists. It does not if
    /// it has ended, has reached its absolute limit, or has moved to another id. A visitor without
    /// a session has none that exists.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn exists(&self) -> Result<bool, SessionError> {
        self.call(Call::has_session_cookie(true)).await
    }

    /// Who was logged in when the request arrived, or has logged in during it.
    pub async fn user(&self) -> Option<SmolStr> {
        self.look(|session| session.user().cloned()).await.flatten()
    }

    /// The value under a key.
    pub async fn value(&self, key: &str) -> Option<SmolStr> {
        self.look(|session| session.values().get(key).cloned()).await.flatten()
    }

    /// The handle, by which a page can name the session; None until it is first stored.
    pub async fn handle(&self) -> Option<Handle> {
        self.look(Stored::handle).await.flatten()
    }

    /// The manager that runs the calls.
    #[must_use]
    pub fn manager(&self) -> &Manager {
        &self.0.manager
    }

    /// Sets a value.
    ///
    /// # Errors
    ///
    /// If the value or its key is too long, or there are too many values.
    pub async fn set(
        &self,
        key: impl Into<SmolStr> + Send,
        value: impl Into<SmolStr> + Send,
    ) -> Result<(), SessionError> {
        self.call(Call::set(key, value)).await
    }

    /// Removes a value.
    ///
    /// # Errors
    ///
    /// If there is no such value.
    pub async fn remove(&self, key: impl Into<SmolStr> + Send) -> Result<(), SessionError> {
        self.call(Call::remove(key)).await
    }

    /// Takes a value out of the session, at once: no other request can get it. It is the value that
    /// is stored now, which another request may have set since [`value`](Self::value) could see it.
    ///
    /// # Errors
    ///
    /// If there is no such value, or the session has ended.
    pub async fn take(&self, key: impl Into<SmolStr> + Send) -> Result<SmolStr, SessionError> {
        self.call(Call::take(key)).await
    }

    /// Has the save refused if another request changes this value first, or ends the session.
    ///
    /// # Errors
    ///
    /// If this request has already changed the value.
    pub async fn guard(&self, key: impl Into<SmolStr> + Send) -> Result<(), SessionError> {
        self.call(Call::guard(key)).await
    }

    /// Creates a token for a form. A visitor without a session gets one. Any form of the session
    /// may send the token, so keep it out of addresses and of forms that are sent to other sites.
    ///
    /// # Errors
    ///
    /// If this request has ended the session.
    pub async fn form_token(&self) -> Result<String, SessionError> {
        let token: FormToken = self.call(Call::form_token()).await?;
        Ok(token.reveal().to_string())
    }

    /// Accepts a form by its token, at once. A token is accepted only once.
    ///
    /// # Errors
    ///
    /// If the token is not outstanding in this session.
    pub async fn accept(&self, token: &str) -> Result<(), SessionError> {
        self.call(Call::accept(token)).await
    }

    /// Prepares a login, before you read what the password or other proof of the user is checked
    /// against. If all sessions of that user are ended after this, for example because the password
    /// was changed, the login is not saved: the save is refused with `user_ended`. If you have to
    /// look up the user's name first, read the password's hash anew after this.
    ///
    /// ```
    /// use quixote_session_axum::{Session, SessionError};
    /// # async fn check(_name: &str, _password: &str) -> bool { true }
    ///
    /// async fn log_in(
    ///     session: Session,
    ///     name: &str,
    ///     password: &str,
    /// ) -> Result<bool, SessionError> {
    ///     let login = session.prepare_login(name).await?;
    ///     let is_right = check(name, password).await; // takes a while
    ///     if is_right {
    ///         session.login(login).await?;
    ///     }
    ///     Ok(is_right)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn prepare_login(
        &self,
        user: impl Into<SmolStr> + Send,
    ) -> Result<Login, SessionError> {
        self.mark_used();
        self.noted(self.0.manager.prepare_login(user).await.map_err(|_| Failure::Store))
    }

    /// Logs in a user whose password or other proof you have checked: a name, or a login that was
    /// [prepared](Self::prepare_login) before the check. The session moves to a new id.
    ///
    /// # Errors
    ///
    /// If the name is too long, or this request has ended the session.
    pub async fn login(&self, login: impl Into<Login> + Send) -> Result<(), SessionError> {
        self.call(Call::login(login)).await
    }

    /// Ends the session at once.
    ///
    /// # Errors
    ///
    /// If this request has already ended it.
    pub async fn logout(&self) -> Result<(), SessionError> {
        self.call(Call::logout()).await
    }

    /// Moves the session to a new id, for example after a second factor.
    ///
    /// # Errors
    ///
    /// If this request has ended it.
    pub async fn renew(&self) -> Result<(), SessionError> {
        self.call(Call::renew()).await
    }

    /// Ends all other sessions of the user, at once. Whoever has a copy of this session's cookie
    /// keeps it, unless you also [renew](Self::renew).
    ///
    /// # Errors
    ///
    /// If nobody is logged in, or not any more.
    pub async fn end_others(&self) -> Result<(), SessionError> {
        self.call(Call::end_others()).await
    }

    /// Ends one session of the user, at once.
    ///
    /// # Errors
    ///
    /// If nobody is logged in, or not any more.
    pub async fn end_handle(&self, handle: Handle) -> Result<(), SessionError> {
        self.call(Call::end_handle(handle)).await
    }

    /// The stored sessions of the user, for a list of devices. Empty if nobody is logged in.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn devices(&self) -> Result<Vec<Stored>, SessionError> {
        let Some(user) = self.user().await else { return Ok(Vec::new()) };
        self.noted(self.0.manager.sessions_of(&user).await.map_err(|_| Failure::Store))
    }

    /// The result, once a failure of the store is noted.
    fn noted<T>(&self, result: Result<T, Failure>) -> Result<T, SessionError> {
        if let Err(Failure::Store | Failure::Unknown) = result {
            self.0.failed.store(true, Ordering::Relaxed);
        }
        result.map_err(SessionError)
    }
}

async fn abort(own: Option<Box<dyn OwnData>>) {
    if let Some(mut own) = own {
        own.abort().await;
    }
}

/// The route has no [`SessionLayer`](crate::SessionLayer), which is a mistake in the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoLayer;

impl IntoResponse for NoLayer {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, "no session layer\n").into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = NoLayer;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoLayer> {
        let session = parts.extensions.get::<Self>().cloned().ok_or(NoLayer)?;
        session.mark_used();
        Ok(session)
    }
}
