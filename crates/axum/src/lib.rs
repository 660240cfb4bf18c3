//! Sessions for axum and tower: a layer, and an extractor.
//!
//! ```
//! use axum::{Router, routing::get};
//! use quixote_session::Config;
//! use quixote_session_axum::{Session, SessionError, SessionLayer};
//! use quixote_session_store::{Manager, Memory};
//! use std::sync::Arc;
//!
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits: u64 = session.value("visits").await.and_then(|n| n.parse().ok()).unwrap_or(0);
//!     session.set("visits", (visits + 1).to_string()).await?;
//!     Ok(format!("{visits} visits before"))
//! }
//!
//! let manager = Manager::new(Config::STRICT, Arc::new(Memory::new()))?;
//! let app: Router = Router::new().route("/", get(visits)).layer(SessionLayer::new(manager));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The cookie of [`Config::STRICT`](quixote_session::Config::STRICT) is `Secure`: browsers send it
//! over https, and over http only to `localhost`.
//!
//! # What else to call
//!
//! No request makes these calls, so the application has to:
//!
//! - [`Manager::sweep`](quixote_session_store::Manager::sweep), from a timer. A session that is
//!   over is never found, but takes up room until it is swept.
//! - [`Manager::on_error`](quixote_session_store::Manager::on_error), to log why the store failed.
//!   A response says only that it did.
//! - [`SessionLayer::with_remote_addr`], if your list of devices shows their addresses.
//!
//! # How a request ends
//!
//! | what the handler does | the session | the response |
//! |---|---|---|
//! | answers with 1xx to 4xx | is saved | the handler's; if the save is refused, an error instead |
//! | stops with a [`SessionError`], as `?` does | is not saved | that of the [table](#the-status-of-an-error) |
//! | answers with 5xx, or 408 | is not saved | the handler's |
//! | panics | is not saved | 500 |
//! | is dropped because the client is gone | is not saved | none |
//! | goes on after the store has failed | is not saved | 503, or the handler's own 5xx; no cookie |
//!
//! A 4xx response saves the session, because a form that is shown again with an error has a new
//! token. So check everything before you call [`login`](Session::login) or write to your database:
//! after that, a page that says 403 changes nothing about it. A 408 does not save, because a timeout
//! inside the layer answers so, and it has dropped the handler half way.
//!
//! To decide otherwise, put an [`Outcome`](quixote_session::Outcome) into the extensions of the
//! response: it counts instead of the status. A [`SessionError`] says `Outcome::Failed` in this way,
//! so a page of your own that takes its place should say it, too. What is final is never undone: a
//! logout, a form token that was accepted, a value that was taken, the end of other sessions.
//!
//! # The application's own data
//!
//! A handler that writes to the application's database in a transaction should
//! [attach](Session::attach) the transaction. It is then committed after the session, or together
//! with it if both are in one database, and rolled back if the session is not saved.
//!
//! # The status of an error
//!
//! | [`SessionError`] | status |
//! |---|---|
//! | `unknown_token`: the form was submitted before, or belongs to another session | 403 |
//! | `no_user` | 401 |
//! | `unknown_key`, `unknown_session` | 404 |
//! | `session_gone`, `user_ended`, `value_changed`, `no_session` | 409 |
//! | `text_too_long` | 413 |
//! | `too_many_values` | 422 |
//! | `too_many_sessions`, `too_many_requests`, `entropy_used_up`; the session is busy; the store failed, or may have failed | 503 |
//! | the commit of the application's own data failed ([`Commit`](quixote_session::driver::Failure::Commit)) | 500 |
//! | any other, for example for a call after the response was sent | 500 |
//!
//! # Headers
//!
//! Several `Cookie` headers count as one, joined by `; `.
//!
//! | the response | `Vary` | `Cache-Control` |
//! |---|---|---|
//! | sets or deletes the cookie | gets `Cookie`, too | `no-store`, even if the handler set another |
//! | comes from a handler that extracts or uses the session | gets `Cookie`, too | the handler's; if it set none, `no-store` |
//! | any other | the handler's | the handler's |
//!
//! So after a logout the back button does not bring back a user's page, unless the handler allowed
//! the browser to keep it.
//!
//! # Streams
//!
//! The request ends, and its cookie is decided, when the handler returns its response, before the
//! body is sent. A body that is a stream may hold a [`Session`], but its calls are refused
//! (`unknown_request`): it cannot change the session, and learns that it did not.

mod caught;
mod error;
mod layer;
mod session;

pub use self::error::SessionError;
pub use self::layer::{SessionLayer, SessionService};
pub use self::session::{NoLayer, Session};
