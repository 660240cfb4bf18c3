//! tower-sessions over its `MemoryStore`, no option set.
//! recommended: an idle limit, a `__Host-` name, `cycle_id` at login as its documentation advises.
#[path = "../../common/counted.rs"]
mod counted;
#[path = "../../common/axum.rs"]
mod http;
#[path = "../../common/kit.rs"]
mod kit;

use std::collections::HashMap;

use axum::Router;
use axum::extract::Query;
use axum::response::Response;
use axum::routing::any;
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
            return http::broken("the handler breaks");
        }
        match one(&session, name, key, value).await {
            Ok(result) => results.push(result),
            Err(error) => return http::broken(error),
        }
    }
    http::answer(&query, results)
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
    let version = kit::version("tower-sessions");
    let caps = kit::caps("tower-sessions", &version, name, operations, more);
    let judged = Router::new().route("/{*path}", any(act)).layer(layer);
    http::serve(judged, caps, store).await;
}
