//! What the manager does if the store fails, or does not answer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use quixote_session::driver::{Arrival, Call, Exchange, Failure, Stored, Write};
use quixote_session::{Config, CookieChange, CookieValue, Session, SessionId};
use quixote_session_store::{Manager, Memory, Store, StoreError};
use tokio::time::{Instant, sleep};

/// A store that never answers, or fails, when it is told to.
struct Bad {
    memory: Memory,
    hangs: AtomicBool,
    fails: AtomicBool,
    is_slow: AtomicBool,
}

impl Bad {
    async fn check(&self) -> Result<(), StoreError> {
        if self.is_slow.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(50)).await;
        }
        if self.hangs.load(Ordering::Relaxed) {
            return pending().await;
        }
        if self.fails.load(Ordering::Relaxed) {
            return Err(StoreError::failed("on purpose"));
        }
        Ok(())
    }
}

#[async_trait::async_trait]
impl Store for Bad {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        self.check().await?;
        self.memory.load(id).await
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        self.check().await?;
        self.memory.generation(user).await
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        self.check().await?;
        self.memory.write(write).await
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        self.check().await?;
        self.memory.sessions_of(user).await
    }
}

async fn logged_in() -> (Manager, Arc<Bad>, Exchange) {
    let memory = Memory::new();
    let store =
        Arc::new(Bad { memory, hangs: false.into(), fails: false.into(), is_slow: false.into() });
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

    assert!(matches!(manager.sessions_of("alice").await, Err(StoreError::Failed(_))));
    assert!(matches!(manager.prepare_login("alice").await, Err(StoreError::Failed(_))));

    store.hangs.store(false, Ordering::Relaxed);
    assert!(manager.run(&mut request, Call::set("key", "late")).await.is_err());
    assert!(manager.sessions_of("alice").await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_error_of_the_store_is_shown() {
    static SHOWN: AtomicU32 = AtomicU32::new(0);
    let (manager, store, mut request) = logged_in().await;
    manager.on_error(|_| {
        SHOWN.fetch_add(1, Ordering::Relaxed);
    });
    manager.on_error(|_| panic!("the first stays"));
    manager.sweep().await.unwrap();
    assert_eq!(SHOWN.load(Ordering::Relaxed), 0);

    store.fails.store(true, Ordering::Relaxed);
    assert_eq!(manager.run(&mut request, Call::finish()).await, Err(Failure::Store));
    assert_eq!(SHOWN.load(Ordering::Relaxed), 1);
    manager.sessions_of("alice").await.unwrap_err();
    assert_eq!(SHOWN.load(Ordering::Relaxed), 2);
    manager.prepare_login("alice").await.unwrap_err();
    let long = "x".repeat(Config::STRICT.max_text_bytes + 1);
    assert_eq!(manager.prepare_login(long).await.unwrap().generation(), None, "nobody is asked");
    assert_eq!(SHOWN.load(Ordering::Relaxed), 3);
    store.hangs.store(true, Ordering::Relaxed);
    manager.sweep().await.unwrap_err();
    assert_eq!(SHOWN.load(Ordering::Relaxed), 4, "one that is too late, too");
}

/// All begin at once, so all but one lose a race. Then they take turns, so none loses so many more
/// races that it gives up.
#[tokio::test(start_paused = true)]
async fn many_writers_of_one_session_all_get_their_turn() {
    let (manager, store, mut request) = logged_in().await;
    let ending = manager.run(&mut request, Call::finish()).await.unwrap();
    let CookieChange::Set(id) = ending.cookie.unwrap().value else { panic!("a cookie is set") };
    store.is_slow.store(true, Ordering::Relaxed);
    let writers = (0..100).map(|writer| {
        let manager = manager.clone();
        tokio::spawn(async move {
            let mut request = manager.exchange().with_most_tries(4);
            let cookie = Some(CookieValue::Id(id));
            let arrival = Arrival { cookie, ..Arrival::default() };
            manager.run(&mut request, Call::start(arrival)).await.unwrap();
            manager.run(&mut request, Call::set("last", writer.to_string())).await.unwrap();
            manager.run(&mut request, Call::finish()).await.unwrap().failure
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        assert_eq!(writer.await.unwrap(), None);
    }
}
