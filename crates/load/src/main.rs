//! What holds when processes and stores are killed, and when two processes share one store.
//!
//! `cargo run --release -p load -- --help` lists the checks. Each starts the stores that it needs,
//! on loopback and in folders that it deletes, and two server processes on each store. The exit
//! status is 0 if everything holds, 1 if something was lost, revived or answered wrongly, and 2 if
//! the check could not be made. A check that is interrupted ends what it has started.

mod contend;
mod crash;
mod histories;
mod judge;
mod order;
mod process;
mod request;
mod service;
mod wire;
mod worker;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use service::{Kind, Service};

/// Why a check could not be made.
pub(crate) type Broken = Box<dyn std::error::Error + Send + Sync>;

#[derive(Parser)]
#[command(about)]
struct Args {
    #[command(subcommand)]
    check: Check,
    /// The stores to check; all of them by default.
    #[arg(long, global = true, value_enum)]
    store: Vec<Kind>,
}

#[derive(Subcommand)]
enum Check {
    /// Kill servers and stores under load: is an acknowledged write lost, or an ended session back?
    Crash {
        /// How many kills on each store.
        #[arg(long, default_value_t = 100)]
        times: u64,
        /// Let Redis keep nothing: then writes must be lost.
        #[arg(long)]
        forgetful: bool,
    },
    /// Let many write to one session, then one log out: is a write lost, or the session back?
    Contend {
        /// How many write at once, at most 60.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=60))]
        writers: u64,
        /// How many requests they send together.
        #[arg(long, default_value_t = 10_000)]
        requests: u64,
        /// How many logouts race with writers.
        #[arg(long, default_value_t = 70)]
        logouts: u64,
        /// Use a store that ignores conditions: then writes must be lost.
        #[arg(long)]
        careless: bool,
    },
    /// Let random clients use two processes: is there one order in which the machine answers the
    /// same, and does every step in it keep the properties?
    Histories {
        /// For how many seconds, on each store.
        #[arg(long, default_value_t = 3600)]
        seconds: u64,
        /// Use a store that ignores conditions: then there must be no such order.
        #[arg(long)]
        careless: bool,
    },
    /// Serves a check.
    #[command(hide = true)]
    Worker {
        url: String,
        #[arg(long)]
        careless: bool,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    run_until_interrupted(Args::parse()).await.unwrap_or_else(|why| {
        eprintln!("load: {why}");
        ExitCode::from(2)
    })
}

/// If the check is interrupted, it is dropped, and its stores and workers with it.
async fn run_until_interrupted(args: Args) -> Result<ExitCode, Broken> {
    // From here on, before anything is started, a signal no longer kills this process.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        holds = run(args) => Ok(ExitCode::from(u8::from(!holds?))),
        _ = interrupt.recv() => Ok(ExitCode::from(128 + 2)),
        _ = terminate.recv() => Ok(ExitCode::from(128 + 15)),
    }
}

async fn run(args: Args) -> Result<bool, Broken> {
    let mut stores = args.store;
    if stores.is_empty() {
        stores = vec![Kind::Sqlite, Kind::Postgres, Kind::Redis];
    }
    if let Check::Worker { url, careless } = args.check {
        return worker::serve(&url, careless).await.map(|()| true);
    }
    let mut holds = true;
    for kind in stores {
        holds &= check(&args.check, kind).await?;
    }
    Ok(holds)
}

async fn check(check: &Check, kind: Kind) -> Result<bool, Broken> {
    match *check {
        Check::Crash { times, forgetful } => {
            let mut service = Service::start(kind, forgetful)?;
            let report = crash::run(&mut service, times).await?;
            println!("{kind:?} ({}): {report}", service.durability());
            Ok(report.holds())
        }
        Check::Contend { writers, requests, logouts, careless } => {
            let service = Service::start(kind, false)?;
            let report = contend::run(&service, careless, writers, requests, logouts).await?;
            println!("{kind:?}: {report}");
            Ok(report.holds())
        }
        Check::Histories { seconds, careless } => {
            let service = Service::start(kind, false)?;
            let report = histories::run(&service, careless, Duration::from_secs(seconds)).await?;
            println!("{kind:?}: {report}");
            if report.holds() && !report.is_judged() {
                return Err("the store failed in most rounds, which were not judged".into());
            }
            Ok(report.holds())
        }
        Check::Worker { .. } => Ok(true),
    }
}
