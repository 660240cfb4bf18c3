//! A store that fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use quixote_session::driver::{Stored, Write};
use quixote_session::{Session, SessionId};

use crate::store::{Store, StoreError};

/// A store in which one load in twelve and one write in three fails. A write that fails is not
/// carried out, or is carried out without an answer, or only says that it may have been.
pub struct Faulty {
    store: Arc<dyn Store>,
    count: AtomicU64,
}

impl Faulty {
    /// Makes a store that works fail.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, count: AtomicU64::new(0) }
    }

    /// Counts calls and mixes the bits, so that faults come in no order that a caller repeats.
    fn fault(&self) -> u64 {
        let count = self.count.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        (count.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % 12
    }
}

#[async_trait]
impl Store for Faulty {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        match self.fault() {
            0 => Err(StoreError::failed("planted")),
            _ => self.store.load(id).await,
        }
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        self.store.generation(user).await
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        match self.fault() {
            0 => Err(StoreError::failed("planted")),
            1 => Err(StoreError::unknown("planted, and nothing was written")),
            2 | 3 => {
                self.store.write(write).await?;
                Err(StoreError::unknown("planted, and it was written if it could be"))
            }
            _ => self.store.write(write).await,
        }
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        self.store.sessions_of(user).await
    }
}
