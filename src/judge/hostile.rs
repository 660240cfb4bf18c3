//! Cookie headers that no browser sends. They are written to a socket, as a client library would
//! refuse them.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::jar::bytes;
use super::scenario::Verdict;
use super::stage::{End, Stage, end};

/// The longest time that an answer may take.
const SLOW: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(5);

/// Sends each header; the first that is not answered well ends the scenario.
pub(super) fn send(stage: &mut Stage<'_>, headers: &[String]) -> Result<(), End> {
    let id = stage.id("A").unwrap_or_else(|| "x".into());
    let shorter = |by: usize| {
        let length = id.chars().count().saturating_sub(by);
        id.chars().take(length).collect::<String>()
    };
    let half = id.chars().count() / 2;
    let (head, tail): (String, String) =
        (id.chars().take(half).collect(), id.chars().skip(half).collect());
    for header in headers {
        let header = stage
            .fill(header)
            .replace("{shorter}", &shorter(4))
            .replace("{short}", &shorter(1))
            .replace("{upper}", &id.to_uppercase())
            .replace("{split}", &format!("{head}%00{tail}"));
        let started = Instant::now();
        let authority = stage.kit.target.authority.clone();
        let path = format!("{}/do?ops=get:a,whoami", stage.kit.target.prefix);
        let found = match status_of(&authority, &path, &bytes(&header)) {
            Ok(Some(status)) if status < 500 && started.elapsed() < SLOW => continue,
            Ok(Some(status)) => format!("{status} after {} ms", started.elapsed().as_millis()),
            Ok(None) => "no answer".into(),
            Err(error) => format!("no answer ({error})"),
        };
        let shown: String = header.chars().take(60).collect();
        stage.note(format!("X: get:a whoami with Cookie: {shown:?} -> {found}"));
        return end(Verdict::Fail, format!("Cookie: {shown:?} is answered with {found}"));
    }
    stage.note(format!("X: {} hostile Cookie headers, each answered below 500", headers.len()));
    Ok(())
}

/// The status of the server's answer; None if the answer is not HTTP.
fn status_of(authority: &str, path: &str, cookie: &[u8]) -> io::Result<Option<u16>> {
    let mut stream = TcpStream::connect(authority)?;
    let end = Instant::now() + LONGEST;
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {authority}\r\nX-Forwarded-Proto: https\r\n\
         Connection: close\r\nCookie: "
    );
    stream.write_all(&[head.as_bytes(), cookie, b"\r\n\r\n"].concat())?;
    let mut read = Vec::new();
    let mut part = [0; 512];
    while !read.contains(&b'\n') && read.len() < 4096 {
        // One deadline for the whole answer: a byte per second is slow, too.
        let left = end.saturating_duration_since(Instant::now());
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        let length = stream.read(&mut part)?;
        if length == 0 {
            break;
        }
        read.extend_from_slice(part.get(..length).unwrap_or_default());
    }
    let line = String::from_utf8_lossy(&read).into_owned();
    let status = line.strip_prefix("HTTP/").and_then(|line| line.split(' ').nth(1)?.parse().ok());
    Ok(status)
}
