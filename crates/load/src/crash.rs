//! Servers and stores are killed under load. Every acknowledged write must be there afterwards, and
//! every ended session must stay ended.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use quixote_session::{Event, Refusal, RequestEvent, Session, SessionId};
use tokio::sync::RwLock;
use tokio::time::{sleep, timeout};

use crate::Broken;
use crate::process::Process;
use crate::request::{self, cookie_of, finish, is_saved, login, set, start};
use crate::service::Service;
use crate::wire::{Told, Why};

/// How many visitors send requests, each with a session of its own.
const VISITORS: u64 = 24;

/// How many writes are acknowledged between two kills, so that there is some load.
const BETWEEN: u64 = 40;

/// The longest that these writes may take. Whatever was killed is back long before that.
const LONGEST: Duration = Duration::from_secs(120);

/// What was found.
#[derive(Default)]
pub(crate) struct Report {
    kills: [u64; 2],
    acknowledged: u64,
    logouts: u64,
    in_doubt: u64,
    lost: Vec<String>,
    revived: Vec<String>,
}

impl Report {
    pub(crate) fn holds(&self) -> bool {
        self.lost.is_empty() && self.revived.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills: [servers, stores], acknowledged, logouts, in_doubt, lost, revived } =
            self;
        write!(
            f,
            "{servers} servers and {stores} stores killed; {acknowledged} acknowledged writes, \
             {} lost; {logouts} acknowledged logouts, {} revived; {in_doubt} unanswered",
            lost.len(),
            revived.len()
        )?;
        lost.iter().chain(revived).take(5).try_for_each(|what| write!(f, "\n  {what}"))
    }
}

struct World {
    servers: [RwLock<Process>; 2],
    acknowledged: AtomicU64,
    stop: AtomicBool,
}

impl World {
    async fn ask(&self, calls: Vec<Event>) -> Option<Told> {
        self.servers[fastrand::usize(..2)].read().await.ask(calls, 0).await
    }

    /// Waits until enough writes were acknowledged, which shows that whatever was killed is back.
    async fn wait(&self, service: &mut Service) -> Result<(), Broken> {
        let wanted = self.acknowledged.load(Ordering::Relaxed) + BETWEEN;
        let written = async {
            while self.acknowledged.load(Ordering::Relaxed) < wanted {
                service.keep_up()?;
                sleep(Duration::from_millis(5)).await;
            }
            Ok(())
        };
        let late = |_| format!("no {BETWEEN} writes were acknowledged in {} s", LONGEST.as_secs());
        timeout(LONGEST, written).await.map_err(late)?
    }
}

/// Kills a server or the store, this many times.
pub(crate) async fn run(service: &mut Service, times: u64) -> Result<Report, Broken> {
    let url = service.url();
    let start = || Process::start(&url, false);
    let servers = [start()?.into(), start()?.into()];
    let (acknowledged, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let world = Arc::new(World { servers, acknowledged, stop });
    let visitors: Vec<_> = (0..VISITORS)
        .map(|number| tokio::spawn(Visitor::new(number, world.clone()).stay()))
        .collect();
    let mut report = Report::default();
    for _ in 0..times {
        world.wait(service).await?;
        sleep(Duration::from_millis(fastrand::u64(..200))).await;
        if service.is_process() && fastrand::bool() {
            service.crash()?;
            report.kills[1] += 1;
        } else {
            let server = &world.servers[fastrand::usize(..2)];
            server.read().await.kill().await?;
            *server.write().await = start()?;
            report.kills[0] += 1;
        }
    }
    world.wait(service).await?;
    world.stop.store(true, Ordering::Relaxed);
    for visitor in visitors {
        visitor.await?.sum_up(&mut report);
    }
    Ok(report)
}

/// A visitor who writes one number after another, and now and then logs out and comes back.
struct Visitor {
    number: u64,
    world: Arc<World>,
    visit: Option<Visit>,
    /// Sessions whose end was acknowledged.
    ended: Vec<SessionId>,
    next: u64,
    report: Report,
}

/// A session, and what may be in it.
struct Visit {
    id: SessionId,
    acknowledged: Option<u64>,
    /// Numbers that were written since, without an answer.
    possible: Vec<u64>,
    /// Whether a logout got no answer.
    may_be_over: bool,
}

impl Visitor {
    fn new(number: u64, world: Arc<World>) -> Self {
        let report = Report::default();
        Self { number, world, visit: None, ended: Vec::new(), next: 0, report }
    }

    async fn stay(mut self) -> Self {
        while !self.world.stop.load(Ordering::Relaxed) {
            if self.visit.is_none() {
                self.log_in().await;
            } else if fastrand::u8(..40) == 0 {
                self.log_out().await;
            } else {
                self.write().await;
            }
        }
        self.look_at_last().await;
        self
    }

    async fn log_in(&mut self) {
        let Some(told) = self.ask(login(format!("visitor {}", self.number))).await else { return };
        if let Some(Some(id)) = cookie_of(&told).filter(|_| is_saved(&told)) {
            let visit = Visit { id, acknowledged: None, possible: Vec::new(), may_be_over: false };
            self.visit = Some(visit);
        }
    }

    async fn write(&mut self) {
        let Some(visit) = &mut self.visit else { return };
        self.next += 1;
        let (id, number) = (visit.id, self.next);
        visit.possible.push(number);
        let calls = vec![start(Some(id)), set("number", number), finish()];
        let Some(told) = self.ask(calls).await else { return };
        if self.compare(&told)
            && is_saved(&told)
            && let Some(visit) = &mut self.visit
        {
            (visit.acknowledged, visit.possible) = (Some(number), Vec::new());
            self.report.acknowledged += 1;
            self.world.acknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn log_out(&mut self) {
        let Some(visit) = &mut self.visit else { return };
        let id = visit.id;
        visit.may_be_over = true;
        let logout = request::of(RequestEvent::ExpireSession);
        let Some(told) = self.ask(vec![start(Some(id)), logout, finish()]).await else { return };
        let acknowledged = told.calls.get(1).is_some_and(|call| call.result.is_ok());
        if self.compare(&told) && acknowledged {
            self.visit = None;
            self.ended.push(id);
            self.report.logouts += 1;
        }
        self.look_at_ended().await;
    }

    /// Sends the calls of a request. None if there was no answer, or it says that the store failed.
    async fn ask(&mut self, calls: Vec<Event>) -> Option<Told> {
        let told = self.world.ask(calls).await;
        let failed = |told: &Told| {
            told.calls.iter().any(|call| {
                let why = call.unsaved.or(call.result.as_ref().err().copied());
                why.is_some_and(|why| why != Why::Refused(Refusal::SessionGone))
            })
        };
        if told.as_ref().is_none_or(failed) {
            self.report.in_doubt += 1;
            sleep(Duration::from_millis(20)).await;
        }
        told
    }

    /// Compares what a request found with what may be there; false if the visit is over.
    fn compare(&mut self, told: &Told) -> bool {
        let Some(found) = told.found() else { return true };
        let Some(visit) = &self.visit else { return true };
        match (visit.judge(found), found) {
            (Ok(()), Some(_)) => true,
            (Ok(()), None) => {
                self.visit = None;
                false
            }
            (Err(why), _) => {
                self.report.lost.push(format!("visitor {}: {why}", self.number));
                self.visit = None;
                false
            }
        }
    }

    async fn look_at_ended(&mut self) {
        for place in 0..self.ended.len() {
            // At the end all of them are looked at, before that only the latest.
            if !self.world.stop.load(Ordering::Relaxed) && place + 2 < self.ended.len() {
                continue;
            }
            let id = self.ended[place];
            let told = self.ask(vec![start(Some(id)), finish()]).await;
            if told.and_then(|told| told.found().map(|found| found.is_some())) == Some(true) {
                self.report.revived.push(format!("visitor {}: a session", self.number));
            }
        }
    }

    /// Looks at everything once more, after the last kill.
    async fn look_at_last(&mut self) {
        for _ in 0..100 {
            let Some(id) = self.visit.as_ref().map(|visit| visit.id) else { break };
            let told = self.ask(vec![start(Some(id)), finish()]).await;
            if let Some(told) = told.filter(|told| told.found().is_some()) {
                self.compare(&told);
                break;
            }
        }
        self.look_at_ended().await;
    }

    fn sum_up(self, report: &mut Report) {
        report.acknowledged += self.report.acknowledged;
        report.logouts += self.report.logouts;
        report.in_doubt += self.report.in_doubt;
        report.lost.extend(self.report.lost);
        report.revived.extend(self.report.revived);
    }
}

impl Visit {
    fn judge(&self, found: Option<&Session>) -> Result<(), String> {
        let Some(found) = found else {
            return if self.may_be_over { Ok(()) } else { Err("the session is gone".into()) };
        };
        let number = found.values().get("number").and_then(|number| number.parse().ok());
        if number == self.acknowledged || number.is_some_and(|it| self.possible.contains(&it)) {
            return Ok(());
        }
        Err(format!("{number:?} where {:?} was acknowledged", self.acknowledged))
    }
}
