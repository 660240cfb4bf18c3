//! What happens while a handler runs, and how it learns of it.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::routing::{any, get};
use quixote_session::driver::Call;
use quixote_session::{Handle, SessionId};
use quixote_session_axum::{Session, SessionError};
use quixote_session_store::{Manager, Store as _};

use super::own_data::noting;
use super::{Site, cookie, text};

async fn end_alice(manager: &Manager) -> Result<(), SessionError> {
    manager.delete_sessions_of("alice").await.map_err(SessionError)
}

/// The client may send the body, and so begin the handler, long after the session was loaded.
#[tokio::test]
async fn a_guard_ties_own_data_to_a_session_that_has_not_ended() {
    for (guards, status, ending) in [(false, 200, "commit"), (true, 409, "abort")] {
        let site = Site::new();
        let visitor = site.log_in().await;
        let (own, ended) = noting();
        let transfer = async move |session: Session| {
            session.attach(own.clone()).await;
            if guards {
                session.guard("any").await?;
            }
            end_alice(session.manager()).await?;
            assert_eq!(session.user().await.as_deref(), Some("alice"), "as it was");
            Ok::<_, SessionError>("transferred")
        };
        let response = site.serve(any(transfer), &visitor).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(&ended.lock().unwrap()[..], [ending]);
    }
}

#[tokio::test]
async fn a_handler_can_ask_whether_its_session_has_ended() {
    let site = Site::new();
    let visitor = site.log_in().await;
    let asks = async |session: Session| {
        let before = session.exists().await?;
        end_alice(session.manager()).await?;
        let after = session.exists().await?;
        Ok::<_, SessionError>(format!("{before} {after}"))
    };
    assert_eq!(text(site.serve(get(asks), &visitor).await).await, "true false");
}

/// Sets two values that belong together.
async fn remember(site: &Site, who: &'static str, visitor: &str) -> Option<String> {
    let set = async move |session: Session| {
        session.set("who", who).await?;
        session.set("code", format!("code of {who}")).await
    };
    cookie(&site.serve(get(set), visitor).await)
}

#[tokio::test]
async fn a_value_is_looked_at_as_it_was_and_taken_as_it_is() {
    for (guards, status) in [(false, StatusCode::OK), (true, StatusCode::CONFLICT)] {
        let site = Arc::new(Site::new());
        let visitor = remember(&site, "alice", "").await.unwrap();
        let (other, own) = (site.clone(), visitor.clone());
        let confirm = async move |session: Session| {
            if guards {
                session.guard("who").await?;
            }
            remember(&other, "mallory", &own).await;
            assert_eq!(session.take("code").await?, "code of mallory");
            assert_eq!(session.value("who").await.as_deref(), Some("alice"));
            session.login("alice").await
        };
        assert_eq!(site.serve(get(confirm), &visitor).await.status(), status);
    }
}

/// A stream cannot call its session, which has ended for it; it looks for the handle instead.
#[tokio::test]
async fn who_has_the_handle_sees_that_the_session_has_ended() {
    let site = Site::new();
    let visitor = site.log_in().await;
    let handle = async |session: Session| session.handle().await.unwrap().to_string();
    let handle: Handle = text(site.serve(get(handle), &visitor).await).await.parse().unwrap();
    let is_there = async || {
        let sessions = site.store.sessions_of("alice").await.unwrap();
        sessions.iter().any(|session| session.handle() == Some(handle))
    };
    let renew = get(async |session: Session| session.renew().await);
    let renewed = cookie(&site.serve(renew, &visitor).await).unwrap();
    assert!(is_there().await);
    site.ask("POST", "/logout", &[&renewed]).await;
    assert!(!is_there().await);
}

/// It is about other sessions, and the session of the request stays the one that is loaded again.
#[tokio::test]
async fn a_call_of_the_manager_leaves_the_request_its_session() {
    let site = Site::new();
    let (visitor, other) = (site.log_in().await, site.log_in().await);
    let id: SessionId = other.split_once('=').unwrap().1.parse().unwrap();
    let ends = async move |session: Session| {
        session.set("key", "before").await?;
        session.call(Call::delete_session(id)).await?;
        session.set("key", "after").await
    };
    assert_eq!(site.serve(get(ends), &visitor).await.status(), StatusCode::OK);
    let read = async |visitor: &str| text(site.ask("GET", "/read", &[visitor]).await).await;
    assert_eq!((&*read(&visitor).await, &*read(&other).await), ("alice after", " "));
}
