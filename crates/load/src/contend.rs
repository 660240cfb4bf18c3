//! Many writers of one session through two processes. What each has written must be there, and
//! after a logout among them nothing may be there.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use quixote_session::{RequestEvent, SessionId};
use tokio::time::sleep;

use crate::Broken;
use crate::process::Process;
use crate::request::{cookie_of, finish, is_saved, login, of, set, start};
use crate::service::Service;
use crate::wire::{Told, Why};

/// How many write while somebody logs out.
const AROUND_LOGOUT: u64 = 20;

/// What was found.
#[derive(Default)]
pub(crate) struct Report {
    writes: u64,
    saved: u64,
    /// Answered with 503.
    busy: u64,
    lost: u64,
    per_second: u64,
    logouts: u64,
    /// Writes that were refused because their session had ended.
    late: u64,
    revived: u64,
}

impl Report {
    pub(crate) const fn holds(&self) -> bool {
        // At most one in a thousand may be turned away; more is as wrong as a loss.
        self.lost == 0 && self.revived == 0 && self.busy * 1000 <= self.writes
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { writes, saved, busy, lost, per_second, logouts, late, revived } = self;
        write!(
            f,
            "{writes} requests of one session ({per_second}/s): {saved} saved, {busy} status 503, \
             {lost} lost; {logouts} logouts among writers: {late} writes refused, {revived} revived"
        )
    }
}

struct World {
    servers: [Process; 2],
}

impl World {
    async fn ask(&self, calls: Vec<quixote_session::Event>, pause_ms: u64) -> Result<Told, Broken> {
        let told = self.servers[fastrand::usize(..2)].ask(calls, pause_ms).await;
        told.ok_or_else(|| "a server does not answer".into())
    }

    async fn log_in(&self, user: &str) -> Result<SessionId, Broken> {
        let told = self.ask(login(user.into()), 0).await?;
        cookie_of(&told).flatten().ok_or_else(|| "nobody can log in".into())
    }
}

pub(crate) async fn run(
    service: &Service,
    careless: bool,
    writers: u64,
    requests: u64,
    logouts: u64,
) -> Result<Report, Broken> {
    let url = service.url();
    let start = || Process::start(&url, careless);
    let world = Arc::new(World { servers: [start()?, start()?] });
    let mut report = Report::default();
    write_all(&world, writers, requests / writers, &mut report).await?;
    for round in 0..logouts {
        log_out_among_writers(&world, round, &mut report).await?;
    }
    Ok(report)
}

/// Each writer has a key of its own, and must find there what it wrote last.
async fn write_all(
    world: &Arc<World>,
    writers: u64,
    each: u64,
    report: &mut Report,
) -> Result<(), Broken> {
    let id = world.log_in("writer").await?;
    let began = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|number| tokio::spawn(write(world.clone(), id, format!("key {number}"), each)))
        .collect();
    for task in tasks {
        let own = task.await??;
        report.writes += own.writes;
        report.saved += own.saved;
        report.busy += own.busy;
        report.lost += own.lost;
    }
    let took = u64::try_from(began.elapsed().as_millis())?.max(1);
    report.per_second = report.writes * 1000 / took;
    Ok(())
}

async fn write(world: Arc<World>, id: SessionId, key: String, each: u64) -> Result<Report, Broken> {
    let (mut report, mut last) = (Report::default(), None);
    for number in 0..each {
        let told = world.ask(vec![start(Some(id)), set(&key, number), finish()], 0).await?;
        report.writes += 1;
        report.lost += u64::from(!has(&told, &key, last));
        if is_saved(&told) {
            report.saved += 1;
            last = Some(number);
        } else {
            report.busy += 1;
        }
    }
    let told = world.ask(vec![start(Some(id)), finish()], 0).await?;
    report.lost += u64::from(!has(&told, &key, last));
    Ok(report)
}

/// Whether the request has found what was written last.
fn has(told: &Told, key: &str, last: Option<u64>) -> bool {
    let found = told.found().flatten().and_then(|found| found.values().get(key));
    found.and_then(|number| number.parse().ok()) == last
}

async fn log_out_among_writers(
    world: &Arc<World>,
    round: u64,
    report: &mut Report,
) -> Result<(), Broken> {
    let id = world.log_in(&format!("leaver {round}")).await?;
    let tasks: Vec<_> = (0..AROUND_LOGOUT)
        .map(|number| {
            let world = world.clone();
            tokio::spawn(async move {
                sleep(Duration::from_millis(fastrand::u64(..60))).await;
                let calls = vec![start(Some(id)), set(&format!("key {number}"), 1), finish()];
                world.ask(calls, fastrand::u64(..10)).await
            })
        })
        .collect();
    sleep(Duration::from_millis(fastrand::u64(20..60))).await;
    let leave = vec![start(Some(id)), of(RequestEvent::ExpireSession), finish()];
    let left = world.ask(leave, 0).await?;
    report.logouts += u64::from(left.calls.get(1).is_some_and(|call| call.result.is_ok()));
    for task in tasks {
        let told = task.await??;
        let refused = told.calls.last().and_then(|last| last.unsaved);
        report.late += u64::from(matches!(refused, Some(Why::Refused(_))));
    }
    for server in &world.servers {
        let told = server.ask(vec![start(Some(id)), finish()], 0).await;
        let told = told.ok_or("a server does not answer")?;
        report.revived += u64::from(told.found() != Some(None));
    }
    Ok(())
}
