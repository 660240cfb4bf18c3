//! Requests and calls that are dropped at any point, and sessions with two requests at once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use axum::routing::get;
use quixote_session::driver::{Stored, Write};
use quixote_session::{Config, Session as Content, SessionId};
use quixote_session_axum::{Session, SessionError, SessionLayer};
use quixote_session_store::{Manager, Memory, Store, StoreError};
use tokio::task::yield_now;
use tower::ServiceExt as _;

/// A store that makes its caller wait both before and after each operation.
struct Slow(Memory);

#[async_trait::async_trait]
impl Store for Slow {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        yield_now().await;
        let found = self.0.load(id).await;
        yield_now().await;
        found
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        yield_now().await;
        self.0.generation(user).await
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        yield_now().await;
        let written = self.0.write(write).await;
        yield_now().await;
        written
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Content>, StoreError> {
        self.0.sessions_of(user).await
    }
}

fn manager() -> Manager {
    Manager::new(Config::STRICT, Arc::new(Slow(Memory::new()))).unwrap()
}

/// Polls a future this many times, and then drops it.
async fn cut<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(done) = polled {
            return Some(done);
        }
    }
    None
}

fn app(manager: &Manager, route: axum::routing::MethodRouter) -> Router {
    Router::new().route("/", route).layer(SessionLayer::new(manager.clone()))
}

async fn ask(app: Router, cookie: &str) -> Response<Body> {
    let request = Request::builder().uri("/").header(header::COOKIE, cookie);
    app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response<Body>) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn cookies(response: &Response<Body>) -> Vec<String> {
    let all = response.headers().get_all(header::SET_COOKIE).iter();
    all.map(|value| value.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
}

/// A cookie of alice, and a form token of the session.
async fn logged_in(manager: &Manager) -> (String, String) {
    let login = get(async |session: Session| {
        session.login("alice").await?;
        session.form_token().await
    });
    let response = ask(app(manager, login), "").await;
    let cookie = cookies(&response).pop().unwrap();
    (cookie, text(response).await)
}

async fn user_and_value(manager: &Manager, cookie: &str) -> (String, String) {
    let read = get(async |session: Session| {
        let (user, value) = (session.user().await, session.value("key").await);
        format!("{}/{}", user.unwrap_or_default(), value.unwrap_or_default())
    });
    let text = text(ask(app(manager, read), cookie).await).await;
    let (user, value) = text.split_once('/').unwrap();
    (user.to_owned(), value.to_owned())
}

async fn accepts(manager: &Manager, cookie: &str, token: &str) -> bool {
    let token = token.to_owned();
    let accept = get(async move |session: Session| session.accept(&token).await);
    ask(app(manager, accept), cookie).await.status() == StatusCode::OK
}

/// The client is gone after this many polls. What it wrote is there as a whole or not at all, and
/// the session can still be used.
#[tokio::test]
async fn a_request_may_be_dropped_anywhere() {
    let (mut dropped, mut answered) = (0, 0);
    for polls in 0..30 {
        let manager = manager();
        let (cookie, _) = logged_in(&manager).await;
        let set = get(async |session: Session| session.set("key", "value").await);
        let response = cut(ask(app(&manager, set), &cookie), polls).await;
        let (user, value) = user_and_value(&manager, &cookie).await;
        assert_eq!(user, "alice");
        match response {
            None => dropped += 1,
            Some(response) => {
                assert_eq!((response.status(), &*value), (StatusCode::OK, "value"));
                answered += 1;
            }
        }
    }
    assert!(dropped > 3 && answered > 5, "{dropped} dropped, {answered} answered");
}

/// A handler gives up waiting for a call that is final, and reports success. It may do so only if
/// the call has not happened; otherwise its outcome is unknown.
#[tokio::test]
async fn a_call_may_be_dropped_anywhere() {
    let (mut saved, mut unsure) = (0, 0);
    for (is_logout, polls) in (0..12).flat_map(|polls| [(false, polls), (true, polls)]) {
        let manager = manager();
        let (cookie, token) = logged_in(&manager).await;
        let submitted = token.clone();
        let impatient = get(async move |session: Session| {
            let done = if is_logout {
                cut(session.logout(), polls).await
            } else {
                cut(session.accept(&submitted), polls).await
            };
            if done.is_some() { "done" } else { "all is as it was" }
        });
        let response = ask(app(&manager, impatient), &cookie).await;
        let (status, text) = (response.status(), text(response).await);
        let (user, _) = user_and_value(&manager, &cookie).await;
        let stands =
            if is_logout { user == "alice" } else { accepts(&manager, &cookie, &token).await };
        match (status, &*text) {
            (StatusCode::OK, "done") => assert!(!stands, "{polls} polls: it is done"),
            (StatusCode::OK, _) => {
                assert!(stands, "{polls} polls: it has happened, and the answer denies it");
                saved += 1;
            }
            (StatusCode::SERVICE_UNAVAILABLE, _) => unsure += 1,
            other => panic!("{polls} polls: {other:?}"),
        }
    }
    assert!(saved > 0 && unsure > 0, "{saved} saved, {unsure} unsure");
}

#[tokio::test]
async fn a_session_may_be_used_twice_at_once() {
    let manager = manager();
    let (cookie, token) = logged_in(&manager).await;
    let both = get(async move |session: Session| {
        let (one, other) = tokio::join!(session.accept(&token), session.accept(&token));
        let (set, gone, late) =
            tokio::join!(session.set("key", "1"), session.logout(), session.set("key", "2"));
        assert!(set.is_ok() && gone.is_ok());
        assert_eq!(late.unwrap_err().status(), StatusCode::CONFLICT);
        format!("{} {}", one.is_ok(), other.is_ok())
    });
    let response = ask(app(&manager, both), &cookie).await;
    assert_eq!(cookies(&response), ["__Host-session="], "it is revoked");
    assert_eq!(text(response).await, "true false");
    assert_eq!(user_and_value(&manager, &cookie).await, (String::new(), String::new()));
}

/// A task goes on after the handler. What it did before the end is saved, and for the rest it is
/// told that it is too late.
#[tokio::test]
async fn a_task_may_outlive_its_handler() {
    let manager = manager();
    let (cookie, _) = logged_in(&manager).await;
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = Arc::new(std::sync::Mutex::new(Some(tell)));
    let leaves = get(async move |session: Session| {
        let (begun, begins) = tokio::sync::oneshot::channel();
        let tell = tell.lock().unwrap().take().unwrap();
        tokio::spawn(async move {
            let mut set = session.set("key", "0").await;
            begun.send(()).unwrap();
            let mut count = 0;
            while set.is_ok() && count < 100_000 {
                count += 1;
                set = session.set("key", count.to_string()).await;
                yield_now().await;
            }
            tell.send((count, set, session.logout().await)).unwrap();
        });
        begins.await.unwrap();
        Ok::<_, SessionError>("left")
    });
    assert_eq!(ask(app(&manager, leaves), &cookie).await.status(), StatusCode::OK);
    let (count, set, logout) = told.await.unwrap();
    let late = StatusCode::INTERNAL_SERVER_ERROR;
    assert_eq!((set.unwrap_err().status(), logout.unwrap_err().status()), (late, late));
    let saved = user_and_value(&manager, &cookie).await;
    assert_eq!(saved, ("alice".to_owned(), (count - 1).to_string()));
}

/// A body takes along a call that has begun, and is not asked for before the response has come. The
/// clock of the test goes on whenever nothing else happens.
#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_goes_on_with_holds_up_no_response() {
    let manager = manager();
    let (cookie, _) = logged_in(&manager).await;
    let keeps = get(async |session: Session| {
        let mut call = Box::pin(async move { session.logout().await });
        poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending())).await;
        Body::from_stream(futures_util::stream::once(
            async move { call.await.map(|()| "logged out") },
        ))
    });
    let response = tokio::time::timeout(Manager::LONGEST * 2, ask(app(&manager, keeps), &cookie));
    assert_eq!(response.await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
}

/// By mistake one layer is around a part, and one around the whole. The inner one counts, and one
/// cookie is set.
#[tokio::test]
async fn a_layer_in_a_layer_does_no_harm() {
    let manager = manager();
    let nested = |route| app(&manager, route).layer(SessionLayer::new(manager.clone()));
    let login = get(async |session: Session| session.login("alice").await);
    let response = ask(nested(login), "").await;
    let [cookie] = &cookies(&response)[..] else { panic!("one cookie") };
    assert_eq!(user_and_value(&manager, cookie).await.0, "alice");
    let again = get(async |session: Session| session.login("bob").await);
    let response = ask(nested(again), cookie).await;
    let [cookie] = &cookies(&response)[..] else { panic!("one cookie") };
    assert_eq!(user_and_value(&manager, cookie).await.0, "bob");
    let logout = get(async |session: Session| session.logout().await);
    assert_eq!(cookies(&ask(nested(logout), cookie).await), ["__Host-session="]);
    assert_eq!(user_and_value(&manager, cookie).await.0, "");
}

/// Whatever a client sends as its cookies, it gets an answer, and is nobody.
#[tokio::test]
async fn hostile_cookies_are_nobody() {
    let manager = manager();
    let (cookie, _) = logged_in(&manager).await;
    let value = cookie.split_once('=').unwrap().1;
    let long = "x".repeat(100_000);
    for hostile in [
        format!("__Host-session={long}"),
        format!("{long}={value}"),
        format!("__Host-session={value}{value}"),
        format!("__Host-session={}", value.to_uppercase()),
        format!("__host-session={value}"),
        format!("session={value}"),
        format!("__Host-session=\"{value}"),
        format!("__Host-session={value}\u{a0}"),
        format!("\u{a0}__Host-session={value}"),
        format!("__Host-session={value},{value}"),
        "=;=;;;".repeat(1_000),
        "__Host-session=*del*".to_owned(),
        "\\".repeat(50_000),
    ] {
        let (user, _) = user_and_value(&manager, &hostile).await;
        let shown: String = hostile.chars().take(60).collect();
        assert_eq!(user, "", "{shown}");
    }
    assert_eq!(user_and_value(&manager, &cookie).await.0, "alice");
}
