//! Logins whose password check takes time.

use axum::http::StatusCode;
use axum::routing::get;
use quixote_session_axum::{Session, SessionError};

use super::{Site, cookie, text};

/// The password of alice is right, and her sessions are ended before the check is over.
async fn checked_too_early(session: Session) -> Result<&'static str, SessionError> {
    let login = session.prepare_login("alice").await?;
    session.manager().delete_sessions_of("alice").await.map_err(SessionError)?;
    session.login(login).await?;
    Ok("welcome")
}

// [driver-24]
#[tokio::test]
async fn a_login_is_refused_if_the_user_was_ended_while_the_password_was_checked() {
    let site = Site::new();
    let other = site.log_in().await;
    for own in ["", &other] {
        let response = site.serve(get(checked_too_early), own).await;
        assert_eq!((response.status(), cookie(&response)), (StatusCode::CONFLICT, None));
    }
    assert_eq!(text(site.ask("GET", "/read", &[&other]).await).await, " ");
    site.log_in().await;
}

#[tokio::test]
async fn a_prepared_login_is_a_login() {
    let site = Site::new();
    let in_time = async |session: Session| {
        let login = session.prepare_login("alice").await?;
        session.manager().delete_sessions_of("bob").await.map_err(SessionError)?;
        session.login(login).await
    };
    let own = cookie(&site.serve(get(in_time), "").await).unwrap();
    assert_eq!(text(site.ask("GET", "/read", &[&own]).await).await, "alice ");
}

/// As after any other failure of the store.
#[tokio::test]
async fn a_login_that_cannot_be_prepared_is_a_503_whatever_the_handler_says() {
    let site = Site::new();
    let own = site.log_in().await;
    let store = site.store.clone();
    let ignores = async move |session: Session| {
        session.set("key", "half of it").await.unwrap();
        store.failing(session.prepare_login("bob")).await.unwrap_err();
        "all is well"
    };
    let response = site.serve(get(ignores), &own).await;
    assert_eq!((response.status().as_u16(), cookie(&response)), (503, None));
    assert_eq!(text(site.ask("GET", "/read", &[&own]).await).await, "alice ");
}
