//! A shop whose visitors sign up, log in, fill a cart, confirm with a second factor, and manage
//! their devices. Start it with `cargo run -p shop`, and open the address that it prints.
//!
//! It keeps sessions and accounts in two files of SQLite. To keep sessions in another store, use
//! `--store`: see `session_store`, which is all the code that this takes.

mod accounts;
mod pages;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use quixote_session::Config;
use quixote_session_axum::SessionLayer;
use quixote_session_store::{Manager, Memory, Postgres, Redis, Sqlite, Store};
use tokio::net::TcpListener;

use accounts::{Accounts, Broken};
use pages::Shop;

#[derive(Parser)]
#[command(about)]
struct Args {
    /// Where sessions are kept: a file of SQLite, `memory`, `redis://…` or `postgres://…`.
    #[arg(long, default_value = "shop.sqlite")]
    store: String,
    /// Where accounts are kept: a file of SQLite.
    #[arg(long, default_value = "accounts.sqlite")]
    accounts: PathBuf,
    /// The port of localhost to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 3000)]
    port: u16,
    /// The user who may end the sessions of others, once logged in and confirmed; else nobody may.
    /// Sign up by that name before anybody else does.
    #[arg(long, value_name = "NAME")]
    admin: Option<String>,
}

async fn session_store(name: &str) -> Result<Arc<dyn Store>, Broken> {
    Ok(match name.split_once("://") {
        Some(("redis", _)) => Arc::new(Redis::connect(name).await?),
        Some(("postgres" | "postgresql", _)) => Arc::new(Postgres::connect(name).await?),
        Some((other, _)) => return Err(format!("no store is called {other}").into()),
        None if name == "memory" => Arc::new(Memory::new()),
        None => Arc::new(Sqlite::open(name)?),
    })
}

#[tokio::main]
async fn main() -> Result<(), Broken> {
    let args = Args::parse();
    let manager = Manager::new(Config::STRICT, session_store(&args.store).await?)?;
    // The page of the visitor says only that the store failed, so the reason goes into the log.
    manager.on_error(|why| eprintln!("{why:#}"));
    let pages = Shop::new(Accounts::open(&args.accounts)?, args.admin);
    let app = pages::router(pages).layer(SessionLayer::new(manager.clone()));

    // A session that is over is never found; the sweep only frees its room.
    tokio::spawn(async move {
        let mut hourly = tokio::time::interval(Duration::from_secs(3_600));
        loop {
            hourly.tick().await;
            if let Err(why) = manager.sweep().await {
                eprintln!("sweep: {why}");
            }
        }
    });

    let listener = TcpListener::bind(("127.0.0.1", args.port)).await?;
    // Browsers send a Secure cookie over http to localhost, and to no other host.
    println!("http://localhost:{}/", listener.local_addr()?.port());
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    Ok(())
}
