//! The layer, which loads a session before each handler and saves it afterwards.

use std::borrow::Cow;
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use quixote_session::driver::{Arrival, Call, Ending, Failure};
use quixote_session::{
    CACHE_CONTROL, Config, CookieOp, CookieValue, Outcome, SmolStr, VARY, read_cookie, set_cookie,
};
use quixote_session_store::Manager;
use tower_layer::Layer;
use tower_service::Service;

use crate::error::SessionError;
use crate::session::Session;

/// Gives each request its session, and saves it when the handler has returned.
///
/// It loads the session for each request that it sees, so put it around the routes that use
/// sessions, and not around static files.
#[derive(Clone)]
pub struct SessionLayer(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    manager: Manager,
    remote_addr: fn(&Parts) -> SmolStr,
    passive: fn(&Parts) -> bool,
}

impl SessionLayer {
    /// A layer for the sessions of this manager.
    #[must_use]
    pub fn new(manager: Manager) -> Self {
        let remote_addr = |_: &Parts| SmolStr::default();
        Self(Arc::new(Settings { manager, remote_addr, passive: |_| false }))
    }

    /// Says where a request comes from: a session keeps the address of the request that began it or
    /// logged in. By default the address is empty. Behind a proxy, take it from a header that the
    /// proxy sets.
    #[must_use]
    pub fn with_remote_addr(self, remote_addr: fn(&Parts) -> SmolStr) -> Self {
        Self(Arc::new(Settings { remote_addr, ..(*self.0).clone() }))
    }

    /// Says which requests are not visits, such as polls that a page sends by itself. They do not
    /// keep an idle session alive.
    #[must_use]
    pub fn with_passive(self, passive: fn(&Parts) -> bool) -> Self {
        Self(Arc::new(Settings { passive, ..(*self.0).clone() }))
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> SessionService<S> {
        SessionService { settings: self.0.clone(), inner }
    }
}

/// What [`SessionLayer`] makes of a service.
#[derive(Clone)]
pub struct SessionService<S> {
    settings: Arc<Settings>,
    inner: S,
}

impl<S, B, R> Service<Request<B>> for SessionService<S>
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<axum_core::BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The clone may not be ready; the service that was polled is.
        let clone = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, clone);
        let settings = self.settings.clone();
        Box::pin(async move { Ok(serve(&settings, inner, request).await) })
    }
}

async fn serve<S, B, R>(settings: &Settings, mut inner: S, request: Request<B>) -> Response
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible>,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<axum_core::BoxError>,
{
    let (mut parts, body) = request.into_parts();
    let config = settings.manager.config();
    let arrival = Arrival {
        cookie: cookie_of(config, &parts.headers),
        remote_addr: (settings.remote_addr)(&parts),
        script_name: SmolStr::default(),
        passive: (settings.passive)(&parts),
    };
    let mut exchange = settings.manager.exchange();
    // If the session of the cookie cannot be read, answer with an error, never with a new session.
    if let Err(why) = settings.manager.run(&mut exchange, Call::start(arrival)).await {
        let mut response = SessionError(why).into_response();
        keep_from_caches(response.headers_mut());
        return response;
    }
    let session = Session::new(settings.manager.clone(), exchange);
    parts.extensions.insert(session.clone());

    let handled = async { inner.call(Request::from_parts(parts, body)).await };
    let (response, end) = match AssertUnwindSafe(handled).catch_unwind().await {
        Err(_) => (panicked(), Call::fail()),
        Ok(Ok(response)) => {
            let response = response.map(Body::new);
            let end = end_of(&response);
            (response, end)
        }
    };
    let ended = session.end(end).await;
    respond(config, response, ended, session.was_used())
}

fn panicked() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "the handler has panicked\n").into_response()
}

/// The session cookie, read from all `Cookie` headers as one.
fn cookie_of(config: &Config, headers: &HeaderMap) -> Option<CookieValue> {
    let mut all = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    let mut joined = Cow::Borrowed(all.next()?);
    for more in all {
        let joined = joined.to_mut();
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(more);
    }
    read_cookie(config, joined)
}

fn end_of(response: &Response) -> Call<Ending> {
    let status = response.status();
    // A timeout inside the layer answers 408, and has dropped the handler half way.
    let is_cut = status == StatusCode::REQUEST_TIMEOUT;
    let by_status = if status.is_server_error() || is_cut {
        Outcome::Failed
    } else if status.is_client_error() {
        Outcome::Interrupted
    } else {
        Outcome::Successful
    };
    match response.extensions().get().copied().unwrap_or(by_status) {
        Outcome::Successful => Call::finish(),
        Outcome::Interrupted => Call::interrupt(),
        Outcome::Failed => Call::fail(),
        Outcome::Abandoned => Call::abandon(),
    }
}

fn respond(
    config: &Config,
    response: Response,
    ended: Result<Ending, Failure>,
    used: bool,
) -> Response {
    let (mut response, cookie) = match ended {
        Ok(Ending { failure: None, cookie }) => (response, cookie),
        Ok(Ending { failure: Some(why), cookie }) => (SessionError(why).into_response(), cookie),
        // The error page of the handler says enough.
        Err(_) if response.status().is_server_error() => (response, None),
        Err(why) => (SessionError(why).into_response(), None),
    };
    if used || cookie.is_some() {
        keep_from_caches(response.headers_mut());
    }
    match cookie.map(|cookie| header_of(config, &cookie)) {
        None => {}
        Some(Some(value)) => {
            let headers = response.headers_mut();
            headers.append(header::SET_COOKIE, value);
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(CACHE_CONTROL.1));
        }
        // Cannot happen: the manager has checked the configuration.
        Some(None) => return panicked(),
    }
    response
}

fn header_of(config: &Config, cookie: &CookieOp) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(set_cookie(config, cookie).ok()?).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// For a response that depends on the session, unless the handler says how to keep it.
fn keep_from_caches(headers: &mut HeaderMap) {
    headers.append(header::VARY, HeaderValue::from_static(VARY.1));
    // The back button must not bring back the page of a user after the logout.
    let unsaid = headers.entry(header::CACHE_CONTROL);
    unsaid.or_insert(HeaderValue::from_static(CACHE_CONTROL.1));
}
