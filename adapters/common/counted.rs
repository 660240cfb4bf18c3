//! `MemoryStore` of tower-sessions does not tell its size: what goes in and out is counted.
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::Result;
use tower_sessions::{MemoryStore, SessionStore};

#[derive(Clone, Debug, Default)]
pub struct Counted {
    inner: MemoryStore,
    ids: Arc<Mutex<HashSet<Id>>>,
}

impl Counted {
    pub fn count(&self) -> usize {
        self.ids.lock().expect("unpoisoned").len()
    }
}

#[async_trait]
impl SessionStore for Counted {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let done = self.inner.create(record).await;
        self.ids.lock().expect("unpoisoned").insert(record.id);
        done
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.ids.lock().expect("unpoisoned").insert(record.id);
        self.inner.save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.inner.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.ids.lock().expect("unpoisoned").remove(id);
        self.inner.delete(id).await
    }
}
