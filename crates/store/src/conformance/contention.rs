//! Many requests at once.

use std::sync::Arc;

use quixote_session::driver::{Arrival, Call, Exchange, Failure};
use quixote_session::{Config, CookieChange, CookieValue, FormToken, Refusal, SessionId};

use super::faulty::Faulty;
use crate::manager::Manager;
use crate::store::Store;

/// In each round, saves a login and ends all sessions of the same user at the same moment. A user
/// who logged in before the end began is not logged in after it, whichever of the two the store
/// carries out first.
pub async fn ends_against_logins(store: Arc<dyn Store>, rounds: usize) {
    let manager = Manager::new(Config::STRICT, store.clone()).unwrap();
    for round in 0..rounds {
        let user = format!("user {}", round % 3);
        let mut login = manager.exchange();
        manager.run(&mut login, Call::start(Arrival::default())).await.unwrap();
        manager.run(&mut login, Call::login(user.as_str())).await.unwrap();
        let (saver, ender, name) = (manager.clone(), manager.clone(), user.clone());
        let saved = tokio::spawn(async move { saver.run(&mut login, Call::finish()).await });
        let ended = tokio::spawn(async move { ender.delete_sessions_of(&name).await });
        let _ = saved.await.unwrap().unwrap();
        ended.await.unwrap().unwrap();
        let left = store.sessions_of(&user).await.unwrap();
        assert!(left.is_empty(), "{user} is logged in after the end, in round {round}");
    }
}

/// This many writers write at once, each this many times. Each writes to a key of its own, and all
/// keys must be there in the end. They also submit the same form and take the same value, and only
/// one of them succeeds with each. A logout at the end is final.
pub async fn contention(store: Arc<dyn Store>, writers: usize, writes: usize) {
    let told = write_at_once(store, writers, writes).await;
    assert_eq!((told.failed, told.unknown), (0, 0), "nobody was turned away");
}

/// The same over a store in which one write in three fails or gives no answer. A write that was
/// answered as done is there; a write that was answered as failed is not.
pub async fn doubt(store: Arc<dyn Store>, writers: usize, writes: usize) {
    let told = write_at_once(Arc::new(Faulty::new(store)), writers, writes).await;
    assert!(told.failed > 0, "nothing went wrong, so this shows nothing");
}

#[derive(Clone, Copy, Default)]
struct Told {
    done: usize,
    failed: usize,
    unknown: usize,
}

impl Told {
    fn count(&mut self, result: Result<(), Failure>) {
        match result {
            Ok(()) => self.done += 1,
            Err(Failure::Unknown) => self.unknown += 1,
            Err(Failure::Store | Failure::Busy | Failure::Refused(_) | Failure::Commit) => {
                self.failed += 1;
            }
        }
    }
}

async fn write_at_once(store: Arc<dyn Store>, writers: usize, writes: usize) -> Told {
    // More values than usual, because each writer has keys of its own.
    let config = Config { max_values: writers * writes + 2, ..Config::STRICT };
    let manager = Manager::new(config, store).unwrap();
    let (cookie, token) = begin(&manager).await;
    let tasks: Vec<_> = (0..writers)
        .map(|writer| tokio::spawn(writer_of(manager.clone(), cookie, writer, writes, token)))
        .collect();
    let (mut told, mut acknowledged) = (Told::default(), Vec::new());
    let (mut accepted, mut taken, mut unsure) = (0, 0, 0);
    for task in tasks {
        let written = task.await.unwrap();
        for (key, result) in written.keys {
            told.count(result);
            acknowledged.push((key, result));
        }
        accepted += usize::from(written.accepted == Ok(()));
        taken += usize::from(written.taken == Ok(()));
        for result in [written.accepted, written.taken] {
            unsure += usize::from(matches!(result, Err(Failure::Unknown)));
        }
    }
    assert!(accepted <= 1, "a form is accepted once: {accepted}");
    assert!(taken <= 1, "a value is taken once: {taken}");
    assert!(accepted + taken + unsure >= 2 || told.failed > 0, "somebody gets it");
    let found = stored_values(&manager, cookie).await;
    for (key, result) in &acknowledged {
        match result {
            Ok(()) => assert!(found.contains(key), "{key} was acknowledged and is lost"),
            Err(Failure::Unknown) => {}
            Err(why) => assert!(!found.contains(key), "{key} is there, and it was said: {why}"),
        }
    }
    log_out(&manager, cookie).await;
    told
}

/// Begins a session with a form token and a value, and tries again if the store fails.
async fn begin(manager: &Manager) -> (SessionId, FormToken) {
    for _ in 0..100 {
        if let Some(begun) = try_begin(manager).await {
            return begun;
        }
    }
    panic!("no session can be begun");
}

async fn try_begin(manager: &Manager) -> Option<(SessionId, FormToken)> {
    let mut request = manager.exchange();
    manager.run(&mut request, Call::start(Arrival::default())).await.ok()?;
    manager.run(&mut request, Call::login("alice")).await.ok()?;
    manager.run(&mut request, Call::set("once", "mine")).await.ok()?;
    let token = manager.run(&mut request, Call::form_token()).await.ok()?;
    let ending = manager.run(&mut request, Call::finish()).await.ok()?;
    match ending.cookie?.value {
        CookieChange::Set(id) => Some((id, token)),
        CookieChange::Revoke | CookieChange::Stillborn(_) => None,
    }
}

struct Written {
    keys: Vec<(String, Result<(), Failure>)>,
    accepted: Result<(), Failure>,
    taken: Result<(), Failure>,
}

async fn writer_of(
    manager: Manager,
    cookie: SessionId,
    writer: usize,
    writes: usize,
    token: FormToken,
) -> Written {
    let mut keys = Vec::new();
    for write in 0..writes {
        let key = format!("{writer} {write}");
        let result = one_write(&manager, cookie, Call::set(key.as_str(), "written")).await;
        keys.push((key, result));
    }
    let accepted = one_write(&manager, cookie, Call::accept(token)).await;
    let taken = match request(&manager, cookie).await {
        Err(why) => Err(why),
        Ok(mut request) => manager.run(&mut request, Call::take("once")).await.map(drop),
    };
    Written { keys, accepted, taken }
}

async fn request(manager: &Manager, cookie: SessionId) -> Result<Exchange, Failure> {
    let mut request = manager.exchange();
    let arrival = Arrival { cookie: Some(CookieValue::Id(cookie)), ..Arrival::default() };
    manager.run(&mut request, Call::start(arrival)).await?;
    Ok(request)
}

/// Runs a request with one call. The acceptance of a form is final when the call is done; for any
/// other call the result of the finish counts.
async fn one_write(manager: &Manager, cookie: SessionId, call: Call<()>) -> Result<(), Failure> {
    let mut request = request(manager, cookie).await?;
    let is_at_once = call.event().name() == "remove_form_token";
    manager.run(&mut request, call).await?;
    let ended = manager.run(&mut request, Call::finish()).await;
    if is_at_once {
        return Ok(());
    }
    match ended?.failure {
        None => Ok(()),
        Some(why) => Err(why),
    }
}

async fn stored_values(manager: &Manager, cookie: SessionId) -> Vec<String> {
    for _ in 0..100 {
        if let Ok(request) = request(manager, cookie).await {
            let held = request.session().unwrap();
            assert_eq!(held.session.user().map(|user| &**user), Some("alice"), "still there");
            return held.session.values().keys().map(ToString::to_string).collect();
        }
    }
    panic!("the session cannot be read");
}

/// Checks that a logout is final: a request that was under way does not revive the session.
async fn log_out(manager: &Manager, cookie: SessionId) {
    let late = async || {
        let mut late = request(manager, cookie).await?;
        manager.run(&mut late, Call::set("late", "write")).await?;
        Ok::<_, Failure>(late)
    };
    let late = late().await;
    let mut done = Err(Failure::Unknown);
    for _ in 0..100 {
        done = match request(manager, cookie).await {
            Ok(mut logout) => manager.run(&mut logout, Call::logout()).await,
            Err(why) => Err(why),
        };
        if done.is_ok() {
            break;
        }
    }
    assert_eq!(done, Ok(()));
    if let Ok(mut late) = late {
        let ended = manager.run(&mut late, Call::finish()).await;
        let gone = Failure::Refused(Refusal::SessionGone);
        if let Ok(ending) = ended {
            assert_eq!(ending.failure, Some(gone), "the logout stands");
        }
    }
    for _ in 0..100 {
        if let Ok(after) = request(manager, cookie).await {
            assert!(after.session().unwrap().session.user().is_none());
            return;
        }
    }
    panic!("nobody can see whether the logout stood");
}
