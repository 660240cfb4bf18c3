//! Stores that are broken on purpose, each in one way. The conformance test must find every one.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use quixote_session::driver::{Over, Revision, Stored, Write};
use quixote_session::{Config, Session, SessionId, SessionParts, SmolStr, StoreOp, Timestamp};
use quixote_session_store::{Memory, Store, StoreError, conformance};

macro_rules! faults {
    ($($name:ident,)*) => {
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        enum Fault { $($name,)* }

        const ALL: &[Fault] = &[$(Fault::$name,)*];
    };
}

faults! {
    RevisionIgnored,
    GenerationIgnored,
    UpdateRevives,
    MoveLeavesOld,
    EndNotCounted,
    EndCountedFirst,
    HandleOfAnybody,
    UserInLowerCase,
    UserCut,
    IdCut,
    IdInLowerCase,
    SweepIsLate,
    SweepIsEarly,
    RoomNotMade,
    TextCut,
    TextTrimmed,
    TextEndsAtNul,
    TokensSorted,
    Seconds,
    AddressForgotten,
    ListCut,
    ListWithoutVisits,
    CacheIsStale,
    DoneIsFailed,
    FailedIsDone,
}

use Fault as F;

/// A store that works except for one fault. Two handles share the memory, but not the cache.
struct Broken {
    memory: Arc<Memory>,
    fault: Option<Fault>,
    cache: Mutex<BTreeMap<SessionId, Stored>>,
}

fn cut(text: &str, bytes: usize) -> SmolStr {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or_default()).unwrap_or_default().into()
}

impl Broken {
    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    fn user(&self, user: &str) -> SmolStr {
        if self.has(F::UserInLowerCase) {
            user.to_lowercase().into()
        } else if self.has(F::UserCut) {
            cut(user, 255)
        } else {
            user.into()
        }
    }

    fn id(&self, id: SessionId) -> SessionId {
        let mut bytes: [u8; 16] = id.reveal_bytes().try_into().unwrap();
        if self.has(F::IdCut) {
            bytes[15] = 0;
        }
        if self.has(F::IdInLowerCase) {
            bytes.make_ascii_lowercase();
        }
        bytes.into()
    }

    fn session(&self, session: &Session) -> Box<Session> {
        let mut parts = SessionParts::from(session.clone());
        let texts = |change: fn(&str) -> SmolStr| {
            let values = session.values().iter().map(|(key, value)| (key.clone(), change(value)));
            values.collect::<BTreeMap<_, _>>()
        };
        if self.has(F::TextCut) {
            parts.values = texts(|text| cut(text, 65_535));
        }
        if self.has(F::TextTrimmed) {
            parts.values = texts(|text| text.trim().into());
        }
        if self.has(F::TextEndsAtNul) {
            parts.values = texts(|text| text.split('\0').next().unwrap().into());
        }
        if self.has(F::TokensSorted) {
            let mut tokens = parts.form_tokens.as_slice().to_vec();
            tokens.sort_unstable();
            parts.form_tokens = tokens.try_into().unwrap();
        }
        if self.has(F::Seconds) {
            parts.created.0 = parts.created.0 / 1_000 * 1_000;
        }
        if self.has(F::AddressForgotten) {
            parts.remote_addr = "".into();
        }
        parts.user = parts.user.map(|user| self.user(&user));
        Box::new(parts.try_into().unwrap())
    }

    /// The write that this store makes instead.
    async fn altered(&self, write: &Write) -> Write {
        let mut write = write.clone();
        let named =
            write.op.compares().map(|id| self.id(id)).filter(|_| self.has(F::RevisionIgnored));
        if let Some(id) = named {
            write.expected = self.load(id).await.unwrap().map(|stored| stored.revision);
        }
        match &mut write.op {
            StoreOp::Create { id, session, generation, .. } => {
                (*id, *session) = (self.id(*id), self.session(session));
                *generation = generation.filter(|_| !self.has(F::GenerationIgnored));
                write.over = write.over.filter(|_| !self.has(F::RoomNotMade));
            }
            StoreOp::Put { id, session } | StoreOp::Update { id, session } => {
                (*id, *session) = (self.id(*id), self.session(session));
            }
            StoreOp::Rotate { from, to, session, generation } => {
                (*from, *to) = (self.id(*from), self.id(*to));
                *session = self.session(session);
                *generation = generation.filter(|_| !self.has(F::GenerationIgnored));
            }
            StoreOp::Touch { id, .. } | StoreOp::Discard { id } | StoreOp::Delete { id } => {
                *id = self.id(*id);
            }
            StoreOp::DeleteHandle { user, .. } => {
                *user = user.take().filter(|_| !self.has(F::HandleOfAnybody));
                *user = user.take().map(|user| self.user(&user));
            }
            StoreOp::DeleteUser { user, except } => {
                (*user, *except) = (self.user(user), except.map(|id| self.id(id)));
            }
            StoreOp::DiscardOver { now } => {
                let early = u64::from(self.has(F::SweepIsEarly));
                let now = Timestamp(now.0 + early - u64::from(self.has(F::SweepIsLate)));
                write.over = Some(Over::at(&Config::STRICT, now));
            }
        }
        write
    }

    async fn all_of(&self, user: &str) -> Vec<Session> {
        self.memory.sessions_of(user).await.unwrap()
    }

    async fn do_also(&self, op: StoreOp, revision: Revision) {
        let over = None;
        let write = Write { op, expected: None, accessed: None, over, revision, commits: false };
        self.memory.write(&write).await.unwrap();
    }
}

#[async_trait]
impl Store for Broken {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        let id = self.id(id);
        let cached = self.cache.lock().unwrap().get(&id).cloned();
        if cached.is_some() {
            return Ok(cached);
        }
        let found = self.memory.load(id).await?;
        if let Some(stored) = found.clone().filter(|_| self.has(F::CacheIsStale)) {
            self.cache.lock().unwrap().insert(id, stored);
        }
        Ok(found)
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        self.memory.generation(&self.user(user)).await
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        self.cache.lock().unwrap().clear();
        let write = self.altered(write).await;
        let Write { op, revision, .. } = &write;
        let also = async |op| self.do_also(op, *revision).await;
        if let StoreOp::DeleteUser { user, except: None } = op
            && self.has(F::EndNotCounted)
        {
            for handle in self.all_of(user).await.iter().filter_map(Session::handle) {
                also(StoreOp::DeleteHandle { handle, user: None }).await;
            }
            return Ok(true);
        }
        let before = match op.compares() {
            Some(id) => self.memory.load(id).await?,
            None => None,
        };
        let done = self.memory.write(&write).await?;
        if let StoreOp::Update { id, session } = op {
            if done && self.has(F::DoneIsFailed) {
                return Err(StoreError::failed("planted"));
            }
            if before.is_none() && self.has(F::UpdateRevives) {
                also(StoreOp::Put { id: *id, session: session.clone() }).await;
                return Ok(true);
            }
            return Ok(done || self.has(F::FailedIsDone));
        }
        if let StoreOp::Rotate { from: id, .. } = op
            && done
            && self.has(F::MoveLeavesOld)
        {
            let session = before.unwrap().session.into();
            also(StoreOp::Put { id: *id, session }).await;
        }
        if let StoreOp::DeleteUser { .. } = op
            && !done
            && self.has(F::EndCountedFirst)
        {
            also(StoreOp::DeleteUser { user: "alice".into(), except: None }).await;
        }
        Ok(done)
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        let mut found = self.all_of(&self.user(user)).await;
        if self.has(F::ListCut) {
            found.truncate(100);
        }
        if self.has(F::ListWithoutVisits) {
            for session in &mut found {
                let parts = SessionParts { accessed: session.created(), ..session.clone().into() };
                *session = parts.try_into().unwrap();
            }
        }
        Ok(found)
    }
}

async fn conforms(fault: Option<Fault>) {
    let memory = Arc::new(Memory::new());
    let handle = || {
        let (memory, cache) = (memory.clone(), Mutex::default());
        Arc::new(Broken { memory, fault, cache })
    };
    conformance::conditions(handle(), &Config::STRICT).await;
    conformance::many(handle(), 201).await;
    conformance::ends_against_logins(handle(), 20).await;
    conformance::moves(handle(), 20).await;
    conformance::contention(handle(), 8, 4).await;
    conformance::doubt(handle(), 4, 4).await;
    conformance::shared(handle(), handle()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_broken_does_not_conform() {
    conforms(None).await;
    let mut missed = Vec::new();
    for &fault in ALL {
        if tokio::spawn(conforms(Some(fault))).await.is_ok() {
            missed.push(fault);
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}
