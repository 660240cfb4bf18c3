//! Runs the calls of requests over a store.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use quixote_session::driver::{Answer, Ask, Call, Exchange, Failure, FromSaid, Login, Write};
use quixote_session::{Config, ConfigError, EntropySource, Session, SessionId, SmolStr, Timestamp};
use tokio::time::{sleep, timeout};

use crate::store::{Store, StoreError};

/// The store, the configuration, the clock and the random source of a process. Clones share them.
#[derive(Clone)]
pub struct Manager(Arc<Parts>);

struct Parts {
    config: Arc<Config>,
    store: Arc<dyn Store>,
    entropy: Mutex<EntropySource>,
    shown: OnceLock<fn(&StoreError)>,
    queues: [tokio::sync::Mutex<()>; QUEUES],
}

/// Many sessions share a queue. That costs time only if requests of two of them lose races at once.
const QUEUES: usize = 64;

/// Why a manager could not be made.
#[derive(Debug, thiserror::Error)]
pub enum NotSet {
    /// The configuration contradicts itself, or is weaker than it says.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The system gives no random bytes.
    #[error(transparent)]
    Entropy(#[from] std::io::Error),
}

/// The application's own transaction of one request. When it is dropped, it must roll back.
#[async_trait]
pub trait OwnData: Send {
    /// For data in the same database as the sessions: carries out this write in the application's
    /// transaction, with `write_in` of `Sqlite` or `Postgres`, and commits, so that neither is
    /// there without the other. If the condition of the write did not hold, commit nothing and
    /// return false: the request goes on, and may ask for a write again.
    ///
    /// Return None, which is the default, if the data are somewhere else. The session is then
    /// written to the store, and [`commit`](Self::commit) follows.
    ///
    /// A request that changes nothing in its session writes none, and this is not called: then
    /// [`commit`](Self::commit) has to store the data alone, even if they share a database.
    ///
    /// On SQLite the transaction must begin in this method. A file has one writer: a transaction
    /// that is open while the handler runs makes the handler's own session writes wait, and fail.
    async fn write(&mut self, _write: &Write) -> Option<Result<bool, StoreError>> {
        None
    }

    /// Commits the data, after the session was written, or if it needs no write; false if that
    /// failed. Not called if [`write`](Self::write) has committed.
    async fn commit(&mut self) -> bool;

    /// Rolls the data back.
    async fn abort(&mut self);
}

/// No data.
#[async_trait]
impl OwnData for () {
    async fn commit(&mut self) -> bool {
        true
    }

    async fn abort(&mut self) {}
}

impl Manager {
    /// A manager over this store. Processes that share a store must have the same configuration:
    /// each sweeps by its own limits, and would delete sessions that are not over by another's.
    ///
    /// # Errors
    ///
    /// If the configuration does not pass its check, or the system gives no random bytes.
    pub fn new(config: Config, store: Arc<dyn Store>) -> Result<Self, NotSet> {
        config.check()?;
        let entropy = Mutex::new(EntropySource::from_system()?);
        let (config, shown) = (Arc::new(config), OnceLock::new());
        let queues = std::array::from_fn(|_| tokio::sync::Mutex::new(()));
        Ok(Self(Arc::new(Parts { config, store, entropy, shown, queues })))
    }

    /// Calls this function with each error of the store, for example to log it with `{:#}`: a
    /// [`Failure`] says only what a request has to know. The function that is set first stays. No
    /// error of the stores in this crate quotes what a session holds.
    pub fn on_error(&self, show: fn(&StoreError)) {
        self.0.shown.get_or_init(|| show);
    }

    fn show(&self, why: &StoreError) {
        if let Some(show) = self.0.shown.get() {
            show(why);
        }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// A new exchange, for a request that has not started or for calls of the manager.
    #[must_use]
    pub fn exchange(&self) -> Exchange {
        Exchange::new(self.0.config.clone(), self.entropy().revision())
    }

    /// The longest that a call may take. A store that works needs less, even if the call loses as
    /// many races as it may. A call that takes longer is given up, as if its future were dropped.
    pub const LONGEST: Duration = Duration::from_secs(30);

    /// Runs one call. If the future is dropped, the call is given up, and if it had begun to write,
    /// the request is abandoned. The same happens after [`LONGEST`](Self::LONGEST), and the result
    /// is [`Failure::Unknown`].
    ///
    /// # Errors
    ///
    /// Why the call failed.
    pub async fn run<T: FromSaid>(
        &self,
        exchange: &mut Exchange,
        call: Call<T>,
    ) -> Result<T, Failure> {
        let now = Timestamp::now();
        exchange.begin(&call, now);
        // There are no data of the application, so there is nothing to commit and to wait for.
        if let Some(Ask::Commit | Ask::Abort) = exchange.ask() {
            exchange.answer(Answer::Done, now);
        }
        self.carry_through(exchange, &mut ()).await;
        exchange.result(call)
    }

    /// The same as [`run`](Self::run), for a request with a transaction of the application. A call
    /// that takes too long may be given up before the transaction is committed or rolled back.
    ///
    /// # Errors
    ///
    /// Why the call failed.
    pub async fn run_with<T: FromSaid>(
        &self,
        exchange: &mut Exchange,
        call: Call<T>,
        own: &mut dyn OwnData,
    ) -> Result<T, Failure> {
        exchange.begin(&call, Timestamp::now());
        self.carry_through(exchange, own).await;
        exchange.result(call)
    }

    async fn carry_through(&self, exchange: &mut Exchange, own: &mut dyn OwnData) {
        // Most calls ask nothing, and need no timer. If one is given up, the exchange knows it.
        if exchange.ask().is_some()
            && let Err(late) = timeout(Self::LONGEST, self.answer_all(exchange, own)).await
        {
            self.show(&StoreError::unknown(late));
        }
    }

    /// A call that loses a race waits for the calls of this process that lost one before it, and
    /// then tries again. Otherwise many writers of one session would keep losing to each other.
    async fn answer_all(&self, exchange: &mut Exchange, own: &mut dyn OwnData) {
        let mut turn = None;
        while let Some(ask) = exchange.ask() {
            let wait = exchange.wait_ms();
            if wait > 0 {
                sleep(Duration::from_millis(wait)).await;
            }
            let contested = match ask {
                Ask::Write(write) => write.op.compares(),
                Ask::Load { .. }
                | Ask::Generation { .. }
                | Ask::Entropy
                | Ask::Commit
                | Ask::Abort => None,
            };
            let answer = self.carry_out(ask, own).await;
            if let (Answer::Conflict, None, Some(id)) = (&answer, &turn, contested) {
                turn = Some(self.queue(id).lock().await);
            }
            exchange.answer(answer, Timestamp::now());
        }
    }

    fn queue(&self, id: SessionId) -> &tokio::sync::Mutex<()> {
        let [first, others @ ..] = &self.0.queues;
        let place = id.reveal_bytes().first().map_or(0, |byte| usize::from(*byte) % QUEUES);
        place.checked_sub(1).and_then(|place| others.get(place)).unwrap_or(first)
    }

    async fn carry_out(&self, ask: Ask<'_>, own: &mut dyn OwnData) -> Answer {
        let store = &self.0.store;
        let answer = match ask {
            Ask::Load { id } => store.load(id).await.map(Answer::Loaded),
            Ask::Generation { user } => store.generation(user).await.map(Answer::Generation),
            Ask::Write(write) => {
                let with_own = if write.commits { own.write(write).await } else { None };
                let (written, then) = match with_own {
                    Some(written) => (written, Answer::Committed),
                    None => (store.write(write).await, Answer::Done),
                };
                written.map(|done| if done { then } else { Answer::Conflict })
            }
            Ask::Entropy => Ok(Answer::Entropy(self.entropy().draw())),
            Ask::Commit => Ok(if own.commit().await { Answer::Done } else { Answer::Failed }),
            Ask::Abort => {
                own.abort().await;
                Ok(Answer::Done)
            }
        };
        answer.unwrap_or_else(|why| {
            self.show(&why);
            match why {
                StoreError::Failed(_) => Answer::Failed,
                StoreError::Unknown(_) => Answer::Unknown,
            }
        })
    }

    /// Prepares the login of somebody whose password or other proof is to be checked now. If the
    /// user's sessions are ended during that check, the login is refused: see [`Login`]. The store
    /// is not asked about a name that is too long, with which nobody can log in.
    ///
    /// # Errors
    ///
    /// If the store fails.
    // [driver-24]
    pub async fn prepare_login(
        &self,
        user: impl Into<SmolStr> + Send,
    ) -> Result<Login, StoreError> {
        let user = user.into();
        if user.len() > self.config().max_text_bytes {
            return Ok(Login::from(user));
        }
        let generation = self.read(self.0.store.generation(&user)).await?;
        Ok(Login::prepared(user, generation))
    }

    /// The sessions of a user that are not over, for a list of devices that shows their handles.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        let mut sessions = self.read(self.0.store.sessions_of(user)).await?;
        let now = Timestamp::now();
        sessions.retain(|session| !session.is_over(self.config(), now));
        Ok(sessions)
    }

    /// What the store says when it is read outside a call. One that is too late has failed.
    async fn read<T>(
        &self,
        asked: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let told = timeout(Self::LONGEST, asked).await.map_err(StoreError::failed).flatten();
        told.inspect_err(|why| self.show(why))
    }

    /// Ends all sessions of a user, for good: a login that is under way is refused, too.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn delete_sessions_of(&self, user: &str) -> Result<(), Failure> {
        self.run(&mut self.exchange(), Call::delete_sessions_of(user)).await
    }

    /// Deletes what is over, to free room. Call it now and then, for example from a timer.
    ///
    /// # Errors
    ///
    /// If the store fails; or if there is so much to delete that it takes longer than
    /// [`LONGEST`](Self::LONGEST), and then the next sweep goes on.
    pub async fn sweep(&self) -> Result<(), Failure> {
        self.run(&mut self.exchange(), Call::sweep()).await
    }

    fn entropy(&self) -> MutexGuard<'_, EntropySource> {
        self.0.entropy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
