//! A worker, as seen by the process that asks it.

use std::collections::HashMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use quixote_session::Event;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::oneshot::{Receiver, Sender, channel};

use crate::Broken;
use crate::wire::{Order, Told};

/// A worker process. If it dies, what it was asked has no answer.
pub(crate) struct Process {
    child: tokio::sync::Mutex<Child>,
    input: tokio::sync::Mutex<ChildStdin>,
    waiting: Arc<Mutex<HashMap<u64, Sender<Told>>>>,
    last: AtomicU64,
}

impl Process {
    pub(crate) fn start(url: &str, careless: bool) -> Result<Self, Broken> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["worker", url]).args(careless.then_some("--careless"));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let input = child.stdin.take().ok_or("a worker has an input")?;
        let output = child.stdout.take().ok_or("a worker has an output")?;
        let waiting: Arc<Mutex<HashMap<u64, Sender<Told>>>> = Arc::default();
        let known = waiting.clone();
        tokio::spawn(async move {
            let mut lines = BufReader::new(output).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                // If the worker was killed, its last line may be cut.
                let Ok(told) = serde_json::from_str::<Told>(&line) else { break };
                if let Some(told_to) = lock(&known).remove(&told.number) {
                    let _ = told_to.send(told);
                }
            }
            lock(&known).clear();
        });
        let (child, input) = (child.into(), input.into());
        Ok(Self { child, input, waiting, last: AtomicU64::new(0) })
    }

    /// Runs the calls of a request; None if the process died before it answered.
    pub(crate) async fn ask(&self, calls: Vec<Event>, pause_ms: u64) -> Option<Told> {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let line = serde_json::to_string(&Order { number, calls, pause_ms }).ok()? + "\n";
        let (tell, told): (_, Receiver<Told>) = channel();
        lock(&self.waiting).insert(number, tell);
        if self.input.lock().await.write_all(line.as_bytes()).await.is_err() {
            lock(&self.waiting).remove(&number);
        }
        // A question that came after the last answer was read would wait for ever.
        tokio::time::timeout(std::time::Duration::from_secs(60), told).await.ok()?.ok()
    }

    /// kill -9
    pub(crate) async fn kill(&self) -> Result<(), Broken> {
        Ok(self.child.lock().await.kill().await?)
    }
}

fn lock<T>(what: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}
