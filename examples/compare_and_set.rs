//! Sessions in a store outside the process, which other processes write to at the same time.
//!
//! Each request has a `State` of its own that holds one session: the one its cookie names, loaded
//! with [`State::with_stored`]. A [`StoreOp`] says under which condition it may be carried out;
//! the store checks the condition and writes in one atomic operation. What there is to compare
//! with is what the state held before the step, here by its version:
//!
//! | operation | condition | in SQL |
//! |---|---|---|
//! | `Create` | nothing under `id`, the user's generation | `INSERT … WHERE (SELECT generation …) = ?` |
//! | `Touch` | none, and no new version | `UPDATE … SET accessed = max(accessed, ?) WHERE id = ?` |
//! | `Update` | `id` as loaded | `UPDATE … WHERE id = ? AND version = ?` |
//! | `Rotate` | `from` as `Update`, `to` as `Create` | `UPDATE … SET id = ? WHERE id = ? AND version = ? …` |
//! | `Discard` | `id` as loaded, and not accessed since | `DELETE … WHERE id = ? AND version = ? AND accessed = ?` |
//! | `DiscardOver` | none | `DELETE … WHERE accessed <= ? OR created <= ?` |
//! | `Delete`, `DeleteHandle` | none | `DELETE … WHERE id = ?`, `DELETE … WHERE handle = ?` |
//! | `DeleteUser` | if it spares a session: that one as loaded | `UPDATE users SET generation = generation + 1 …; DELETE … WHERE user = ?` |
//!
//! A user's *generation* counts how often the user's sessions were ended. The state is told it
//! before somebody logs in ([`State::with_generation`]), and the write that saves the login asks
//! whether it is still the same: so a login that was under way when the sessions were ended is
//! refused.
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
    ManagerEvent, Outcome, Refusal, Reply, RequestEvent, RequestId, Session, SessionId, SmolStr,
    State, StoreOp, Timestamp, step,
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
    all_others_but_this_one(&mut process)?;
    a_visit_conflicts_with_nothing(&mut process)?;
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
    process.set_value(&mut change, "theme", "dark")?;
    process.set_value(&mut meanwhile, "size", "small")?;
    // `Rotate` leaves nothing behind: what was alice's is not bob's, even if it was written in the
    // meantime.
    process.finish(&mut meanwhile, Outcome::Successful)?;
    let bob = new_id(&process.finish(&mut change, Outcome::Successful)?)?;
    assert!(!process.store.sessions.contains_key(&alice));
    let (_, stored) = process.store.sessions.get(&bob).ok_or("the session is stored")?;
    assert_eq!(stored.values().keys().collect::<Vec<_>>(), ["theme"]);
    println!("a change of user moved {alice:?} to {bob:?}, which holds nothing of alice's");
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
    let mut login = process.start(None)?;
    process.set_user(&mut login, "carol")?;
    a_session_of(process, "dave")?;
    process.set_value(&mut slow, "colour", "green")?;
    // The manager needs no list, which would be out of date: the store finds the sessions.
    let mut manager = View::default();
    process.send(
        &mut manager,
        Event::Manager(ManagerEvent::DeleteSessionsOf { user: "carol".into() }),
    )?;
    let refused = process.finish(&mut slow, Outcome::Successful)?;
    assert_eq!(refused.reply, Reply::Refused(Refusal::SessionGone));
    // Somebody knew her password before; that does not count any more.
    let refused = process.finish(&mut login, Outcome::Successful)?;
    assert_eq!(refused.reply, Reply::Refused(Refusal::UserEnded));
    assert_eq!(process.users(), ["dave"]);
    println!("carol was logged out everywhere, for good, and so was a login that was under way");
    Ok(())
}

fn all_others_but_this_one(process: &mut Process) -> Result<(), Box<dyn Error>> {
    let mut here = a_session_of(process, "carol")?;
    let there = a_session_of(process, "carol")?.id;
    // Written after `here` was loaded: the session that is spared must be carol's still.
    let mut meanwhile = process.start(here.id)?;
    process.set_value(&mut meanwhile, "colour", "green")?;
    process.finish(&mut meanwhile, Outcome::Successful)?;
    let request = here.request;
    let ended = process.send(&mut here, RequestEvent::ExpireOtherSessions.of(request))?;
    assert_eq!(ended.store, Some(StoreOp::DeleteUser { user: "carol".into(), except: here.id }));
    assert!(process.has(here.id) && !process.has(there));
    println!("carol's other session was ended from the one that stays");
    Ok(())
}

fn a_visit_conflicts_with_nothing(process: &mut Process) -> Result<(), Box<dyn Error>> {
    let mut write = a_session_of(process, "erin")?;
    process.set_value(&mut write, "colour", "red")?;
    process.wait(2 * 60_000);
    // Notes the access, with a `Touch`, between the load and the write of the other.
    let mut visit = process.start(write.id)?;
    let lost = process.lost;
    process.finish(&mut write, Outcome::Successful)?;
    process.finish(&mut visit, Outcome::Abandoned)?;
    let id = write.id.ok_or("a session of her own")?;
    let (_, stored) = process.store.sessions.get(&id).ok_or("the session is stored")?;
    assert_eq!((process.lost, stored.accessed()), (lost, process.clock));
    println!("a visit counted, though it was abandoned, and made no other request try again");
    Ok(())
}

fn a_sweep_spares_what_was_used_since(process: &mut Process) -> Result<(), Box<dyn Error>> {
    let used = process.store.id_of("erin");
    process.wait(29 * 60_000);
    process.start(used)?;
    process.wait(60_000);
    // Nothing is loaded for it: the store looks at its own times.
    let swept = process.send(&mut View::default(), Event::Manager(ManagerEvent::Sweep))?;
    assert_eq!(swept.store, Some(StoreOp::DiscardOver { now: process.clock }));
    assert_eq!(process.users(), ["erin"], "hers was used since; the others' were not");
    println!("a sweep took what nobody had used, and nothing else");
    Ok(())
}

/// What a request, or the manager, knows of the store.
struct View {
    request: RequestId,
    /// The session that the request's cookie names.
    id: Option<SessionId>,
    state: State,
    /// The version of that session in `state`: what the store is asked to compare with.
    version: Option<u64>,
    /// Who logs in, and the generations that the state was told.
    generations: BTreeMap<SmolStr, u64>,
}

impl View {
    /// Tells the state what the store holds by now. Requests are left alone.
    fn load(&mut self, store: &Store) {
        if let Some(id) = self.id {
            let session = store.sessions.get(&id).map(|(_, session)| session.clone());
            self.state = mem::take(&mut self.state).with_stored(id, session);
            self.version = store.version(&id);
        }
        for (user, generation) in &mut self.generations {
            *generation = store.generation(user);
            self.state = mem::take(&mut self.state).with_generation(user.clone(), *generation);
        }
    }

    /// Whether the store still holds what was loaded.
    fn is_fresh(&self, store: &Store) -> bool {
        self.id.is_none_or(|id| store.version(&id) == self.version)
            && self.generations.iter().all(|(user, told)| store.generation(user) == *told)
    }
}

/// Of the manager, who has loaded nothing.
impl Default for View {
    fn default() -> Self {
        let (request, state, generations) = (RequestId(0), State::new(), BTreeMap::new());
        Self { request, id: None, state, version: None, generations }
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
            store: Store {
                config: Config::STRICT,
                sessions: BTreeMap::new(),
                version: 0,
                generations: BTreeMap::new(),
            },
            lost: 0,
        }
    }

    /// One event: step, write under the condition, and again if the condition did not hold.
    fn send(&mut self, view: &mut View, event: Event) -> Result<Effects, Box<dyn Error>> {
        if let Event::Request { event: RequestEvent::SetUser { user: Some(user) }, .. } = &event {
            // [driver-19]
            view.generations.insert(user.clone(), 0);
            view.load(&self.store);
        }
        let mut input = Input { now: self.clock, entropy: self.entropy.draw(), event };
        for _ in 0..Self::MOST_TRIES {
            let (state, effects) = step(&self.config, view.state.clone(), input.clone());
            let refused = matches!(effects.reply, Reply::Refused(_));
            // What was concluded from the load alone is final over a fresh one.
            let concluded = refused || input.event.needs_fresh_load();
            let done = (!concluded || view.is_fresh(&self.store))
                && effects.store.as_ref().is_none_or(|op| self.store.carry_out(op, view));
            if !done {
                self.lost = self.lost.saturating_add(1);
                view.load(&self.store);
            } else if effects.reply != Reply::Refused(Refusal::EntropyUsedUp) {
                // From here on it has happened: the rest of the effects may be carried out.
                view.version.take_if(|_| view.id.is_some_and(|id| !state.has_session(&id)));
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
        let mut view = View { request, id: cookie, ..View::default() };
        view.load(&self.store);
        let start = Event::StartRequest {
            request,
            cookie: cookie.map(CookieValue::Id),
            remote_addr: "192.0.2.1".into(),
            script_name: "".into(),
            passive: false,
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

    fn has(&self, id: Option<SessionId>) -> bool {
        id.is_some_and(|id| self.store.sessions.contains_key(&id))
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

/// The store: sessions with versions, and the generations of users. No version is used twice,
/// whatever is deleted.
struct Store {
    config: Config,
    sessions: BTreeMap<SessionId, (u64, Session)>,
    version: u64,
    generations: BTreeMap<SmolStr, u64>,
}

impl Store {
    /// Checks the condition and writes, as one atomic operation. False: nothing was written.
    // [driver-3] [driver-4] [driver-5] [driver-7] [driver-8] [driver-18] [driver-20] [driver-21]
    fn carry_out(&mut self, op: &StoreOp, view: &mut View) -> bool {
        match op {
            StoreOp::Put { id, session } => self.write(*id, session, view),
            StoreOp::Create { id, session, generation, discard_over } => {
                self.is_free(id, session, *generation) && {
                    if let Some(now) = discard_over {
                        self.sweep(*now);
                    }
                    self.write(*id, session, view)
                }
            }
            StoreOp::Touch { id, accessed } => self.touch(id, *accessed),
            StoreOp::Update { id, session } => {
                self.is_as_loaded(id, view) && self.write(*id, session, view)
            }
            StoreOp::Rotate { from, to, session, generation } => {
                self.is_as_loaded(from, view) && self.is_free(to, session, *generation) && {
                    let moved = self.sessions.remove(from);
                    self.sessions.extend(moved.map(|row| (*to, row)));
                    self.write(*to, session, view)
                }
            }
            StoreOp::Discard { id } => {
                self.is_as_loaded(id, view)
                    && self.is_as_accessed(id, view)
                    && self.delete(|row, _| row == id)
            }
            StoreOp::DiscardOver { now } => self.sweep(*now),
            StoreOp::Delete { id } => self.delete(|row, _| row == id),
            StoreOp::DeleteHandle { handle, user } => self.delete(|_, session| {
                session.handle() == Some(*handle)
                    && (user.is_none() || session.user() == user.as_ref())
            }),
            StoreOp::DeleteUser { user, except } => {
                except.is_none_or(|id| self.is_as_loaded(&id, view)) && {
                    let generation = self.generation(user).saturating_add(1);
                    self.generations.insert(user.clone(), generation);
                    // The state has counted, too.
                    view.generations.entry(user.clone()).and_modify(|told| *told = generation);
                    self.delete(|id, session| session.user() == Some(user) && Some(*id) != *except)
                }
            }
        }
    }

    fn version(&self, id: &SessionId) -> Option<u64> {
        self.sessions.get(id).map(|(version, _)| *version)
    }

    fn generation(&self, user: &str) -> u64 {
        self.generations.get(user).copied().unwrap_or_default()
    }

    fn id_of(&self, user: &str) -> Option<SessionId> {
        let mut sessions = self.sessions.iter();
        let found =
            sessions.find(|(_, (_, session))| session.user().is_some_and(|own| own == user));
        found.map(|(id, _)| *id)
    }

    fn is_free(&self, id: &SessionId, session: &Session, generation: Option<u64>) -> bool {
        let stored = session.user().map(|user| self.generation(user));
        !self.sessions.contains_key(id) && (generation.is_none() || generation == stored)
    }

    fn is_as_loaded(&self, id: &SessionId, view: &View) -> bool {
        let stored = self.version(id);
        stored.is_some() && view.id == Some(*id) && stored == view.version
    }

    /// A session that seemed to be over, or to have nothing left, is not discarded under a visitor
    /// who came meanwhile.
    fn is_as_accessed(&self, id: &SessionId, view: &View) -> bool {
        let stored = self.sessions.get(id).map(|(_, session)| session.accessed());
        stored == view.state.get(id).map(Session::accessed)
    }

    /// Writes a new version, and keeps an access that was noted meanwhile.
    fn write(&mut self, id: SessionId, session: &Session, view: &mut View) -> bool {
        let accessed = self.sessions.get(&id).map(|(_, session)| session.accessed());
        let session = session.clone().accessed_by(accessed.unwrap_or(Timestamp(0)));
        self.version = self.version.saturating_add(1);
        self.sessions.insert(id, (self.version, session));
        view.version = Some(self.version).filter(|_| view.id == Some(id));
        true
    }

    /// The later access counts. The version stays: no other operation fails because of a visit.
    fn touch(&mut self, id: &SessionId, accessed: Timestamp) -> bool {
        if let Some((_, session)) = self.sessions.get_mut(id) {
            *session = session.clone().accessed_by(accessed);
        }
        true
    }

    fn sweep(&mut self, now: Timestamp) -> bool {
        self.sessions.retain(|_, (_, session)| !session.is_over(&self.config, now));
        true
    }

    fn delete(&mut self, wanted: impl Fn(&SessionId, &Session) -> bool) -> bool {
        self.sessions.retain(|id, (_, session)| !wanted(id, session));
        true
    }
}
