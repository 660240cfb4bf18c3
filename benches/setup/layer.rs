//! The rival's whole layer: from the `Cookie` header of a request to the `Set-Cookie` header of its
//! response, with an application inside that looks for a token and notes the access.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::{COOKIE, SET_COOKIE};
use http::{Request, Response, StatusCode};
use tower_layer::Layer;
use tower_service::Service;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

use super::tower::{Tower, run};
use super::walk::Walk;

pub(crate) struct Layered {
    service: <SessionManagerLayer<MemoryStore> as Layer<Application>>::Service,
    pub(crate) walk: Walk,
    served: u64,
}

/// What a request brings.
struct Visit {
    token: String,
    now: u64,
}

impl Layered {
    pub(crate) fn over(tower: Tower) -> Self {
        let service = SessionManagerLayer::new(tower.store).layer(Application);
        Self { service, walk: tower.walk, served: 0 }
    }

    /// The response's `Set-Cookie` header, if the token was found.
    pub(crate) fn serve(&mut self, cookies: &str, token: &str) -> Option<String> {
        self.served = self.served.wrapping_add(1);
        let visit = Visit { token: token.to_owned(), now: self.served };
        let request = Request::builder().header(COOKIE, cookies).body(visit).ok()?;
        let response = run(self.service.call(request)).ok()?;
        let header = response.headers().get(SET_COOKIE)?.to_str().ok()?.to_owned();
        response.status().is_success().then_some(header)
    }
}

/// Looks for the token that the request brings, and changes the session as every access to one of
/// ours changes it: a value that was there already would not be saved, nor the cookie be set.
#[derive(Clone)]
pub(crate) struct Application;

impl Service<Request<Visit>> for Application {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<()>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Visit>) -> Self::Future {
        Box::pin(async move {
            let mut response = Response::new(());
            if !visit(&request).await {
                *response.status_mut() = StatusCode::FORBIDDEN;
            }
            Ok(response)
        })
    }
}

async fn visit(request: &Request<Visit>) -> bool {
    let Some(session) = request.extensions().get::<Session>() else { return false };
    let tokens = session.get::<Vec<String>>("tokens").await.ok().flatten();
    let noted = session.insert("accessed", request.body().now).await;
    noted.is_ok() && tokens.is_some_and(|tokens| tokens.contains(&request.body().token))
}
