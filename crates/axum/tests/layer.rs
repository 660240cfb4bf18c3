//! How requests end, and what their responses carry.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Router};
use quixote_session::driver::{Stored, Write};
use quixote_session::{Config, Outcome, Session as Content, SessionId};
use quixote_session_axum::{Session, SessionError, SessionLayer};
use quixote_session_store::{Manager, Memory, Store, StoreError};
use tower::ServiceExt as _;

#[path = "../../../tests/all_refusals/mod.rs"]
mod all_refusals;
#[path = "layer/meanwhile.rs"]
mod meanwhile;
#[path = "layer/own_data.rs"]
mod own_data;
#[path = "layer/prepared.rs"]
mod prepared;
#[path = "layer/stopped.rs"]
mod stopped;

type Done = Result<&'static str, SessionError>;

/// A store that fails when it is told to.
struct Failing {
    memory: Memory,
    fails: AtomicBool,
}

impl Failing {
    fn check(&self) -> Result<(), StoreError> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(StoreError::failed("on purpose"));
        }
        Ok(())
    }

    /// Fails as long as this takes.
    async fn failing<T>(&self, meanwhile: impl Future<Output = T>) -> T {
        self.fails.store(true, Ordering::Relaxed);
        let result = meanwhile.await;
        self.fails.store(false, Ordering::Relaxed);
        result
    }
}

#[async_trait::async_trait]
impl Store for Failing {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        self.check()?;
        self.memory.load(id).await
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        self.check()?;
        self.memory.generation(user).await
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        self.check()?;
        self.memory.write(write).await
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Content>, StoreError> {
        self.check()?;
        self.memory.sessions_of(user).await
    }
}

struct Site {
    store: Arc<Failing>,
    app: Router,
}

impl Site {
    fn new() -> Self {
        let memory = Memory::new();
        let store = Arc::new(Failing { memory, fails: AtomicBool::new(false) });
        let manager = Manager::new(Config::STRICT, store.clone()).unwrap();
        let app = Router::new()
            .route("/plain", get(async || "plain"))
            .route("/read", get(read))
            .route("/found", get(found))
            .route("/kept", get(kept))
            .route("/kept", post(kept_login))
            .route("/login", post(log_in))
            .route("/logout", post(logout))
            .route("/set", get(set))
            .route("/wrong", get(wrong))
            .route("/broken", get(broken))
            .route("/panic", get(panics))
            .route("/told", get(told))
            .route("/late", get(late))
            .route("/ignores", get(ignores))
            .route("/token", get(async |session: Session| session.form_token().await))
            .route("/accept", post(accept))
            .layer(SessionLayer::new(manager));
        Self { store, app }
    }

    async fn ask(&self, method: &str, path: &str, cookies: &[&str]) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for cookie in cookies {
            request = request.header(header::COOKIE, *cookie);
        }
        self.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// Sends a request with this cookie to a route of a test's own.
    fn serve(
        &self,
        route: MethodRouter,
        cookie: &str,
    ) -> impl Future<Output = Response<Body>> + Send + use<> {
        let manager = Manager::new(Config::STRICT, self.store.clone()).unwrap();
        let app = Router::new().route("/", route).layer(SessionLayer::new(manager));
        let request = Request::builder().uri("/").header(header::COOKIE, cookie);
        let request = request.body(Body::empty()).unwrap();
        async { app.oneshot(request).await.unwrap() }
    }

    /// Logs in; answers with the text of the cookie.
    async fn log_in(&self) -> String {
        cookie(&self.ask("POST", "/login", &[]).await).unwrap()
    }
}

async fn read(session: Session) -> String {
    let value = session.value("key").await.unwrap_or_default();
    format!("{} {value}", session.user().await.unwrap_or_default())
}

async fn found(Extension(session): Extension<Session>) -> String {
    read(session).await
}

async fn kept(session: Session) -> ([(header::HeaderName, &'static str); 1], String) {
    ([(header::CACHE_CONTROL, "private, max-age=60")], read(session).await)
}

async fn kept_login(session: Session) -> ([(header::HeaderName, &'static str); 1], Done) {
    ([(header::CACHE_CONTROL, "private, max-age=60")], log_in(session).await)
}

async fn log_in(session: Session) -> Done {
    session.login("alice").await?;
    Ok("welcome")
}

async fn logout(session: Session) -> Result<StatusCode, SessionError> {
    session.logout().await?;
    Ok(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn set(session: Session) -> Done {
    session.set("key", "value").await?;
    Ok("set")
}

async fn wrong(session: Session) -> Result<StatusCode, SessionError> {
    session.set("key", "of a form that is shown again").await?;
    Ok(StatusCode::UNPROCESSABLE_ENTITY)
}

async fn broken(session: Session) -> Result<StatusCode, SessionError> {
    session.set("key", "half of it").await?;
    Ok(StatusCode::INTERNAL_SERVER_ERROR)
}

async fn panics(session: Session) -> String {
    session.set("key", "half of it").await.unwrap();
    panic!("on purpose")
}

/// A status that the rule would save, and the handler would not.
async fn told(session: Session) -> Result<Response<Body>, SessionError> {
    session.set("key", "half of it").await?;
    let mut response = "told".into_response();
    response.extensions_mut().insert(Outcome::Failed);
    Ok(response)
}

/// A body that changes the session when the response is on its way.
async fn late(session: Session) -> Body {
    let stream = futures_util::stream::once(async move {
        let late = session.set("key", "late").await;
        Ok::<_, SessionError>(late.unwrap_err().to_string())
    });
    Body::from_stream(stream)
}

async fn ignores(session: Session) -> &'static str {
    let _ = session.login("bob").await;
    let _ = session.logout().await;
    "all is well"
}

async fn accept(session: Session, token: String) -> Done {
    session.accept(&token).await?;
    Ok("accepted")
}

fn cookie(response: &Response<Body>) -> Option<String> {
    let text = response.headers().get(header::SET_COOKIE)?.to_str().unwrap();
    Some(text.split(';').next().unwrap().to_owned())
}

fn caching(response: &Response<Body>) -> Vec<&str> {
    let all = response.headers().get_all(header::CACHE_CONTROL).iter();
    all.map(|value| value.to_str().unwrap()).collect()
}

async fn text(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_cookie_comes_with_its_headers_and_only_if_there_is_something_to_keep() {
    let site = Site::new();
    let response = site.ask("GET", "/plain", &[]).await;
    assert!(response.headers().get(header::VARY).is_none());
    assert!(response.headers().get(header::CACHE_CONTROL).is_none());
    let response = site.ask("GET", "/read", &[]).await;
    assert_eq!(response.headers()[header::VARY], "Cookie");
    assert_eq!(cookie(&response), None);
    assert_eq!(caching(&response), ["no-store"]);
    let response = site.ask("GET", "/kept", &[]).await;
    assert_eq!(response.headers()[header::VARY], "Cookie");
    assert_eq!(caching(&response), ["private, max-age=60"], "what the handler says");
    let response = site.ask("GET", "/found", &[]).await;
    assert_eq!(response.headers().get(header::VARY).unwrap(), "Cookie", "however it was found");
    assert_eq!(caching(&response), ["no-store"]);
    let response = site.ask("POST", "/login", &[]).await;
    assert!(cookie(&response).unwrap().starts_with("__Host-session="));
    assert_eq!(caching(&response), ["no-store"]);
    assert_eq!(response.headers()[header::VARY], "Cookie");
    let response = site.ask("POST", "/kept", &[]).await;
    assert!(cookie(&response).is_some());
    assert_eq!(caching(&response), ["no-store"], "whatever the handler says");
}

#[tokio::test]
async fn cookie_headers_are_joined_whatever_they_hold() {
    let site = Site::new();
    let own = site.log_in().await;
    for cookies in
        [[own.as_str(), "a=b"], ["a=b", own.as_str()], ["\u{e9}=\u{1f512}", own.as_str()]]
    {
        assert_eq!(text(site.ask("GET", "/read", &cookies).await).await, "alice ");
    }
    let both = [own.as_str(), "__Host-session=nosuchid"];
    assert_eq!(text(site.ask("GET", "/read", &both).await).await, " ", "the last one counts");
}

#[tokio::test]
async fn the_status_says_whether_the_session_is_saved() {
    for (path, status, saved) in [
        ("/set", 200, "value"),
        ("/wrong", 422, "of a form that is shown again"),
        ("/broken", 500, ""),
        ("/panic", 500, ""),
        ("/told", 200, ""),
    ] {
        let site = Site::new();
        let own = site.log_in().await;
        let response = site.ask("GET", path, &[&own]).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
        let found = text(site.ask("GET", "/read", &[&own]).await).await;
        assert_eq!(found, format!("alice {saved}"), "{path}");
    }
}

#[tokio::test]
async fn a_logout_leaves_with_an_error_page() {
    let site = Site::new();
    let own = site.log_in().await;
    let response = site.ask("POST", "/logout", &[&own]).await;
    assert_eq!(response.status(), 500);
    assert!(response.headers()[header::SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(caching(&response), ["no-store"]);
    assert_eq!(text(site.ask("GET", "/read", &[&own]).await).await, " ");
}

#[tokio::test]
async fn a_save_that_is_refused_takes_the_place_of_the_page() {
    let site = Site::new();
    let own = site.log_in().await;
    let slow = async |session: Session| {
        session.set("key", "late").await?;
        session.manager().delete_sessions_of("alice").await.map_err(SessionError)?;
        Ok::<_, SessionError>("done")
    };
    let response = site.serve(get(slow), &own).await;
    assert_eq!(response.status(), 409);
    assert!(text(response).await.contains("Your session has ended."));
}

#[tokio::test]
async fn a_store_that_fails_is_a_503_and_no_cookie_whatever_the_handler_says() {
    let site = Site::new();
    let own = site.log_in().await;
    site.store.fails.store(true, Ordering::Relaxed);
    for path in ["/read", "/set"] {
        let response = site.ask("GET", path, &[&own]).await;
        assert_eq!((response.status().as_u16(), cookie(&response)), (503, None), "{path}");
        assert_eq!(caching(&response), ["no-store"], "others can load their sessions");
    }
    // A request without a cookie loads nothing; it fails when it is saved, or logs somebody in.
    for (method, path) in [("GET", "/set"), ("POST", "/login")] {
        let response = site.ask(method, path, &[]).await;
        assert_eq!((response.status().as_u16(), cookie(&response)), (503, None), "{path}");
    }
    site.store.fails.store(false, Ordering::Relaxed);
    assert_eq!(text(site.ask("GET", "/read", &[&own]).await).await, "alice ");

    let store = site.store.clone();
    let fails = async move |session: Session| {
        let _ = store.failing(session.logout()).await;
        "all is well"
    };
    let response = site.serve(get(fails), &own).await;
    assert_eq!((response.status().as_u16(), cookie(&response)), (503, None));
    assert_eq!(text(site.ask("GET", "/read", &[&own]).await).await, "alice ");
}

#[tokio::test]
async fn a_handler_that_is_dropped_saves_nothing() {
    let site = Site::new();
    let own = site.log_in().await;
    let (told, tell) = tokio::sync::oneshot::channel::<()>();
    let told = Arc::new(Mutex::new(Some(told)));
    let hangs = async move |session: Session| {
        session.set("key", "half of it").await?;
        if let Some(told) = told.lock().unwrap().take() {
            told.send(()).unwrap();
        }
        std::future::pending::<()>().await;
        Ok::<_, SessionError>("never")
    };
    let task = tokio::spawn(site.serve(get(hangs), &own));
    tell.await.unwrap();
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(text(site.ask("GET", "/read", &[&own]).await).await, "alice ");
}

#[tokio::test]
async fn a_stream_is_too_late_to_change_anything_and_is_told() {
    let site = Site::new();
    let own = site.log_in().await;
    let response = site.ask("GET", "/late", &[&own]).await;
    assert!(text(response).await.contains("no request of that number is open"));
    assert_eq!(text(site.ask("GET", "/read", &[&own]).await).await, "alice ");
}

#[tokio::test]
async fn a_form_is_accepted_once() {
    let site = Site::new();
    let own = site.log_in().await;
    let token = text(site.ask("GET", "/token", &[&own]).await).await;
    for status in [200, 403] {
        let request = Request::builder().method("POST").uri("/accept");
        let request = request.header(header::COOKIE, &own).body(Body::from(token.clone()));
        let response = site.app.clone().oneshot(request.unwrap()).await.unwrap();
        assert_eq!(response.status().as_u16(), status);
    }
}

/// Refused calls that a handler passes over change nothing, and neither does what follows.
#[tokio::test]
async fn a_handler_that_ignores_refusals_is_served() {
    let site = Site::new();
    let response = site.ask("GET", "/ignores", &[]).await;
    assert_eq!(response.status(), 200);
    assert!(site.store.sessions_of("bob").await.unwrap().is_empty());
}

#[tokio::test]
async fn a_route_without_the_layer_says_so() {
    let app: Router = Router::new().route("/", get(read));
    let request = Request::builder().uri("/").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}
