//! Quixote's session management as a pure state machine.
#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(feature = "check")]
pub mod check;
mod config;
#[cfg(feature = "std")]
mod cookie;
mod effect;
#[cfg(feature = "std")]
mod entropy_source;
mod event;
mod objects;
mod request;
#[cfg(feature = "serde")]
mod restore;
mod session;
mod snapshot;
mod state;
mod step;
mod time;
mod token;

pub use smol_str::SmolStr;

pub use crate::config::{Config, ConfigError, Semantics};
#[cfg(feature = "std")]
pub use crate::cookie::{CACHE_CONTROL, read_cookie, set_cookie};
pub use crate::effect::{CookieChange, CookieOp, Effects, Refusal, Reply, StoreOp, Transaction};
#[cfg(feature = "std")]
pub use crate::entropy_source::EntropySource;
pub use crate::event::{CookieValue, Event, Input, Outcome, RequestId, SubmittedToken};
#[cfg(feature = "serde")]
pub use crate::restore::InvalidState;
pub use crate::session::{Dump, FormTokens, Session, SessionRef, TooManyFormTokens};
pub use crate::state::State;
pub use crate::step::step;
pub use crate::time::Timestamp;
pub use crate::token::{Entropy, FormToken, NotHex, Revealed, SessionId, Width};
