//! How often our layer asks its store for one request. Each question is one round trip.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use quixote_session::driver::{Stored, Write};
use quixote_session::{Session, SessionId};
use quixote_session_store::{Store, StoreError};

use crate::{Broken, What, ask, ours};

pub struct Counted {
    store: Arc<dyn Store>,
    asked: AtomicU64,
}

impl Counted {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store, asked: AtomicU64::new(0) }
    }
}

#[async_trait]
impl Store for Counted {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.store.load(id).await
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.store.generation(user).await
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.store.write(write).await
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        self.store.sessions_of(user).await
    }
}

/// Of a read, a write, and a login without a session.
pub async fn count(store: Arc<Counted>) -> Result<String, Broken> {
    let site = ours::site(store.clone())?;
    let cookie = ask(&site, What::New, "").await?.ok_or("a login sets a cookie")?;
    let mut trips = Vec::new();
    for what in [What::Read, What::Write, What::New] {
        let before = store.asked.load(Ordering::Relaxed);
        ask(&site, what, &cookie).await?;
        trips.push((store.asked.load(Ordering::Relaxed) - before).to_string());
    }
    Ok(trips.join(", "))
}
