//! A second, deliberately naive implementation of Quixote's session management.
//!
//! It exists to be compared with the real one, so they share no code: shared mutable objects, text
//! everywhere, and one method for each method of the Python original.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

mod http;
mod manager;
mod pattern;
mod session;

use http::{Request, Response, World};
use manager::SessionManager;
pub use pattern::parse_cookies;
use session::Session;

/// How a manager is set up. `copying` chooses the persistent mapping instead of the dictionary;
/// `dirty` chooses a session class whose `is_dirty` answers as `has_info` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NaiveConfig {
    pub copying: bool,
    pub dirty: bool,
    pub cookie_name: String,
    pub cookie_path: Option<String>,
    pub cookie_domain: Option<String>,
    pub access_resolution_ms: u64,
}

/// What can happen; the cookies of a start are already parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NaiveEvent {
    StartRequest {
        cookies: BTreeMap<String, String>,
        remote_addr: String,
        script_name: String,
        passive: bool,
    },
    SetUser {
        user: Option<String>,
    },
    SetValue {
        key: String,
        value: String,
    },
    RemoveValue {
        key: String,
    },
    TakeValue {
        key: String,
    },
    CreateFormToken,
    HasFormToken {
        token: String,
    },
    RemoveFormToken {
        token: String,
    },
    HasSessionCookie {
        must_exist: bool,
    },
    RevokeSessionCookie,
    ExpireSession,
    NewSession,
    MaintainSession,
    FinishRequest {
        outcome: NaiveOutcome,
    },
    InsertSession {
        id: String,
        user: Option<String>,
    },
    DeleteSession {
        id: String,
    },
    DeleteSessionsOf {
        user: String,
    },
    Sweep,
    /// An event that Quixote does not offer, of a request or of the manager.
    NotOffered,
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
    Value(String),
    Answer(bool),
    Refused(&'static str),
}

/// A session as it can be seen from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NaiveSession {
    pub id: Option<String>,
    /// Always None: Quixote has no handles.
    pub handle: Option<String>,
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

/// Everything that is observed right after an event. `session` and `request_cookie` are those of
/// the event's request, while it is open; `set_cookie` is filled in only when it finishes.
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

    /// Lets one event happen, of the manager if there is no request.
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
        // If Python would fail on `None`, the `?` on this returns.
        let session = request.borrow().session.clone().ok_or("no_session");
        let manager = &mut self.manager;
        match event {
            NaiveEvent::StartRequest { passive, .. } => {
                manager.start_request(world, &request, passive);
                let remote_user = request.borrow().environ.get("REMOTE_USER").cloned();
                return Ok(NaiveReply::Started { remote_user });
            }
            NaiveEvent::SetUser { user } => session?.borrow_mut().set_user(user),
            NaiveEvent::SetValue { key, value } => session?.borrow_mut().set_value(key, value),
            NaiveEvent::RemoveValue { key } => session?.borrow_mut().remove_value(&key)?,
            NaiveEvent::TakeValue { key } => {
                return session?.borrow_mut().take_value(&key).map(NaiveReply::Value);
            }
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
            NaiveEvent::DeleteSessionsOf { user } => manager.delete_sessions_of(&user),
            // There are no time limits.
            NaiveEvent::Sweep => {}
            NaiveEvent::NotOffered => {
                if number.is_some() {
                    session?;
                }
                return Err("not_offered");
            }
        }
        Ok(NaiveReply::Done)
    }

    /// The request that an event works on; an event of the manager gets a blank stand-in.
    fn request_of(
        &mut self,
        number: Option<u64>,
        event: &NaiveEvent,
    ) -> Result<SharedRequest, &'static str> {
        let Some(number) = number else { return Ok(SharedRequest::default()) };
        let open = self.requests.get(&number).cloned();
        let NaiveEvent::StartRequest { cookies, remote_addr, script_name, .. } = event else {
            return open.ok_or("unknown_request");
        };
        if open.is_some() {
            return Err("request_open");
        }
        let mut request = Request::default();
        request.environ.insert("REMOTE_ADDR", remote_addr.clone());
        request.environ.insert("SCRIPT_NAME", script_name.clone());
        request.cookies.clone_from(cookies);
        let request = Rc::new(RefCell::new(request));
        self.requests.insert(number, Rc::clone(&request));
        Ok(request)
    }

    /// What the publisher does at the end: it sends a response, and runs a hook.
    fn finish(
        &mut self,
        world: &World,
        number: Option<u64>,
        outcome: NaiveOutcome,
    ) -> Result<(), &'static str> {
        let number = number.ok_or("unknown_request")?;
        let request = self.requests.get(&number).cloned().ok_or("unknown_request")?;
        let earlier = request.borrow().response.clone();
        // An error page is a new response; an abandoned request sends none.
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
