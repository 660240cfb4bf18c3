//! A server without a network, one browser, a disk, and a handful of requests.
//!
//! A driver has to bring a clock, a random source and a store: see the implementation of [`World`].
//! A handler says what happens by calls to an [`Exchange`], which asks for what it needs.
//! [`Server::serve`] is the frame around each handler: it says how a request ends for each way in
//! which the handler can end, and what the response carries.
//!
//! Run it with `cargo run --example driver`. It asserts whatever it prints.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use quixote_session::driver::{
    Answer, Arrival, Ask, Call, Ending, Exchange, Failure, FromSaid, Revision, Stored, World, Write,
};
use quixote_session::{
    CACHE_CONTROL, Config, CookieOp, EntropySource, FormToken, Session, SessionId, StoreOp,
    Timestamp, VARY, read_cookie, set_cookie,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut server = Server::new(Config::STRICT)?;
    let mut browser = Browser::default();

    // A page for which nothing has to be remembered: nothing is stored, no cookie is sent.
    server.serve(&mut browser, "GET /", |_| Ok(()))?;
    assert!(browser.cookie.is_none() && server.disk.rows.is_empty());

    // A choice and a form have to be remembered, so now there is a session, and a cookie for it.
    let form = server.serve(&mut browser, "GET /login", |request| {
        request.call(Call::set("theme", "dark"))?;
        request.call(Call::form_token())
    })?;
    let form = form.ok_or("the form is shown")?;
    let before_login = browser.cookie.clone();
    assert_eq!((before_login.is_some(), server.disk.rows.len()), (true, 1));

    // The form comes back. The token is spent, the user is set, and the session moves to a new id:
    // the cookie from before the login is worth nothing, even to somebody who planted or saw it.
    server.serve(&mut browser, "POST /login", |request| {
        request.accept(form)?;
        request.call(Call::login("alice"))
    })?;
    assert_ne!(browser.cookie, before_login);
    assert_eq!((server.users()?, server.value("theme")?), (vec!["alice".into()], "dark".into()));

    // The same form once more, after an impatient double click: it is refused, and nobody is
    // logged out.
    let again = server.serve(&mut browser, "POST /login", |request| request.accept(form))?;
    assert_eq!((again, server.users()?), (None, vec!["alice".into()]));

    // An order. What the application writes is committed with the request.
    let form =
        server.serve(&mut browser, "GET /order", |request| request.call(Call::form_token()))?;
    let form = form.ok_or("the form is shown")?;
    server.serve(&mut browser, "POST /order", |request| {
        request.accept(form)?;
        request.call(Call::set("basket", "2 apples"))?;
        request.order("2 apples");
        Ok(())
    })?;
    assert_eq!(server.disk.orders, ["2 apples"]);

    // A handler that breaks half way leaves no trace, in the session or in the orders.
    let broken = server.serve(&mut browser, "POST /order", |request| {
        request.call(Call::set("basket", "a million apples"))?;
        request.order("a million apples");
        Err::<(), _>(Stop::Crash("the printer is on fire"))
    })?;
    assert_eq!((broken, server.value("basket")?), (None, "2 apples".into()));
    assert_eq!((server.disk.orders.len(), server.disk.staged.len()), (1, 0));

    // The disk fails in the middle of a logout. Nobody is told that it was done: the visitor is
    // still logged in, on the disk and in the browser, and may try again.
    server.disk.fails = true;
    let logout = |request: &mut Request<'_>| request.call(Call::logout());
    assert_eq!(server.serve(&mut browser, "POST /logout", logout)?, None);
    server.disk.fails = false;
    assert!(browser.cookie.is_some() && server.users()? == ["alice"]);

    // A logout is final, and the browser drops its cookie even if the goodbye page cannot be shown.
    let stolen = Browser { cookie: browser.cookie.clone() };
    server.serve(&mut browser, "POST /logout", |request| {
        request.call(Call::logout())?;
        Err::<(), _>(Stop::Crash("no template of that name"))
    })?;
    assert!(browser.cookie.is_none() && server.disk.rows.is_empty());

    // A copy of the cookie opens nothing any more.
    let mut thief = stolen;
    server.serve(&mut thief, "GET / with the old cookie", |request| {
        assert!(request.exchange.session().is_some_and(|held| held.session.user().is_none()));
        Ok(())
    })?;
    println!("\nall of it as expected");
    Ok(())
}

/// Everything that an exchange does not have: the clock, the random source, the store.
struct Disk {
    clock: Timestamp,
    entropy: EntropySource,
    /// Sessions as JSON, with their revisions.
    rows: BTreeMap<SessionId, (Revision, String)>,
    /// Whether writes fail.
    fails: bool,
    /// The application's own data, and what the current request would add to them.
    orders: Vec<String>,
    staged: Vec<String>,
}

impl World for Disk {
    fn now(&mut self) -> Timestamp {
        self.clock
    }

    fn carry_out(&mut self, ask: Ask<'_>, _wait_ms: u64) -> Answer {
        match ask {
            // A row that cannot be read is a failure. To answer that there is none would be wrong.
            Ask::Load { id } => self.read(id).map_or(Answer::Failed, Answer::Loaded),
            // This example never ends all sessions of a user.
            Ask::Generation { .. } => Answer::Generation(0),
            Ask::Write(_) if self.fails => Answer::Failed,
            Ask::Write(write) => match self.persist(write) {
                Ok(()) => Answer::Done,
                Err(_) => Answer::Failed,
            },
            Ask::Entropy => Answer::Entropy(self.entropy.draw()),
            // The application's data stand or fall with the request. What was written of the
            // session is not rolled back: a spent token and a logout outlive a failure.
            Ask::Commit => {
                self.orders.append(&mut self.staged);
                Answer::Done
            }
            Ask::Abort => {
                self.staged.clear();
                Answer::Done
            }
        }
    }
}

impl Disk {
    /// Only this process writes here, one request at a time, so every condition holds. The example
    /// `compare_and_set` has a store that others write to.
    fn persist(&mut self, write: &Write) -> Result<(), Box<dyn Error>> {
        let Write { op, over, revision, .. } = write;
        match op {
            StoreOp::Create { id, session, .. }
            | StoreOp::Put { id, session }
            | StoreOp::Update { id, session } => self.write(*id, *revision, session),
            StoreOp::Rotate { from, to, session, .. } => {
                println!("    store   {from:?} moves to {to:?}");
                self.write(*to, *revision, session)?;
                self.rows.remove(from);
                Ok(())
            }
            StoreOp::Touch { id, accessed } => match self.read(*id)? {
                Some(Stored { revision, session }) => {
                    self.write(*id, revision, &session.accessed_by(*accessed))
                }
                None => Ok(()),
            },
            StoreOp::Delete { id } | StoreOp::Discard { id } => self.remove(|own, _| own == *id),
            StoreOp::DeleteHandle { handle, user } => self.remove(|_, session| {
                session.handle() == Some(*handle)
                    && (user.is_none() || session.user() == user.as_ref())
            }),
            StoreOp::DeleteUser { user, except } => {
                self.remove(|id, session| session.user() == Some(user) && Some(id) != *except)
            }
            StoreOp::DiscardOver { .. } => {
                self.remove(|_, session| over.is_some_and(|over| over.includes(session)))
            }
        }
    }

    /// Reads a session. Reading checks it, so a damaged text is an error.
    fn read(&self, id: SessionId) -> Result<Option<Stored>, serde_json::Error> {
        let Some((revision, text)) = self.rows.get(&id) else { return Ok(None) };
        Ok(Some(Stored { revision: *revision, session: serde_json::from_str(text)? }))
    }

    fn write(
        &mut self,
        id: SessionId,
        revision: Revision,
        session: &Session,
    ) -> Result<(), Box<dyn Error>> {
        println!("    store   {id:?} := {:?}", session.user());
        self.rows.insert(id, (revision, serde_json::to_string(session)?));
        Ok(())
    }

    /// Looks at every session, since there is no index.
    fn remove(
        &mut self,
        wanted: impl Fn(SessionId, &Session) -> bool,
    ) -> Result<(), Box<dyn Error>> {
        for id in self.rows.keys().copied().collect::<Vec<_>>() {
            if self.read(id)?.is_some_and(|row| wanted(id, &row.session)) {
                println!("    store   {id:?} deleted");
                self.rows.remove(&id);
            }
        }
        Ok(())
    }
}

/// What a handler gets: a request and the disk.
struct Request<'a> {
    exchange: Exchange,
    disk: &'a mut Disk,
}

impl Request<'_> {
    fn call<T: FromSaid>(&mut self, call: Call<T>) -> Result<T, Stop> {
        self.exchange.run(call, self.disk).map_err(Stop::Session)
    }

    /// Accepts a form by spending its token, which the client sends as text.
    fn accept(&mut self, form: FormToken) -> Result<(), Stop> {
        self.call(Call::accept(form.reveal().to_string().as_str()))
    }

    /// The application writes something of its own.
    fn order(&mut self, what: &str) {
        self.disk.staged.push(what.into());
    }
}

struct Server {
    config: Arc<Config>,
    disk: Disk,
}

impl Server {
    fn new(config: Config) -> Result<Self, Box<dyn Error>> {
        config.check()?;
        let disk = Disk {
            clock: Timestamp(1_000_000_000_000),
            // The seed is fixed, so that the example prints the same every time. A server uses
            // `EntropySource::from_system`.
            entropy: EntropySource::new(*b"a seed that nobody else may know"),
            rows: BTreeMap::new(),
            fails: false,
            orders: Vec::new(),
            staged: Vec::new(),
        };
        Ok(Self { config: Arc::new(config), disk })
    }

    /// One request from header to header: start, handler, finish.
    fn serve<T>(
        &mut self,
        browser: &mut Browser,
        line: &str,
        handler: impl FnOnce(&mut Request<'_>) -> Result<T, Stop>,
    ) -> Result<Option<T>, Box<dyn Error>> {
        println!("{line}");
        self.disk.clock = Timestamp(self.disk.clock.0.saturating_add(1_500));
        let exchange = Exchange::new(self.config.clone(), self.disk.entropy.revision());
        let mut request = Request { exchange, disk: &mut self.disk };
        let arrival = Arrival {
            cookie: browser.cookie.as_deref().and_then(|text| read_cookie(&self.config, text)),
            remote_addr: "192.0.2.1".into(),
            ..Arrival::default()
        };
        // If this fails, tell the visitor. To go on as if there were no cookie would log somebody
        // out because a disk is full.
        let user = request.exchange.run(Call::start(arrival), request.disk)?;
        println!("    user    {user:?}");

        let (page, end) = match handler(&mut request) {
            Ok(page) => (Some(page), Call::finish()),
            Err(Stop::Session(Failure::Refused(why))) => {
                println!("    400     {why}");
                (None, Call::interrupt())
            }
            Err(Stop::Crash(why)) => {
                println!("    500     {why}");
                (None, Call::fail())
            }
            // The request has been abandoned, and there is no cookie: it could tell the browser
            // something that has not happened.
            Err(Stop::Session(why)) => {
                println!("    503     {why}");
                self.disk.staged.clear();
                return Ok(None);
            }
        };
        let Ending { failure, cookie } = request.exchange.run(end, request.disk)?;
        let headers = self.headers(cookie.as_ref())?;
        browser.receive(&headers);
        if let Some(why) = failure {
            println!("    500     {why}");
        }
        Ok(page.filter(|_| failure.is_none()))
    }

    /// The cookie, and the header that keeps it out of shared caches. Every page of this server
    /// depends on the session, if only on its user.
    fn headers(&self, cookie: Option<&CookieOp>) -> Result<Vec<String>, Box<dyn Error>> {
        let mut headers = vec![format!("{}: {}", VARY.0, VARY.1)];
        if let Some(cookie) = cookie {
            headers.push(format!("Set-Cookie: {}", set_cookie(&self.config, cookie)?));
            headers.push(format!("{}: {}", CACHE_CONTROL.0, CACHE_CONTROL.1));
        }
        for header in &headers {
            println!("    send    {header}");
        }
        Ok(headers)
    }

    fn sessions(&self) -> Result<Vec<Session>, Box<dyn Error>> {
        let texts = self.disk.rows.values();
        Ok(texts.map(|(_, text)| serde_json::from_str(text)).collect::<Result<_, _>>()?)
    }

    fn users(&self) -> Result<Vec<String>, Box<dyn Error>> {
        let sessions = self.sessions()?;
        Ok(sessions.iter().filter_map(Session::user).map(ToString::to_string).collect())
    }

    fn value(&self, key: &str) -> Result<String, Box<dyn Error>> {
        let sessions = self.sessions()?;
        let found = sessions.iter().find_map(|session| session.values().get(key));
        Ok(found.ok_or("no such value")?.to_string())
    }
}

/// Why a handler stopped.
enum Stop {
    /// The machine refused, and the visitor can do something about it; or the store failed.
    Session(Failure),
    /// The handler broke: answer with an error page.
    Crash(&'static str),
}

/// A cookie jar for one cookie: the text of the next `Cookie` header.
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
