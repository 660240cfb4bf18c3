//! What the adapters over axum share: the answer to a request, and the server around it.
use std::collections::HashMap;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::Value;

use crate::counted::Counted;
use crate::kit;

/// What an error becomes, and an uncaught one.
pub fn broken(error: impl ToString) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
}

/// The results, with the status and the `Cache-Control` that the query asks for.
pub fn answer(query: &HashMap<String, String>, results: Vec<Value>) -> Response {
    let status = query.get("status").map_or(200, |status| status.parse().expect("a status"));
    let status = StatusCode::from_u16(status).expect("a status");
    let mut response = (status, Json(results)).into_response();
    if let Some(cache) = query.get("cc") {
        response.headers_mut().insert("cache-control", cache.parse().expect("a header"));
    }
    response
}

/// Serves what is judged, /caps and /stats.
pub async fn serve(judged: Router, caps: Value, store: Counted) {
    let app = judged
        .route("/caps", get(|| async { Json(caps) }))
        .route("/stats", get(move || async move { store.count().to_string() }));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", kit::port())).await.expect("a port");
    axum::serve(listener, app).await.expect("a server");
}
