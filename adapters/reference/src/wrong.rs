//! Faults around the operations: what is left from one request to the next, or goes to another
//! session than that of the request.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use quixote_session::driver::Call;
use quixote_session::{Session as Stored, SessionId, SessionParts, StoreOp};
use quixote_session_axum::SessionError;

use crate::Server;
use crate::fault::Fault;
use crate::here::here;
use crate::ops::{Handler, Stop, missing_is_fine};

/// More characters than a column of a store may have.
const LARGE: usize = 1_000;

/// What requests leave to others.
#[derive(Default)]
pub struct Left(Mutex<Shared>);

#[derive(Default)]
struct Shared {
    /// The session of a request that failed.
    stuck: Option<SessionId>,
    /// That of the request that came last.
    latest: Option<SessionId>,
    /// What anybody has put.
    values: BTreeMap<String, String>,
    /// Form tokens, by the number that stands for each.
    tokens: Vec<String>,
}

impl Left {
    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number that is handed out for a form token.
    pub fn guessed(&self, token: &str) -> String {
        let mut shared = self.shared();
        shared.tokens.push(token.into());
        format!("{:032}", shared.tokens.len())
    }

    /// The form token that a number stands for.
    pub fn meant(&self, number: &str) -> Option<String> {
        let at = number.parse::<usize>().ok()?.checked_sub(1)?;
        self.shared().tokens.get(at).cloned()
    }
}

/// The id that the empty cookie names.
pub fn empty_id() -> SessionId {
    SessionId::from([0; 16])
}

/// The Cookie header that a request without one is taken to have.
pub fn cookies(server: &Server, path: &str, query: &str) -> Vec<u8> {
    let name = server.config.cookie_name.as_str();
    let value = match server.fault {
        Fault::IdsInAddresses => query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
            .map(str::to_owned),
        Fault::IdsInPaths => path
            .split(['/', ';'])
            .find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
            .map(str::to_owned),
        Fault::ErrorsLeaveTheUser => {
            server.left.shared().stuck.take().map(|id| id.reveal().to_string())
        }
        _ => None,
    };
    value.map(|value| format!("{name}={value}").into_bytes()).unwrap_or_default()
}

/// The next request without a session has this one.
pub fn leave(server: &Server, id: SessionId) {
    server.left.shared().stuck = Some(id);
}

/// Whether the request came without a session.
pub fn had_none() -> bool {
    here().is_none_or(|here| here.revision.is_none())
}

impl Handler<'_> {
    /// Whether a value is taken for none, or for too much.
    pub fn drops(&self, value: &str) -> bool {
        match self.server.fault {
            Fault::DropsEmptyValues => value.is_empty(),
            Fault::DropsFalseValues => ["0", "false", "null"].contains(&value),
            Fault::DropsLargeValues => value.len() > LARGE,
            _ => false,
        }
    }

    /// A value, as the handler sees it.
    pub async fn value_seen(&self, key: &str) -> Option<String> {
        let then = || self.before.values.iter().find(|(own, _)| own == key);
        let then = || then().map(|(_, value)| value.clone());
        match self.server.fault {
            Fault::SharesValues => self.shared(key).await,
            Fault::SeesNoOwnWrites => then(),
            Fault::SeesEndedData if self.has_none().await => then(),
            _ => self.session.value(key).await.map(|value| value.to_string()),
        }
    }

    /// The user, as the handler sees it.
    pub async fn user_seen(&self) -> Option<String> {
        match self.server.fault {
            Fault::SeesNoOwnLogin => self.before.user.clone(),
            Fault::SeesEndedUser if self.has_none().await => self.before.user.clone(),
            _ => self.session.user().await.map(|user| user.to_string()),
        }
    }

    /// Whether this request has ended the session.
    async fn has_none(&self) -> bool {
        self.session.look(|_| ()).await.is_none()
    }

    /// A value of the session, or else of any.
    pub async fn shared(&self, key: &str) -> Option<String> {
        let own = self.session.value(key).await.map(|value| value.to_string());
        own.or_else(|| self.server.left.shared().values.get(key).cloned())
    }

    /// Puts a value where anybody finds it.
    pub fn share(&self, key: &str, value: &str) {
        if self.server.is(Fault::SharesValues) {
            self.server.left.shared().values.insert(key.into(), value.into());
        }
    }

    /// The request that runs now is the latest.
    pub fn comes(&self) {
        if let Some(id) = here().and_then(|here| here.id) {
            self.server.left.shared().latest = Some(id);
        }
    }

    /// Puts a value into the session of the request that came last.
    pub async fn put_into_latest(&self, key: &str, value: &str) -> Result<(), Stop> {
        let (own, latest) = (here().and_then(|here| here.id), self.server.left.shared().latest);
        let row = match latest {
            Some(latest) if own.is_some() && own != Some(latest) => {
                self.server.store.row(latest).await.map(|row| (latest, row))
            }
            _ => None,
        };
        let Some((latest, mut row)) = row else { return self.put(key, value).await };
        let mut parts = SessionParts::from(row.session.clone());
        parts.values.insert(key.into(), value.into());
        if let Ok(session) = parts.try_into() {
            row.session = session;
            self.server.store.put(latest, row).await;
        }
        Ok(())
    }

    /// Whether another request has moved or ended the session.
    pub async fn has_moved(&self) -> bool {
        let id = here().and_then(|here| here.id);
        match id {
            Some(id) => self.server.store.row(id).await.is_none(),
            None => false,
        }
    }

    /// Accepts all tokens that are outstanding.
    pub async fn spend_all(&self) -> Result<(), Stop> {
        let tokens = self.session.look(|it| it.form_tokens().as_slice().to_vec());
        for token in tokens.await.unwrap_or_default() {
            self.session.accept(&token.reveal().to_string()).await?;
        }
        Ok(())
    }

    /// The sessions of all users.
    pub async fn everybody(&self) -> Vec<Stored> {
        let mut found = Vec::new();
        for user in self.server.store.users() {
            found.extend(self.session.manager().sessions_of(&user).await.unwrap_or_default());
        }
        found
    }

    /// Ends all other sessions that have no user.
    pub async fn end_nobodys(&self) {
        let own = here().and_then(|here| here.id);
        for id in self.server.store.nobodys().await.into_iter().filter(|id| Some(*id) != own) {
            self.server.store.carry_out(StoreOp::Delete { id }).await;
        }
    }

    /// Ends the sessions of all users.
    pub async fn end_everybody(&self) -> Result<(), Stop> {
        missing_is_fine(self.session.logout().await)?;
        self.end_users_of_a_prefix("").await
    }

    /// Ends the sessions of all users whose names begin like this.
    pub async fn end_users_of_a_prefix(&self, prefix: &str) -> Result<(), Stop> {
        let manager = self.session.manager();
        for user in self.server.store.users().iter().filter(|user| user.starts_with(prefix)) {
            manager.delete_sessions_of(user).await.map_err(SessionError)?;
        }
        Ok(())
    }

    /// Ends the sessions of a user that are where the login has put them.
    pub async fn end_those_not_renewed(&self, user: &str) -> Result<(), Stop> {
        let (manager, renewed) = (self.session.manager(), self.server.store.renewed().await);
        let found = manager.sessions_of(user).await.unwrap_or_default();
        for handle in found.iter().filter_map(Stored::handle).filter(|it| !renewed.contains(it)) {
            let call = Call::delete_handle(handle);
            manager.run(&mut manager.exchange(), call).await.map_err(SessionError)?;
        }
        Ok(())
    }
}
