//! axum-login over tower-sessions and its `MemoryStore`, as its documentation has it.
//! recommended: an idle limit and a `__Host-` name.
#[path = "../../common/counted.rs"]
mod counted;
#[path = "../../common/axum.rs"]
mod http;
#[path = "../../common/kit.rs"]
mod kit;

use std::collections::HashMap;
use std::convert::Infallible;

use axum::Router;
use axum::extract::Query;
use axum::response::Response;
use axum::routing::any;
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
            return http::broken("the handler breaks");
        }
        match one(&mut auth, name, key, value).await {
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
    let idle = if kit::recommended() { 1800 } else { 1_209_600 };
    let operations = "get put del destroy renew login logout whoami";
    let more = json!({"idle": idle, "login": "AuthSession::login"});
    let caps = kit::caps("axum-login", &kit::version("axum-login"), name, operations, more);
    let judged = Router::new()
        .route("/{*path}", any(act))
        .layer(AuthManagerLayerBuilder::new(Backend, layer).build());
    http::serve(judged, caps, store).await;
}
