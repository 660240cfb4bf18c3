//! A store in a process of its own, which can be killed.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::Broken;

/// Which store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    Redis,
}

/// A store on loopback, in a folder that is deleted in the end. A store of SQLite is only a file.
pub(crate) struct Service {
    kind: Kind,
    /// Whether it forgets what it was told when it is killed.
    forgetful: bool,
    port: u16,
    process: Option<Child>,
    folder: TempDir,
}

impl Service {
    pub(crate) fn start(kind: Kind, forgetful: bool) -> Result<Self, Broken> {
        let folder = tempfile::tempdir()?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut service = Self { kind, forgetful, port, process: None, folder };
        if kind == Kind::Postgres {
            service.create_database()?;
        }
        service.run()?;
        Ok(service)
    }

    /// The settings that decide what an acknowledged write survives.
    pub(crate) const fn durability(&self) -> &'static str {
        match self.kind {
            Kind::Sqlite => "journal_mode WAL, synchronous FULL",
            Kind::Postgres => "fsync on, synchronous_commit on",
            Kind::Redis if self.forgetful => "appendonly no",
            Kind::Redis => "appendonly yes, appendfsync always",
        }
    }

    pub(crate) fn url(&self) -> String {
        let port = self.port;
        match self.kind {
            Kind::Sqlite => self.folder.path().join("sessions.sqlite").display().to_string(),
            Kind::Postgres => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            Kind::Redis => format!("redis://127.0.0.1:{port}"),
        }
    }

    /// Whether it is a process that can be killed.
    pub(crate) const fn is_process(&self) -> bool {
        self.process.is_some()
    }

    /// Kills the store, with all processes that it has started, and starts it again.
    pub(crate) fn crash(&mut self) -> Result<(), Broken> {
        self.kill()?;
        self.run()
    }

    /// Starts the store again if it has ended by itself, as PostgreSQL does while a process of the
    /// killed server still holds the shared memory.
    pub(crate) fn keep_up(&mut self) -> Result<(), Broken> {
        match self.process.as_mut().map(Child::try_wait).transpose()? {
            Some(Some(_)) => self.run(),
            Some(None) | None => Ok(()),
        }
    }

    fn kill(&mut self) -> Result<(), Broken> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        let group = format!("-{}", process.id());
        Command::new("kill").args(["-KILL", "--", &group]).status()?;
        process.wait()?;
        Ok(())
    }

    fn run(&mut self) -> Result<(), Broken> {
        let port = self.port.to_string();
        let mut command = match self.kind {
            Kind::Sqlite => return Ok(()),
            Kind::Postgres => {
                let mut command = as_postgres(&binary("postgres")?);
                command.arg("-D").arg(self.database()).args(["-p", &port, "-k", ""]);
                command.args(["-c", "listen_addresses=127.0.0.1"]);
                command
            }
            Kind::Redis => {
                let keeps = if self.forgetful { "no" } else { "yes" };
                let mut command = Command::new("redis-server");
                command.args(["--port", &port, "--bind", "127.0.0.1", "--save", ""]);
                command.args(["--appendonly", keeps, "--appendfsync", "always", "--dir"]);
                command.arg(self.folder.path());
                command
            }
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.process_group(0).spawn()?);
        Ok(())
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("postgres").join("data")
    }

    fn create_database(&self) -> Result<(), Broken> {
        let folder = self.folder.path();
        std::fs::set_permissions(folder, Permissions::from_mode(0o755))?;
        std::fs::create_dir(folder.join("postgres"))?;
        if is_root() {
            Command::new("chown").arg("postgres").arg(folder.join("postgres")).status()?;
        }
        let mut command = as_postgres(&binary("initdb")?);
        command.args(["-U", "postgres", "-A", "trust", "-D"]).arg(self.database());
        let made = command.output()?;
        if !made.status.success() {
            return Err(String::from_utf8_lossy(&made.stderr).into());
        }
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// A program of PostgreSQL, of the newest version that is installed.
fn binary(name: &str) -> Result<PathBuf, Broken> {
    let all = std::fs::read_dir("/usr/lib/postgresql")?;
    let mut found: Vec<PathBuf> = all
        .filter_map(|entry| Some(entry.ok()?.path().join("bin").join(name)))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found.pop().ok_or_else(|| format!("PostgreSQL has no {name}").into())
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0)
}

/// PostgreSQL does not run as root.
fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
    command
}
