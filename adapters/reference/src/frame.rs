//! What stands around the session layer: it tells the store whose request this is, and does what
//! can be wrong with a response.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use quixote_session::driver::{Revision, Stored};
use quixote_session::{EntropySource, SessionId, SessionParts, StoreOp, Timestamp, read_cookie};
use quixote_session_store::Store as _;

use crate::cookies::cookies_of;
use crate::fault::Fault;
use crate::here::{HERE, Here};
use crate::wrong;
use crate::{Server, Turns};

/// One request, and its response.
pub struct Exchange<'a> {
    pub server: &'a Server,
    pub id: Option<SessionId>,
    /// What was stored when it arrived.
    pub copy: Option<Stored>,
    pub came: Timestamp,
    pub path: String,
    query: String,
}

/// Serves one request.
pub async fn frame(State(server): State<Server>, mut request: Request, next: Next) -> Response {
    let mut cookies = cookies_of(&server, request.headers());
    if cookies.is_empty() {
        cookies = wrong::cookies(
            &server,
            request.uri().path(),
            request.uri().query().unwrap_or_default(),
        );
    }
    if server.is(Fault::CrashesOnCookies) && cookies.contains(&b'%') {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    if server.is(Fault::SlowCookies) && cookies.split(|it| *it == b'\\').count() > 30 {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
    }
    if let Ok(value) = HeaderValue::from_bytes(&cookies)
        && !cookies.is_empty()
    {
        request.headers_mut().insert(header::COOKIE, value);
    }
    let id = read_cookie(&server.config, &cookies).and_then(|cookie| cookie.session_id());
    let copy = match id {
        Some(id) => server.store.load(id).await.ok().flatten(),
        None => None,
    };
    let revision = copy.as_ref().map(|copy| copy.revision);
    let writes = writes(request.uri().query().unwrap_or_default());
    let logs_out = request.uri().query().unwrap_or_default().contains("logout");
    let here = Here { id, revision, writes, logs_out, outage: server.is_out_of_order() };
    let _turn = match server.turns {
        Turns::Free => None,
        Turns::Waits => Some(server.one_at_a_time.lock().await),
        Turns::Refuses => match server.one_at_a_time.try_lock() {
            Ok(turn) => Some(turn),
            Err(_) => return StatusCode::LOCKED.into_response(),
        },
    };
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let came = Timestamp::now();
    let exchange = Exchange { server: &server, id, copy, came, path, query };
    let outage = here.outage;
    let response = HERE.scope(here, next.run(request)).await;
    exchange.go_wrong(response, outage).await
}

fn writes(query: &str) -> bool {
    ["put", "del", "clear", "login", "logout", "destroy", "renew", "spend", "mint", "take"]
        .iter()
        .any(|op| query.contains(op))
}

impl Exchange<'_> {
    pub fn is(&self, fault: Fault) -> bool {
        self.server.is(fault)
    }

    pub fn asks(&self, op: &str) -> bool {
        self.query.contains(op)
    }

    pub fn writes(&self) -> bool {
        writes(&self.query)
    }

    async fn go_wrong(&self, mut response: Response, outage: bool) -> Response {
        let status = response.status();
        let store = &self.server.store;
        match (self.server.fault, &self.copy, self.id) {
            (Fault::TouchRevives, Some(copy), Some(id)) if !self.writes() => {
                store.put(id, copy.clone()).await;
            }
            (Fault::TouchRewrites, Some(copy), Some(id))
                if !self.writes() && store.load(id).await.ok().flatten().is_some() =>
            {
                store.put(id, copy.clone()).await;
            }
            (Fault::CountsTheEnd, Some(_), Some(id)) => {
                store.carry_out(StoreOp::Touch { id, accessed: Timestamp::now() }).await;
            }
            (Fault::RefusesLateWork, Some(copy), Some(id))
                if copy.session.is_over(&self.server.config, Timestamp::now()) =>
            {
                store.carry_out(StoreOp::Delete { id }).await;
                return StatusCode::CONFLICT.into_response();
            }
            (Fault::Reissues, Some(copy), _) if status == StatusCode::CONFLICT => {
                let id = new_id();
                let session = copy.session.clone();
                store.put(id, Stored { revision: Revision(1), session }).await;
                response = self.all_ok();
                self.set(&mut response, id);
            }
            (Fault::SilentConflicts, ..) if status == StatusCode::CONFLICT => {
                response = self.all_ok();
            }
            (Fault::OutageIsAnonymous, ..) if outage => self.set(&mut response, new_id()),
            (Fault::ErrorPagesShowIds, _, Some(id)) if status.is_server_error() => {
                let text = id.reveal().to_string();
                *response.body_mut() = Body::from(format!("\"{text}\""));
            }
            (Fault::LogsIds, _, Some(id)) => println!("a request of {}", id.reveal()),
            (Fault::LogsHalfIds, _, Some(id)) => {
                println!("a request of {:.16}", id.reveal().to_string());
            }
            (Fault::OnlyLoneLogoutsEnd, Some(copy), Some(id))
                if self.asks("logout") && self.asks(",") && !self.asks("throw") =>
            {
                store.put(id, copy.clone()).await;
            }
            (Fault::ErrorsLeaveTheUser, Some(_), Some(id)) if status.is_server_error() => {
                wrong::leave(self.server, id);
            }
            _ => {}
        }
        if let Some(other) = self.late(status).await {
            response = other;
        }
        if self.returns(status).await {
            response = self.all_ok();
        }
        self.spoil_cookies(&mut response).await;
        response
    }

    /// What has ended, or was spent, comes back; or a refused request is answered as done, which
    /// this tells.
    async fn returns(&self, status: StatusCode) -> bool {
        let (store, Some(id)) = (&self.server.store, self.id) else { return false };
        let (is_late, failed) = (status == StatusCode::CONFLICT, status.is_server_error());
        let ended =
            |others| self.copy.as_ref().is_some_and(|copy| store.has_ended(&copy.session, others));
        let is_gone = store.row(id).await.is_none();
        let revives = match self.server.fault {
            Fault::ReadRevivesAll => is_gone && !self.writes() && ended(false),
            Fault::ReadRevivesOthers => is_gone && !self.writes() && ended(true),
            Fault::WriteRevivesOthers => is_late && ended(true),
            Fault::TokensReturn => failed && self.asks("spend"),
            Fault::TakesReturn => failed && self.asks("take"),
            _ => false,
        };
        if let (true, Some(copy)) = (revives, &self.copy) {
            store.put(id, copy.clone()).await;
        }
        let moved = if is_late { store.after_login(id) } else { None };
        match (self.server.fault, moved) {
            (Fault::LateWritesFollow, Some(id)) => {
                self.write_late(id).await;
                true
            }
            (Fault::SilentAfterLogin, Some(_)) => true,
            _ => self.is(Fault::WriteRevivesOthers) && revives,
        }
    }

    /// Whether the session had not been used for half its idle limit.
    pub fn is_old(&self) -> bool {
        let used = self.copy.as_ref().map(|copy| copy.session.accessed().0);
        used.is_some_and(|used| self.came.0 > used + crate::IDLE_S * 500)
    }

    /// What the request put goes into the session of this id.
    async fn write_late(&self, id: SessionId) {
        let Some(mut row) = self.server.store.row(id).await else { return };
        let mut parts = SessionParts::from(row.session);
        let ops = self.query.replace("%3A", ":").replace("%2C", ",");
        for op in ops.split([',', '&', '=']) {
            if let Some((key, value)) = op.strip_prefix("put:").and_then(|it| it.split_once(':')) {
                parts.values.insert(key.into(), value.into());
            }
        }
        if let Ok(session) = parts.try_into() {
            row.session = session;
            self.server.store.put(id, row).await;
        }
    }

    /// An answer as if everything had gone well.
    pub fn all_ok(&self) -> Response {
        let count = self.query.matches(',').count() + 1;
        axum::Json(vec!["ok"; count]).into_response()
    }
}

pub fn new_id() -> SessionId {
    let bytes = EntropySource::from_system().map(|mut source| source.draw());
    let bytes = bytes.ok().and_then(|drawn| drawn.bytes().first_chunk::<16>().copied());
    SessionId::from(bytes.unwrap_or_default())
}
