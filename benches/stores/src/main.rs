//! Requests a second over each store, ours beside tower-sessions 0.15, in one run.
//!
//! Requests are made in the process, without a network but that of the store. Both take turns, so
//! that what else the machine does meets both; what is shown are medians over the turns.
//! `.ci/services` starts the stores:
//!
//! ```sh
//! .ci/services cargo run --release --locked --manifest-path benches/stores/Cargo.toml
//! ```
//!
//! With the names of stores behind `--` (`memory SQLite PostgreSQL Redis`) only those are compared.

mod ours;
mod tower;
mod trips;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ::tower::ServiceExt as _;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, header};
use quixote_session::Config;
use quixote_session_store::{Memory, Postgres, Redis, Sqlite, Store};

pub type Broken = Box<dyn std::error::Error + Send + Sync>;

/// How many visitors send requests at once, each with a session of its own.
const VISITORS: usize = 16;
const TURNS: usize = 15;
const TURN: Duration = Duration::from_millis(400);

/// A value that was not written before.
pub fn another() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    format!("value {}", LAST.fetch_add(1, Ordering::Relaxed))
}

#[derive(Clone, Copy)]
enum What {
    Read,
    Write,
    New,
}

/// All of them, and what `--` may be followed by.
const STORES: [&str; 4] = ["memory", "SQLite", "PostgreSQL", "Redis"];

#[tokio::main]
async fn main() -> Result<(), Broken> {
    if let Some(wrong) = std::env::args().skip(1).find(|name| !STORES.contains(&name.as_str())) {
        return Err(format!("{wrong} is none of {}", STORES.join(", ")).into());
    }
    let folder = std::env::temp_dir().join(format!("stores-bench-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    let result = compare(&folder).await;
    std::fs::remove_dir_all(&folder)?;
    result
}

async fn compare(folder: &std::path::Path) -> Result<(), Broken> {
    println!("| store | read | write | new session | round trips: read, write, new session |");
    println!("|---|---|---|---|---|");
    let named: Vec<_> = std::env::args().skip(1).collect();
    for name in STORES {
        if !named.is_empty() && !named.iter().any(|own| own == name) {
            continue;
        }
        let (own, theirs) = match name {
            "memory" => in_memory(),
            "SQLite" => sqlite(folder).await?,
            "PostgreSQL" => postgres().await?,
            _ => redis().await?,
        };
        row(name, own, theirs).await?;
    }
    Ok(())
}

/// Ours, and a site over theirs.
type Both = (Arc<dyn Store>, Router);

fn in_memory() -> Both {
    let theirs = tower::site(tower_sessions::MemoryStore::default());
    (Arc::new(Memory::new()), theirs)
}

async fn sqlite(folder: &std::path::Path) -> Result<Both, Broken> {
    let own = Sqlite::open(folder.join("ours.sqlite"))?;
    let connection = tokio_rusqlite::Connection::open(folder.join("theirs.sqlite")).await?;
    // As durable as ours.
    let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";
    connection.call(move |file| file.execute_batch(settings)).await?;
    let theirs = tower_sessions_rusqlite_store::RusqliteStore::new(connection);
    theirs.migrate().await?;
    Ok((Arc::new(own), tower::site(theirs)))
}

async fn postgres() -> Result<Both, Broken> {
    let url = std::env::var("POSTGRES_URL").map_err(|_| "POSTGRES_URL is not set")?;
    let own = Postgres::connect(&url).await?;
    let recycling = deadpool_postgres::RecyclingMethod::Fast;
    let recycling = deadpool_postgres::ManagerConfig { recycling_method: recycling };
    let manager =
        deadpool_postgres::Manager::from_config(url.parse()?, tokio_postgres::NoTls, recycling);
    let theirs = tower::Postgres(deadpool_postgres::Pool::builder(manager).max_size(16).build()?);
    theirs.migrate().await?;
    Ok((Arc::new(own), tower::site(theirs)))
}

async fn redis() -> Result<Both, Broken> {
    let url = std::env::var("REDIS_URL").map_err(|_| "REDIS_URL is not set")?;
    let own = Redis::connect(&url).await?;
    let client = ::redis::Client::open(url)?;
    let theirs = tower::Redis(::redis::aio::ConnectionManager::new(client).await?);
    Ok((Arc::new(own), tower::site(theirs)))
}

async fn row(name: &str, own: Arc<dyn Store>, theirs: Router) -> Result<(), Broken> {
    let counted = Arc::new(trips::Counted::new(own.clone()));
    let trips = trips::count(counted).await?;
    let ours = ours::site(own)?;
    let mut cells = Vec::new();
    for what in [What::Read, What::Write, What::New] {
        let cookies = [log_in_all(&ours).await?, log_in_all(&theirs).await?];
        let mut found: [Vec<f64>; 3] = Default::default();
        for turn in 0..=TURNS {
            let first = turn % 2;
            let mut rates = [0.0; 2];
            for place in [first, 1 - first] {
                let site = if place == 0 { &ours } else { &theirs };
                rates[place] = turn_of(site, what, &cookies[place]).await?;
            }
            // The first turn fills caches.
            if turn > 0 {
                found[0].push(rates[0]);
                found[1].push(rates[1]);
                found[2].push(rates[0] / rates[1]);
            }
        }
        let [ours, theirs, ratio] = found.map(median);
        cells.push(format!("**{ratio:.2}** ({ours:.0}/s, {theirs:.0}/s)"));
    }
    println!("| {name} | {} | {trips} |", cells.join(" | "));
    Ok(())
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

async fn log_in_all(site: &Router) -> Result<Vec<String>, Broken> {
    let mut cookies = Vec::new();
    for _ in 0..VISITORS {
        cookies.push(ask(site, What::New, "").await?.ok_or("a login sets a cookie")?);
    }
    Ok(cookies)
}

/// Requests a second, of all visitors.
async fn turn_of(site: &Router, what: What, cookies: &[String]) -> Result<f64, Broken> {
    let (done, wrong) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(None)));
    let began = Instant::now();
    let visitors = cookies.iter().map(|cookie| {
        let (site, cookie) = (site.clone(), cookie.clone());
        let (done, wrong) = (done.clone(), wrong.clone());
        tokio::spawn(async move {
            while began.elapsed() < TURN {
                if let Err(why) = ask(&site, what, &cookie).await {
                    *wrong.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
                    return;
                }
                done.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for visitor in visitors.collect::<Vec<_>>() {
        visitor.await?;
    }
    if let Some(why) = wrong.lock().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(why);
    }
    Ok(done.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64())
}

/// One request; the cookie that its response sets.
async fn ask(site: &Router, what: What, cookie: &str) -> Result<Option<String>, Broken> {
    let (method, path) = match what {
        What::Read => ("GET", "/read"),
        What::Write => ("POST", "/write"),
        What::New => ("POST", "/login"),
    };
    let mut request = Request::builder().method(method).uri(path);
    if !matches!(what, What::New) {
        request = request.header(header::COOKIE, cookie);
    }
    let response = site.clone().oneshot(request.body(Body::empty())?).await?;
    if !response.status().is_success() {
        return Err(format!("{path} answers {}", response.status()).into());
    }
    let set = response.headers().get(header::SET_COOKIE);
    let cookie = set.map(|set| set.to_str()).transpose()?;
    let cookie = cookie.and_then(|set| set.split(';').next()).map(Into::into);
    let body = axum::body::to_bytes(response.into_body(), 1000).await?;
    let right = match what {
        What::Read => "alice",
        What::Write | What::New => "ok",
    };
    if body != right {
        return Err(format!("{path} says {body:?}").into());
    }
    Ok(cookie)
}
