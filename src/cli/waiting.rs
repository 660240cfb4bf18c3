//! Input that may be long in coming: Ctrl-C ends the waiting for it.

use std::io::{self, Cursor, ErrorKind, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use super::interrupt::Interrupt;

/// As much as a pipe holds.
const CHUNK_BYTES: usize = 1 << 16;

/// How long Ctrl-C may stay unnoticed.
const PATIENCE: Duration = Duration::from_millis(50);

/// Reads on a thread of its own, which is at most two chunks ahead. One that waits for ever ends
/// with the process.
pub(super) struct Waiting {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: Cursor<Vec<u8>>,
    interrupt: Interrupt,
}

impl Waiting {
    /// Opens it, which may take long too: a named pipe opens when somebody writes to it.
    pub(super) fn open<R: Read>(
        interrupt: &Interrupt,
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
    ) -> io::Result<Self> {
        let (to, chunks) = sync_channel(1);
        thread::Builder::new().spawn(move || {
            // Nobody who takes it: nobody who needs it.
            let _ = match open() {
                Err(error) => to.send(Err(error)),
                Ok(from) => to.send(Ok(Vec::new())).map(|()| hand_over(from, &to)),
            };
        })?;
        let waiting = Self { chunks, chunk: Cursor::default(), interrupt: interrupt.clone() };
        // The first chunk is empty and says that it is open.
        waiting.receive().map(|_| waiting)
    }

    /// The next chunk; at the end an empty one.
    fn receive(&self) -> io::Result<Vec<u8>> {
        while !self.interrupt.is_pressed() {
            match self.chunks.recv_timeout(PATIENCE) {
                Ok(chunk) => return chunk,
                Err(RecvTimeoutError::Disconnected) => return Ok(Vec::new()),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        // Not the kind that is called so, after which readers try again.
        Err(io::Error::other("interrupted"))
    }
}

impl Read for Waiting {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let read = self.chunk.read(bytes)?;
        if read > 0 || bytes.is_empty() {
            return Ok(read);
        }
        self.chunk = Cursor::new(self.receive()?);
        self.chunk.read(bytes)
    }
}

/// Everything, up to the end or the first error, or until nobody takes it.
fn hand_over(mut from: impl Read, to: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut chunk = vec![0; CHUNK_BYTES];
        let (chunk, is_last) = match from.read(&mut chunk) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => (Err(error), true),
            Ok(read) => {
                chunk.truncate(read);
                (Ok(chunk), read == 0)
            }
        };
        if to.send(chunk).is_err() || is_last {
            return;
        }
    }
}
