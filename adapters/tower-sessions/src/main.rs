//! tower-sessions over its `MemoryStore`, no option set.
//! recommended: an idle limit, a `__Host-` name, `cycle_id` at login as its documentation advises.
#[path = "../../common/counted.rs"]
mod counted;
#[path = "../../common/kit.rs"]
mod kit;

use std::collections::HashMap;

use axum::Json;
use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::{Value, json};
use tower_sessions::session::Error;
use tower_sessions::{Expiry, Session, SessionManagerLayer};

async fn one(session: &Session, name: &str, key: &str, value: &str) -> Result<Value, Error> {
    match name {
        "gate" => kit::gate(key).await,
        "get" => return Ok(session.get_value(key).await?.into()),
        "whoami" => return Ok(session.get_value("user").await?.into()),
        "put" => session.insert(key, value).await?,
        "login" => {
            if kit::recommended() {
                session.cycle_id().await?;
            }
            session.insert("user", key).await?;
        }
        "del" => drop(session.remove_value(key).await?),
        "clear" => session.clear().await,
        "destroy" | "logout" => session.flush().await?,
        "renew" => session.cycle_id().await?,
        _ => return Ok(json!("unsupported")),
    }
    Ok(json!("ok"))
}

async fn act(Query(query): Query<HashMap<String, String>>, session: Session) -> Response {
    let mut results = Vec::new();
    for (name, key, value) in kit::operations(&query["ops"]) {
        if name == "throw" {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response(); // what an `Err` becomes
        }
        match one(&session, name, key, value).await {
            Ok(result) => results.push(result),
            Err(error) => {
                return (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
            }
        }
    }
    let status = query.get("status").map_or(200, |status| status.parse().expect("a status"));
    let status = StatusCode::from_u16(status).expect("a status");
    let mut response = (status, Json(results)).into_response();
    if let Some(cache) = query.get("cc") {
        response.headers_mut().insert("cache-control", cache.parse().expect("a header"));
    }
    response
}

#[tokio::main]
async fn main() {
    let name = if kit::recommended() { "__Host-id" } else { "id" };
    let store = counted::Counted::default();
    let mut layer = SessionManagerLayer::new(store.clone()).with_name(name);
    if kit::recommended() {
        layer = layer.with_expiry(Expiry::OnInactivity(time::Duration::minutes(30)));
    }
    let more = if kit::recommended() {
        json!({"idle": 1800, "login": "Session::cycle_id, Session::insert"})
    } else {
        json!({"idle": 1_209_600})
    };
    let operations = "get put del clear destroy renew login logout whoami";
    let caps = kit::caps("tower-sessions", "0.15.0", name, operations, more);
    let app = Router::new()
        .route("/{*path}", any(act))
        .layer(layer)
        .route("/caps", get(|| async { Json(caps) }))
        .route("/stats", get(move || async move { store.count().to_string() }));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", kit::port())).await.expect("a port");
    axum::serve(listener, app).await.expect("a server");
}
