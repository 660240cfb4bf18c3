//! Sessions in a store outside the process, which other processes write to at the same time.
//!
//! Each request has an [`Exchange`]. It says what to load, what to write and on which condition,
//! and takes the answer. The store checks the condition and writes in one atomic operation. The
//! condition compares the revision of a row, which the exchange chooses:
//!
//! | operation | condition | in SQL |
//! |---|---|---|
//! | `Create` | nothing is stored under `id`, and the user has this generation | `INSERT … WHERE (SELECT generation …) = ?` |
//! | `Touch` | none; it makes no new revision | `UPDATE … SET accessed = max(accessed, ?) WHERE id = ?` |
//! | `Update` | `id` is as loaded | `UPDATE … WHERE id = ? AND revision = ?` |
//! | `Rotate` | that of `Update` for `from`, that of `Create` for `to` | `UPDATE … SET id = ? WHERE id = ? AND revision = ? …` |
//! | `Discard` | `id` is as loaded, and was not accessed since | `DELETE … WHERE id = ? AND revision = ? AND accessed = ?` |
//! | `DiscardOver` | none | `DELETE … WHERE accessed <= ? OR accessed >= ? OR created <= ? OR created >= ?` |
//! | `Delete`, `DeleteHandle` | none | `DELETE … WHERE id = ?`, `DELETE … WHERE handle = ?` |
//! | `DeleteUser` | if it spares a session: that one is as loaded | `UPDATE users SET generation = generation + 1 …; DELETE … WHERE user = ?` |
//!
//! A user's *generation* counts how often the user's sessions were ended. The exchange asks for the
//! generation at a login, and the write that saves the login says what it must still be. So a login
//! is refused if the user's sessions were ended while it was under way.
//!
//! If a condition does not hold, nothing is written and nothing has happened: the exchange loads
//! again and runs the same event once more. All that the driver has to do is in
//! [`Process::carry_out`].
//!
//! Run it with `cargo run --example compare_and_set`. It asserts whatever it prints.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use quixote_session::driver::{
    Answer, Arrival, Ask, Call, Ending, Exchange, Failure, Over, Revision, Stored, World, Write,
};
use quixote_session::{
    Config, CookieChange, CookieValue, EntropySource, FormToken, Handle, Refusal, Session,
    SessionId, SmolStr, StoreOp, Timestamp,
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
    // The session holds nothing but the token, so spending the token empties it: `Discard`.
    login.run(Call::accept(token), process)?;
    assert!(process.store.sessions.is_empty());
    login.run(Call::login("alice"), process)?;
    let alice = new_id(&login.run(Call::finish(), process)?)?;
    assert_ne!(alice, anonymous);
    assert_eq!(process.users(), ["alice"]);
    println!("a login moved {anonymous:?} to {alice:?}");
    Ok(alice)
}

fn both_writes_survive(process: &mut Process, id: SessionId) -> Result<(), Box<dyn Error>> {
    let (mut one, mut other) = (process.start(Some(id))?, process.start(Some(id))?);
    one.run(Call::set("colour", "red"), process)?;
    other.run(Call::set("size", "large"), process)?;
    let lost = process.lost;
    assert_eq!(one.run(Call::finish(), process)?.failure, None);
    assert_eq!(process.lost, lost, "nobody was faster");
    assert_eq!(other.run(Call::finish(), process)?.failure, None);
    assert_eq!(process.lost, lost.saturating_add(1), "one was faster: the same finish, again");
    let stored = &process.store.sessions.get(&id).ok_or("the session is stored")?.session;
    let values: Vec<_> = stored.values().iter().map(|(key, value)| (&**key, &**value)).collect();
    assert_eq!(values, [("colour", "red"), ("size", "large")]);
    println!("two requests wrote at once, and both writes are there: {values:?}");
    Ok(())
}

fn a_token_is_accepted_once(process: &mut Process, id: SessionId) -> Result<(), Box<dyn Error>> {
    let (_, token) = a_form(process, Some(id))?;
    let unknown = Err(Failure::Refused(Refusal::UnknownToken));
    // Both load the session while the token is outstanding.
    let (mut one, mut other) = (process.start(Some(id))?, process.start(Some(id))?);
    assert_eq!(one.run(Call::accept(token), process), Ok(()));
    assert_eq!(other.run(Call::accept(token), process), unknown);
    assert_eq!(one.run(Call::fail(), process)?.failure, None);
    assert_eq!(other.run(Call::finish(), process)?.failure, None);
    let late = &mut process.start(Some(id))?;
    assert_eq!(late.run(Call::accept(token), process), unknown);
    println!("a form was submitted three times and accepted once, though that request then failed");
    Ok(())
}

fn another_user_is_another_id(
    process: &mut Process,
    alice: SessionId,
) -> Result<SessionId, Box<dyn Error>> {
    let (mut change, mut meanwhile) = (process.start(Some(alice))?, process.start(Some(alice))?);
    change.run(Call::login("bob"), process)?;
    change.run(Call::set("theme", "dark"), process)?;
    meanwhile.run(Call::set("size", "small"), process)?;
    // `Rotate` leaves nothing behind: what was alice's is not bob's, even if it was written
    // meanwhile.
    assert_eq!(meanwhile.run(Call::finish(), process)?.failure, None);
    let bob = new_id(&change.run(Call::finish(), process)?)?;
    assert!(!process.store.sessions.contains_key(&alice));
    let stored = &process.store.sessions.get(&bob).ok_or("the session is stored")?.session;
    assert_eq!(stored.values().keys().collect::<Vec<_>>(), ["theme"]);
    println!("a change of user moved {alice:?} to {bob:?}, which holds nothing of alice's");
    Ok(bob)
}

fn a_logout_is_final(process: &mut Process, id: SessionId) -> Result<(), Box<dyn Error>> {
    let (mut slow, mut logout) = (process.start(Some(id))?, process.start(Some(id))?);
    slow.run(Call::set("colour", "blue"), process)?;
    logout.run(Call::logout(), process)?;
    let left = logout.run(Call::finish(), process)?;
    assert_eq!(left.cookie.map(|cookie| cookie.value), Some(CookieChange::Revoke));

    // The slow request cannot store the session again. It is told so, and ends as a failed one.
    let refused = slow.run(Call::finish(), process)?;
    assert_eq!(refused.failure, Some(Failure::Refused(Refusal::SessionGone)));
    assert_eq!(refused.cookie, None);
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
    here.run(Call::set("who", "here"), process)?;
    there.run(Call::set("who", "there"), &mut twin)?;
    let taken = new_id(&there.run(Call::finish(), &mut twin)?)?;
    process.store.sessions.append(&mut twin.store.sessions);
    let drawn = new_id(&here.run(Call::finish(), process)?)?;
    assert_ne!(drawn, taken);
    assert_eq!(process.store.sessions.len(), 2);
    println!("an id that was taken was not written over: {taken:?}, then {drawn:?}");
    process.store.sessions.clear();
    Ok(())
}

fn everywhere_means_everywhere(process: &mut Process) -> Result<(), Box<dyn Error>> {
    let (_, mut slow) = a_session_of(process, "carol")?;
    let mut login = process.start(None)?;
    login.run(Call::login("carol"), process)?;
    a_session_of(process, "dave")?;
    slow.run(Call::set("colour", "green"), process)?;
    // The manager needs no list, which would be out of date: the store finds the sessions.
    process.exchange().run(Call::delete_sessions_of("carol"), process)?;
    let refused = slow.run(Call::finish(), process)?;
    assert_eq!(refused.failure, Some(Failure::Refused(Refusal::SessionGone)));
    // Somebody logged in as her before that, which does not count any more.
    let refused = login.run(Call::finish(), process)?;
    assert_eq!(refused.failure, Some(Failure::Refused(Refusal::UserEnded)));
    assert_eq!(process.users(), ["dave"]);
    println!("carol was logged out everywhere, for good, and so was a login that was under way");
    Ok(())
}

fn all_others_but_this_one(process: &mut Process) -> Result<(), Box<dyn Error>> {
    let (here, mut request) = a_session_of(process, "carol")?;
    let (there, _) = a_session_of(process, "carol")?;
    // A write after `request` was loaded: the end loses a race, and the exchange loads again.
    let mut meanwhile = process.start(Some(here))?;
    meanwhile.run(Call::set("colour", "green"), process)?;
    assert_eq!(meanwhile.run(Call::finish(), process)?.failure, None);
    request.run(Call::end_others(), process)?;
    let stored = |id| process.store.sessions.contains_key(id);
    assert!(stored(&here) && !stored(&there));
    println!("carol's other session was ended from the one that stays");
    Ok(())
}

fn a_visit_conflicts_with_nothing(process: &mut Process) -> Result<(), Box<dyn Error>> {
    let (id, mut write) = a_session_of(process, "erin")?;
    write.run(Call::set("colour", "red"), process)?;
    process.wait(2 * 60_000);
    // This visit notes its access, with a `Touch`, between the load and the write of the other.
    let visit = process.start(Some(id))?;
    let lost = process.lost;
    assert_eq!(write.run(Call::finish(), process)?.failure, None);
    drop(visit);
    let stored = &process.store.sessions.get(&id).ok_or("the session is stored")?.session;
    assert_eq!((process.lost, stored.accessed()), (lost, process.clock));
    println!("a visit counted, though it was abandoned, and made no other request try again");
    Ok(())
}

fn a_sweep_spares_what_was_used_since(process: &mut Process) -> Result<(), Box<dyn Error>> {
    let used = process.store.id_of("erin");
    process.wait(29 * 60_000);
    process.start(used)?;
    process.wait(60_000);
    // A sweep loads nothing: the store looks at its own times.
    process.exchange().run(Call::sweep(), process)?;
    assert_eq!(process.users(), ["erin"], "hers was used since; the others' were not");
    println!("a sweep took what nobody had used, and nothing else");
    Ok(())
}

/// One of many processes over the same store, with a clock and a random source.
struct Process {
    config: Arc<Config>,
    clock: Timestamp,
    entropy: EntropySource,
    /// In a real deployment, this is in another process.
    store: Store,
    /// Races lost so far.
    lost: u32,
}

/// All that the driver has to do. A driver that does not block writes the loop of [`Exchange::run`]
/// itself, with its own waits, and sleeps for as long as the exchange says.
impl World for Process {
    fn now(&mut self) -> Timestamp {
        self.clock
    }

    fn carry_out(&mut self, ask: Ask<'_>, _wait_ms: u64) -> Answer {
        match ask {
            Ask::Load { id } => Answer::Loaded(self.store.sessions.get(&id).cloned()),
            // [driver-11]
            Ask::Generation { user } => Answer::Generation(self.store.generation(user)),
            Ask::Write(write) if self.store.carry_out(write) => Answer::Done,
            Ask::Write(_) => {
                self.lost = self.lost.saturating_add(1);
                Answer::Conflict
            }
            Ask::Entropy => Answer::Entropy(self.entropy.draw()),
            // There are no data of the application here; the example `driver` has some.
            Ask::Commit | Ask::Abort => Answer::Done,
        }
    }
}

impl Process {
    fn new() -> Self {
        Self {
            config: Arc::new(Config::STRICT),
            clock: Timestamp(1_000_000_000_000),
            // The seed is fixed, so that the example prints the same every time. A server uses
            // `EntropySource::from_system`, and `Timestamp::now` as its clock.
            entropy: EntropySource::new(*b"a seed that nobody else may know"),
            store: Store { sessions: BTreeMap::new(), generations: BTreeMap::new() },
            lost: 0,
        }
    }

    fn exchange(&mut self) -> Exchange {
        Exchange::new(self.config.clone(), self.entropy.revision())
    }

    /// A request arrives.
    fn start(&mut self, cookie: Option<SessionId>) -> Result<Exchange, Failure> {
        let mut exchange = self.exchange();
        let cookie = cookie.map(CookieValue::Id);
        let arrival = Arrival { cookie, remote_addr: "192.0.2.1".into(), ..Arrival::default() };
        exchange.run(Call::start(arrival), self)?;
        Ok(exchange)
    }

    fn wait(&mut self, milliseconds: u64) {
        self.clock = Timestamp(self.clock.0.saturating_add(milliseconds));
    }

    fn users(&self) -> Vec<&str> {
        let sessions = self.store.sessions.values();
        sessions.filter_map(|row| row.session.user()).map(|user| &**user).collect()
    }
}

/// Logs a user in and starts another request of that user.
fn a_session_of(
    process: &mut Process,
    user: &'static str,
) -> Result<(SessionId, Exchange), Box<dyn Error>> {
    let mut login = process.start(None)?;
    login.run(Call::login(user), process)?;
    let id = new_id(&login.run(Call::finish(), process)?)?;
    Ok((id, process.start(Some(id))?))
}

/// Shows a form, in the session under `id` or in a new one.
fn a_form(
    process: &mut Process,
    id: Option<SessionId>,
) -> Result<(SessionId, FormToken), Box<dyn Error>> {
    let mut request = process.start(id)?;
    let token = request.run(Call::form_token(), process)?;
    let ending = request.run(Call::finish(), process)?;
    let id = id.map_or_else(|| new_id(&ending), Ok)?;
    Ok((id, token))
}

/// The id that a response sets.
fn new_id(ending: &Ending) -> Result<SessionId, Box<dyn Error>> {
    match ending.cookie.as_ref().map(|cookie| cookie.value) {
        Some(CookieChange::Set(id)) => Ok(id),
        _ => Err("a cookie was expected".into()),
    }
}

/// The store: sessions with their revisions, and the generations of users.
struct Store {
    sessions: BTreeMap<SessionId, Stored>,
    generations: BTreeMap<SmolStr, u64>,
}

impl Store {
    /// Checks the condition and writes, in one atomic operation. False if nothing was written.
    // [driver-3] [driver-4] [driver-6] [driver-7] [driver-9] [driver-10] [driver-13] [driver-14]
    fn carry_out(&mut self, write: &Write) -> bool {
        let Write { op, expected, accessed, over, revision, .. } = write;
        match op {
            StoreOp::Put { id, session } => self.write(*id, session, *revision),
            StoreOp::Create { id, session, generation, .. } => {
                self.is_free(id, session, *generation)
                    && self.discard(over.as_ref())
                    && self.write(*id, session, *revision)
            }
            StoreOp::Touch { id, accessed } => self.touch(id, *accessed),
            StoreOp::Update { id, session } => {
                self.is_as_loaded(id, *expected) && self.write(*id, session, *revision)
            }
            StoreOp::Rotate { from, to, session, generation } => {
                self.is_as_loaded(from, *expected) && self.is_free(to, session, *generation) && {
                    let moved = self.sessions.remove(from);
                    self.sessions.extend(moved.map(|row| (*to, row)));
                    self.write(*to, session, *revision)
                }
            }
            // [driver-5]
            StoreOp::Discard { id } => {
                let stored = self.sessions.get(id).map(|row| row.session.accessed());
                self.is_as_loaded(id, *expected)
                    && stored == *accessed
                    && self.delete(|row, _| row == id)
            }
            StoreOp::DiscardOver { .. } => self.discard(over.as_ref()),
            StoreOp::Delete { id } => self.delete(|row, _| row == id),
            StoreOp::DeleteHandle { handle, user } => self.delete_handle(*handle, user.as_ref()),
            StoreOp::DeleteUser { user, except } => {
                except.is_none_or(|id| self.is_as_loaded(&id, *expected)) && {
                    let generation = self.generation(user).saturating_add(1);
                    self.generations.insert(user.clone(), generation);
                    self.delete(|id, session| session.user() == Some(user) && Some(*id) != *except)
                }
            }
        }
    }

    fn generation(&self, user: &str) -> u64 {
        self.generations.get(user).copied().unwrap_or_default()
    }

    fn id_of(&self, user: &str) -> Option<SessionId> {
        let mut sessions = self.sessions.iter();
        let found = sessions.find(|(_, row)| row.session.user().is_some_and(|own| own == user));
        found.map(|(id, _)| *id)
    }

    fn is_free(&self, id: &SessionId, session: &Session, generation: Option<u64>) -> bool {
        let stored = session.user().map(|user| self.generation(user));
        !self.sessions.contains_key(id) && (generation.is_none() || generation == stored)
    }

    fn is_as_loaded(&self, id: &SessionId, expected: Option<Revision>) -> bool {
        let stored = self.sessions.get(id).map(|row| row.revision);
        stored.is_some() && stored == expected
    }

    /// Writes a new revision, and keeps an access that was noted meanwhile.
    fn write(&mut self, id: SessionId, session: &Session, revision: Revision) -> bool {
        let accessed = self.sessions.get(&id).map(|row| row.session.accessed());
        let session = session.clone().accessed_by(accessed.unwrap_or(Timestamp(0)));
        self.sessions.insert(id, Stored { revision, session });
        true
    }

    /// Keeps the later access. The revision stays, so a visit makes no write fail.
    fn touch(&mut self, id: &SessionId, accessed: Timestamp) -> bool {
        if let Some(row) = self.sessions.get_mut(id) {
            row.session = row.session.clone().accessed_by(accessed);
        }
        true
    }

    fn discard(&mut self, over: Option<&Over>) -> bool {
        self.delete(|_, session| over.is_some_and(|over| over.includes(session)))
    }

    fn delete_handle(&mut self, handle: Handle, user: Option<&SmolStr>) -> bool {
        self.delete(|_, session| {
            session.handle() == Some(handle) && (user.is_none() || session.user() == user)
        })
    }

    fn delete(&mut self, wanted: impl Fn(&SessionId, &Session) -> bool) -> bool {
        self.sessions.retain(|id, row| !wanted(id, &row.session));
        true
    }
}
