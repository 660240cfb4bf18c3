//! Form tokens, and what can be wrong with them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use quixote_session::Refusal;
use quixote_session::driver::{Call, Failure};
use quixote_session_axum::SessionError;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::ops::{Handler, Stop};

/// Form tokens that were issued, and to whom, for faults that do not look into the session.
#[derive(Default)]
pub struct Minted(Mutex<BTreeMap<String, Option<String>>>);

impl Minted {
    fn add(&self, token: &str, user: Option<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(token.into(), user);
    }

    fn take(&self, token: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(token).is_some()
    }

    fn user_of(&self, token: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned().flatten()
    }
}

impl Handler<'_> {
    pub async fn mint(&self) -> Result<Value, Stop> {
        if self.server.is(Fault::OneFormAtATime) {
            self.spend_all().await?;
        }
        let token = self.session.form_token().await?;
        if self.server.is(Fault::GuessedTokens) {
            return Ok(json!(self.server.left.guessed(&token)));
        }
        let user = self.session.user().await.map(|user| user.to_string());
        self.server.minted.add(&token, user);
        Ok(json!(token))
    }

    pub async fn spend(&self, token: &str) -> Result<Value, Stop> {
        let fault = self.server.fault;
        if fault == Fault::AcceptsNoToken && token.is_empty() {
            return Ok(json!(true));
        }
        let real = self.server.left.meant(token);
        let token = real.as_deref().unwrap_or(token);
        if fault == Fault::GlobalTokens {
            return Ok(json!(self.server.minted.take(token)));
        }
        if fault == Fault::TokensOnlyChecked {
            return Ok(json!(self.session.call(Call::has_form_token(token)).await?));
        }
        match self.session.accept(token).await {
            Ok(()) => {
                self.server.minted.take(token);
                Ok(json!(true))
            }
            Err(SessionError(Failure::Refused(Refusal::UnknownToken))) => {
                let has_tokens = self.session.look(|it| !it.form_tokens().is_empty());
                let user = self.session.user().await.map(|user| user.to_string());
                if fault == Fault::WrongTokensSpend {
                    self.spend_all().await?;
                }
                let own = self.server.minted.user_of(token);
                let accepted = match fault {
                    Fault::TokensOfTheUser => user.is_some() && user == own,
                    Fault::TokensSurviveOtherLogin => {
                        user.is_some() && own.is_some() && user != own
                    }
                    Fault::TokensUnbounded => has_tokens.await == Some(true),
                    Fault::TokensSurviveLogin => user.is_some(),
                    Fault::TokensSurviveLogout => user.is_none() && own.is_some(),
                    _ => false,
                };
                Ok(json!(accepted && self.server.minted.take(token)))
            }
            Err(why) => Err(why.into()),
        }
    }
}
