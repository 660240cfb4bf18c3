//! The rival: tower-sessions with its `MemoryStore`, which keeps the same crowd.

use std::collections::HashMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use serde_json::{Value, json};
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::{MemoryStore, SessionStore};

use super::crowd::{REMOTE_ADDR, user_of};
use super::walk::{Walk, spread};

pub(crate) struct Tower {
    pub(crate) store: MemoryStore,
    pub(crate) walk: Walk,
}

/// Runs what never waits: nobody else has the store's lock.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

impl Tower {
    pub(crate) fn new(size: u64) -> Self {
        Self::with_tokens(size, 2)
    }

    pub(crate) fn with_tokens(size: u64, tokens: u64) -> Self {
        let tower = Self { store: MemoryStore::default(), walk: Walk::through(size) };
        for number in 0..size {
            tower.save(&record(number, tokens));
        }
        tower
    }

    pub(crate) fn save(&self, record: &Record) -> bool {
        run(self.store.save(record)).is_ok()
    }

    pub(crate) fn delete(&self, number: u64) {
        let _ = run(self.store.delete(&id_of(number)));
    }

    /// The same work: load, look for a token, note the access, save.
    pub(crate) fn cycle(&self, number: u64) -> bool {
        let Ok(Some(mut record)) = run(self.store.load(&id_of(number))) else { return false };
        let tokens = record.data.get("tokens").and_then(Value::as_array);
        let wanted = token_of(number, 0);
        let found = tokens.is_some_and(|tokens| tokens.iter().any(|token| *token == *wanted));
        record.expiry_date = record.expiry_date.saturating_add(Duration::MINUTE);
        self.save(&record) && found
    }

    /// A record made and stored under an id that the store has made sure is unused.
    pub(crate) fn join(&self, number: u64) {
        let _ = run(self.store.create(&mut record(number, 2)));
    }
}

pub(crate) const fn id_of(number: u64) -> Id {
    Id(((spread(number) as i128) << 64) | spread(!number) as i128)
}

pub(crate) fn token_of(number: u64, nth: u64) -> String {
    format!("{:016x}", spread(number ^ (nth.wrapping_add(1) << 40)))
}

/// What a session of ours holds, the noted access being the expiry date.
pub(crate) fn record(number: u64, tokens: u64) -> Record {
    let mut record = Record {
        id: id_of(number),
        data: HashMap::new(),
        expiry_date: OffsetDateTime::now_utc().saturating_add(Duration::DAY),
    };
    let tokens: Vec<String> = (0..tokens).map(|nth| token_of(number, nth)).collect();
    record.data.insert("user".into(), json!(user_of(number).as_str()));
    record.data.insert("remote_addr".into(), json!(REMOTE_ADDR.as_str()));
    record.data.insert("created".into(), json!(1_000_000_000_000_u64));
    record.data.insert("tokens".into(), json!(tokens));
    record
}
