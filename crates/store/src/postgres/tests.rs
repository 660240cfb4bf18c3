//! What needs no database.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_postgres::tls::NoTlsStream;

use super::{
    BytesMut, Hidden, MakeTlsConnect, Postgres, Socket, TlsConnect, ToSql as _, Type, parameters,
};

/// A connector that notes that it was asked, and then gives up.
#[derive(Clone, Default)]
struct Asked(Arc<AtomicBool>);

impl MakeTlsConnect<Socket> for Asked {
    type Stream = NoTlsStream;
    type TlsConnect = Self;
    type Error = std::io::Error;

    fn make_tls_connect(&mut self, _: &str) -> std::io::Result<Self> {
        Ok(self.clone())
    }
}

impl TlsConnect<Socket> for Asked {
    type Stream = NoTlsStream;
    type Error = std::io::Error;
    type Future = Ready<std::io::Result<NoTlsStream>>;

    fn connect(self, _: Socket) -> Self::Future {
        self.0.store(true, Ordering::Relaxed);
        ready(Err(std::io::Error::other("no further")))
    }
}

/// A client that wants TLS asks for it first, and a server that has it answers `S`.
#[tokio::test]
async fn a_connector_is_asked_before_anything_is_said() {
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let url = format!("postgres://nobody:secret@127.0.0.1:{port}/none?sslmode=require");
    let served = tokio::spawn(async move {
        let (mut client, _) = server.accept().await.unwrap();
        let mut said = Vec::new();
        client.read_buf(&mut said).await.unwrap();
        client.write_all(b"S").await.unwrap();
        client.read_to_end(&mut said).await.unwrap();
        said
    });
    let tls = Asked::default();
    assert!(Postgres::connect_with(&url, tls.clone()).await.is_err());
    assert!(tls.0.load(Ordering::Relaxed));
    assert_eq!(served.await.unwrap(), [0, 0, 0, 8, 4, 210, 22, 47], "and no name or password");
}

#[test]
fn parameters_are_sent_and_not_shown() {
    let hidden = [Hidden(&"secret"), Hidden(&7_i64)];
    assert_eq!(format!("{:?} {:#?}", parameters(&hidden), hidden[0]), "[…, …] …");
    let mut out = BytesMut::new();
    hidden[0].to_sql_checked(&Type::TEXT, &mut out).unwrap();
    assert_eq!(&*out, b"secret");
    assert!(hidden[0].to_sql_checked(&Type::INT8, &mut out).is_err(), "of the wrong type");
}
