//! actix-session over Redis with actix-identity, as in their documentation.
//! recommended: 30 minutes that every request extends, a `__Host-` name.
#[path = "../../common/kit.rs"]
mod kit;

use std::collections::HashMap;
use std::env;

use actix_identity::{Identity, IdentityMiddleware};
use actix_session::config::{PersistentSession, TtlExtensionPolicy};
use actix_session::storage::RedisSessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::{Key, time::Duration};
use actix_web::error::ErrorInternalServerError;
use actix_web::http::StatusCode;
use actix_web::{App, HttpMessage, HttpRequest, HttpResponse, HttpServer, Result, web};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn act(
    request: HttpRequest,
    query: web::Query<HashMap<String, String>>,
    session: Session,
    mut identity: Option<Identity>,
) -> Result<HttpResponse> {
    let mut results: Vec<Value> = Vec::new();
    let mut user = identity.as_ref().and_then(|identity| identity.id().ok());
    for (name, key, value) in kit::operations(&query["ops"]) {
        match name {
            "gate" => kit::gate(key).await,
            "throw" => return Err(ErrorInternalServerError("the handler breaks")),
            "put" => session.insert(key, value)?,
            "login" => {
                let _ = Identity::login(&request.extensions(), key.into())?;
                user = Some(key.into());
            }
            "del" => drop(session.remove(key)),
            "clear" => session.clear(),
            "destroy" => session.purge(),
            "logout" => {
                if let Some(identity) = identity.take() {
                    identity.logout();
                }
                user = None;
            }
            "renew" => session.renew(),
            _ => {}
        }
        results.push(match name {
            "get" => json!(session.get::<String>(key)?),
            "whoami" => json!(user),
            "gate" | "put" | "login" | "del" | "clear" | "destroy" | "logout" | "renew" => {
                json!("ok")
            }
            _ => json!("unsupported"),
        });
    }
    let status = query.get("status").map_or(200, |status| status.parse().expect("a status"));
    let mut answer = HttpResponse::build(StatusCode::from_u16(status).expect("a status"));
    if let Some(cache) = query.get("cc") {
        answer.insert_header(("cache-control", cache.as_str()));
    }
    Ok(answer.json(results))
}

async fn stats(redis: web::Data<u16>) -> String {
    let redis = ("127.0.0.1", **redis);
    let mut stream = tokio::net::TcpStream::connect(redis).await.expect("Redis");
    stream.write_all(b"DBSIZE\r\n").await.expect("Redis");
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).await.expect("Redis");
    String::from_utf8_lossy(&answer[1..length]).trim().to_owned() // ":3\r\n"
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let redis: u16 = env::var("REDIS_PORT").expect("REDIS_PORT").parse().expect("a port");
    let store = RedisSessionStore::new(format!("redis://127.0.0.1:{redis}")).await.expect("Redis");
    let name = if kit::recommended() { "__Host-id" } else { "id" };
    let limits = json!({
        "login": "Identity::login", "idle": if kit::recommended() { 1800 } else { 86400 }});
    let operations = "get put del clear destroy renew login logout whoami";
    let version = [kit::version("actix-session"), kit::version("actix-identity")];
    let version = version.join(" / actix-identity ");
    let caps = web::Data::new(kit::caps("actix-session", &version, name, operations, limits));
    let lifetime = PersistentSession::default()
        .session_ttl(Duration::minutes(30))
        .session_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest);
    HttpServer::new(move || {
        let mut sessions =
            SessionMiddleware::builder(store.clone(), Key::from(&[7; 64])).cookie_name(name.into());
        if kit::recommended() {
            sessions = sessions.session_lifecycle(lifetime.clone());
        }
        let show = |caps: web::Data<Value>| async move { HttpResponse::Ok().json(&**caps) };
        let judged = web::scope("").wrap(IdentityMiddleware::default()).wrap(sessions.build());
        App::new()
            .app_data(caps.clone())
            .app_data(web::Data::new(redis))
            .route("/caps", web::get().to(show))
            .route("/stats", web::get().to(stats))
            .service(judged.default_service(web::to(act)))
    })
    .workers(2)
    .bind(("127.0.0.1", kit::port()))?
    .run()
    .await
}
