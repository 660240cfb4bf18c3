//! What a request does wrong that has not noticed what happened meanwhile.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use quixote_session::driver::Stored;
use quixote_session::{SessionId, Timestamp};

use crate::IDLE_S;
use crate::fault::Fault;
use crate::frame::{Exchange, new_id};

impl Exchange<'_> {
    /// What a late request is answered, after what it has done wrong; None if it has not.
    pub async fn late(&self, status: StatusCode) -> Option<Response> {
        let copy = self.copy.as_ref()?;
        let (store, id, refused) = (&self.server.store, self.id?, status == StatusCode::CONFLICT);
        let now = Timestamp::now();
        match self.server.fault {
            Fault::ClearsRevive if refused && self.asks("clear") => {
                store.put(id, copy.clone()).await;
            }
            Fault::EmptiedReturns
                if store.was_emptied(id)
                    && (refused || !self.writes())
                    && !copy.session.is_over(&self.server.config, now) =>
            {
                store.put(id, copy.clone()).await;
            }
            Fault::WriteRevivesOne if refused && store.was_ended(&copy.session) => {
                store.put(id, copy.clone()).await;
            }
            Fault::GuardsWhatWasThere
                if refused && self.asks("guard") && self.was_removed(id, copy).await => {}
            Fault::RefusesLongWork if self.writes() && now.0 > self.came.0 + IDLE_S * 1_000 => {
                return Some(StatusCode::CONFLICT.into_response());
            }
            Fault::LateRenewalsBeginAnew if refused && self.asks("renew") => {
                return Some(self.all_ok_with(new_id()));
            }
            Fault::RenewalRevivesAll
                if refused && self.asks("renew") && store.has_ended(&copy.session, false) =>
            {
                let id = new_id();
                store.put(id, copy.clone()).await;
                return Some(self.all_ok_with(id));
            }
            _ => return None,
        }
        Some(self.all_ok())
    }

    /// The same answer as if all had gone well, with a cookie.
    fn all_ok_with(&self, id: SessionId) -> Response {
        let mut response = self.all_ok();
        self.set(&mut response, id);
        response
    }

    /// Whether a value has gone meanwhile from the session of this id.
    async fn was_removed(&self, id: SessionId, copy: &Stored) -> bool {
        let row = self.server.store.row(id).await;
        let has = |key| row.as_ref().is_some_and(|row| row.session.values().contains_key(key));
        copy.session.values().keys().any(|key| !has(key))
    }
}
