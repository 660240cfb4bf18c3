//! A process that serves: it runs the calls of requests over a store, and writes down what the
//! store was asked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use quixote_session::driver::{Call, Exchange, Revision, Said, Stored, Write};
use quixote_session::{Config, Event, Session, SessionId, StoreOp};
use quixote_session_store::{Manager, Postgres, Redis, Sqlite, Store, StoreError};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::time::sleep;

use crate::Broken;
use crate::wire::{Asked, Called, During, Order, Told, What, Why};

/// Serves orders from its standard input until that ends.
pub(crate) async fn serve(url: &str, careless: bool) -> Result<(), Broken> {
    let mut store = open(url).await?;
    if careless {
        store = Arc::new(Careless(store));
    }
    let manager = Manager::new(Config::STRICT, Arc::new(Watched(store)))?;
    let out = Arc::new(tokio::sync::Mutex::new(tokio::io::stdout()));
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let order: Order = serde_json::from_str(&line)?;
        let (manager, out) = (manager.clone(), out.clone());
        tokio::spawn(async move {
            let told = ASKED.scope(Mutex::default(), carry_out(order, manager)).await;
            let line = serde_json::to_string(&told).unwrap_or_default() + "\n";
            let mut out = out.lock().await;
            // The process that asked may be gone.
            let _ = out.write_all(line.as_bytes()).await;
            let _ = out.flush().await;
        });
    }
    Ok(())
}

/// Opens the store, and tries again while it starts.
async fn open(url: &str) -> Result<Arc<dyn Store>, Broken> {
    let mut tries = 0;
    loop {
        let opened = match url.split_once("://") {
            Some(("redis", _)) => Redis::connect(url).await.map(shared),
            Some(_) => Postgres::connect(url).await.map(shared),
            None => Sqlite::open(url).map(shared),
        };
        match opened {
            Ok(store) => return Ok(store),
            Err(StoreError::Failed(why) | StoreError::Unknown(why)) if tries == 300 => {
                return Err(why);
            }
            Err(_) => tries += 1,
        }
        sleep(Duration::from_millis(100)).await;
    }
}

fn shared(store: impl Store + 'static) -> Arc<dyn Store> {
    Arc::new(store)
}

async fn carry_out(order: Order, manager: Manager) -> Told {
    let Order { number, calls, pause_ms } = order;
    let mut told = Told { number, calls: Vec::new() };
    let mut exchange = manager.exchange();
    for event in calls {
        if pause_ms > 0 {
            sleep(Duration::from_millis(pause_ms)).await;
        }
        let called = call(event, &manager, &mut exchange).await;
        let over = matches!(called.result, Err(Why::Store | Why::Unknown));
        told.calls.push(called);
        if over {
            break;
        }
    }
    told
}

async fn call(event: Event, manager: &Manager, exchange: &mut Exchange) -> Called {
    let began = now();
    let result = manager.run(exchange, Call::<Said>::any(event.clone())).await;
    let during = During { began, ended: now() };
    let asked = ASKED.with(|asked| std::mem::take(&mut *lock(asked)));
    match result {
        Ok(Said { reply, ending }) => Called {
            event,
            during,
            result: Ok(reply),
            unsaved: ending.failure.map(Into::into),
            cookie: ending.cookie,
            asked,
        },
        Err(why) => {
            Called { event, during, result: Err(why.into()), unsaved: None, cookie: None, asked }
        }
    }
}

/// Nanoseconds by the clock of the computer, which must not be set meanwhile.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos().try_into().unwrap_or(u64::MAX))
}

tokio::task_local! {
    /// What the store was asked for the request that this task serves.
    static ASKED: Mutex<Vec<Asked>>;
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A store that writes down what it is asked, and what it answers.
struct Watched(Arc<dyn Store>);

impl Watched {
    fn note<T>(
        began: u64,
        answer: Result<T, StoreError>,
        what: impl FnOnce(&T) -> What,
    ) -> Result<T, StoreError> {
        let during = During { began, ended: now() };
        let what = answer.as_ref().map_or(What::Failed, what);
        ASKED.with(|asked| lock(asked).push(Asked { during, what }));
        answer
    }
}

#[async_trait]
impl Store for Watched {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        let began = now();
        let answer = self.0.load(id).await;
        Self::note(began, answer, |found| {
            let found = found.as_ref().map(|found| (found.revision.0, found.session.clone()));
            What::Loaded { id, found }
        })
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        let began = now();
        let answer = self.0.generation(user).await;
        Self::note(began, answer, |count| What::Generation { user: user.into(), count: *count })
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        let began = now();
        let answer = self.0.write(write).await;
        Self::note(began, answer, |done| {
            let expected = write.expected.map(|own| own.0);
            let (op, revision) = (write.op.clone(), write.revision.0);
            What::Write { op, expected, revision, done: *done }
        })
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        self.0.sessions_of(user).await
    }
}

/// A store that is wrong on purpose, so that the checks can be seen to find it: an update
/// overwrites whatever is there.
struct Careless(Arc<dyn Store>);

#[async_trait]
impl Store for Careless {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        self.0.load(id).await
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        self.0.generation(user).await
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        let StoreOp::Update { id, .. } = &write.op else { return self.0.write(write).await };
        let expected: Option<Revision> = self.0.load(*id).await?.map(|found| found.revision);
        self.0.write(&Write { expected, ..write.clone() }).await
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        self.0.sessions_of(user).await
    }
}
