//! One session.

use super::*;

#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) id: Option<String>,
    pub(super) user: Option<String>,
    pub(super) remote_address: String,
    pub(super) creation_time: u64,
    pub(super) access_time: u64,
    pub(super) form_tokens: Vec<String>,
    /// The attributes that an application's subclass would add.
    pub(super) values: BTreeMap<String, String>,
}

impl Session {
    pub(super) const MAX_FORM_TOKENS: usize = 16;

    pub(super) fn new(world: &World, request: &Request, id: Option<String>) -> Self {
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

    pub(super) fn has_info(&self) -> bool {
        let user = self.user.as_deref().unwrap_or_default();
        !user.is_empty() || !self.form_tokens.is_empty() || !self.values.is_empty()
    }

    pub(super) fn is_dirty(&self, dirty: bool) -> bool {
        dirty && self.has_info()
    }

    pub(super) fn start_request(&self, request: &mut Request) {
        if let Some(user) = &self.user {
            request.environ.insert("REMOTE_USER", user.clone());
        }
    }

    pub(super) fn set_user(&mut self, user: Option<String>) {
        self.user = user;
    }

    pub(super) fn set_value(&mut self, key: String, value: String) {
        self.values.insert(key, value);
    }

    pub(super) fn remove_value(&mut self, key: &str) -> Result<(), &'static str> {
        self.values.remove(key).map(drop).ok_or("unknown_key")
    }

    pub(super) fn take_value(&mut self, key: &str) -> Result<String, &'static str> {
        self.values.remove(key).ok_or("unknown_key")
    }

    pub(super) fn set_access_time(&mut self, world: &World, resolution: u64) {
        // If the clock has gone back, the access is not noted.
        if world.now.saturating_sub(self.access_time) > resolution {
            self.access_time = world.now;
        }
    }

    pub(super) fn create_form_token(&mut self, world: &World) -> Result<String, &'static str> {
        let token = world.randbytes()?;
        self.form_tokens.push(token.clone());
        let extra = self.form_tokens.len().saturating_sub(Self::MAX_FORM_TOKENS);
        self.form_tokens.drain(..extra);
        Ok(token)
    }

    pub(super) fn has_form_token(&self, token: &str) -> bool {
        self.form_tokens.iter().any(|known| known == token)
    }

    pub(super) fn remove_form_token(&mut self, token: &str) -> Result<(), &'static str> {
        let found = self.form_tokens.iter().position(|known| known == token);
        self.form_tokens.remove(found.ok_or("unknown_token")?);
        Ok(())
    }

    pub(super) fn seen(&self) -> NaiveSession {
        NaiveSession {
            id: self.id.clone(),
            handle: None,
            user: self.user.clone(),
            remote_addr: self.remote_address.clone(),
            created: self.creation_time,
            accessed: self.access_time,
            form_tokens: self.form_tokens.clone(),
            values: self.values.clone(),
        }
    }
}
