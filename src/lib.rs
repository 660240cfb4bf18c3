//! Session management as a pure state machine: Quixote's, exactly, and a strict one that repairs
//! its faults.
//!
//! [`step`] takes a [`Config`], a [`State`] and one [`Input`] (the moment, some random bytes, an
//! event), and returns the next state and the [`Effects`] to carry out. It does no I/O, reads no
//! clock and draws no random number, so every run can be repeated, and every rule be checked.
//!
//! ```
//! use quixote_session::{Config, CookieChange, Entropy, Event, Input, Outcome, Reply};
//! use quixote_session::{RequestEvent, RequestId, State, Timestamp, step};
//!
//! let (config, request) = (Config::STRICT, RequestId(1));
//! let mut state = State::new();
//! let mut draw = 0;
//! let mut send = |event| {
//!     draw += 1; // in earnest: 32 fresh bytes for each input, from an `EntropySource`
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
//! 1. Fill an [`Input`]: the clock's milliseconds, 32 fresh random bytes (`EntropySource`), the
//!    event. A request begins with [`Event::StartRequest`], its cookie read by `read_cookie`, and
//!    ends with [`RequestEvent::FinishRequest`], whatever happened to it. A finish that is refused
//!    has not ended it: finish it once more, as failed.
//! 2. Call [`step`] and keep the state that it returns.
//! 3. Carry out the [`Effects`] from the top: [`store`](Effects::store), then
//!    [`transaction`](Effects::transaction), then [`cookie`](Effects::cookie) (as text by
//!    `set_cookie`, with `CACHE_CONTROL` beside it), then hand on the [`reply`](Effects::reply).
//!
//! A refusal means that nothing happened and says why; it is no error of the program. There are
//! no panics to catch.
//!
//! Where the store itself fails, answer that it failed, and send nothing else. The state has moved
//! on and the store has not: tell it what is stored by then under each of the [ids](StoreOp::ids)
//! of the operation, with [`State::with_stored`], and finish the request, if it is open, as
//! [`Outcome::Abandoned`], which sends no cookie. A logout that failed can then be tried again, and
//! nobody was told that it was done. (Under live the state alone has what was changed since the
//! first save: there, go on from the state before the step.)
//!
//! Where sessions live outside the process, under [`Config::STRICT`], use an
//! [`Exchange`](driver::Exchange) for each request: it does all of this over a store that others
//! write to, and says what to load and what to write. Whoever does without it has one state for
//! each request, loads its one session by [`State::with_stored`], again before events that [need
//! it](Event::needs_fresh_load), and checks the condition that each [`StoreOp`] names when writing.
//! Where it does not hold, or the event is refused, load again and send the same event once more;
//! what a fresh load answers is final.
//!
//! # Three semantics
//!
//! [`Config::QUIXOTE`] and [`Config::QUIXOTE_PERSISTENT`] agree with recordings of Quixote 2.4 step
//! by step, quirks included; [`quixote`] says where each of its methods went.
//! [`Config::STRICT`] is for use. What each guarantees is a table of properties that is checked by
//! exhaustive exploration (`quixote-session explore`).
//!
//! # Scope
//!
//! Not here: a store, a web framework, a cookie jar, signed or encrypted cookies, users that are
//! not text. Only strict limits the life of sessions; only [`Config`]'s limits bound their size.
//!
//! # Features
//!
//! `std` (on by default) reads and writes cookie headers, and offers the seeded `EntropySource` and
//! the clock of the system, `Timestamp::now`;
//! without it the crate needs core and alloc alone. `serde` serialises everything, refuses what is
//! not whole, and checks a session or state before it is believed; binary formats can hold
//! sessions, states and configurations, while events and operations are tagged by name and need a
//! format that describes itself, such as JSON. What is wrong with a session or a state is said
//! without an id or a token; an error about an event or an operation is serde's own, which quotes
//! what it found where something else was expected: keep it out of logs. `check` has traces,
//! properties and exploration; `cli` the command line.
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
