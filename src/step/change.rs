//! A request changes the session that it holds: user, values, form tokens.

use smol_str::SmolStr;

use super::Step;
use crate::effect::{CookieChange, Refusal, Reply, StoreOp};
use crate::event::RequestId;
use crate::objects::Object;
use crate::presented::SubmittedToken;
use crate::request::UserChange;
use crate::session::Session;
use crate::token::{FormToken, SessionId};

impl Step<'_> {
    // [event-4] [step-12]
    pub(super) fn set_user(
        &mut self,
        request: RequestId,
        user: Option<SmolStr>,
    ) -> Result<Reply, Refusal> {
        self.fits(user.as_deref().unwrap_or_default())?;
        let strict = self.is_strict();
        let (session, changes) = self.held_session(request)?;
        if strict {
            let changes = changes.get_or_insert_default();
            if session.user != user {
                // Tokens issued to the user before do not outlive the change.
                session.form_tokens.clear();
                changes.form_tokens.clear();
            }
            changes.user = Some(UserChange { to: user.clone() });
        }
        session.user = user;
        Ok(Reply::Done)
    }

    // [event-5] [config-9] [config-13]
    pub(super) fn set_value(
        &mut self,
        request: RequestId,
        key: SmolStr,
        value: SmolStr,
    ) -> Result<Reply, Refusal> {
        self.fits(&key)?;
        self.fits(&value)?;
        let (strict, most) = (self.is_strict(), self.config.max_values);
        let (session, changes) = self.held_session(request)?;
        if session.values().len() >= most && !session.values().contains_key(&key) {
            return Err(Refusal::TooManyValues);
        }
        let noted = changes.as_ref().map(|changes| &changes.values);
        if noted
            .is_some_and(|noted| noted.len() >= most.saturating_mul(2) && !noted.contains_key(&key))
        {
            return Err(Refusal::TooManyValues);
        }
        if strict {
            let changes = changes.get_or_insert_default();
            changes.values.insert(key.clone(), Some(value.clone()));
        }
        session.values.insert(key, value);
        Ok(Reply::Done)
    }

    // [event-6]
    pub(super) fn remove_value(
        &mut self,
        request: RequestId,
        key: SmolStr,
    ) -> Result<Reply, Refusal> {
        let strict = self.is_strict();
        let (session, changes) = self.held_session(request)?;
        session.values.remove(&key).ok_or(Refusal::UnknownKey)?;
        if strict {
            changes.get_or_insert_default().values.insert(key, None);
        }
        Ok(Reply::Done)
    }

    // [event-7]
    pub(super) fn create_form_token(&mut self, request: RequestId) -> Result<Reply, Refusal> {
        let strict = self.is_strict();
        let cap = self.config.max_form_tokens;
        let token = self.draw_form_token(request)?;
        let (session, changes) = self.held_session(request)?;
        session.form_tokens.push(token, cap);
        if strict {
            changes.get_or_insert_default().form_tokens.push(token, cap);
        }
        Ok(Reply::Token(token))
    }

    /// A token that is not outstanding; in Quixote any token, which may be queued twice.
    // [token-6] [token-7]
    pub(super) fn draw_form_token(&mut self, request: RequestId) -> Result<FormToken, Refusal> {
        loop {
            self.held(request)?;
            let token = self.draws.form_token().ok_or(Refusal::EntropyUsedUp)?;
            if !self.is_strict() || !self.is_outstanding(request, &token)? {
                return Ok(token);
            }
        }
    }

    /// Whether the session has this token, as the request holds it or as it is stored: where the
    /// request changed the user, the tokens of the one before are gone from its copy alone.
    fn is_outstanding(&self, request: RequestId, token: &FormToken) -> Result<bool, Refusal> {
        let held = self.held(request)?;
        let stored = held.id.and_then(|id| self.state.get(&id));
        let sessions = stored.into_iter().chain([&held.session]);
        Ok(sessions.into_iter().any(|session| session.form_tokens.contains(token)))
    }

    // [event-8]
    pub(super) fn has_form_token(
        &self,
        request: RequestId,
        token: SubmittedToken,
    ) -> Result<Reply, Refusal> {
        let tokens = &self.held(request)?.session.form_tokens;
        let outstanding = token.token().is_some_and(|token| tokens.contains(&token));
        Ok(Reply::Answer(outstanding))
    }

    // [event-9] [step-13]
    pub(super) fn remove_form_token(
        &mut self,
        request: RequestId,
        token: SubmittedToken,
    ) -> Result<Reply, Refusal> {
        let strict = self.is_strict();
        let id = self.held(request)?.id;
        let token = token.token().ok_or(Refusal::UnknownToken)?;
        match id {
            Some(id) if strict => self.spend_form_token(request, id, token),
            _ => {
                let (session, changes) = self.held_session(request)?;
                if !session.form_tokens.remove(&token) {
                    return Err(Refusal::UnknownToken);
                }
                if let Some(changes) = changes {
                    changes.form_tokens.remove(&token);
                }
                Ok(Reply::Done)
            }
        }
    }

    /// Strict: a token is spent where it is stored, at once and for all requests. One that this
    /// request created and has not saved is spent in its copy.
    // [step-14] [step-15] [step-16] [step-17]
    pub(super) fn spend_form_token(
        &mut self,
        request: RequestId,
        id: SessionId,
        token: FormToken,
    ) -> Result<Reply, Refusal> {
        let stored = self.in_time(id).cloned();
        let (session, changes) = self.held_session(request)?;
        if changes.as_mut().is_some_and(|changes| changes.form_tokens.remove(&token)) {
            session.form_tokens.remove(&token);
            return Ok(Reply::Done);
        }
        let mut stored = stored.ok_or(Refusal::SessionGone)?;
        if session.user != stored.user || !stored.form_tokens.remove(&token) {
            return Err(Refusal::UnknownToken);
        }
        session.form_tokens.remove(&token);
        let store = if stored.has_info() {
            self.state.store_copy(id, stored.clone());
            StoreOp::Update { id, session: stored }
        } else {
            self.detach(request, id, stored);
            StoreOp::Discard { id }
        };
        self.effects.store = Some(store);
        Ok(Reply::Done)
    }

    /// Strict: the session under `id` has lost its last info to `request`, which goes on with what
    /// it changed itself, as a session that is not stored yet.
    // [step-18] [step-19]
    fn detach(&mut self, request: RequestId, id: SessionId, emptied: Session) {
        self.state.unstore(&id);
        let mut session = emptied;
        if let Ok((held, changes)) = self.held_session(request) {
            session.accessed = session.accessed.max(held.accessed);
            if let Some(changes) = changes.take() {
                changes.apply_to(&mut session, self.config.max_form_tokens);
            }
        }
        self.state.hold_instead(request, Some(Object::new(None, session)));
        if let Some(open) = self.state.request_mut(request) {
            open.data.response = Some(CookieChange::Revoke);
        }
    }
}
