//! The session manager and the mapping that it keeps sessions in.

use super::*;

/// The session mapping: a dictionary of shared objects, or a store that copies both ways.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) copying: bool,
    pub(super) sessions: BTreeMap<String, SharedSession>,
}

impl Mapping {
    pub(super) fn get(&self, id: &str) -> Option<SharedSession> {
        self.sessions.get(id).map(|session| self.pass(session))
    }

    pub(super) fn set(&mut self, id: &str, session: &SharedSession) {
        let session = self.pass(session);
        self.sessions.insert(id.to_owned(), session);
    }

    pub(super) fn pass(&self, session: &SharedSession) -> SharedSession {
        if self.copying {
            Rc::new(RefCell::new(session.borrow().clone()))
        } else {
            Rc::clone(session)
        }
    }

    pub(super) fn seen(&self) -> Vec<NaiveSession> {
        self.sessions.values().map(|session| session.borrow().seen()).collect()
    }
}

#[derive(Debug)]
pub(super) struct SessionManager {
    pub(super) config: NaiveConfig,
    pub(super) sessions: Mapping,
    /// Which transaction hook ran during the present event.
    pub(super) committed: Option<bool>,
}

impl SessionManager {
    pub(super) fn new(config: NaiveConfig) -> Self {
        let sessions = Mapping { copying: config.copying, sessions: BTreeMap::new() };
        Self { config, sessions, committed: None }
    }

    pub(super) fn start_request(&self, world: &World, request: &SharedRequest, passive: bool) {
        let session = self.get_session(world, request, passive);
        request.borrow_mut().session = Some(Rc::clone(&session));
        session.borrow().start_request(&mut request.borrow_mut());
    }

    pub(super) fn finish_successful_request(
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

    pub(super) fn finish_failed_request(&mut self) {
        self.abort_changes();
    }

    pub(super) fn get_session(
        &self,
        world: &World,
        request: &SharedRequest,
        passive: bool,
    ) -> SharedSession {
        let id = self.get_session_id(request);
        let stored = id.and_then(|id| self.sessions.get(&id));
        let session = stored.unwrap_or_else(|| Self::create_session(world, request));
        if !passive {
            session.borrow_mut().set_access_time(world, self.config.access_resolution_ms);
        }
        session
    }

    pub(super) fn maintain_session(
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
            Some(id) if session.borrow().is_dirty(self.config.dirty) => {
                self.set_item(&id, session);
            }
            Some(_) => {}
        }
        Ok(())
    }

    pub(super) fn expire_session(&mut self, request: &SharedRequest) -> Result<(), &'static str> {
        // As in Python, the cookie is revoked first, even if there turns out to be no session.
        self.revoke_session_cookie(request);
        let session = request.borrow_mut().session.take().ok_or("no_session")?;
        // A session that was never stored, or is gone by now, need not be deleted.
        let _ = self.del_item(session.borrow().id.as_deref());
        Ok(())
    }

    pub(super) fn has_session_cookie(&self, request: &SharedRequest, must_exist: bool) -> bool {
        let id = self.get_cookie(request);
        id.is_some() && (!must_exist || self.has_session(id.as_deref()))
    }

    pub(super) fn revoke_session_cookie(&self, request: &SharedRequest) {
        self.set_cookie(request, "", Some(0));
        request.borrow_mut().cookies.remove(&self.config.cookie_name);
    }

    pub(super) fn set_session_cookie(&self, request: &SharedRequest, id: &str) {
        self.set_cookie(request, id, None);
    }

    pub(super) fn set_cookie(&self, request: &SharedRequest, value: &str, max_age: Option<u64>) {
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

    pub(super) fn get_session_id(&self, request: &SharedRequest) -> Option<String> {
        self.get_cookie(request).filter(|id| !id.is_empty() && id != "*del*")
    }

    pub(super) fn get_cookie(&self, request: &SharedRequest) -> Option<String> {
        request.borrow().cookies.get(&self.config.cookie_name).cloned()
    }

    pub(super) fn make_session_id(&self, world: &World) -> Result<String, &'static str> {
        loop {
            let id = world.randbytes()?;
            if !self.has_session(Some(&id)) {
                return Ok(id);
            }
        }
    }

    pub(super) fn create_session(world: &World, request: &SharedRequest) -> SharedSession {
        Self::new_session(world, request, None)
    }

    pub(super) fn new_session(
        world: &World,
        request: &SharedRequest,
        id: Option<String>,
    ) -> SharedSession {
        Rc::new(RefCell::new(Session::new(world, &request.borrow(), id)))
    }

    /// What an application does to store a session under an id of its own choice.
    pub(super) fn insert(
        &mut self,
        world: &World,
        request: &SharedRequest,
        id: &str,
        user: Option<String>,
    ) {
        let session = Self::new_session(world, request, Some(id.to_owned()));
        session.borrow_mut().set_user(user);
        self.set_item(id, &session);
    }

    pub(super) fn has_session(&self, id: Option<&str>) -> bool {
        id.is_some_and(|id| self.sessions.sessions.contains_key(id))
    }

    pub(super) fn set_item(&mut self, id: &str, session: &SharedSession) {
        assert_eq!(session.borrow().id.as_deref(), Some(id), "stored under another id");
        self.sessions.set(id, session);
    }

    pub(super) fn del_item(&mut self, id: Option<&str>) -> Result<(), &'static str> {
        let deleted = id.and_then(|id| self.sessions.sessions.remove(id));
        deleted.map(drop).ok_or("unknown_session")
    }

    /// What an application does to log somebody out everywhere.
    pub(super) fn delete_sessions_of(&mut self, user: &str) {
        self.sessions.sessions.retain(|_, session| session.borrow().user.as_deref() != Some(user));
    }

    pub(super) fn commit_changes(&mut self) {
        self.committed = Some(true);
    }

    pub(super) fn abort_changes(&mut self) {
        self.committed = Some(false);
    }
}
