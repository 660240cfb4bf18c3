//! Handlers that stop half way.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, any, get};
use quixote_session::Refusal;
use quixote_session::driver::Failure;
use quixote_session_axum::{Session, SessionError};

use super::all_refusals::REFUSALS;
use super::own_data::noting;
use super::{Site, cookie, text};

/// Asks with a route of a logged-in visitor; answers with the status, how the application's
/// transaction ended, and what the session has then.
async fn asked(
    route: impl FnOnce(super::own_data::Own) -> MethodRouter,
) -> (u16, Vec<&'static str>, String) {
    let site = Site::new();
    let visitor = site.log_in().await;
    let (own, ended) = noting();
    let response = site.serve(route(own), &visitor).await;
    let visitor = cookie(&response).unwrap_or(visitor);
    let found = text(site.ask("GET", "/read", &[&visitor]).await).await;
    let ended = ended.lock().unwrap().clone();
    (response.status().as_u16(), ended, found)
}

/// Half of the work is done, and then a call is refused.
async fn refused_half_way(session: Session) -> Result<(), SessionError> {
    session.login("bob").await?;
    session.set("key", "half of it").await?;
    session.accept("no token").await
}

#[tokio::test]
async fn a_call_that_is_refused_undoes_what_the_handler_did_before() {
    let stops = async |session: Session| refused_half_way(session).await;
    let told = asked(|own| {
        any(async move |session: Session| {
            session.attach(own.clone()).await;
            stops(session).await
        })
    });
    assert_eq!(told.await, (403, vec!["abort"], "alice ".to_owned()));
}

/// The handler decides by itself what a refusal means.
#[tokio::test]
async fn a_page_of_the_handler_is_saved_whatever_was_refused_before() {
    let told = asked(|own| {
        any(async move |session: Session| {
            session.attach(own.clone()).await;
            let refused = refused_half_way(session).await;
            (StatusCode::UNPROCESSABLE_ENTITY, refused.unwrap_err().to_string())
        })
    });
    assert_eq!(told.await, (422, vec!["commit"], "bob half of it".to_owned()));
}

/// As `tower_http::timeout` does it, inside the layer.
#[tokio::test]
async fn a_handler_that_a_timeout_cuts_is_undone() {
    let told = asked(|own| {
        any(async move |session: Session| -> Response {
            let work = async {
                session.attach(own.clone()).await;
                session.login("bob").await?;
                session.set("key", "half of it").await?;
                std::future::pending::<Result<&'static str, SessionError>>().await
            };
            match tokio::time::timeout(Duration::from_millis(10), work).await {
                Ok(done) => done.into_response(),
                Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
            }
        })
    });
    assert_eq!(told.await, (408, vec!["abort"], "alice ".to_owned()));
}

/// The text of a failure says what the application has to do. The layer has done that.
#[tokio::test]
async fn a_visitor_reads_what_became_of_the_request() {
    let failures = [Failure::Busy, Failure::Store, Failure::Unknown, Failure::Commit];
    let refusals = REFUSALS.map(Failure::Refused);
    for why in failures.into_iter().chain(refusals) {
        let site = Site::new();
        let response = site.serve(get(async move || SessionError(why)), "").await;
        let told = text(response).await;
        assert_eq!(told, format!("{}\n", SessionError(why).for_visitor()));
        for word in ["cookie", "finish", "max_", "answer", "roll back"] {
            assert!(!told.contains(word), "{told}");
        }
    }
    let ended = SessionError(Failure::Refused(Refusal::UserEnded));
    assert_eq!(ended.for_visitor(), "Your sessions have been ended. Log in again.");
}

/// It has ended for what the handler has left behind, too: a stream, or a task.
#[tokio::test]
async fn a_request_whose_store_failed_takes_no_more_calls() {
    let site = Site::new();
    let visitor = site.log_in().await;
    let (store, left) = (site.store.clone(), Arc::new(Mutex::new(None)));
    let keep = left.clone();
    let fails = async move |session: Session| {
        store.failing(session.prepare_login("bob")).await.unwrap_err();
        *keep.lock().unwrap() = Some(session);
    };
    assert_eq!(site.serve(get(fails), &visitor).await.status().as_u16(), 503);
    let late: Session = left.lock().unwrap().take().unwrap();
    let refused = Err(SessionError(Failure::Refused(Refusal::UnknownRequest)));
    assert_eq!((late.set("key", "late").await, late.logout().await), (refused, refused));
    assert_eq!(text(site.ask("GET", "/read", &[&visitor]).await).await, "alice ");
}

#[tokio::test]
async fn a_handler_that_could_not_list_the_devices_saves_nothing() {
    let site = Site::new();
    let visitor = site.log_in().await;
    let store = site.store.clone();
    let ignores = async move |session: Session| {
        session.set("key", "half of it").await.unwrap();
        store.failing(session.devices()).await.unwrap_err();
    };
    assert_eq!(site.serve(get(ignores), &visitor).await.status().as_u16(), 503);
    assert_eq!(text(site.ask("GET", "/read", &[&visitor]).await).await, "alice ");
}
