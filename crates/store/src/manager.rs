//! Runs the calls of requests over a store.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use quixote_session::driver::{Answer, Ask, Call, Exchange, Failure, Fresh, FromSaid};
use quixote_session::{Config, ConfigError, EntropySource, Session};
use tokio::time::{sleep, timeout};

use crate::store::{Store, StoreError};

/// A store, the configuration, the clock and the random source of a process. Clones are the same.
#[derive(Clone)]
pub struct Manager(Arc<Parts>);

struct Parts {
    config: Arc<Config>,
    store: Arc<dyn Store>,
    entropy: Mutex<EntropySource>,
    shown: OnceLock<fn(&StoreError)>,
}

/// Why there is no manager.
#[derive(Debug, thiserror::Error)]
pub enum NotSet {
    /// The configuration contradicts itself, or is weaker than it says.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The system gives no random bytes.
    #[error(transparent)]
    Entropy(#[from] std::io::Error),
}

/// The application's own data of one request, if they are in a transaction.
#[async_trait]
pub trait OwnData: Send {
    /// Commits them; false if that failed. It comes after the session was written.
    async fn commit(&mut self) -> bool;

    /// Rolls them back.
    async fn abort(&mut self);
}

/// None.
#[async_trait]
impl OwnData for () {
    async fn commit(&mut self) -> bool {
        true
    }

    async fn abort(&mut self) {}
}

impl Manager {
    /// Over this store.
    ///
    /// # Errors
    ///
    /// If the configuration does not pass its check, or the system gives no random bytes.
    pub fn new(config: Config, store: Arc<dyn Store>) -> Result<Self, NotSet> {
        config.check()?;
        let entropy = Mutex::new(EntropySource::from_system()?);
        let (config, shown) = (Arc::new(config), OnceLock::new());
        Ok(Self(Arc::new(Parts { config, store, entropy, shown })))
    }

    /// Shows each error of the store to this function, such as one that logs it; the first that is
    /// set stays. A [`Failure`] says only what a request has to know. An error may quote what a row
    /// holds that cannot be read.
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

    /// For a request that has not started, or for calls of the manager.
    #[must_use]
    pub fn exchange(&self) -> Exchange {
        Exchange::new(self.0.config.clone(), self.fresh().entropy)
    }

    /// The longest that a call takes: longer than a store that works, with all races that may be
    /// lost. After that it is left half way, as if its future were dropped.
    pub const LONGEST: Duration = Duration::from_secs(30);

    /// Runs one call. To drop the future gives the call up: if it had begun to write the request is
    /// abandoned. So does [`LONGEST`](Self::LONGEST), with [`Failure::Unknown`].
    ///
    /// # Errors
    ///
    /// What the call failed of.
    pub async fn run<T: FromSaid>(
        &self,
        exchange: &mut Exchange,
        call: Call<T>,
    ) -> Result<T, Failure> {
        self.run_with(exchange, call, &mut ()).await
    }

    /// The same, where the application has data of its own in a transaction that follows the
    /// request. A call that takes too long may be left before they are committed or rolled back.
    ///
    /// # Errors
    ///
    /// What the call failed of.
    pub async fn run_with<T: FromSaid>(
        &self,
        exchange: &mut Exchange,
        call: Call<T>,
        own: &mut dyn OwnData,
    ) -> Result<T, Failure> {
        exchange.begin(&call, self.fresh());
        // Whether it came to its end or not, the exchange knows.
        if let Err(late) = timeout(Self::LONGEST, self.carry_through(exchange, own)).await {
            self.show(&StoreError::unknown(late));
        }
        exchange.result(call)
    }

    async fn carry_through(&self, exchange: &mut Exchange, own: &mut dyn OwnData) {
        while let Some(ask) = exchange.ask() {
            let wait = exchange.wait_ms();
            if wait > 0 {
                sleep(Duration::from_millis(wait)).await;
            }
            let answer = self.carry_out(ask, own).await;
            exchange.answer(answer, self.fresh());
        }
    }

    async fn carry_out(&self, ask: Ask<'_>, own: &mut dyn OwnData) -> Answer {
        let store = &self.0.store;
        let answer = match ask {
            Ask::Load { id } => store.load(id).await.map(Answer::Loaded),
            Ask::Generation { user } => store.generation(user).await.map(Answer::Generation),
            Ask::Write(write) => {
                let written = store.write(write).await;
                written.map(|done| if done { Answer::Done } else { Answer::Conflict })
            }
            Ask::Entropy => Ok(Answer::Done),
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

    /// The sessions of a user that are not over: what to list as devices, by their handles.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        let found = timeout(Self::LONGEST, self.0.store.sessions_of(user)).await;
        let mut sessions =
            found.map_err(StoreError::failed).flatten().inspect_err(|why| self.show(why))?;
        let now = self.fresh().now;
        sessions.retain(|session| !session.is_over(self.config(), now));
        Ok(sessions)
    }

    /// Ends all sessions of a user, for good: a login that is under way is refused, too.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn delete_sessions_of(&self, user: &str) -> Result<(), Failure> {
        self.run(&mut self.exchange(), Call::delete_sessions_of(user)).await
    }

    /// Deletes what is over, to free room: now and then, as from a timer.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn sweep(&self) -> Result<(), Failure> {
        self.run(&mut self.exchange(), Call::sweep()).await
    }

    fn fresh(&self) -> Fresh {
        self.0.entropy.lock().unwrap_or_else(PoisonError::into_inner).fresh()
    }
}
