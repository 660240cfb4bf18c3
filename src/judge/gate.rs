//! The gate: a server calls it in the middle of a request, and goes on when the judge opens it.
//!
//! So the order of overlapping requests is exact, and needs no pauses. The gate also collects the
//! answers to the judge's own requests: a request either comes to its gate or ends, and one wait
//! covers both.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::client::Answer;

/// The longest time that a request waits at a gate.
const LONGEST: Duration = Duration::from_secs(60);
/// The most bytes that are read of a request.
const HEAD_BYTES: usize = 8 * 1024;

/// A gate that listens. Clones share it.
#[derive(Clone)]
pub(crate) struct Gate {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    board: Mutex<Board>,
    changed: Condvar,
    /// A planted fault, to see that it is noticed: no request is held.
    broken: bool,
}

#[derive(Default)]
struct Board {
    arrived: BTreeSet<String>,
    opened: BTreeSet<String>,
    answers: BTreeMap<u64, Answer>,
}

impl Gate {
    /// Listens on loopback, on any port if `port` is 0.
    pub(crate) fn open(port: u16, broken: bool) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared { board: Mutex::default(), changed: Condvar::new(), broken });
        let gate = Self { port, shared };
        let own = gate.clone();
        thread::spawn(move || own.listen(&listener));
        Ok(gate)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    fn listen(&self, listener: &TcpListener) {
        for stream in listener.incoming().flatten() {
            let own = self.clone();
            thread::spawn(move || own.hold(stream));
        }
    }

    /// Holds a request until its gate opens, or for `LONGEST`.
    fn hold(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_read_timeout(Some(LONGEST))?;
        let name = name_of(&mut stream)?;
        let mut board = self.board();
        board.arrived.insert(name.clone());
        self.shared.changed.notify_all();
        let held = |board: &mut Board| !self.shared.broken && !board.opened.contains(&name);
        let waited = self.shared.changed.wait_timeout_while(board, LONGEST, held);
        drop(waited);
        stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\
              Connection: close\r\n\r\nok",
        )
    }

    /// Opens this gate for every request.
    pub(crate) fn let_through(&self, name: &str) {
        self.board().opened.insert(name.into());
        self.shared.changed.notify_all();
    }

    /// Notes that a request of the judge was answered.
    pub(crate) fn answered(&self, request: u64, answer: Answer) {
        self.board().answers.insert(request, answer);
        self.shared.changed.notify_all();
    }

    /// Waits until the request comes to the gate or is answered, and says whether it is at the
    /// gate.
    pub(crate) fn wait_for(&self, name: &str, request: u64, longest: Duration) -> bool {
        self.wait(longest, |board| {
            board.arrived.contains(name) || board.answers.contains_key(&request)
        });
        let board = self.board();
        board.arrived.contains(name) && !board.answers.contains_key(&request)
    }

    /// Whether a request has come to this gate, held or not.
    pub(crate) fn has_seen(&self, name: &str) -> bool {
        self.board().arrived.contains(name)
    }

    /// Waits for the answer to a request; None if it does not come in time.
    pub(crate) fn answer(&self, request: u64, longest: Duration) -> Option<Answer> {
        self.wait(longest, |board| board.answers.contains_key(&request));
        self.board().answers.remove(&request)
    }

    fn wait(&self, longest: Duration, until: impl Fn(&Board) -> bool) {
        let end = Instant::now() + longest;
        let left = |end: Instant| end.saturating_duration_since(Instant::now());
        let waits = |board: &mut Board| !until(board);
        drop(self.shared.changed.wait_timeout_while(self.board(), left(end), waits));
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.shared.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The path of a request, without the slash before it.
fn name_of(stream: &mut TcpStream) -> io::Result<String> {
    let mut read = Vec::new();
    let mut part = [0; 1024];
    while read.len() < HEAD_BYTES {
        let length = stream.read(&mut part)?;
        read.extend_from_slice(part.get(..length).unwrap_or_default());
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        match request.parse(&read) {
            Ok(status) if status.is_complete() => {
                return Ok(request.path.unwrap_or("/").trim_matches('/').into());
            }
            Ok(_) if length > 0 => {}
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    Err(io::ErrorKind::InvalidData.into())
}
