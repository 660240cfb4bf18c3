//! The operations of the contract.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use quixote_session::driver::{Call, Failure};
use quixote_session::{Outcome, Refusal};
use quixote_session_axum::{Session, SessionError};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Server;
use crate::fault::Fault;
use crate::here::here;
use crate::wrong;

/// What the handler can do, as `/caps` tells it.
pub const NAMES: &[&str] = &[
    "get",
    "put",
    "del",
    "clear",
    "destroy",
    "renew",
    "login",
    "logout",
    "whoami",
    "mint",
    "spend",
    "endall",
    "endothers",
    "devices",
    "endone",
    "take",
    "guard",
    "outage",
];

/// Why the handler stops.
pub enum Stop {
    Refused(SessionError),
    Throw,
}

impl From<SessionError> for Stop {
    fn from(why: SessionError) -> Self {
        Self::Refused(why)
    }
}

/// One request's operations, in order.
pub struct Handler<'a> {
    pub server: &'a Server,
    pub session: Session,
    /// Whether an operation has looked at the session.
    pub has_read: bool,
    /// What the session held when the request came.
    pub before: Before,
}

/// The user and the values of a session at some moment.
#[derive(Default)]
pub struct Before {
    pub user: Option<String>,
    pub values: Vec<(String, String)>,
}

impl Handler<'_> {
    /// Runs them, and answers with this status if none fails.
    pub async fn run(&mut self, ops: &str, status: u16) -> Response {
        let mut results = Vec::new();
        let user = self.session.user().await.map(|user| user.to_string());
        self.before = Before { user, values: self.values().await };
        self.comes();
        if self.server.is(Fault::StoresOnRead) {
            let _ = self.session.set("_", "1").await;
        }
        for op in ops.split(',') {
            let mut words = op.split(':');
            let mut word = || words.next().unwrap_or_default();
            match self.one(word(), word(), word()).await {
                Ok(result) => results.push(result),
                Err(Stop::Throw) => return self.throw(ops),
                Err(Stop::Refused(why)) => {
                    results.push(json!(why.to_string()));
                    let mut response = (why.status(), Json(results)).into_response();
                    // What came before is not saved, either.
                    response.extensions_mut().insert(Outcome::Failed);
                    return response;
                }
            }
        }
        if self.server.is(Fault::ClearsAtTheEnd) && ops.contains("clear") {
            let _ = self.clear().await;
        }
        if self.server.is(Fault::DataReturns) && ops.starts_with("destroy,put") {
            let _ = self.put_all(&self.before.values).await;
        }
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(results)).into_response();
        if self.server.is(Fault::SavesOnErrors) {
            response.extensions_mut().insert(Outcome::Successful);
        }
        response
    }

    fn throw(&self, ops: &str) -> Response {
        let saves = self.server.is(Fault::SavesOnErrors)
            || (self.server.is(Fault::RenewalBeforeFailure) && ops.contains("renew"));
        assert!(saves, "the handler breaks");
        let mut response = (StatusCode::INTERNAL_SERVER_ERROR, "an error").into_response();
        response.extensions_mut().insert(Outcome::Successful);
        response
    }

    async fn one(&mut self, name: &str, key: &str, value: &str) -> Result<Value, Stop> {
        let fault = self.server.fault;
        self.has_read |= matches!(name, "get" | "whoami");
        let session = &self.session;
        match name {
            "gate" => self.gate(key).await,
            "throw" => return Err(Stop::Throw),
            "get" => return Ok(json!(self.value_seen(key).await)),
            "whoami" => return Ok(json!(self.user_seen().await)),
            "put" => self.put_as_told(key, value).await?,
            "del" => self.remove(key).await?,
            "clear" => self.clear().await?,
            "destroy" | "logout" => self.logout().await?,
            "renew" => self.renew().await?,
            "login" => self.login(key).await?,
            "mint" => return self.mint().await,
            "spend" => return self.spend(key).await,
            "endall" => self.end_all(key).await?,
            "endothers" if fault == Fault::EndsNoOthers => {}
            "endothers" if fault == Fault::EndsNobodys && session.user().await.is_none() => {
                self.end_nobodys().await;
            }
            "endothers" if fault == Fault::EndsOneOther => self.end_one_other().await?,
            "endothers" if fault == Fault::EndsOthersInTurn => self.end_others_in_turn().await?,
            "endothers" => session.end_others().await?,
            "devices" => return self.devices().await,
            "endone" => self.end_one(key).await?,
            "take" => return self.take(key).await,
            "guard" if fault == Fault::GuardsNothing => {}
            "guard" if fault == Fault::GuardsWhatIsThere && session.value(key).await.is_none() => {}
            "guard" => session.guard(key).await?,
            "outage" => self.server.break_next(),
            _ => return Ok(json!("unsupported")),
        }
        Ok(json!("ok"))
    }

    async fn put_as_told(&self, key: &str, value: &str) -> Result<(), Stop> {
        if self.drops(value) {
            return Ok(());
        }
        match self.server.fault {
            Fault::DropsWrites => Ok(()),
            Fault::AsciiValues if !value.is_ascii() => {
                self.put(key, &value.replace(|it: char| !it.is_ascii(), "?")).await
            }
            Fault::ReadsNumbers => {
                let number = value.parse::<f64>().map(|number| number.to_string());
                self.put(key, &number.unwrap_or(value.into())).await
            }
            Fault::WritesToTheLatest => self.put_into_latest(key, value).await,
            _ => {
                self.share(key, value);
                self.put(key, value).await
            }
        }
    }

    async fn remove(&self, key: &str) -> Result<(), Stop> {
        match self.server.fault {
            Fault::NoRemoval => return Ok(()),
            Fault::LosesUnreadRemovals if !self.has_read => return Ok(()),
            Fault::LosesLateRemovals if self.is_late().await => return Ok(()),
            Fault::RemovalStores if wrong::had_none() => self.put("_", "1").await?,
            _ => {}
        }
        missing_is_fine(self.session.remove(key).await)
    }

    async fn take(&self, key: &str) -> Result<Value, Stop> {
        let session = &self.session;
        match self.server.fault {
            Fault::TakesTwice => {
                let value = session.value(key).await;
                missing_is_fine(session.remove(key).await)?;
                Ok(json!(value.as_deref()))
            }
            Fault::TakingKeepsEmpty => {
                let value = session.take(key).await;
                self.put("_", "1").await?;
                Ok(json!(value.ok().as_deref()))
            }
            _ => match session.take(key).await {
                Ok(value) => Ok(json!(value.as_str())),
                Err(why) => missing_is_fine(Err(why)).map(|()| Value::Null),
            },
        }
    }

    /// One blocking GET.
    async fn gate(&self, name: &str) {
        let request = format!("GET /{name} HTTP/1.0\r\n\r\n");
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.server.gate)).await {
            let _ = stream.write_all(request.as_bytes()).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    }

    /// A request that has logged out has no session: the application begins another.
    pub async fn put(&self, key: &str, value: &str) -> Result<(), Stop> {
        match self.session.set(key, value).await {
            Err(SessionError(Failure::Refused(Refusal::NoSession))) => {
                self.session.call(Call::new_session()).await?;
                Ok(self.session.set(key, value).await?)
            }
            done => Ok(done?),
        }
    }

    async fn clear(&self) -> Result<(), Stop> {
        if self.server.is(Fault::ClearingStores) {
            self.put("_", "1").await?;
        }
        let keys = self.session.look(|it| it.values().keys().cloned().collect::<Vec<_>>()).await;
        for key in keys.unwrap_or_default().into_iter().filter(|key| key != "_") {
            self.session.remove(key).await?;
        }
        missing_is_fine(self.session.call(Call::forget_user()).await)
    }

    async fn logout(&self) -> Result<(), Stop> {
        let kept = self.values().await;
        match self.server.fault {
            Fault::LogoutEndsEverybody => self.end_everybody().await,
            Fault::LogoutKeepsLastWrites => {
                missing_is_fine(self.session.logout().await)?;
                self.put_all(&self.new_of(kept)).await
            }
            Fault::LogoutMissesRenewed if self.has_moved().await => Ok(()),
            Fault::ForgetsUserOnly => {
                missing_is_fine(self.session.call(Call::forget_user()).await)?;
                self.put_all(&kept).await
            }
            Fault::FreshOnLogout => {
                missing_is_fine(self.session.logout().await)?;
                self.put("_", "1").await
            }
            _ => missing_is_fine(self.session.logout().await),
        }
    }

    async fn renew(&self) -> Result<(), Stop> {
        match self.server.fault {
            Fault::RenewalDoesNothing => return Ok(()),
            Fault::RenewalLosesData => {
                for (key, _) in self.values().await {
                    self.session.remove(key).await?;
                }
                self.session.set("_", "1").await?;
            }
            Fault::RenewalLosesLastWrites => {
                for (key, _) in self.new_of(self.values().await) {
                    self.session.remove(key).await?;
                }
            }
            Fault::RenewalLosesUser => {
                missing_is_fine(self.session.call(Call::forget_user()).await)?;
            }
            _ => {}
        }
        Ok(self.session.renew().await?)
    }

    async fn login(&self, user: &str) -> Result<(), Stop> {
        let (kept, before) = (self.values().await, self.session.user().await);
        if self.server.is(Fault::LoginAgainDoesNothing) && before.as_deref() == Some(user) {
            return Ok(());
        }
        self.session.login(user).await?;
        if self.server.is(Fault::DataStays) && before.is_some() {
            self.put_all(&kept).await?;
        }
        Ok(())
    }

    async fn values(&self) -> Vec<(String, String)> {
        let pairs = self.session.look(|it| {
            it.values().iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
        });
        pairs.await.unwrap_or_default()
    }

    /// Those that this request has written.
    fn new_of(&self, mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
        pairs.retain(|pair| !self.before.values.contains(pair));
        pairs
    }

    async fn put_all(&self, pairs: &[(String, String)]) -> Result<(), Stop> {
        for (key, value) in pairs {
            self.put(key, value).await?;
        }
        Ok(())
    }

    /// Whether another request has written since this one arrived.
    async fn is_late(&self) -> bool {
        let Some(here) = here() else { return false };
        let Some(id) = here.id else { return false };
        self.server.store.row(id).await.map(|row| row.revision) != here.revision
    }
}

/// To remove what is not there, or to end what has ended, is fine.
pub fn missing_is_fine(done: Result<(), SessionError>) -> Result<(), Stop> {
    match done {
        Err(SessionError(Failure::Refused(Refusal::UnknownKey | Refusal::NoSession))) => Ok(()),
        done => Ok(done?),
    }
}
