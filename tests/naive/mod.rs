//! A second, deliberately naive implementation of Quixote's session management.
//!
//! It exists to be compared with the real one, so it shares no line with it: shared mutable
//! objects, text everywhere, and one method for each method of the Python original.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// How a manager is set up; `copying` chooses the persistent mapping over the dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NaiveConfig {
    pub copying: bool,
    pub cookie_name: String,
    pub cookie_path: Option<String>,
    pub cookie_domain: Option<String>,
    pub access_resolution_ms: u64,
}

/// What can happen; the cookie of a start is the session cookie's value, already parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NaiveEvent {
    StartRequest { cookie: Option<String>, remote_addr: String, script_name: String },
    SetUser { user: Option<String> },
    SetValue { key: String, value: String },
    RemoveValue { key: String },
    CreateFormToken,
    HasFormToken { token: String },
    RemoveFormToken { token: String },
    HasSessionCookie { must_exist: bool },
    RevokeSessionCookie,
    ExpireSession,
    NewSession,
    MaintainSession,
    FinishRequest { outcome: NaiveOutcome },
    InsertSession { id: String, user: Option<String> },
    DeleteSession { id: String },
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NaiveOutcome {
    Successful,
    Interrupted,
    Failed,
    Abandoned,
}

/// The answer to an event; a refusal names its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NaiveReply {
    Done,
    Started { remote_user: Option<String> },
    Token(String),
    Answer(bool),
    Refused(&'static str),
}

/// A session as it can be seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NaiveSession {
    pub id: Option<String>,
    pub user: Option<String>,
    pub remote_addr: String,
    pub created: u64,
    pub accessed: u64,
    pub form_tokens: Vec<String>,
    pub values: BTreeMap<String, String>,
}

/// The session cookie of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NaiveSetCookie {
    pub name: String,
    pub value: String,
    pub path: String,
    pub domain: Option<String>,
    pub max_age: Option<u64>,
}

/// Everything observed right after an event. `session` and `request_cookie` are those of the
/// event's request while it is open; `set_cookie` is filled in only when it finishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NaiveSeen {
    pub reply: NaiveReply,
    pub session: Option<NaiveSession>,
    pub request_cookie: Option<String>,
    pub set_cookie: Option<NaiveSetCookie>,
    /// `Some(true)`: `commit_changes` ran; `Some(false)`: `abort_changes` ran.
    pub committed: Option<bool>,
    pub stored: Vec<NaiveSession>,
    pub draws_used: usize,
}

/// A session manager and its open requests. Not `Clone`: a clone would share every object.
#[derive(Debug)]
pub struct NaiveManager {
    manager: SessionManager,
    requests: HashMap<u64, SharedRequest>,
}

impl NaiveManager {
    pub fn new(config: NaiveConfig) -> Self {
        Self { manager: SessionManager::new(config), requests: HashMap::new() }
    }

    /// Lets one event happen. `DeleteSession` belongs to the manager and ignores `request`.
    pub fn apply(
        &mut self,
        now: u64,
        request: Option<u64>,
        draws: &[String],
        event: NaiveEvent,
        want_stored: bool,
    ) -> NaiveSeen {
        let world = World { now, draws, drawn: Cell::new(0) };
        let open = |this: &Self| request.and_then(|number| this.requests.get(&number).cloned());
        let before = open(self);
        let (reply, draws_used) = match self.perform(&world, request, event) {
            Ok(reply) => (reply, world.drawn.get()),
            Err(why) => (NaiveReply::Refused(why), 0),
        };
        let after = open(self);
        let finished = if after.is_none() { before } else { None };
        NaiveSeen {
            reply,
            session: after.as_ref().and_then(|request| {
                request.borrow().session.as_ref().map(|session| session.borrow().seen())
            }),
            request_cookie: after.and_then(|request| self.manager.get_cookie(&request)),
            set_cookie: finished.and_then(|request| {
                request.borrow().response.cookies.get(&self.manager.config.cookie_name).cloned()
            }),
            committed: self.manager.committed.take(),
            stored: if want_stored { self.manager.sessions.seen() } else { Vec::new() },
            draws_used,
        }
    }

    fn perform(&mut self, world: &World, number: Option<u64>, event: NaiveEvent) -> Outcome {
        let request = self.request_of(number, &event)?;
        // Where Python would trip over `None`, the `?` on this gives up.
        let session = request.borrow().session.clone().ok_or("no_session");
        let manager = &mut self.manager;
        match event {
            NaiveEvent::StartRequest { .. } => {
                manager.start_request(world, &request);
                let remote_user = request.borrow().environ.get("REMOTE_USER").cloned();
                return Ok(NaiveReply::Started { remote_user });
            }
            NaiveEvent::SetUser { user } => session?.borrow_mut().set_user(user),
            NaiveEvent::SetValue { key, value } => session?.borrow_mut().set_value(key, value),
            NaiveEvent::RemoveValue { key } => session?.borrow_mut().remove_value(&key)?,
            NaiveEvent::CreateFormToken => {
                return session?.borrow_mut().create_form_token(world).map(NaiveReply::Token);
            }
            NaiveEvent::HasFormToken { token } => {
                return Ok(NaiveReply::Answer(session?.borrow().has_form_token(&token)));
            }
            NaiveEvent::RemoveFormToken { token } => {
                session?.borrow_mut().remove_form_token(&token)?;
            }
            NaiveEvent::HasSessionCookie { must_exist } => {
                return Ok(NaiveReply::Answer(manager.has_session_cookie(&request, must_exist)));
            }
            NaiveEvent::RevokeSessionCookie => manager.revoke_session_cookie(&request),
            NaiveEvent::ExpireSession => manager.expire_session(&request)?,
            NaiveEvent::NewSession => {
                let fresh = SessionManager::new_session(world, &request, None);
                request.borrow_mut().session = Some(fresh);
            }
            NaiveEvent::MaintainSession => manager.maintain_session(world, &request, &session?)?,
            NaiveEvent::FinishRequest { outcome } => self.finish(world, number, outcome)?,
            NaiveEvent::InsertSession { id, user } => manager.insert(world, &request, &id, user),
            NaiveEvent::DeleteSession { id } => manager.del_item(Some(&id))?,
        }
        Ok(NaiveReply::Done)
    }

    /// The request that an event works on; an event of the manager gets a blank stand-in.
    fn request_of(
        &mut self,
        number: Option<u64>,
        event: &NaiveEvent,
    ) -> Result<SharedRequest, &'static str> {
        if matches!(event, NaiveEvent::DeleteSession { .. }) {
            return Ok(SharedRequest::default());
        }
        let number = number.ok_or("unknown_request")?;
        let open = self.requests.get(&number).cloned();
        let NaiveEvent::StartRequest { cookie, remote_addr, script_name } = event else {
            return open.ok_or("unknown_request");
        };
        if open.is_some() {
            return Err("request_open");
        }
        let mut request = Request::default();
        request.environ.insert("REMOTE_ADDR", remote_addr.clone());
        request.environ.insert("SCRIPT_NAME", script_name.clone());
        if let Some(value) = cookie {
            request.cookies.insert(self.manager.config.cookie_name.clone(), value.clone());
        }
        let request = Rc::new(RefCell::new(request));
        self.requests.insert(number, Rc::clone(&request));
        Ok(request)
    }

    /// The publisher's part of the end: which response goes out, and which hook runs.
    fn finish(
        &mut self,
        world: &World,
        number: Option<u64>,
        outcome: NaiveOutcome,
    ) -> Result<(), &'static str> {
        let number = number.ok_or("unknown_request")?;
        let request = self.requests.get(&number).cloned().ok_or("unknown_request")?;
        let earlier = request.borrow().response.clone();
        // An error page starts from nothing; an abandoned request sends nothing at all.
        if outcome != NaiveOutcome::Successful {
            request.borrow_mut().response = Response::default();
        }
        let hook = match outcome {
            NaiveOutcome::Successful | NaiveOutcome::Interrupted => {
                self.manager.finish_successful_request(world, &request)
            }
            NaiveOutcome::Failed => {
                self.manager.finish_failed_request();
                Ok(())
            }
            NaiveOutcome::Abandoned => Ok(()),
        };
        if hook.is_ok() {
            self.requests.remove(&number);
        } else {
            request.borrow_mut().response = earlier;
        }
        hook
    }
}

type Outcome = Result<NaiveReply, &'static str>;
type SharedRequest = Rc<RefCell<Request>>;
type SharedSession = Rc<RefCell<Session>>;

/// What Python reaches through module-level functions: the clock and the random source.
struct World<'a> {
    now: u64,
    draws: &'a [String],
    drawn: Cell<usize>,
}

impl World<'_> {
    fn randbytes(&self) -> Result<String, &'static str> {
        let drawn = self.drawn.get();
        self.drawn.set(drawn + 1);
        self.draws.get(drawn).cloned().ok_or("entropy_used_up")
    }
}

#[derive(Debug, Default)]
struct Request {
    environ: HashMap<&'static str, String>,
    cookies: HashMap<String, String>,
    session: Option<SharedSession>,
    response: Response,
}

impl Request {
    fn get_environ(&self, name: &str) -> String {
        self.environ.get(name).cloned().unwrap_or_default()
    }
}

#[derive(Debug, Clone, Default)]
struct Response {
    cookies: HashMap<String, NaiveSetCookie>,
}

impl Response {
    /// Attributes are merged into those of an earlier call, so a `max_age` once given stays.
    fn set_cookie(&mut self, cookie: NaiveSetCookie) {
        let earlier = self.cookies.get(&cookie.name).and_then(|earlier| earlier.max_age);
        let max_age = cookie.max_age.or(earlier);
        self.cookies.insert(cookie.name.clone(), NaiveSetCookie { max_age, ..cookie });
    }
}

/// The session mapping: a dictionary of shared objects, or a store that copies both ways.
#[derive(Debug)]
struct Mapping {
    copying: bool,
    sessions: BTreeMap<String, SharedSession>,
}

impl Mapping {
    fn get(&self, id: &str) -> Option<SharedSession> {
        self.sessions.get(id).map(|session| self.pass(session))
    }

    fn set(&mut self, id: &str, session: &SharedSession) {
        let session = self.pass(session);
        self.sessions.insert(id.to_owned(), session);
    }

    fn pass(&self, session: &SharedSession) -> SharedSession {
        if self.copying {
            Rc::new(RefCell::new(session.borrow().clone()))
        } else {
            Rc::clone(session)
        }
    }

    fn seen(&self) -> Vec<NaiveSession> {
        self.sessions.values().map(|session| session.borrow().seen()).collect()
    }
}

#[derive(Debug)]
struct SessionManager {
    config: NaiveConfig,
    sessions: Mapping,
    /// Which transaction hook ran during the present event.
    committed: Option<bool>,
}

impl SessionManager {
    fn new(config: NaiveConfig) -> Self {
        let sessions = Mapping { copying: config.copying, sessions: BTreeMap::new() };
        Self { config, sessions, committed: None }
    }

    fn start_request(&self, world: &World, request: &SharedRequest) {
        let session = self.get_session(world, request);
        request.borrow_mut().session = Some(Rc::clone(&session));
        session.borrow().start_request(&mut request.borrow_mut());
    }

    fn finish_successful_request(
        &mut self,
        world: &World,
        request: &SharedRequest,
    ) -> Result<(), &'static str> {
        let session = request.borrow().session.clone();
        if let Some(session) = session {
            self.maintain_session(world, request, &session)?;
        }
        self.commit_changes();
        Ok(())
    }

    fn finish_failed_request(&mut self) {
        self.abort_changes();
    }

    fn get_session(&self, world: &World, request: &SharedRequest) -> SharedSession {
        let id = self.get_session_id(request);
        let stored = id.and_then(|id| self.sessions.get(&id));
        let session = stored.unwrap_or_else(|| Self::create_session(world, request));
        session.borrow_mut().set_access_time(world, self.config.access_resolution_ms);
        session
    }

    fn maintain_session(
        &mut self,
        world: &World,
        request: &SharedRequest,
        session: &SharedSession,
    ) -> Result<(), &'static str> {
        let id = session.borrow().id.clone();
        if !session.borrow().has_info() {
            if self.has_session(id.as_deref()) {
                self.del_item(id.as_deref())?;
                self.revoke_session_cookie(request);
            }
            return Ok(());
        }
        match id {
            None => {
                let id = self.make_session_id(world)?;
                session.borrow_mut().id = Some(id.clone());
                self.set_item(&id, session);
                self.set_session_cookie(request, &id);
            }
            Some(id) if session.borrow().is_dirty(self.config.copying) => {
                self.set_item(&id, session);
            }
            Some(_) => {}
        }
        Ok(())
    }

    fn expire_session(&mut self, request: &SharedRequest) -> Result<(), &'static str> {
        // As in Python, the cookie goes first, even when there turns out to be no session.
        self.revoke_session_cookie(request);
        let session = request.borrow_mut().session.take().ok_or("no_session")?;
        // A session that was never stored, or is gone by now, needs no deleting.
        let _ = self.del_item(session.borrow().id.as_deref());
        Ok(())
    }

    fn has_session_cookie(&self, request: &SharedRequest, must_exist: bool) -> bool {
        let id = self.get_cookie(request);
        id.is_some() && (!must_exist || self.has_session(id.as_deref()))
    }

    fn revoke_session_cookie(&self, request: &SharedRequest) {
        self.set_cookie(request, "", Some(0));
        request.borrow_mut().cookies.remove(&self.config.cookie_name);
    }

    fn set_session_cookie(&self, request: &SharedRequest, id: &str) {
        self.set_cookie(request, id, None);
    }

    fn set_cookie(&self, request: &SharedRequest, value: &str, max_age: Option<u64>) {
        let configured = self.config.cookie_path.clone().filter(|path| !path.is_empty());
        let path = configured.unwrap_or_else(|| {
            let script_name = request.borrow().get_environ("SCRIPT_NAME");
            if script_name.ends_with('/') { script_name } else { script_name + "/" }
        });
        request.borrow_mut().response.set_cookie(NaiveSetCookie {
            name: self.config.cookie_name.clone(),
            value: value.to_owned(),
            path,
            domain: self.config.cookie_domain.clone(),
            max_age,
        });
    }

    fn get_session_id(&self, request: &SharedRequest) -> Option<String> {
        self.get_cookie(request).filter(|id| !id.is_empty() && id != "*del*")
    }

    fn get_cookie(&self, request: &SharedRequest) -> Option<String> {
        request.borrow().cookies.get(&self.config.cookie_name).cloned()
    }

    fn make_session_id(&self, world: &World) -> Result<String, &'static str> {
        loop {
            let id = world.randbytes()?;
            if !self.has_session(Some(&id)) {
                return Ok(id);
            }
        }
    }

    fn create_session(world: &World, request: &SharedRequest) -> SharedSession {
        Self::new_session(world, request, None)
    }

    fn new_session(world: &World, request: &SharedRequest, id: Option<String>) -> SharedSession {
        Rc::new(RefCell::new(Session::new(world, &request.borrow(), id)))
    }

    /// What an application does to store a session under an id of its own choice.
    fn insert(&mut self, world: &World, request: &SharedRequest, id: &str, user: Option<String>) {
        let session = Self::new_session(world, request, Some(id.to_owned()));
        session.borrow_mut().set_user(user);
        self.set_item(id, &session);
    }

    fn has_session(&self, id: Option<&str>) -> bool {
        id.is_some_and(|id| self.sessions.sessions.contains_key(id))
    }

    fn set_item(&mut self, id: &str, session: &SharedSession) {
        assert_eq!(session.borrow().id.as_deref(), Some(id), "stored under another id");
        self.sessions.set(id, session);
    }

    fn del_item(&mut self, id: Option<&str>) -> Result<(), &'static str> {
        let deleted = id.and_then(|id| self.sessions.sessions.remove(id));
        deleted.map(drop).ok_or("unknown_session")
    }

    fn commit_changes(&mut self) {
        self.committed = Some(true);
    }

    fn abort_changes(&mut self) {
        self.committed = Some(false);
    }
}

#[derive(Debug, Clone)]
struct Session {
    id: Option<String>,
    user: Option<String>,
    remote_address: String,
    creation_time: u64,
    access_time: u64,
    form_tokens: Vec<String>,
    /// The attributes that an application's subclass would add.
    values: BTreeMap<String, String>,
}

impl Session {
    const MAX_FORM_TOKENS: usize = 16;

    fn new(world: &World, request: &Request, id: Option<String>) -> Self {
        Self {
            id,
            user: None,
            remote_address: request.get_environ("REMOTE_ADDR"),
            creation_time: world.now,
            access_time: world.now,
            form_tokens: Vec::new(),
            values: BTreeMap::new(),
        }
    }

    fn has_info(&self) -> bool {
        let user = self.user.as_deref().unwrap_or_default();
        !user.is_empty() || !self.form_tokens.is_empty() || !self.values.is_empty()
    }

    fn is_dirty(&self, copying: bool) -> bool {
        copying && self.has_info()
    }

    fn start_request(&self, request: &mut Request) {
        if let Some(user) = &self.user {
            request.environ.insert("REMOTE_USER", user.clone());
        }
    }

    fn set_user(&mut self, user: Option<String>) {
        self.user = user;
    }

    fn set_value(&mut self, key: String, value: String) {
        self.values.insert(key, value);
    }

    fn remove_value(&mut self, key: &str) -> Result<(), &'static str> {
        self.values.remove(key).map(drop).ok_or("unknown_key")
    }

    fn set_access_time(&mut self, world: &World, resolution: u64) {
        // The clock may have gone back, which is no access worth noting.
        if world.now.saturating_sub(self.access_time) > resolution {
            self.access_time = world.now;
        }
    }

    fn create_form_token(&mut self, world: &World) -> Result<String, &'static str> {
        let token = world.randbytes()?;
        self.form_tokens.push(token.clone());
        let extra = self.form_tokens.len().saturating_sub(Self::MAX_FORM_TOKENS);
        self.form_tokens.drain(..extra);
        Ok(token)
    }

    fn has_form_token(&self, token: &str) -> bool {
        self.form_tokens.iter().any(|known| known == token)
    }

    fn remove_form_token(&mut self, token: &str) -> Result<(), &'static str> {
        let found = self.form_tokens.iter().position(|known| known == token);
        self.form_tokens.remove(found.ok_or("unknown_token")?);
        Ok(())
    }

    fn seen(&self) -> NaiveSession {
        NaiveSession {
            id: self.id.clone(),
            user: self.user.clone(),
            remote_addr: self.remote_address.clone(),
            created: self.creation_time,
            accessed: self.access_time,
            form_tokens: self.form_tokens.clone(),
            values: self.values.clone(),
        }
    }
}
