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
//! over https, and over http to `localhost` alone.
//!
//! # Beside the routes
//!
//! No request does these, so the application has to:
//!
//! - [`Manager::sweep`](quixote_session_store::Manager::sweep), from a timer: what is over is found
//!   by nobody, but takes room until then.
//! - [`Manager::on_error`](quixote_session_store::Manager::on_error), to log why the store has
//!   failed: a response says only that it has.
//! - [`SessionLayer::with_remote_addr`], if a list of devices is to say where they are.
//!
//! # How a request ends
//!
//! | what the handler does | the session | the response |
//! |---|---|---|
//! | answers with 1xx to 4xx | is saved | as it stands; if the save is refused, an error in its place |
//! | answers with 5xx | is not saved | as it stands |
//! | panics | is not saved | 500 |
//! | is dropped, since the client is gone | is not saved | none |
//! | goes on after the store has failed | is not saved | 503, or the handler's own 5xx; no cookie |
//!
//! A 4xx page saves, since a form that is shown again with an error has new tokens. An
//! [`Outcome`](quixote_session::Outcome) among the extensions of a response is taken in place of
//! the status. What is final stands in any case: a logout, a form token that was accepted, a value
//! that was taken, the end of other sessions.
//!
//! # The application's own data
//!
//! A handler that writes to a database of its own in a transaction
//! [attaches](Session::attach) it: then it is committed after the session, or with it where both
//! are in one database, and rolled back whenever the session is not saved.
//!
//! # Which status says what
//!
//! | [`SessionError`] | status |
//! |---|---|
//! | `unknown_token`: the form was sent before, or is of another session | 403 |
//! | `no_user` | 401 |
//! | `unknown_key`, `unknown_session` | 404 |
//! | `session_gone`, `user_ended`, `value_changed`, `no_session` | 409 |
//! | `text_too_long` | 413 |
//! | `too_many_values` | 422 |
//! | `too_many_sessions`, `too_many_requests`, `entropy_used_up`; busy; the store failed, or it is unknown whether it did | 503 |
//! | the commit of the application's own data failed ([`Commit`](quixote_session::driver::Failure::Commit)) | 500 |
//! | anything else, such as a session that is used after its response was sent | 500 |
//!
//! # Headers
//!
//! Several `Cookie` headers count as one, joined by `; `.
//!
//! | the response | `Vary` | `Cache-Control` |
//! |---|---|---|
//! | sets or deletes the cookie | `Cookie`, too | `no-store`, in place of what it had |
//! | is of a handler that asked for the session | `Cookie`, too | what it had; without it, `no-store` |
//! | is any other | as it stands | as it stands |
//!
//! So no page of a user comes back with the back button after the logout, unless its handler has
//! said that it may be kept.
//!
//! # Streams
//!
//! The request ends, and its cookie is decided, when the handler has returned its response, before
//! the body is sent. A body that is a stream may hold a [`Session`]; whatever it then asks of it is
//! refused (`unknown_request`), and nothing that it would have changed is lost without notice.

mod caught;
mod error;
mod layer;
mod session;

pub use self::error::SessionError;
pub use self::layer::{SessionLayer, SessionService};
pub use self::session::{NoLayer, Session};
