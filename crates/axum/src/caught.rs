//! The application's own data, with panics turned into failures.

use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use quixote_session::driver::Write;
use quixote_session_store::{OwnData, StoreError};

/// Data whose code runs at the end of a request, after the handler. A panic there must not lose the
/// response, or the cookie of a session that was written before.
pub(crate) struct Caught<T>(pub(crate) T);

async fn caught<T>(run: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(run).catch_unwind().await.ok()
}

#[async_trait::async_trait]
impl<T: OwnData> OwnData for Caught<T> {
    async fn write(&mut self, write: &Write) -> Option<Result<bool, StoreError>> {
        // It may have committed before it panicked.
        let panicked = || Some(Err(StoreError::unknown("the application's write has panicked")));
        caught(self.0.write(write)).await.unwrap_or_else(panicked)
    }

    async fn commit(&mut self) -> bool {
        caught(self.0.commit()).await.unwrap_or(false)
    }

    async fn abort(&mut self) {
        caught(self.0.abort()).await;
    }
}
