//! Names and password hashes, which sessions know nothing of.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::Argon2;
use argon2::password_hash::rand_core::{OsRng, RngCore as _};
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use rusqlite::{Connection, OptionalExtension as _};
use tokio::task::spawn_blocking;

/// The accounts, in a file of SQLite.
#[derive(Clone)]
pub(crate) struct Accounts(Arc<Parts>);

struct Parts {
    file: Mutex<Connection>,
    /// A hash that is checked for unknown names, so that the time it takes does not tell which
    /// names are known.
    nobody: String,
}

/// Why the accounts could not be read or written.
pub(crate) type Broken = Box<dyn std::error::Error + Send + Sync>;

impl Accounts {
    pub(crate) fn open(path: &Path) -> Result<Self, Broken> {
        create(path)?;
        let file = Connection::open(path)?;
        file.execute_batch(
            "CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, hash TEXT NOT NULL) STRICT",
        )?;
        Ok(Self(Arc::new(Parts { file: Mutex::new(file), nobody: hash("")? })))
    }

    /// Creates an account; false if the name is taken.
    pub(crate) async fn sign_up(&self, name: String, password: String) -> Result<bool, Broken> {
        self.blocking(move |parts| {
            let hash = hash(&password)?;
            let file = parts.file.lock().unwrap_or_else(PoisonError::into_inner);
            let insert = "INSERT INTO account VALUES (?, ?) ON CONFLICT DO NOTHING";
            Ok(file.execute(insert, [name, hash])? == 1)
        })
        .await
    }

    /// Whether there is such an account, with this password.
    pub(crate) async fn check(&self, name: String, password: String) -> Result<bool, Broken> {
        self.blocking(move |parts| {
            let found: Option<String> = {
                let file = parts.file.lock().unwrap_or_else(PoisonError::into_inner);
                let select = "SELECT hash FROM account WHERE name = ?";
                file.query_row(select, [name], |row| row.get(0)).optional()?
            };
            let text = found.as_ref().unwrap_or(&parts.nobody);
            let hash = PasswordHash::new(text).map_err(|why| why.to_string())?;
            let right = Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
            Ok(right && found.is_some())
        })
        .await
    }

    /// Hashing takes tens of milliseconds, which no other request should wait for.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Parts) -> Result<T, Broken> + Send + 'static,
    ) -> Result<T, Broken> {
        let parts = self.0.clone();
        spawn_blocking(move || work(&parts)).await?
    }
}

/// Creates the file for its owner alone, because the hashes in it are worth guessing at.
fn create(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(why) if why.kind() != ErrorKind::AlreadyExists => Err(why),
        _ => Ok(()),
    }
}

fn hash(password: &str) -> Result<String, Broken> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    Ok(hash.map_err(|why| why.to_string())?.to_string())
}

/// A second factor of six digits.
pub(crate) fn code() -> String {
    format!("{:06}", OsRng.next_u32() % 1_000_000)
}
