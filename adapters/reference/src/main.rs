//! The server that the judge is tested with: this crate under strict, over its memory store, in its
//! axum layer, speaking the contract of `spec/contract.md`. `FAULT` plants one fault, which some
//! scenarios must find, and no others.

mod cookies;
mod ends;
mod fault;
mod forms;
mod frame;
mod here;
mod late;
mod ops;
mod store;
mod weak;
mod wrong;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{env, io};

use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{any, get};
use axum::{Json, Router, middleware};
use quixote_session::{Config, GivesUp, Width};
use quixote_session_axum::{Session, SessionLayer};
use quixote_session_store::Manager;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::fault::Fault;
use crate::forms::Minted;
use crate::ops::{Before, Handler};
use crate::store::Planted;
use crate::weak::Weak;
use crate::wrong::Left;

const IDLE_S: u64 = 600;

/// What all requests share. Clones are the same.
#[derive(Clone)]
pub struct Server(Arc<Shared>);

/// What all requests share.
pub struct Shared {
    config: Config,
    store: Arc<Planted>,
    minted: Minted,
    weak: Weak,
    gate: u16,
    fault: Fault,
    /// Whether the cookie counts as the whole session, with a seal that must be right.
    sealed: bool,
    turns: Turns,
    one_at_a_time: tokio::sync::Mutex<()>,
    outage: AtomicBool,
    left: Left,
}

/// What a request does while another one is under way. None of it is a fault.
pub enum Turns {
    Free,
    Waits,
    Refuses,
}

impl std::ops::Deref for Server {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// The store will fail for the next request.
    fn break_next(&self) {
        self.outage.store(true, Ordering::SeqCst);
    }

    fn is_out_of_order(&self) -> bool {
        self.outage.swap(false, Ordering::SeqCst)
    }
}

fn config(fault: Fault) -> Config {
    // A short idle limit beside a long absolute one, as many servers have it.
    let idle_limit_ms = Some(IDLE_S * 1_000);
    let strict = Config { idle_limit_ms, ..Config::STRICT };
    let gives_up = GivesUp::NOTHING;
    match fault {
        Fault::ShortIds => Config {
            width: Width::Bits64,
            gives_up: GivesUp { long_ids: true, ..gives_up },
            ..strict
        },
        Fault::BareCookie => Config { idle_limit_ms, ..Config::DEVELOPMENT },
        Fault::NoIdleLimit | Fault::ExpiresInBrowsersOnly => Config {
            idle_limit_ms: None,
            gives_up: GivesUp { idle_limit: true, ..gives_up },
            ..strict
        },
        Fault::NoAbsoluteLimit => Config {
            absolute_limit_ms: None,
            gives_up: GivesUp { absolute_limit: true, ..gives_up },
            ..strict
        },
        _ => strict,
    }
}

fn caps(config: &Config, sealed: bool) -> Value {
    json!({
        "name": "reference",
        "version": env!("CARGO_PKG_VERSION"),
        "language": "Rust",
        "cookie": config.cookie_name.as_str(),
        "stats": env::var_os("NO_STATS").is_none(),
        "sealed": sealed,
        "login": "Session::login",
        "idle": IDLE_S,
        "absolute": 43_200,
        "ops": ops::NAMES,
    })
}

async fn act(
    State(server): State<Server>,
    Query(query): Query<HashMap<String, String>>,
    session: Session,
) -> Response {
    let word = |name: &str| query.get(name).map(String::as_str);
    let status = word("status").and_then(|status| status.parse().ok()).unwrap_or(200);
    let mut handler =
        Handler { server: &server, session, has_read: false, before: Before::default() };
    let mut response = handler.run(word("ops").unwrap_or_default(), status).await;
    if let Some(value) = word("cc").and_then(|it| it.parse().ok()) {
        response.headers_mut().insert("cache-control", value);
    }
    response
}

fn invalid(what: impl std::fmt::Display) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what.to_string())
}

fn port(name: &str) -> io::Result<u16> {
    let text = env::var(name).map_err(|error| invalid(format!("{name}: {error}")))?;
    text.parse().map_err(|_| invalid(format!("{name}: expected a port")))
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let name = env::var("FAULT").unwrap_or_default();
    let fault = Fault::named(&name)
        .ok_or_else(|| invalid(format!("FAULT: expected one of {}", Fault::NAMES.join(", "))))?;
    let config = config(fault);
    let store = Arc::new(Planted::new(fault));
    let manager = Manager::new(config.clone(), store.clone()).map_err(invalid)?;
    let sealed = fault == Fault::IgnoresSeals || env::var_os("SEALED").is_some();
    let caps = caps(&config, sealed);
    let server = Server(Arc::new(Shared {
        config,
        store,
        minted: Minted::default(),
        weak: Weak::default(),
        gate: port("KIT_GATE")?,
        fault,
        sealed,
        turns: match (env::var_os("SERIAL"), env::var_os("REFUSES")) {
            (Some(_), _) => Turns::Waits,
            (None, Some(_)) => Turns::Refuses,
            (None, None) => Turns::Free,
        },
        one_at_a_time: tokio::sync::Mutex::default(),
        outage: AtomicBool::new(false),
        left: Left::default(),
    }));
    let stored = server.clone();
    let app = Router::new()
        .route("/{*path}", any(act))
        .layer(SessionLayer::new(manager))
        .layer(middleware::from_fn_with_state(server.clone(), frame::frame))
        .with_state(server)
        .route("/caps", get(|| async { Json(caps) }))
        .route("/stats", get(|| async move { stored.store.len().to_string() }));
    let listener = TcpListener::bind(("127.0.0.1", port("PORT")?)).await?;
    axum::serve(listener, app).await
}
