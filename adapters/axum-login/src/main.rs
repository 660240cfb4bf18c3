//! axum-login over tower-sessions and its `MemoryStore`, as its documentation has it.
//! recommended: an idle limit and a `__Host-` name.
#[path = "../../common/counted.rs"]
mod counted;
#[path = "../../common/kit.rs"]
mod kit;

use std::collections::HashMap;
use std::convert::Infallible;

use axum::Json;
use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend};
use serde_json::{Value, json};
use tower_sessions::{Expiry, SessionManagerLayer};

#[derive(Clone, Debug)]
struct User(String);

impl AuthUser for User {
    type Id = String;

    fn id(&self) -> String {
        self.0.clone()
    }

    fn session_auth_hash(&self) -> &[u8] {
        b"of a password that never changes"
    }
}

#[derive(Clone)]
struct Backend;

impl AuthnBackend for Backend {
    type User = User;
    type Credentials = String;
    type Error = Infallible;

    async fn authenticate(&self, name: String) -> Result<Option<User>, Infallible> {
        Ok(Some(User(name)))
    }

    async fn get_user(&self, name: &String) -> Result<Option<User>, Infallible> {
        Ok(Some(User(name.clone())))
    }
}

type Auth = axum_login::AuthSession<Backend>;

async fn one(auth: &mut Auth, name: &str, key: &str, value: &str) -> Result<Value, String> {
    let session = auth.session.clone();
    let told = |error: tower_sessions::session::Error| error.to_string();
    match name {
        "gate" => kit::gate(key).await,
        "get" => return Ok(session.get_value(key).await.map_err(told)?.into()),
        "whoami" => return Ok(json!(auth.user.as_ref().map(|user| user.0.clone()))),
        "put" => session.insert(key, value).await.map_err(told)?,
        "del" => drop(session.remove_value(key).await.map_err(told)?),
        "renew" => session.cycle_id().await.map_err(told)?,
        "destroy" => session.flush().await.map_err(told)?,
        "login" => auth.login(&User(key.into())).await.map_err(|error| error.to_string())?,
        "logout" => drop(auth.logout().await.map_err(|error| error.to_string())?),
        _ => return Ok(json!("unsupported")),
    }
    Ok(json!("ok"))
}

async fn act(Query(query): Query<HashMap<String, String>>, mut auth: Auth) -> Response {
    let mut results = Vec::new();
    for (name, key, value) in kit::operations(&query["ops"]) {
        if name == "throw" {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response(); // what an `Err` becomes
        }
        match one(&mut auth, name, key, value).await {
            Ok(result) => results.push(result),
            Err(error) => return (StatusCode::INTERNAL_SERVER_ERROR, error).into_response(),
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
    let idle = if kit::recommended() { 1800 } else { 1_209_600 };
    let operations = "get put del destroy renew login logout whoami";
    let more = json!({"idle": idle, "login": "AuthSession::login"});
    let caps = kit::caps("axum-login", "0.18.0", name, operations, more);
    let app = Router::new()
        .route("/{*path}", any(act))
        .layer(AuthManagerLayerBuilder::new(Backend, layer).build())
        .route("/caps", get(|| async { Json(caps) }))
        .route("/stats", get(move || async move { store.count().to_string() }));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", kit::port())).await.expect("a port");
    axum::serve(listener, app).await.expect("a server");
}
