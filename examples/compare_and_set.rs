//! Sessions in a store outside the process, which other processes write to at the same time.
//!
//! Each request has a `State` of its own that holds one session: the one its cookie names, loaded
//! with [`State::with_stored`]. A [`StoreOp`] says under which condition it may be carried out;
//! the store checks the condition and writes in one atomic operation. What there is to compare
//! with is what the state held before the step, here by its version:
//!
//! | operation | condition | in SQL |
//! |---|---|---|
//! | `Create` | nothing under `id` | `INSERT`, with `id` the primary key |
//! | `Update` | `id` as loaded | `UPDATE … WHERE id = ? AND version = ?` |
//! | `Rotate` | `from` as loaded, nothing under `to` | `UPDATE … SET id = ? WHERE id = ? AND …` |
//! | `Discard` | `id` as loaded | `DELETE … WHERE id = ? AND version = ?` |
//! | `DiscardAll` | each by itself, as `Discard` | the same, for each |
//! | `Delete`, `DeleteAll` | none | `DELETE … WHERE id = ?` |
//!
//! Where the condition does not hold nothing was written and nothing has happened: the driver
//! throws the new state away, loads again into the old one, and sends the same event once more, as
//! it does where the event was refused over what is stale by then. The request remembers what it
//! changed, so the same finish applies the same changes to the newer session. [`Process::send`] is
//! all there is to it. What it prints it also asserts: `cargo run --example compare_and_set`.

use std::collections::BTreeMap;
use std::error::Error;
use std::mem;

use quixote_session::{
    Config, CookieChange, CookieValue, Effects, EntropySource, Event, FormToken, Input,
    ManagerEvent, Outcome, Refusal, Reply, RequestEvent, RequestId, Session, SessionId, State,
    StoreOp, Timestamp, step,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut process = Process::new();
    let alice = a_login_moves_to_a_new_id(&mut process)?;
    both_writes_survive(&mut process, alice)?;
    a_token_is_accepted_once(&mut process, alice)?;
    let bob = another_user_is_another_id(&mut process, alice)?;
    a_logout_is_final(&mut process, bob)?;
    a_used_id_is_drawn_again(&mut process)?;
    everywhere_means_everywhere(&mut process)?;
    a_sweep_spares_what_was_used_since(&mut process)
}

fn a_login_moves_to_a_new_id(process: &mut Process) -> Result<SessionId, Box<dyn Error>> {
    let (anonymous, token) = a_form(process, None)?;
    assert!(process.store.sessions.contains_key(&anonymous));

    let mut login = process.start(Some(anonymous))?;
    // The token was all there was, so spending it empties the session: `Discard`.
    assert_eq!(process.spend(&mut login, token)?, Reply::Done);
    assert!(process.store.sessions.is_empty());
    process.set_user(&mut login, "alice")?;
    let alice = new_id(&process.finish(&mut login, Outcome::Successful)?)?;
    assert_ne!(alice, anonymous);
    assert_eq!(process.users(), ["alice"]);
    println!("a login moved {anonymous:?} to {alice:?}");
    Ok(alice)
}

fn both_writes_survive(process: &mut Process, id: SessionId) -> Result<(), Box<dyn Error>> {
    let (mut one, mut other) = (process.start(Some(id))?, process.start(Some(id))?);
    process.set_value(&mut one, "colour", "red")?;
    process.set_value(&mut other, "size", "large")?;
    let lost = process.lost;
    assert_eq!(process.finish(&mut one, Outcome::Successful)?.reply, Reply::Done);
    assert_eq!(process.lost, lost, "nobody was faster");
    assert_eq!(process.finish(&mut other, Outcome::Successful)?.reply, Reply::Done);
    assert_eq!(process.lost, lost.saturating_add(1), "one was faster: the same finish, again");
    let (_, stored) = process.store.sessions.get(&id).ok_or("the session is stored")?;
    let values: Vec<_> = stored.values().iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(values, [("colour", "red"), ("size", "large")]);
    println!("two requests wrote at once, and both writes are there: {values:?}");
    Ok(())
}

fn a_token_is_accepted_once(process: &mut Process, id: SessionId) -> Result<(), Box<dyn Error>> {
    let (_, token) = a_form(process, Some(id))?;
    // Both load the session while the token is outstanding.
    let (mut one, mut other) = (process.start(Some(id))?, process.start(Some(id))?);
    let first = process.spend(&mut one, token)?;
    let second = process.spend(&mut other, token)?;
    assert_eq!((first, second), (Reply::Done, Reply::Refused(Refusal::UnknownToken)));
    assert_eq!(process.finish(&mut one, Outcome::Failed)?.reply, Reply::Done);
    assert_eq!(process.finish(&mut other, Outcome::Successful)?.reply, Reply::Done);
    let late = &mut process.start(Some(id))?;
    assert_eq!(process.spend(late, token)?, Reply::Refused(Refusal::UnknownToken));
    println!("a form was submitted three times and accepted once, though that request then failed");
    Ok(())
}

fn another_user_is_another_id(
    process: &mut Process,
    alice: SessionId,
) -> Result<SessionId, Box<dyn Error>> {
    let (mut change, mut meanwhile) = (process.start(Some(alice))?, process.start(Some(alice))?);
    process.set_user(&mut change, "bob")?;
    process.set_value(&mut meanwhile, "size", "small")?;
    // `Rotate` takes along what was written in the meantime, and leaves nothing behind.
    process.finish(&mut meanwhile, Outcome::Successful)?;
    let bob = new_id(&process.finish(&mut change, Outcome::Successful)?)?;
    assert!(!process.store.sessions.contains_key(&alice));
    let (_, stored) = process.store.sessions.get(&bob).ok_or("the session is stored")?;
    assert_eq!(stored.values().get("size").map(|size| &**size), Some("small"));
    println!("a change of user moved {alice:?} to {bob:?}, with all that it held");
    Ok(bob)
}

fn a_logout_is_final(process: &mut Process, id: SessionId) -> Result<(), Box<dyn Error>> {
    let (mut slow, mut logout) = (process.start(Some(id))?, process.start(Some(id))?);
    process.set_value(&mut slow, "colour", "blue")?;
    let request = logout.request;
    process.send(&mut logout, RequestEvent::ExpireSession.of(request))?;
    let left = process.finish(&mut logout, Outcome::Successful)?;
    assert_eq!(left.cookie.map(|cookie| cookie.value), Some(CookieChange::Revoke));

    // The slow one was to store the session again. It is told, and its request is still open.
    let refused = process.finish(&mut slow, Outcome::Successful)?;
    assert_eq!(refused, Effects::refused(Refusal::SessionGone));
    let ended = process.finish(&mut slow, Outcome::Failed)?;
    assert_eq!((ended.reply, ended.cookie), (Reply::Done, None));
    assert!(process.store.sessions.is_empty());
    println!("a logout stood: the request that it overtook was refused, with session_gone");
    Ok(())
}

fn a_used_id_is_drawn_again(process: &mut Process) -> Result<(), Box<dyn Error>> {
    // A twin with the same seed draws the ids that this process is about to draw.
    let seeded = || EntropySource::new(*b"a seed that two processes share!");
    process.entropy = seeded();
    let mut twin = Process { entropy: seeded(), ..Process::new() };
    let (mut here, mut there) = (process.start(None)?, twin.start(None)?);
    process.set_value(&mut here, "who", "here")?;
    twin.set_value(&mut there, "who", "there")?;
    let taken = new_id(&twin.finish(&mut there, Outcome::Successful)?)?;
    process.store.sessions.append(&mut twin.store.sessions);
    let drawn = new_id(&process.finish(&mut here, Outcome::Successful)?)?;
    assert_ne!(drawn, taken);
    assert_eq!(process.store.sessions.len(), 2);
    println!("an id that was taken was not written over: {taken:?}, then {drawn:?}");
    process.store.sessions.clear();
    Ok(())
}

fn everywhere_means_everywhere(process: &mut Process) -> Result<(), Box<dyn Error>> {
    let mut slow = a_session_of(process, "carol")?;
    a_session_of(process, "carol")?;
    a_session_of(process, "dave")?;
    process.set_value(&mut slow, "colour", "green")?;
    // The manager needs a state that holds every session of that user. Here it holds all.
    let mut manager = process.load_all()?;
    process.send(
        &mut manager,
        Event::Manager(ManagerEvent::DeleteSessionsOf { user: "carol".into() }),
    )?;
    let refused = process.finish(&mut slow, Outcome::Successful)?;
    assert_eq!(refused.reply, Reply::Refused(Refusal::SessionGone));
    assert_eq!(process.users(), ["dave"]);
    println!("carol was logged out everywhere, for good");
    Ok(())
}

fn a_sweep_spares_what_was_used_since(process: &mut Process) -> Result<(), Box<dyn Error>> {
    let used = a_session_of(process, "erin")?.id.ok_or("a session of her own")?;
    process.wait(29 * 60_000);
    // A visit in time, whose access is noted only after the sweeper has loaded its sessions.
    let mut visit = process.start(Some(used))?;
    let mut sweeper = process.load_all()?;
    process.finish(&mut visit, Outcome::Successful)?;
    process.wait(60_000);
    let swept = process.send(&mut sweeper, Event::Manager(ManagerEvent::Sweep))?;
    assert!(matches!(swept.store, Some(StoreOp::DiscardAll { ids }) if ids.len() == 2));
    assert_eq!(process.users(), ["erin"], "hers was used since; dave's was not");
    println!("a sweep took what nobody had used, and nothing else");
    Ok(())
}

/// What a request, or the manager, knows of the store.
struct View {
    request: RequestId,
    /// The session that the request's cookie names.
    id: Option<SessionId>,
    state: State,
    /// The versions of the sessions in `state`: what the store is asked to compare with.
    loaded: BTreeMap<SessionId, u64>,
}

impl View {
    /// Tells the state what the store holds under these ids by now. Requests are left alone.
    fn load(&mut self, store: &Store, ids: impl IntoIterator<Item = SessionId>) {
        for id in ids {
            let found = store.sessions.get(&id);
            let session = found.map(|(_, session)| session.clone());
            self.state = mem::take(&mut self.state).with_stored(id, session);
            match found {
                Some((version, _)) => self.loaded.insert(id, *version),
                None => self.loaded.remove(&id),
            };
        }
    }

    /// Whether the store still holds what was loaded.
    fn is_fresh(&self, store: &Store) -> bool {
        let version = |id| store.sessions.get(id).map(|(version, _)| *version);
        self.loaded.iter().all(|(id, loaded)| version(id) == Some(*loaded))
    }
}

/// One of many processes over the same store, with a clock and a source of randomness.
struct Process {
    config: Config,
    clock: Timestamp,
    entropy: EntropySource,
    requests: u64,
    /// Somewhere else, in truth.
    store: Store,
    /// Races lost so far.
    lost: u32,
}

impl Process {
    /// Races that one event may lose before its request is given up: each was won by another.
    const MOST_TRIES: u32 = 16;

    fn new() -> Self {
        Self {
            config: Config::STRICT,
            clock: Timestamp(1_000_000_000_000),
            // Fixed, so that the example prints the same every time; see the example `driver`.
            entropy: EntropySource::new(*b"a seed that nobody else may know"),
            requests: 0,
            store: Store::default(),
            lost: 0,
        }
    }

    /// One event: step, write under the condition, and again if the condition did not hold.
    fn send(&mut self, view: &mut View, event: Event) -> Result<Effects, Box<dyn Error>> {
        let mut input = Input { now: self.clock, entropy: self.entropy.draw(), event };
        for _ in 0..Self::MOST_TRIES {
            let (state, effects) = step(&self.config, view.state.clone(), input.clone());
            let refused = matches!(effects.reply, Reply::Refused(_));
            let done = match &effects.store {
                Some(op) => self.store.carry_out(op, &mut view.loaded),
                // Nothing to compare: what depends on the store is final over a fresh load alone.
                None => !(refused || input.event.needs_fresh_load()) || view.is_fresh(&self.store),
            };
            if !done {
                self.lost = self.lost.saturating_add(1);
                let ids: Vec<SessionId> = view.loaded.keys().copied().collect();
                view.load(&self.store, ids);
            } else if effects.reply != Reply::Refused(Refusal::EntropyUsedUp) {
                // From here on it has happened: the rest of the effects may be carried out.
                view.state = state;
                return Ok(effects);
            }
            input.entropy = self.entropy.draw();
        }
        Err("503: too many others write to this session".into())
    }

    /// A request arrives: its session is loaded, and only then the machine hears of it.
    fn start(&mut self, cookie: Option<SessionId>) -> Result<View, Box<dyn Error>> {
        self.requests = self.requests.saturating_add(1);
        let request = RequestId(self.requests);
        let mut view = View { request, id: cookie, state: State::new(), loaded: BTreeMap::new() };
        view.load(&self.store, cookie);
        let start = Event::StartRequest {
            request,
            cookie: cookie.map(CookieValue::Id),
            remote_addr: "192.0.2.1".into(),
            script_name: "".into(),
        };
        let effects = self.send(&mut view, start)?;
        assert!(matches!(effects.reply, Reply::Started { .. }));
        Ok(view)
    }

    fn finish(&mut self, view: &mut View, outcome: Outcome) -> Result<Effects, Box<dyn Error>> {
        let request = view.request;
        self.send(view, RequestEvent::FinishRequest { outcome }.of(request))
    }

    fn spend(&mut self, view: &mut View, token: FormToken) -> Result<Reply, Box<dyn Error>> {
        let (request, token) = (view.request, token.into());
        Ok(self.send(view, RequestEvent::RemoveFormToken { token }.of(request))?.reply)
    }

    fn set_user(&mut self, view: &mut View, user: &str) -> Result<(), Box<dyn Error>> {
        let (request, user) = (view.request, Some(user.into()));
        assert_eq!(self.send(view, RequestEvent::SetUser { user }.of(request))?.reply, Reply::Done);
        Ok(())
    }

    fn set_value(&mut self, view: &mut View, key: &str, value: &str) -> Result<(), Box<dyn Error>> {
        let (request, key, value) = (view.request, key.into(), value.into());
        assert_eq!(
            self.send(view, RequestEvent::SetValue { key, value }.of(request))?.reply,
            Reply::Done
        );
        Ok(())
    }

    fn load_all(&mut self) -> Result<View, Box<dyn Error>> {
        let mut view = self.start(None)?;
        view.load(&self.store, self.store.sessions.keys().copied());
        Ok(view)
    }

    fn wait(&mut self, milliseconds: u64) {
        self.clock = Timestamp(self.clock.0.saturating_add(milliseconds));
    }

    fn users(&self) -> Vec<&str> {
        let sessions = self.store.sessions.values();
        sessions.filter_map(|(_, session)| session.user()).map(|user| &**user).collect()
    }
}

/// Logs somebody in and starts another request of theirs.
fn a_session_of(process: &mut Process, user: &str) -> Result<View, Box<dyn Error>> {
    let mut login = process.start(None)?;
    process.set_user(&mut login, user)?;
    let id = new_id(&process.finish(&mut login, Outcome::Successful)?)?;
    process.start(Some(id))
}

/// Shows a form, in the session under `id` or in a new one.
fn a_form(
    process: &mut Process,
    id: Option<SessionId>,
) -> Result<(SessionId, FormToken), Box<dyn Error>> {
    let mut view = process.start(id)?;
    let request = view.request;
    let Reply::Token(token) =
        process.send(&mut view, RequestEvent::CreateFormToken.of(request))?.reply
    else {
        return Err("a token was expected".into());
    };
    let effects = process.finish(&mut view, Outcome::Successful)?;
    let id = id.map_or_else(|| new_id(&effects), Ok)?;
    Ok((id, token))
}

/// The id that a response sets.
fn new_id(effects: &Effects) -> Result<SessionId, Box<dyn Error>> {
    match effects.cookie.as_ref().map(|cookie| cookie.value) {
        Some(CookieChange::Set(id)) => Ok(id),
        _ => Err("a cookie was expected".into()),
    }
}

/// The store: sessions with versions. No version is used twice, whatever is deleted.
#[derive(Default)]
struct Store {
    sessions: BTreeMap<SessionId, (u64, Session)>,
    version: u64,
}

impl Store {
    /// Checks the condition and writes, as one atomic operation. False: nothing was written.
    fn carry_out(&mut self, op: &StoreOp, loaded: &mut BTreeMap<SessionId, u64>) -> bool {
        match op {
            StoreOp::Put { id, session } => self.write(*id, session, loaded),
            StoreOp::Create { id, session } => {
                !self.sessions.contains_key(id) && self.write(*id, session, loaded)
            }
            StoreOp::Update { id, session } => {
                self.is_as_loaded(id, loaded) && self.write(*id, session, loaded)
            }
            StoreOp::Rotate { from, to, session } => {
                self.is_as_loaded(from, loaded)
                    && !self.sessions.contains_key(to)
                    && self.delete(from, loaded)
                    && self.write(*to, session, loaded)
            }
            StoreOp::Discard { id } => self.is_as_loaded(id, loaded) && self.delete(id, loaded),
            StoreOp::DiscardAll { ids } => {
                ids.iter().all(|id| !self.is_as_loaded(id, loaded) || self.delete(id, loaded))
            }
            StoreOp::Delete { id } => self.delete(id, loaded),
            StoreOp::DeleteAll { ids } => ids.iter().all(|id| self.delete(id, loaded)),
        }
    }

    fn is_as_loaded(&self, id: &SessionId, loaded: &BTreeMap<SessionId, u64>) -> bool {
        let stored = self.sessions.get(id).map(|(version, _)| version);
        stored.is_some() && stored == loaded.get(id)
    }

    fn write(
        &mut self,
        id: SessionId,
        session: &Session,
        loaded: &mut BTreeMap<SessionId, u64>,
    ) -> bool {
        self.version = self.version.saturating_add(1);
        self.sessions.insert(id, (self.version, session.clone()));
        loaded.insert(id, self.version);
        true
    }

    fn delete(&mut self, id: &SessionId, loaded: &mut BTreeMap<SessionId, u64>) -> bool {
        self.sessions.remove(id);
        loaded.remove(id);
        true
    }
}
