//! The devices of a user, the end of some or all of them, and what can be wrong with that.

use quixote_session::Session as Stored;
use quixote_session::driver::Call;
use quixote_session_axum::SessionError;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::here::here;
use crate::ops::{Handler, Stop};

impl Handler<'_> {
    pub async fn end_all(&self, user: &str) -> Result<(), Stop> {
        let manager = self.session.manager();
        match self.server.fault {
            // Whoever is logging in is not seen.
            Fault::EndsInTurn | Fault::EndsAllButOne
                if self.session.user().await.as_deref() != Some(user) =>
            {
                let found = manager.sessions_of(user).await.unwrap_or_default();
                let spared = usize::from(self.server.is(Fault::EndsAllButOne));
                for handle in found.iter().skip(spared).filter_map(Stored::handle) {
                    let call = Call::delete_handle(handle);
                    manager.run(&mut manager.exchange(), call).await.map_err(SessionError)?;
                }
                Ok(())
            }
            Fault::EndsAllButOwn if self.session.user().await.as_deref() == Some(user) => {
                Ok(self.session.end_others().await?)
            }
            Fault::EndsThoseNotRenewed => self.end_those_not_renewed(user).await,
            Fault::EndsUsersOfAPrefix => self.end_users_of_a_prefix(user).await,
            _ => Ok(manager.delete_sessions_of(user).await.map_err(SessionError)?),
        }
    }

    pub async fn devices(&self) -> Result<Value, Stop> {
        let mut found = self.session.devices().await?;
        if self.server.is(Fault::ListsEverybody) {
            found = self.everybody().await;
        }
        let handles = found.iter().filter_map(Stored::handle);
        let mut shown: Vec<_> = handles.map(|handle| json!(handle.to_string())).collect();
        if self.server.is(Fault::HandlesShowIds) {
            let id = here().and_then(|here| here.id);
            shown.extend(id.map(|id| json!(id.reveal().to_string())));
        }
        Ok(shown.into())
    }

    pub async fn end_others_in_turn(&self) -> Result<(), Stop> {
        let own = self.session.look(Stored::handle).await.flatten();
        let found = self.session.devices().await?;
        for other in found.iter().filter_map(Stored::handle).filter(|it| Some(*it) != own) {
            self.session.end_handle(other).await?;
        }
        Ok(())
    }

    pub async fn end_one_other(&self) -> Result<(), Stop> {
        let own = self.session.look(Stored::handle).await.flatten();
        let found = self.session.devices().await?;
        let other = found.iter().filter_map(Stored::handle).find(|it| Some(*it) != own);
        match other {
            Some(other) => Ok(self.session.end_handle(other).await?),
            None => Ok(()),
        }
    }

    pub async fn end_one(&self, handle: &str) -> Result<(), Stop> {
        let Ok(handle) = handle.parse() else { return Ok(()) };
        match self.server.fault {
            Fault::EndsNoHandle => Ok(()),
            Fault::EndsAnyHandle => {
                let manager = self.session.manager();
                let call = Call::delete_handle(handle);
                Ok(manager.run(&mut manager.exchange(), call).await.map_err(SessionError)?)
            }
            _ => Ok(self.session.end_handle(handle).await?),
        }
    }
}
