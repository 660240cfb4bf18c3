//! What the manager makes of a store that does not answer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use quixote_session::driver::{Arrival, Call, Exchange, Failure, Stored, Write};
use quixote_session::{Config, Session, SessionId};
use quixote_session_store::{Manager, Memory, Store, StoreError};
use tokio::time::Instant;

/// A store that never answers when it is told to.
struct Hanging {
    memory: Memory,
    hangs: AtomicBool,
}

impl Hanging {
    async fn hang(&self) {
        if self.hangs.load(Ordering::Relaxed) {
            pending().await
        }
    }
}

#[async_trait::async_trait]
impl Store for Hanging {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        self.hang().await;
        self.memory.load(id).await
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        self.memory.generation(user).await
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        self.hang().await;
        self.memory.write(write).await
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        self.hang().await;
        self.memory.sessions_of(user).await
    }
}

async fn logged_in() -> (Manager, Arc<Hanging>, Exchange) {
    let memory = Memory::new(Config::STRICT);
    let store = Arc::new(Hanging { memory, hangs: AtomicBool::new(false) });
    let manager = Manager::new(Config::STRICT, store.clone()).unwrap();
    let mut request = manager.exchange();
    manager.run(&mut request, Call::start(Arrival::default())).await.unwrap();
    manager.run(&mut request, Call::login("alice")).await.unwrap();
    (manager, store, request)
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_is_waited_for_so_long_and_the_request_is_abandoned() {
    let (manager, store, mut request) = logged_in().await;
    store.hangs.store(true, Ordering::Relaxed);
    let began = Instant::now();
    let ended = manager.run(&mut request, Call::finish()).await;
    assert_eq!(ended, Err(Failure::Unknown));
    assert_eq!(began.elapsed().as_secs(), Manager::LONGEST.as_secs());
    assert!(!request.is_open());
    assert_eq!(manager.sweep().await, Err(Failure::Unknown));

    store.hangs.store(false, Ordering::Relaxed);
    assert!(manager.run(&mut request, Call::set("key", "late")).await.is_err());
    assert!(manager.sessions_of("alice").await.unwrap().is_empty());
}
