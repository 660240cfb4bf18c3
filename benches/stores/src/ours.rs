//! The same over our layer and stores.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use quixote_session::Config;
use quixote_session_axum::{Session, SessionError, SessionLayer};
use quixote_session_store::{Manager, Store};

async fn read(session: Session) -> String {
    session.user().await.map(|user| user.to_string()).unwrap_or_default()
}

async fn write(session: Session) -> Result<&'static str, SessionError> {
    session.set("value", crate::another()).await?;
    Ok("ok")
}

async fn login(session: Session) -> Result<&'static str, SessionError> {
    session.login("alice").await?;
    Ok("ok")
}

pub fn site(store: Arc<dyn Store>) -> Result<Router, crate::Broken> {
    let manager = Manager::new(Config::STRICT, store)?;
    Ok(Router::new()
        .route("/read", get(read))
        .route("/write", post(write))
        .route("/login", post(login))
        .layer(SessionLayer::new(manager)))
}
