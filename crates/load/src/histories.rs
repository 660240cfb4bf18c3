//! Random clients use two processes that share a store, round after round, and what they did is
//! judged.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use quixote_session::check::Properties;
use quixote_session::{
    Event, FormToken, Handle, ManagerEvent, Outcome, Reply, RequestEvent, Session, SessionId,
    SmolStr, StoreOp, SubmittedToken,
};

use crate::Broken;
use crate::judge::{Judged, judge};
use crate::process::Process;
use crate::request::{cookie_of, of, start};
use crate::service::Service;
use crate::wire::{Called, Told, What, Why};

const ROUND: Duration = Duration::from_secs(5);
/// How many rounds may fail before the check gives up.
const MOST_FAILED: u64 = 3;
const BROWSERS: usize = 6;
const TABS: usize = 4;
const USERS: usize = 3;

/// What was found.
#[derive(Default)]
pub(crate) struct Report {
    rounds: u64,
    requests: u64,
    /// Writes that lost a race and were tried again.
    conflicts: u64,
    busy: u64,
    /// Rounds that were not judged, because the store failed in them.
    failed: u64,
    judged: Judged,
    wrong: Option<String>,
}

impl Report {
    pub(crate) const fn holds(&self) -> bool {
        self.wrong.is_none()
    }

    /// Whether most rounds were judged. If not, it means nothing that no fault was found.
    pub(crate) const fn is_judged(&self) -> bool {
        self.failed * 2 <= self.rounds
    }

    /// Whether to go on: on a busy machine a store may answer too late, and fail for that.
    const fn needs_more(&self) -> bool {
        !self.is_judged() && self.failed <= MOST_FAILED
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, requests, conflicts, busy, failed, judged, wrong } = self;
        let Judged { steps, refused, late_ends, witnessed } = judged;
        write!(
            f,
            "{requests} requests in {rounds} rounds ({failed} not judged), {conflicts} races lost \
             and run again, {busy} status 503; {steps} steps judged, {refused} of them refusals, \
             {late_ends} late ends, {} properties witnessed; {} violations",
            witnessed.iter().count(),
            u8::from(wrong.is_some())
        )?;
        wrong.iter().try_for_each(|wrong| write!(f, "\n  {wrong}"))
    }
}

/// What the tabs of one browser share, and what they know of the site.
#[derive(Default)]
struct Browser {
    cookie: Option<SessionId>,
    tokens: Vec<FormToken>,
    handles: Vec<Handle>,
}

struct World {
    servers: [Process; 2],
    browsers: [Mutex<Browser>; BROWSERS],
    users: [SmolStr; USERS],
    history: Mutex<Vec<Told>>,
    until: Instant,
}

pub(crate) async fn run(
    service: &Service,
    careless: bool,
    time: Duration,
) -> Result<Report, Broken> {
    let url = service.url();
    let (mut report, began) = (Report::default(), Instant::now());
    while (began.elapsed() < time || report.needs_more()) && report.wrong.is_none() {
        let start = || Process::start(&url, careless);
        let round = report.rounds;
        let world = Arc::new(World {
            servers: [start()?, start()?],
            browsers: Default::default(),
            // Users of this round only, because the sessions of earlier rounds are still stored.
            users: std::array::from_fn(|user| format!("user {user} of round {round}").into()),
            history: Mutex::default(),
            until: Instant::now() + ROUND,
        });
        let tabs = (0..BROWSERS * TABS).map(|tab| tokio::spawn(browse(world.clone(), tab / TABS)));
        for tab in tabs.collect::<Vec<_>>() {
            tab.await??;
        }
        report.take_in(&std::mem::take(&mut *lock(&world.history)))?;
    }
    Ok(report)
}

impl Report {
    fn take_in(&mut self, history: &[Told]) -> Result<(), Broken> {
        self.rounds += 1;
        self.requests += u64::try_from(history.len())?;
        let calls = || history.iter().flat_map(|told| &told.calls);
        let lost = |called: &&Called| {
            called.asked.iter().any(|asked| matches!(asked.what, What::Write { done: false, .. }))
        };
        self.conflicts += u64::try_from(calls().filter(lost).count())?;
        let busy =
            |called: &&Called| called.result == Err(Why::Busy) || called.unsaved == Some(Why::Busy);
        self.busy += u64::try_from(calls().filter(busy).count())?;
        // There is no telling when a write that failed was carried out, or whether it was.
        if calls().any(|called| called.asked.iter().any(|asked| matches!(asked.what, What::Failed)))
        {
            self.failed += 1;
            return Ok(());
        }
        match judge(history) {
            Ok(Judged { steps, refused, late_ends, witnessed }) => {
                self.judged.late_ends += late_ends;
                self.judged.steps += steps;
                self.judged.refused += refused;
                self.judged.witnessed = Properties::union(self.judged.witnessed, witnessed);
            }
            Err(wrong) => {
                let file =
                    std::env::temp_dir().join(format!("history-{}.jsonl", std::process::id()));
                std::fs::write(&file, wrong.trace)?;
                self.wrong =
                    Some(format!("{}\n  the trace up to there: {}", wrong.what, file.display()));
            }
        }
        Ok(())
    }
}

/// A tab, which sends one request after another, each to one of the servers.
async fn browse(world: Arc<World>, browser: usize) -> Result<(), Broken> {
    let jar = &world.browsers[browser];
    while Instant::now() < world.until {
        let (calls, sent) = {
            let jar = lock(jar);
            (choose(&world.users, &jar), jar.cookie)
        };
        let server = &world.servers[fastrand::usize(..2)];
        let told = server.ask(calls, fastrand::u64(..4)).await;
        let told = told.ok_or("a server does not answer")?;
        learn(&mut lock(jar), sent, &told);
        lock(&world.history).push(told);
    }
    Ok(())
}

/// Takes what a response tells into the jar. A cookie counts if it is newer than the one that was
/// sent.
fn learn(jar: &mut Browser, sent: Option<SessionId>, told: &Told) {
    if let Some(cookie) = cookie_of(told).filter(|cookie| cookie.is_some() || jar.cookie == sent) {
        jar.cookie = cookie;
    }
    for called in &told.calls {
        if let Ok(Reply::Token(token)) = &called.result {
            jar.tokens.push(*token);
        }
        for asked in &called.asked {
            if let What::Write { op: StoreOp::Create { session, .. }, done: true, .. } = &asked.what
            {
                jar.handles.extend(Session::handle(session));
            }
        }
    }
    let old = jar.tokens.len().saturating_sub(6);
    jar.tokens.drain(..old);
    let old = jar.handles.len().saturating_sub(3);
    jar.handles.drain(..old);
}

fn choose(users: &[SmolStr; USERS], jar: &Browser) -> Vec<Event> {
    let user = || users[fastrand::usize(..USERS)].clone();
    if fastrand::u8(..40) == 0 {
        return vec![Event::Manager(match fastrand::u8(..5) {
            0 | 1 => ManagerEvent::DeleteSessionsOf { user: user() },
            2 => ManagerEvent::Sweep,
            3 => match jar.cookie {
                Some(id) => ManagerEvent::DeleteSession { id },
                None => ManagerEvent::Sweep,
            },
            _ => match jar.handles.last() {
                Some(handle) => ManagerEvent::DeleteHandle { handle: *handle },
                None => ManagerEvent::Sweep,
            },
        })];
    }
    let mut calls = vec![start(jar.cookie)];
    for _ in 0..fastrand::u8(..4) {
        calls.push(of(within(user(), jar)));
    }
    let outcome = match fastrand::u8(..12) {
        0 => Outcome::Failed,
        1 => Outcome::Interrupted,
        2 => Outcome::Abandoned,
        _ => Outcome::Successful,
    };
    calls.push(of(RequestEvent::FinishRequest { outcome }));
    calls
}

fn within(user: SmolStr, jar: &Browser) -> RequestEvent {
    let key = || SmolStr::from(["cart", "size", "theme"][fastrand::usize(..3)]);
    let token = || match jar.tokens.get(fastrand::usize(..=jar.tokens.len())) {
        Some(token) => SubmittedToken::Token(*token),
        None => SubmittedToken::IllFormed,
    };
    match fastrand::u8(..40) {
        0..8 => RequestEvent::SetValue { key: key(), value: fastrand::u16(..).to_string().into() },
        8..10 => RequestEvent::RemoveValue { key: key() },
        10..13 => RequestEvent::TakeValue { key: key() },
        13..16 => RequestEvent::GuardValue { key: key() },
        16..21 => RequestEvent::CreateFormToken,
        21..23 => RequestEvent::HasFormToken { token: token() },
        23..28 => RequestEvent::RemoveFormToken { token: token() },
        28..32 => RequestEvent::SetUser { user: Some(user) },
        32 => RequestEvent::SetUser { user: None },
        33 => RequestEvent::RenewSession,
        34 => RequestEvent::ExpireSession,
        35 => RequestEvent::NewSession,
        36 => RequestEvent::ExpireOtherSessions,
        37 => match jar.handles.first() {
            Some(handle) => RequestEvent::ExpireHandle { handle: *handle },
            None => RequestEvent::ExpireSession,
        },
        _ => RequestEvent::HasSessionCookie { must_exist: fastrand::bool() },
    }
}

fn lock<T>(what: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
