//! The driver's contract for a store outside the process, as a type that does no I/O.
//!
//! An [`Exchange`] stands between one request and the store. The caller begins a [`Call`] (log in,
//! set a value, finish). The exchange then says what to do with the store, one [`Ask`] after
//! another, and takes each [`Answer`]; in the end it has the result. It handles what is subtle
//! about a shared store: what to load, and when; on which condition to write; what to do if the
//! condition did not hold, the store failed, or it is unknown whether it wrote; how a request ends
//! if its save is refused or the application's own commit fails.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//! use quixote_session::driver::{Answer, Arrival, Ask, Call, Exchange, Stored, World};
//! use quixote_session::{Config, CookieChange, EntropySource, SessionId, StoreOp, Timestamp};
//!
//! /// A store in memory that nobody else writes to, so that every condition holds.
//! struct Shop { entropy: EntropySource, rows: BTreeMap<SessionId, Stored> }
//!
//! impl World for Shop {
//!     fn now(&mut self) -> Timestamp {
//!         Timestamp(1_000_000)
//!     }
//!     fn carry_out(&mut self, ask: Ask<'_>, _wait_ms: u64) -> Answer {
//!         match ask {
//!             Ask::Load { id } => Answer::Loaded(self.rows.get(&id).cloned()),
//!             Ask::Generation { .. } => Answer::Generation(0),
//!             Ask::Write(write) => {
//!                 if let StoreOp::Create { id, session, .. } = &write.op {
//!                     let (revision, session) = (write.revision, (**session).clone());
//!                     self.rows.insert(*id, Stored { revision, session });
//!                 }
//!                 Answer::Done // the other operations are left out here
//!             }
//!             Ask::Entropy => Answer::Entropy(self.entropy.draw()),
//!             Ask::Commit | Ask::Abort => Answer::Done,
//!         }
//!     }
//! }
//!
//! let config = Arc::new(Config::STRICT);
//! let mut shop = Shop { entropy: EntropySource::new([7; 32]), rows: BTreeMap::new() };
//! let mut exchange = Exchange::new(config, shop.entropy.revision());
//! assert_eq!(exchange.run(Call::start(Arrival::default()), &mut shop), Ok(None));
//! exchange.run(Call::login("alice"), &mut shop).unwrap();
//! let ending = exchange.run(Call::finish(), &mut shop).unwrap();
//! assert_eq!(ending.failure, None);
//! let CookieChange::Set(id) = ending.cookie.unwrap().value else { panic!("a cookie is set") };
//! assert!(shop.rows.contains_key(&id));
//! ```
//!
//! An asynchronous driver writes the loop of [`Exchange::run`] itself, with its own waits. It is
//! safe to drop an exchange at any point: that abandons the request.

mod ask;
mod call;
mod exchange;
mod login;
mod over;
mod rests;
mod turn;

pub use self::ask::{Answer, Ask, Revision, Stored, World, Write};
pub use self::call::{Arrival, Call, Ending, Failure, FromSaid, Said};
pub use self::exchange::Exchange;
pub use self::login::Login;
pub use self::over::{Outside, Over};
