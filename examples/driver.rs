//! The driver's contract, carried out in order: a server without network, one browser, and a
//! handful of requests.
//!
//! The machine decides, the driver does. After every step the driver carries out the fields of
//! `Effects` from the top: the operation on the store, the end of the transaction, the cookie of
//! the response, the reply. Look at [`Server::send`]; the rest is a stage for it.
//!
//! Run it: `cargo run --example driver`. What it prints it also asserts.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::mem;

use quixote_session::{
    CACHE_CONTROL, Config, Effects, EntropySource, Event, FormToken, Input, Outcome, Refusal,
    Reply, RequestEvent, RequestId, Session, SessionId, State, StoreOp, SubmittedToken, Timestamp,
    Transaction, VARY, read_cookie, set_cookie, step,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut server = Server::new(Config::STRICT)?;
    let mut browser = Browser::default();

    // A page that nobody needs to be remembered for: nothing is stored, no cookie is sent.
    server.serve(&mut browser, "GET /", |_, _| Ok(()))?;
    assert!(browser.cookie.is_none() && server.disk.is_empty());

    // A choice and a form are worth remembering, so now there is a session, and a cookie for it.
    let form = server.serve(&mut browser, "GET /login", |server, request| {
        server.set_value(request, "theme", "dark")?;
        create_form_token(server, request)
    })?;
    let form = form.ok_or("the form is shown")?;
    let before_login = browser.cookie.clone();
    assert_eq!((before_login.is_some(), server.disk.len()), (true, 1));

    // The form comes back. The token is spent, the user is set, and all of it moves to a new id:
    // whoever planted or saw the cookie from before the login holds nothing.
    server.serve(&mut browser, "POST /login", |server, request| {
        server.accept(request, form)?;
        server.expect(RequestEvent::SetUser { user: Some("alice".into()) }.of(request))
    })?;
    assert_ne!(browser.cookie, before_login);
    assert_eq!(
        (server.users(), server.value("theme")),
        (vec!["alice".into()], Some("dark".into()))
    );

    // The same form once more, as an impatient finger sends it: refused, and nobody logged out.
    let again = server
        .serve(&mut browser, "POST /login", |server, request| server.accept(request, form))?;
    assert_eq!((again, server.users()), (None, vec!["alice".into()]));

    // An order. What the application writes follows the transaction of the request.
    let form = server.serve(&mut browser, "GET /order", create_form_token)?;
    let form = form.ok_or("the form is shown")?;
    server.serve(&mut browser, "POST /order", |server, request| {
        server.accept(request, form)?;
        server.set_value(request, "basket", "2 apples")?;
        server.staged.push("2 apples".into());
        Ok(())
    })?;
    assert_eq!(server.orders, ["2 apples"]);

    // A handler that breaks half way leaves no trace, in the session or in the orders.
    let broken = server.serve(&mut browser, "POST /order", |server, request| {
        server.set_value(request, "basket", "a million apples")?;
        server.staged.push("a million apples".into());
        Err::<(), _>(Stop::Crash("the printer is on fire"))
    })?;
    assert_eq!((broken, server.value("basket")), (None, Some("2 apples".into())));
    assert_eq!((server.orders.len(), server.staged.len()), (1, 0));

    // The process ends and another one begins, with what was persisted.
    server.restart()?;
    assert_eq!(server.users(), ["alice"]);

    // The disk fails in the middle of a logout. Nobody is told that it was done: the visitor is
    // still logged in, there and here, and may try again.
    server.disk_fails = true;
    let logout =
        |server: &mut Server, request| server.expect(RequestEvent::ExpireSession.of(request));
    assert_eq!(server.serve(&mut browser, "POST /logout", logout)?, None);
    server.disk_fails = false;
    assert!(browser.cookie.is_some() && server.users() == ["alice"]);

    // Logout: final, and the browser is told even if the page that says goodbye cannot be shown.
    let stolen = Browser { cookie: browser.cookie.clone() };
    server.serve(&mut browser, "POST /logout", |server, request| {
        server.expect(RequestEvent::ExpireSession.of(request))?;
        Err::<(), _>(Stop::Crash("no template of that name"))
    })?;
    assert!(browser.cookie.is_none() && server.disk.is_empty());

    // A copy of the cookie opens nothing any more.
    let mut thief = stolen;
    server.serve(&mut thief, "GET / with the old cookie", |server, request| {
        assert!(server.state.session(request).is_some_and(|held| held.session.user().is_none()));
        Ok(())
    })?;
    assert!(server.state.is_empty() && server.state.open_requests() == 0);
    println!("\nall of it as expected");
    Ok(())
}

/// Renders a form.
fn create_form_token(server: &mut Server, request: RequestId) -> Result<FormToken, Stop> {
    match server.send(RequestEvent::CreateFormToken.of(request))?.0 {
        Reply::Token(token) => Ok(token),
        Reply::Refused(why) => Err(why.into()),
        _ => Err(Stop::Crash("a token is answered, or a refusal")),
    }
}

/// Everything the machine does not do: clock, randomness, store, headers.
struct Server {
    config: Config,
    state: State,
    entropy: EntropySource,
    clock: Timestamp,
    requests: u64,
    /// What outlives the process: sessions as JSON, written by the `StoreOp`s alone.
    disk: BTreeMap<SessionId, String>,
    disk_fails: bool,
    /// The application's own data, and what the request in flight would add to it.
    orders: Vec<String>,
    staged: Vec<String>,
}

impl Server {
    fn new(config: Config) -> Result<Self, Box<dyn Error>> {
        config.check()?;
        Ok(Self {
            config,
            state: State::new(),
            // Fixed, so that the example prints the same every time. A server takes 32 bytes from
            // the operating system, once, and keeps them nowhere else.
            entropy: EntropySource::new(*b"a seed that nobody else may know"),
            clock: Timestamp(1_000_000_000_000),
            requests: 0,
            disk: BTreeMap::new(),
            disk_fails: false,
            orders: Vec::new(),
            staged: Vec::new(),
        })
    }

    /// One event, and what follows from it, in the order of the fields: the contract.
    fn send(&mut self, event: Event) -> Result<(Reply, Vec<String>), Stop> {
        // The clock, fresh entropy and the event are all that the machine hears of the world.
        let mut input = Input { now: self.clock, entropy: self.entropy.draw(), event };
        loop {
            let (state, effects) = step(&self.config, mem::take(&mut self.state), input.clone());
            self.state = state;
            let Effects { store, transaction, cookie, reply, draws: _ } = effects;

            // [driver-15] [driver-16] [driver-17]
            // 1. What is to persist. Where that fails nothing has happened: the state is told what
            // is stored, and nobody is told anything that would have come of it.
            if let Some(op) = store
                && let Err(why) = self.persist(&op)
            {
                // An operation on a handle, a user or a moment may have meant any session.
                let ids: BTreeSet<_> = op.ids().chain(self.disk.keys().copied()).collect();
                for id in ids {
                    let stored = self.read(id)?;
                    self.state = mem::take(&mut self.state).with_stored(id, stored);
                }
                self.staged.clear();
                return Err(why);
            }
            self.disk_is_the_state();
            // 2. The end of the transaction: the application's data stand or fall with it. What
            // step 1 wrote is not taken back: a spent token and a logout outlive a failure.
            match transaction {
                Some(Transaction::Commit) => self.orders.append(&mut self.staged),
                Some(Transaction::Abort) => self.staged.clear(),
                None => {}
            }
            // 3. The cookie of this response, and the header that keeps it out of shared caches. A
            // configuration that was checked, with a path of its own, makes no text that is
            // refused.
            let mut headers = Vec::new();
            if let Some(cookie) = cookie {
                let header = set_cookie(&self.config, &cookie)
                    .map_err(|_| Stop::Crash("the script's name is fit for no header"))?;
                headers.push(format!("Set-Cookie: {header}"));
                headers.push(format!("{}: {}", CACHE_CONTROL.0, CACHE_CONTROL.1));
            }
            // Every page here depends on the session, if only on its user.
            if transaction.is_some() {
                headers.push(format!("{}: {}", VARY.0, VARY.1));
            }
            // 4. The answer. Only this refusal is worth sending the event again for at once.
            if reply != Reply::Refused(Refusal::EntropyUsedUp) {
                return Ok((reply, headers));
            }
            input.entropy = self.entropy.draw();
        }
    }

    /// The whole store is in this process, so every condition that an operation names holds, and
    /// the state counts the generations of users by itself: nobody else writes. See the example
    /// `compare_and_set` for a store that others write to.
    fn persist(&mut self, op: &StoreOp) -> Result<(), Stop> {
        if self.disk_fails {
            return Err(Stop::Store);
        }
        match op {
            StoreOp::Create { id, session, discard_over, .. } => {
                if let Some(now) = discard_over {
                    self.persist(&StoreOp::DiscardOver { now: *now })?;
                }
                self.write(*id, session)
            }
            StoreOp::Put { id, session } | StoreOp::Update { id, session } => {
                self.write(*id, session)
            }
            StoreOp::Touch { id, accessed } => match self.read(*id)? {
                Some(session) => self.write(*id, &session.accessed_by(*accessed)),
                None => Ok(()),
            },
            StoreOp::Rotate { from, to, session, .. } => {
                println!("    store   {from:?} moves to {to:?}");
                self.write(*to, session)?;
                self.disk.remove(from);
                Ok(())
            }
            StoreOp::Delete { id } | StoreOp::Discard { id } => self.remove(|own, _| own == *id),
            StoreOp::DeleteHandle { handle, user } => self.remove(|_, session| {
                session.handle() == Some(*handle)
                    && (user.is_none() || session.user() == user.as_ref())
            }),
            StoreOp::DeleteUser { user, except } => {
                self.remove(|id, session| session.user() == Some(user) && Some(id) != *except)
            }
            StoreOp::DiscardOver { now } => {
                let config = self.config.clone();
                self.remove(|_, session| session.is_over(&config, *now))
            }
        }
    }

    fn write(&mut self, id: SessionId, session: &Session) -> Result<(), Stop> {
        println!("    store   {id:?} := {:?}", session.user());
        self.disk.insert(id, text_of(session)?);
        Ok(())
    }

    /// Looks at every session, for want of an index.
    fn remove(&mut self, wanted: impl Fn(SessionId, &Session) -> bool) -> Result<(), Stop> {
        for id in self.disk.keys().copied().collect::<Vec<_>>() {
            if self.read(id)?.is_some_and(|session| wanted(id, &session)) {
                println!("    store   {id:?} deleted");
                self.disk.remove(&id);
            }
        }
        Ok(())
    }

    /// One request from header to header: start, handler, finish.
    fn serve<T>(
        &mut self,
        browser: &mut Browser,
        line: &str,
        handler: impl FnOnce(&mut Self, RequestId) -> Result<T, Stop>,
    ) -> Result<Option<T>, Box<dyn Error>> {
        println!("{line}");
        self.clock = Timestamp(self.clock.0.saturating_add(1_500));
        self.requests = self.requests.saturating_add(1);
        let request = RequestId(self.requests);
        let header = browser.cookie.as_deref();
        let start = Event::StartRequest {
            request,
            cookie: header.and_then(|header| read_cookie(&self.config, header)),
            remote_addr: "192.0.2.1".into(),
            script_name: "".into(),
            passive: false,
        };
        let Ok((reply, _)) = self.send(start) else {
            // The request is open all the same.
            let _ = self.finish(request, Outcome::Abandoned);
            return Err("503 no store".into());
        };
        let Reply::Started { remote_user } = reply else { return Err("503 too busy".into()) };
        println!("    user    {remote_user:?}");

        let (outcome, page) = match handler(self, request) {
            Ok(page) => (Outcome::Successful, Some(page)),
            Err(Stop::Page(why)) => {
                println!("    400     {why}");
                (Outcome::Interrupted, None)
            }
            Err(Stop::Crash(why)) => {
                println!("    500     {why}");
                (Outcome::Failed, None)
            }
            // No cookie either: it would tell the browser of what has not happened.
            Err(Stop::Store) => (Outcome::Abandoned, None),
        };
        let page = match self.finish(request, outcome) {
            Ok((outcome, headers)) => {
                for header in &headers {
                    println!("    send    {header}");
                }
                browser.receive(&headers);
                page.filter(|_| outcome == Outcome::Successful)
            }
            Err(_) => None,
        };
        if page.is_none() && self.disk_fails {
            println!("    503     no store");
        }
        Ok(page)
    }

    /// A refused finish leaves the request open: what it wanted to save could not be saved. The
    /// client is told so, and the request ends as a failed one, which cannot be refused.
    fn finish(
        &mut self,
        request: RequestId,
        outcome: Outcome,
    ) -> Result<(Outcome, Vec<String>), Stop> {
        let (reply, headers) = self.send(RequestEvent::FinishRequest { outcome }.of(request))?;
        let Reply::Refused(why) = reply else { return Ok((outcome, headers)) };
        println!("    500     {why}");
        let outcome = Outcome::Failed;
        let (reply, headers) = self.send(RequestEvent::FinishRequest { outcome }.of(request))?;
        assert_eq!(reply, Reply::Done);
        Ok((outcome, headers))
    }

    /// Accepts a form by spending its token. Asking `HasFormToken` first would prove nothing.
    fn accept(&mut self, request: RequestId, form: FormToken) -> Result<(), Stop> {
        // What the client sends is text.
        let token = SubmittedToken::from(form.reveal().to_string().as_str());
        self.expect(RequestEvent::RemoveFormToken { token }.of(request))
    }

    fn set_value(&mut self, request: RequestId, key: &str, value: &str) -> Result<(), Stop> {
        self.expect(RequestEvent::SetValue { key: key.into(), value: value.into() }.of(request))
    }

    fn expect(&mut self, event: Event) -> Result<(), Stop> {
        match self.send(event)?.0 {
            Reply::Refused(why) => Err(why.into()),
            _ => Ok(()),
        }
    }

    /// Here, as nobody else writes.
    fn disk_is_the_state(&self) {
        let items = self.state.items();
        let texts: Vec<_> =
            items.iter().map(|(id, session)| (*id, text_of(session).ok())).collect();
        assert!(self.disk.iter().map(|(id, text)| (*id, Some(text.clone()))).eq(texts));
    }

    /// What is read is checked: no session comes of a text that is not whole.
    fn read(&self, id: SessionId) -> Result<Option<Session>, Stop> {
        let read = |text: &String| serde_json::from_str(text).map_err(|_| Stop::Store);
        self.disk.get(&id).map(read).transpose()
    }

    /// Another process over the same disk. What was in flight is gone, like its connections.
    fn restart(&mut self) -> Result<(), Box<dyn Error>> {
        println!("restart");
        self.state = State::new();
        for id in self.disk.keys() {
            let session = self.read(*id).map_err(|_| "a session cannot be read")?;
            self.state = mem::take(&mut self.state).with_stored(*id, session);
        }
        Ok(())
    }

    fn users(&self) -> Vec<String> {
        self.state
            .values()
            .iter()
            .filter_map(|session| session.user())
            .map(ToString::to_string)
            .collect()
    }

    fn value(&self, key: &str) -> Option<String> {
        self.state
            .values()
            .iter()
            .find_map(|session| session.values().get(key))
            .map(ToString::to_string)
    }
}

/// What stands on the disk.
fn text_of(session: &Session) -> Result<String, Stop> {
    serde_json::to_string(session).map_err(|_| Stop::Store)
}

/// Why a handler stopped.
enum Stop {
    /// With a page that says so: the machine refused, and the visitor can do something about it.
    Page(Refusal),
    /// With an error page.
    Crash(&'static str),
    /// The store has failed.
    Store,
}

impl From<Refusal> for Stop {
    fn from(why: Refusal) -> Self {
        Self::Page(why)
    }
}

/// A cookie jar for one cookie: the text of the `Cookie` header to come.
#[derive(Default)]
struct Browser {
    cookie: Option<String>,
}

impl Browser {
    fn receive(&mut self, headers: &[String]) {
        for set in headers.iter().filter_map(|header| header.strip_prefix("Set-Cookie: ")) {
            let dropped = set.split("; ").any(|attribute| attribute == "Max-Age=0");
            self.cookie = set.split(';').next().filter(|_| !dropped).map(Into::into);
        }
    }
}
