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
//! - [`Manager::sweep`](quixote_session_store::Manager::sweep), from a timer, every few minutes. A
//!   session that is over is never found, but takes up room until it is swept. A page with a form
//!   token stores a session for each visitor without a cookie, and no store here bounds how many.
//! - [`Manager::on_error`](quixote_session_store::Manager::on_error), to log why the store failed.
//!   A response says only that it did.
//! - [`SessionLayer::with_remote_addr`], if your list of devices shows their addresses.
//!
//! # What a handler sees
//!
//! The session is loaded when the head of the request has arrived. What a handler reads of it
//! ([`user`](Session::user), [`value`](Session::value), [`devices`](Session::devices)) is as it was
//! then, with the handler's own changes. The client decides when the body arrives, so that may have
//! been long ago: the user may have logged out since, or lost a right that a value stands for.
//!
//! Changes to a session that has ended are refused at the end, but a request without changes is
//! not. So before you do something elsewhere that an ended session must not do:
//!
//! - [accept](Session::accept) the token of the form: it is looked up in the store.
//! - Or ask whether the session still [exists](Session::exists).
//! - Or [guard](Session::guard) a value, even one that is never set. That counts as a change. If
//!   the session ends before the save, the save is refused, and a transaction that you have
//!   [attached](Session::attach) is rolled back.
//!
//! [`take`](Session::take) takes what is stored now, so it may be newer than what `value` shows.
//! Keep under one key what belongs together, or guard it. Suppose that a session holds who is to be
//! confirmed under one key, and the code that was sent under another. Then somebody who knows
//! alice's password can start a request, have a code sent to himself while it waits, and so confirm
//! as alice.
//!
//! # Who is a user
//!
//! Names are compared byte by byte. Take the name from the account, not from the form of the login:
//! a database may find `Alice` for `alice`, and ending the sessions of `alice` would leave hers.
//! And take what is never given to somebody else, such as a number. If an account is closed or
//! renamed, and somebody registers its name, the old sessions are sessions of the new account. A
//! name must not be empty.
//!
//! | when | do |
//! |---|---|
//! | a password is right | [`prepare_login`](Session::prepare_login) before you read its hash, [`login`](Session::login) after the check |
//! | a second factor is missing | log in, and let such a session do nothing but confirm: not list or end devices either. Then [`renew`](Session::renew) and set a value that holds the name, so that it says nothing about another user |
//! | the same user logs in again | remove what has to be confirmed again: the values stay |
//! | nobody was logged in before | believe no value that the visitor could choose: all of them stay |
//! | a password or another proof changes | commit it, then [`delete_sessions_of`](quixote_session_store::Manager::delete_sessions_of), and let the user log in anew. Or [`end_others`](Session::end_others) and `renew`; if `end_others` is refused, the others are still there |
//! | somebody loses a right, or an account is closed | commit it, then `delete_sessions_of`. Values of other sessions cannot be changed, so do not keep rights in them |
//! | an administrator acts as somebody else | set a value that says for whom, and leave the user unchanged. To log in as the other and back would outlive the end of the administrator's sessions |
//! | a user wants to be remembered | the cookie ends with the browser. If a cookie of your own logs the user in, delete its token wherever sessions are ended |
//!
//! # Requests from other sites
//!
//! Under `SameSite=Lax`, a form of another site comes without the cookie. If the page that answers
//! has a form token, or stores anything else, its cookie replaces that of the user, who is then
//! logged out. So refuse such requests in front of the layer: those with `Sec-Fetch-Site:
//! cross-site` whose method is not GET, except where another site is meant to send them. Do nothing
//! on a GET that changes anything, a logout included, and accept a token before all else.
//!
//! The same can happen without another site: a page with a form that is asked for with the old
//! cookie, while a login or a renewal replaces it, is a page for nobody, and its cookie may arrive
//! last. So log in and renew when the visitor sends a form, and not from a timer of the page.
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
//! after that, a page that says 403 changes nothing about it. A 408 does not save, because a
//! timeout inside the layer answers so, and it has dropped the handler half way.
//!
//! To decide otherwise, put an [`Outcome`](quixote_session::Outcome) into the extensions of the
//! response: it counts instead of the status. A [`SessionError`] says `Outcome::Failed` in this
//! way, so a page of your own that takes its place should say it, too. What is final is never
//! undone: a logout, a form token that was accepted, a value that was taken, the end of other
//! sessions.
//!
//! # The application's own data
//!
//! A handler that writes to the application's database in a transaction should
//! [attach](Session::attach) the transaction. It is then committed after the session, or together
//! with it if both are in one database, and rolled back if the session is not saved. If they are in
//! two, the client can go away after the session was saved and before the commit, and a client may
//! choose that moment: then the session says what the data do not.
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
//! | says that the session could not be loaded | `Cookie` | `no-store` |
//! | any other | the handler's | the handler's |
//!
//! So after a logout the back button does not bring back a user's page, unless the handler allowed
//! the browser to keep it. Do not allow caches to share such a page (`public`): many ignore `Vary`.
//!
//! # Streams
//!
//! The request ends, and its cookie is decided, when the handler returns its response, before the
//! body is sent. A body that is a stream may hold a [`Session`], but its calls are refused
//! (`unknown_request`): it cannot change the session, and learns that it did not.
//!
//! The same holds for the tasks of a WebSocket. Neither ends with the session. A task that outlives
//! its request takes the [user](Session::user) and the [handle](Session::handle) along, and looks
//! from time to time whether [`Manager::sessions_of`](quixote_session_store::Manager::sessions_of)
//! still lists that handle: it stays when the session moves to another id, and goes with a logout,
//! an end, or a limit.

mod caught;
mod error;
mod layer;
mod session;

pub use self::error::SessionError;
pub use self::layer::{SessionLayer, SessionService};
pub use self::session::{NoLayer, Session};
