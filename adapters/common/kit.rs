//! What the Rust adapters share: the environment, the gate, and the parts of an operation.
use std::env;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub fn port() -> u16 {
    env::var("PORT").expect("PORT").parse().expect("a port")
}

pub fn recommended() -> bool {
    env::var("PROFILE").is_ok_and(|profile| profile == "recommended")
}

/// The version of a package, by the adapter's lock file.
pub fn version(package: &str) -> String {
    let lock = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));
    let entry = format!("name = \"{package}\"\nversion = \"");
    let (_, rest) = lock.split_once(&entry).expect("a package of the lock file");
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// Waits until the judge opens the gate.
pub async fn gate(name: &str) {
    let gate: u16 = env::var("KIT_GATE").expect("KIT_GATE").parse().expect("a port");
    let mut stream = TcpStream::connect(("127.0.0.1", gate)).await.expect("the gate");
    let request = format!("GET /{name} HTTP/1.0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the gate");
    stream.read_to_end(&mut Vec::new()).await.expect("the gate");
}

/// The operations of a request: a name and up to two arguments each.
pub fn operations(ops: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    ops.split(',').map(|operation| {
        let mut parts = operation.split(':');
        let mut next = || parts.next().unwrap_or("");
        (next(), next(), next())
    })
}

/// The answer to /caps; `more` holds the limits in seconds and the login call.
pub fn caps(name: &str, version: &str, cookie: &str, operations: &str, more: Value) -> Value {
    let mut caps = json!({
        "name": name, "version": version, "language": "Rust", "cookie": cookie, "stats": true,
        "ops": operations.split(' ').collect::<Vec<_>>(),
        "idle": null, "absolute": null, "login": null,
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        caps[key] = value.clone();
    }
    caps
}
