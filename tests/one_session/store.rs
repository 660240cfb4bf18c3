//! The shared outside store. It carries out what an exchange asks, by the rules of section
//! `driver`.

use std::collections::BTreeMap;

use quixote_session::driver::{Answer, Ask, Revision, Stored, Write};
use quixote_session::{Config, Handle, Session, SessionId, SmolStr, StoreOp, Timestamp};

/// A rule of section `driver` that the store neglects: a fault that the comparison must notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Neglect {
    /// An `Update` or `Rotate` is carried out although something was written meanwhile.
    Version,
    /// A `Discard` is carried out although something was written meanwhile.
    VersionOfDiscarded,
    /// A `Discard` is carried out although the session was accessed meanwhile.
    AccessOfDiscarded,
    /// A `Create` or `Rotate` is carried out although the user's sessions were ended meanwhile.
    Generation,
    /// A `Create` or `Rotate` writes over a stored session.
    TakenId,
    /// `DeleteUser` does not count the user's generation up.
    Count,
    /// A `DeleteUser` spares sessions that were written meanwhile.
    Spared,
    /// `DeleteUser` and `DiscardOver` look only at the sessions in a listing that lags behind.
    Listing,
    /// A `DeleteHandle` for one user ends any user's session.
    Owner,
    /// An `Update` or `Rotate` forgets a later access.
    LaterAccess,
    /// The generation of a user is not told.
    TellGeneration,
    /// The first load of a call is answered from a copy of the store that lags behind.
    FreshLoad,
    /// A write in doubt was carried out, but the store says that it was not.
    ReadBack,
}

impl Neglect {
    pub(crate) const ALL: [Self; 13] = [
        Self::Version,
        Self::VersionOfDiscarded,
        Self::AccessOfDiscarded,
        Self::Generation,
        Self::TakenId,
        Self::Count,
        Self::Spared,
        Self::Listing,
        Self::Owner,
        Self::LaterAccess,
        Self::TellGeneration,
        Self::FreshLoad,
        Self::ReadBack,
    ];
}

/// A compare-and-set store.
pub(crate) struct Store<'a> {
    config: &'a Config,
    rows: BTreeMap<SessionId, Stored>,
    /// A copy that lags behind, for rules whose neglect is not to look at the rows.
    behind: BTreeMap<SessionId, Stored>,
    /// Whether the next load is answered from that copy.
    lags: bool,
    generations: BTreeMap<SmolStr, u64>,
    neglect: Option<Neglect>,
}

impl<'a> Store<'a> {
    pub(crate) fn new(config: &'a Config, neglect: Option<Neglect>) -> Self {
        let (rows, behind, generations) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { config, rows, behind, lags: false, generations, neglect }
    }

    /// All sessions, in the order of the ids.
    pub(crate) fn items(&self) -> Vec<(SessionId, &Session)> {
        self.rows.iter().map(|(id, row)| (*id, &row.session)).collect()
    }

    pub(crate) fn has(&self, id: SessionId) -> bool {
        self.rows.contains_key(&id)
    }

    pub(crate) fn keeps(&self, rule: Neglect) -> bool {
        self.neglect != Some(rule)
    }

    /// Brings the copy up to date.
    pub(crate) fn catch_up(&mut self) {
        self.behind.clone_from(&self.rows);
    }

    /// Lets the copy answer the next load, if this rule is neglected.
    pub(crate) fn lag_unless_kept(&mut self, rule: Neglect) {
        self.lags = !self.keeps(rule);
    }

    /// Carries out an ask.
    pub(crate) fn answer(&mut self, ask: Ask<'_>) -> Answer {
        match ask {
            Ask::Load { id } => {
                let lags = std::mem::take(&mut self.lags);
                let rows = if lags { &self.behind } else { &self.rows };
                Answer::Loaded(rows.get(&id).cloned())
            }
            // [driver-11]
            Ask::Generation { .. } if !self.keeps(Neglect::TellGeneration) => Answer::Generation(0),
            Ask::Generation { user } => Answer::Generation(self.generation(user)),
            Ask::Write(write) if self.carry_out(write) => Answer::Done,
            Ask::Write(_) => Answer::Conflict,
            Ask::Entropy | Ask::Commit | Ask::Abort => Answer::Done,
        }
    }

    /// How often this user's sessions were ended.
    pub(crate) fn generation(&self, user: &str) -> u64 {
        self.generations.get(user).copied().unwrap_or_default()
    }

    /// Whether nothing but an access was written since the session was loaded.
    // [driver-4]
    fn is_as_loaded(&self, id: &SessionId, write: &Write) -> bool {
        let revision = self.rows.get(id).map(|row| row.revision);
        revision.is_some() && revision == write.expected
    }

    /// Whether nothing at all was written: a visit in the meantime must keep the session.
    // [driver-5]
    fn may_be_discarded(&self, id: &SessionId, write: &Write) -> bool {
        let accessed = self.rows.get(id).map(|row| row.session.accessed());
        (self.is_as_loaded(id, write) || !self.keeps(Neglect::VersionOfDiscarded))
            && (accessed == write.accessed || !self.keeps(Neglect::AccessOfDiscarded))
    }

    // [driver-3]
    fn is_free(&self, id: &SessionId, user: Option<&SmolStr>, generation: Option<u64>) -> bool {
        let free = !self.rows.contains_key(id) || !self.keeps(Neglect::TakenId);
        let stored = user.map(|user| self.generation(user));
        free && (generation.is_none() || generation == stored || !self.keeps(Neglect::Generation))
    }

    /// Carries out the operation if its condition holds; says whether it did.
    fn carry_out(&mut self, write: &Write) -> bool {
        let same = |store: &Self, id: &SessionId| {
            store.is_as_loaded(id, write) || !store.keeps(Neglect::Version)
        };
        let revision = write.revision;
        match &write.op {
            StoreOp::Create { id, session, generation, discard_over: None } => {
                self.is_free(id, session.user(), *generation) && self.write(*id, session, revision)
            }
            // [driver-7]
            StoreOp::Touch { id, accessed } => self.touch(id, *accessed),
            StoreOp::Update { id, session } => {
                same(self, id) && {
                    let accessed = self.rows.get(id).map(|row| row.session.accessed());
                    self.write(*id, session, revision) && self.keep_access(id, accessed)
                }
            }
            // [driver-6] [driver-12]
            StoreOp::Rotate { from, to, session, generation } => {
                same(self, from) && self.is_free(to, session.user(), *generation) && {
                    let accessed = self.rows.remove(from).map(|row| row.session.accessed());
                    self.write(*to, session, revision) && self.keep_access(to, accessed)
                }
            }
            StoreOp::Discard { id } => {
                self.may_be_discarded(id, write) && self.delete(|row, _| row == id)
            }
            // [driver-14]
            StoreOp::Delete { id } => self.delete(|row, _| row == id),
            StoreOp::DeleteHandle { handle, user } => self.delete_handle(*handle, user.as_ref()),
            StoreOp::DeleteUser { user, except } => {
                // [driver-10]
                let spares = except.is_none_or(|id| self.is_as_loaded(&id, write));
                (spares || !self.keeps(Neglect::Spared)) && self.end(user, *except)
            }
            // [driver-13]
            StoreOp::DiscardOver { now } => {
                let (config, listed) = (self.config, self.listed());
                self.delete(|id, row| listed(id) && row.session.is_over(config, *now))
            }
            StoreOp::Create { discard_over: Some(_), .. } | StoreOp::Put { .. } => {
                panic!("a state of one request asks for no {write:?}")
            }
        }
    }

    // [driver-9]
    fn end(&mut self, user: &SmolStr, except: Option<SessionId>) -> bool {
        if self.keeps(Neglect::Count) {
            *self.generations.entry(user.clone()).or_default() += 1;
        }
        let listed = self.listed();
        self.delete(|id, row| listed(id) && row.session.user() == Some(user) && Some(*id) != except)
    }

    /// Whether a session is looked at. Normally all are, through the index of the store.
    fn listed(&self) -> impl Fn(&SessionId) -> bool + use<> {
        let behind = (!self.keeps(Neglect::Listing)).then(|| self.behind.clone());
        move |id| behind.as_ref().is_none_or(|behind| behind.contains_key(id))
    }

    fn delete_handle(&mut self, handle: Handle, user: Option<&SmolStr>) -> bool {
        let any = user.is_none() || !self.keeps(Neglect::Owner);
        self.delete(|_, row| {
            row.session.handle() == Some(handle) && (any || row.session.user() == user)
        })
    }

    fn delete(&mut self, wanted: impl Fn(&SessionId, &Stored) -> bool) -> bool {
        self.rows.retain(|id, row| !wanted(id, row));
        true
    }

    fn write(&mut self, id: SessionId, session: &Session, revision: Revision) -> bool {
        self.rows.insert(id, Stored { revision, session: session.clone() });
        true
    }

    fn keep_access(&mut self, id: &SessionId, accessed: Option<Timestamp>) -> bool {
        if self.keeps(Neglect::LaterAccess) {
            accessed.is_none_or(|accessed| self.touch(id, accessed))
        } else {
            true
        }
    }

    /// Notes an access, and nothing else: the revision stays.
    // [driver-8]
    fn touch(&mut self, id: &SessionId, accessed: Timestamp) -> bool {
        if let Some(row) = self.rows.get_mut(id) {
            row.session = row.session.clone().accessed_by(accessed);
        }
        true
    }
}
