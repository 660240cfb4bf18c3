//! What becomes of the application's own data when a request ends.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use axum::routing::get;
use quixote_session::driver::Write;
use quixote_session_axum::{Session, SessionError};
use quixote_session_store::{OwnData, Store as _, StoreError};

use super::{Failing, Site, text};

/// Data of the application that note how they ended.
#[derive(Clone)]
pub(super) struct Own {
    ended: Arc<Mutex<Vec<&'static str>>>,
    /// Whether the commit succeeds; None if it panics.
    commits: Option<bool>,
    /// Whether they are in the database of the sessions.
    shares: Option<Arc<Failing>>,
}

/// Data in a database of their own, and what became of them.
pub(super) fn noting() -> (Own, Arc<Mutex<Vec<&'static str>>>) {
    let ended = Arc::default();
    (Own { ended: Arc::clone(&ended), commits: Some(true), shares: None }, ended)
}

#[async_trait::async_trait]
impl OwnData for Own {
    async fn write(&mut self, write: &Write) -> Option<Result<bool, StoreError>> {
        let shares = self.shares.as_ref()?;
        assert!(self.commits.is_some(), "a write that panics");
        let written = shares.write(write).await;
        self.ended.lock().unwrap().push("both");
        Some(written)
    }

    async fn commit(&mut self) -> bool {
        self.ended.lock().unwrap().push("commit");
        self.commits.unwrap()
    }

    async fn abort(&mut self) {
        self.ended.lock().unwrap().push("abort");
    }
}

/// What becomes of the application's transaction: whether it commits (None: it panics), whether its
/// database is that of the sessions, and the handler's status; then the status of the response, how
/// the transaction ended, and what the session has.
#[tokio::test]
async fn own_data_end_as_the_session_does() {
    for (commits, shares, handler, status, ended, value) in [
        (Some(true), false, 200, 200, "commit", "alice value"),
        (Some(true), true, 200, 200, "both", "alice value"),
        (Some(true), false, 500, 500, "abort", "alice "),
        (Some(true), true, 500, 500, "abort", "alice "),
        (Some(false), false, 200, 500, "commit", "alice value"),
        (None, false, 200, 500, "commit", "alice value"),
    ] {
        let site = Site::new();
        let own = site.log_in().await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (told, store) = (seen.clone(), site.store.clone());
        let route = async move |session: Session| {
            let shares = shares.then(|| store.clone());
            session.attach(Own { ended: told.clone(), commits, shares }).await;
            session.set("key", "value").await?;
            Ok::<_, SessionError>(StatusCode::from_u16(handler).unwrap())
        };
        let response = site.serve(get(route), &own).await;
        assert_eq!((response.status().as_u16(), &seen.lock().unwrap()[..]), (status, &[ended][..]));
        assert_eq!(text(site.ask("GET", "/read", &[&own]).await).await, value);
    }
}

/// Whoever shares a database still has to commit alone if the session has nothing to write.
#[tokio::test]
async fn own_data_of_a_request_that_writes_no_session_are_committed_alone() {
    let site = Site::new();
    let own = site.log_in().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (told, store) = (seen.clone(), site.store.clone());
    let route = async move |session: Session| {
        let shares = Some(store.clone());
        session.attach(Own { ended: told.clone(), commits: Some(true), shares }).await;
    };
    let response = site.serve(get(route), &own).await;
    assert_eq!((response.status().as_u16(), &seen.lock().unwrap()[..]), (200, &["commit"][..]));
}

/// There is no telling what was committed before the panic.
#[tokio::test(start_paused = true)]
async fn a_write_of_own_data_that_panics_is_in_doubt() {
    let site = Site::new();
    let own = site.log_in().await;
    let store = site.store.clone();
    let route = async move |session: Session| {
        let shares = Some(store.clone());
        session.attach(Own { ended: Arc::default(), commits: None, shares }).await;
        session.set("key", "value").await
    };
    let response = site.serve(get(route), &own).await;
    assert_eq!(response.status(), 503);
    assert_eq!(text(site.ask("GET", "/read", &[&own]).await).await, "alice ");
}

/// A handler whose store has failed leaves nothing of its own behind.
#[tokio::test]
async fn own_data_are_rolled_back_if_the_store_fails() {
    let site = Site::new();
    let own = site.log_in().await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (told, store) = (seen.clone(), site.store.clone());
    let route = async move |session: Session| {
        session.attach(Own { ended: told.clone(), commits: Some(true), shares: None }).await;
        store.fails.store(true, Ordering::Relaxed);
        let _ = session.logout().await;
    };
    let response = site.serve(get(route), &own).await;
    assert_eq!((response.status().as_u16(), &seen.lock().unwrap()[..]), (503, &["abort"][..]));
}
