//! Session management as a pure state machine: Quixote's, exactly, and a strict one that repairs
//! its faults.
//!
//! [`step`] takes a [`Config`], a [`State`] and one [`Input`] (the moment, some random bytes, an
//! event), and returns the next state and the [`Effects`] to carry out. It does no I/O, reads no
//! clock and draws no random number, so every run can be repeated and every rule can be checked.
//!
//! ```
//! use quixote_session::{Config, CookieChange, Entropy, Event, Input, Outcome, Reply};
//! use quixote_session::{RequestEvent, RequestId, State, Timestamp, step};
//!
//! let (config, request) = (Config::STRICT, RequestId(1));
//! let mut state = State::new();
//! let mut draw = 0;
//! let mut send = |event| {
//!     draw += 1; // in production: fresh bytes for each input, from an `EntropySource`
//!     let input = Input { now: Timestamp(0), entropy: Entropy::from_half([draw; 32]), event };
//!     let (next, effects) = step(&config, std::mem::take(&mut state), input);
//!     state = next;
//!     effects
//! };
//! let (remote_addr, script_name) = ("192.0.2.1".into(), "".into());
//! let passive = false;
//! send(Event::StartRequest { request, cookie: None, remote_addr, script_name, passive });
//! send(RequestEvent::SetUser { user: Some("alice".into()) }.of(request));
//! let effects = send(RequestEvent::FinishRequest { outcome: Outcome::Successful }.of(request));
//! assert!(effects.store.is_some(), "1. write this to the store");
//! assert!(effects.transaction.is_some(), "2. keep what the application wrote");
//! assert!(matches!(effects.cookie.unwrap().value, CookieChange::Set(_)), "3. set the cookie");
//! assert_eq!(effects.reply, Reply::Done);
//! assert_eq!(state.len(), 1);
//! ```
//!
//! # The driver's contract
//!
//! **Send every event of a request to [`step`], and carry out what it returns, field by field,
//! before anything else happens to that state.**
//!
//! 1. Fill an [`Input`]: the clock's milliseconds, fresh random bytes (`EntropySource::draw`), the
//!    event. A request begins with [`Event::StartRequest`], its cookie read by `read_cookie`, and
//!    ends with [`RequestEvent::FinishRequest`], whatever happened to it. If the finish is refused,
//!    the request is still open: finish it once more, as failed.
//! 2. Call [`step`] and keep the state that it returns.
//! 3. Carry out the [`Effects`] from the top: [`store`](Effects::store), then
//!    [`transaction`](Effects::transaction), then [`cookie`](Effects::cookie) (as text by
//!    `set_cookie`, with `CACHE_CONTROL` beside it), then hand on the [`reply`](Effects::reply).
//!
//! A refusal says why nothing happened. It is not a bug in the program, and there are no panics to
//! catch.
//!
//! If the store itself fails, answer that it failed, and send nothing else. The state has moved on
//! and the store has not. So tell the state, with [`State::with_stored`], what is stored under each
//! of the [ids](StoreOp::ids) of the operation, and finish the request, if it is open, as
//! [`Outcome::Abandoned`], which sends no cookie. A logout that failed can then be tried again, and
//! nobody was told that it was done. (Under live, only the state has what was changed since the
//! first save, so go on from the state before the step.)
//!
//! If sessions live outside the process, under [`Config::STRICT`], use an
//! [`Exchange`](driver::Exchange) for each request: it does all of this over a store that others
//! write to, and says what to load and what to write. To do without it, keep one state for each
//! request. Load its session by [`State::with_stored`], and again before events that [need
//! it](Event::needs_fresh_load). When you write, check the condition that each [`StoreOp`] names.
//! If the condition does not hold, or the event is refused, load again and send the same event once
//! more. The answer over a fresh load is final.
//!
//! # Three semantics
//!
//! [`Config::QUIXOTE`] (live) and [`Config::QUIXOTE_PERSISTENT`] (copying) agree with recordings of
//! Quixote 2.4 step by step, quirks included; [`quixote`] says where each of its methods went.
//! [`Config::STRICT`] is the one to use. What each guarantees is a table of properties, which
//! exhaustive exploration checks (`quixote-session explore`).
//!
//! # Scope
//!
//! This crate has no store, no web framework, no cookie jar, and no signed or encrypted cookies. A
//! user is a text. Only strict limits how long sessions live; only the limits in [`Config`] bound
//! their size.
//!
//! # Features
//!
//! - `std` (on by default) reads and writes cookie headers, and has the seeded `EntropySource` and
//!   the clock of the system, `Timestamp::now`. Without it the crate needs only core and alloc.
//! - `serde` serialises everything, refuses what is incomplete, and checks a session or a state
//!   when it is read. Binary formats can hold sessions, states and configurations. Events and
//!   operations are tagged by name, so they need a format that describes itself, such as JSON. An
//!   error about a session or a state shows no id and no token. An error about an event or an
//!   operation is serde's own and quotes what it found: keep it out of logs.
//! - `check` has traces, properties and exploration.
//! - `cli` has the command line, and `judge` its command `judge`.
#![no_std]
#![deny(clippy::wildcard_enum_match_arm)]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(feature = "check")]
pub mod check;
mod config;
#[cfg(feature = "std")]
mod cookie;
pub mod driver;
mod effect;
mod entropy;
mod event;
mod form_tokens;
mod grammar;
mod null;
mod presented;
pub mod quixote;
mod semantics;
#[cfg(feature = "serde")]
mod serial;
mod session;
mod state;
mod step;
mod time;
mod token;
mod version;

pub use smol_str::SmolStr;

pub use crate::config::{Config, ConfigError, Dirtiness, GivesUp, SameSite};
#[cfg(feature = "std")]
pub use crate::cookie::{CACHE_CONTROL, VARY, read_cookie, set_cookie};
pub use crate::effect::{CookieChange, CookieOp, Effects, Refusal, Reply, StoreOp, Transaction};
pub use crate::entropy::Entropy;
#[cfg(feature = "std")]
pub use crate::entropy::source::EntropySource;
pub use crate::event::{Event, Input, ManagerEvent, Outcome, RequestEvent, RequestId};
pub use crate::form_tokens::{FormTokens, TooManyFormTokens};
pub use crate::null::NullSessionManager;
pub use crate::presented::{CookieValue, SubmittedToken};
pub use crate::semantics::Semantics;
pub use crate::session::{AccessedTooEarly, Dump, Session, SessionParts, SessionRef};
pub use crate::state::State;
pub use crate::step::step;
pub use crate::time::Timestamp;
pub use crate::token::{FormToken, Handle, NotHex, Revealed, SessionId, Width};
