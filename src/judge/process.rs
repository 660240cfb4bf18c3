//! A server that the judge itself starts and ends, in a process group of its own.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How long a server may take to end after it is asked to.
const PATIENCE: Duration = Duration::from_secs(4);

/// The process group to end if the judge is interrupted.
static RUNNING: Mutex<Option<Pid>> = Mutex::new(None);

/// How to start a server: the words of its command, and its environment.
pub(crate) struct Recipe {
    pub(crate) command: Vec<String>,
    pub(crate) environment: Vec<(&'static str, String)>,
    /// The file for its output; each run adds to it.
    pub(crate) log: PathBuf,
}

/// A running server, which is ended when this value is dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(recipe: &Recipe) -> io::Result<Self> {
        let log = OpenOptions::new().create(true).append(true).open(&recipe.log)?;
        let (program, arguments) =
            recipe.command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stderr(log.try_clone()?).stdout(log);
        command.envs(recipe.environment.iter().map(|(name, value)| (name, value)));
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let child = command.spawn()?;
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(Pid::from_child(&child));
        Ok(Self(child))
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Ends the group, by force if it does not end when it is asked.
    pub(crate) fn stop(&mut self) {
        let group = Pid::from_child(&self.0);
        let _ = kill_process_group(group, Signal::TERM);
        let end = Instant::now() + PATIENCE;
        while !self.has_ended() && Instant::now() < end {
            sleep(Duration::from_millis(10));
        }
        // This also ends processes of the group that have outlived its leader.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.0.wait();
        *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Ends the running server, if the judge is interrupted.
pub(crate) fn stop_running() {
    if let Some(group) = *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) {
        let _ = kill_process_group(group, Signal::TERM);
    }
}

/// The last lines of a log, for an error message.
pub(crate) fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(12)..).unwrap_or_default();
    format!("  {}", last.join("\n  "))
}
