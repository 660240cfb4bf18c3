//! The shared store outside, which carries out an operation as the rules of the driver say.

use std::collections::BTreeMap;

use quixote_session::{Config, Handle, Session, SessionId, SmolStr, State, StoreOp, Timestamp};

/// A rule of the driver that is neglected: each is a fault that the comparison must notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Neglect {
    /// An `Update` or `Rotate` whatever was written meanwhile.
    Version,
    /// A `Discard` whatever was written meanwhile.
    VersionOfDiscarded,
    /// A `Discard` although the session was accessed meanwhile.
    AccessOfDiscarded,
    /// A `Create` or `Rotate` although the user's sessions were ended meanwhile.
    Generation,
    /// A `Create` or `Rotate` over what is stored.
    TakenId,
    /// `DeleteUser` does not count the user's generation up.
    Count,
    /// A `DeleteUser` that spares what was written meanwhile.
    Spared,
    /// `DeleteUser` and `DiscardOver` look at the sessions that were listed.
    Listing,
    /// A `DeleteHandle` for one user ends any user's session.
    Owner,
    /// An `Update` or `Rotate` forgets a later access.
    LaterAccess,
    /// The state is not told the generation of a user.
    TellGeneration,
    /// A refusal or an answer is final over a stale load.
    FreshLoad,
}

impl Neglect {
    pub(crate) const ALL: [Self; 12] = [
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
    ];
}

/// What stands under an id, and how often something but the access was written to it.
struct Row {
    version: u64,
    session: Session,
}

/// A state, and what it was told of the store: versions by id (None: nothing was stored), and the
/// generations of users.
#[derive(Clone, Default)]
pub(crate) struct View {
    pub(crate) state: State,
    versions: BTreeMap<SessionId, Option<u64>>,
    generations: BTreeMap<SmolStr, u64>,
}

/// A compare-and-set store.
pub(crate) struct Store<'a> {
    config: &'a Config,
    rows: BTreeMap<SessionId, Row>,
    generations: BTreeMap<SmolStr, u64>,
    writes: u64,
    pub(crate) neglect: Option<Neglect>,
}

impl<'a> Store<'a> {
    pub(crate) fn new(config: &'a Config, neglect: Option<Neglect>) -> Self {
        let (rows, generations) = (BTreeMap::new(), BTreeMap::new());
        Self { config, rows, generations, writes: 0, neglect }
    }

    /// All sessions, in the order of the ids.
    pub(crate) fn items(&self) -> Vec<(SessionId, &Session)> {
        self.rows.iter().map(|(id, row)| (*id, &row.session)).collect()
    }

    pub(crate) fn has(&self, id: SessionId) -> bool {
        self.rows.contains_key(&id)
    }

    fn generation(&self, user: &str) -> u64 {
        self.generations.get(user).copied().unwrap_or_default()
    }

    pub(crate) fn keeps(&self, rule: Neglect) -> bool {
        self.neglect != Some(rule)
    }

    fn version(&self, id: &SessionId) -> Option<u64> {
        self.rows.get(id).map(|row| row.version)
    }

    /// Whether nothing but an access was written since the state was told.
    // [driver-4]
    fn is_as_told(&self, id: &SessionId, view: &View) -> bool {
        let version = self.version(id);
        version.is_some() && view.versions.get(id) == Some(&version)
    }

    fn is_as_accessed(&self, id: &SessionId, view: &View) -> bool {
        let stored = self.rows.get(id).map(|row| row.session.accessed());
        stored == view.state.get(id).map(Session::accessed)
    }

    /// Whether nothing at all was written: who visits a session meanwhile is not to lose it.
    fn may_be_discarded(&self, id: &SessionId, view: &View) -> bool {
        (self.is_as_told(id, view) || !self.keeps(Neglect::VersionOfDiscarded))
            && (self.is_as_accessed(id, view) || !self.keeps(Neglect::AccessOfDiscarded))
    }

    // [driver-3]
    fn is_free(&self, id: &SessionId, user: Option<&SmolStr>, generation: Option<u64>) -> bool {
        let free = !self.rows.contains_key(id) || !self.keeps(Neglect::TakenId);
        let stored = user.map(|user| self.generation(user));
        free && (generation.is_none() || generation == stored || !self.keeps(Neglect::Generation))
    }

    /// Carries out `op` if its condition holds; says whether it did.
    pub(crate) fn carry_out(&mut self, op: &StoreOp, view: &View) -> bool {
        let same = |store: &Self, id: &SessionId| {
            store.is_as_told(id, view) || !store.keeps(Neglect::Version)
        };
        match op {
            StoreOp::Create { id, session, generation, discard_over: None } => {
                self.is_free(id, session.user(), *generation) && self.write(*id, session)
            }
            // [driver-20]
            StoreOp::Touch { id, accessed } => self.touch(id, *accessed),
            StoreOp::Update { id, session } => {
                same(self, id) && {
                    let accessed = self.rows.get(id).map(|row| row.session.accessed());
                    self.write(*id, session) && self.keep_access(id, accessed)
                }
            }
            // [driver-5] [driver-6]
            StoreOp::Rotate { from, to, session, generation } => {
                same(self, from) && self.is_free(to, session.user(), *generation) && {
                    let accessed = self.rows.remove(from).map(|row| row.session.accessed());
                    self.write(*to, session) && self.keep_access(to, accessed)
                }
            }
            StoreOp::Discard { id } => {
                self.may_be_discarded(id, view) && self.delete(|row, _| row == id)
            }
            // [driver-8]
            StoreOp::Delete { id } => self.delete(|row, _| row == id),
            StoreOp::DeleteHandle { handle, user } => self.delete_handle(*handle, user.as_ref()),
            StoreOp::DeleteUser { user, except } => {
                // [driver-21]
                let spares = except.is_none_or(|id| self.is_as_told(&id, view));
                (spares || !self.keeps(Neglect::Spared)) && self.end(user, *except, view)
            }
            // [driver-7]
            StoreOp::DiscardOver { now } => {
                let (config, listed) = (self.config, self.listed(view));
                self.delete(|id, row| listed(id) && row.session.is_over(config, *now))
            }
            StoreOp::Create { discard_over: Some(_), .. } | StoreOp::Put { .. } => {
                panic!("a state of one request asks for no {op:?}")
            }
        }
    }

    // [driver-18]
    fn end(&mut self, user: &SmolStr, except: Option<SessionId>, view: &View) -> bool {
        if self.keeps(Neglect::Count) {
            *self.generations.entry(user.clone()).or_default() += 1;
        }
        let listed = self.listed(view);
        self.delete(|id, row| listed(id) && row.session.user() == Some(user) && Some(*id) != except)
    }

    /// Whether a session is looked at: all are, by the index of the store.
    fn listed<'t>(&self, view: &'t View) -> impl Fn(&SessionId) -> bool + use<'t> {
        let all = self.keeps(Neglect::Listing);
        move |id| all || view.versions.contains_key(id)
    }

    fn delete_handle(&mut self, handle: Handle, user: Option<&SmolStr>) -> bool {
        let any = user.is_none() || !self.keeps(Neglect::Owner);
        self.delete(|_, row| {
            row.session.handle() == Some(handle) && (any || row.session.user() == user)
        })
    }

    fn delete(&mut self, wanted: impl Fn(&SessionId, &Row) -> bool) -> bool {
        self.rows.retain(|id, row| !wanted(id, row));
        true
    }

    fn write(&mut self, id: SessionId, session: &Session) -> bool {
        self.writes += 1;
        self.rows.insert(id, Row { version: self.writes, session: session.clone() });
        true
    }

    fn keep_access(&mut self, id: &SessionId, accessed: Option<Timestamp>) -> bool {
        if self.keeps(Neglect::LaterAccess) {
            accessed.is_none_or(|accessed| self.touch(id, accessed))
        } else {
            true
        }
    }

    /// Notes an access, and nothing else: no version changes.
    fn touch(&mut self, id: &SessionId, accessed: Timestamp) -> bool {
        if let Some(row) = self.rows.get_mut(id) {
            row.session = row.session.clone().accessed_by(accessed);
        }
        true
    }
}

impl View {
    /// A state of its own for what stands under one id, if there is one.
    pub(crate) fn of(store: &Store<'_>, ids: impl IntoIterator<Item = SessionId>) -> Self {
        let mut view = Self::default();
        view.load(store, ids);
        view
    }

    /// Of what this view was told, what it was told of one id.
    pub(crate) fn only(&self, id: Option<SessionId>) -> Self {
        let session = |id| self.state.get(&id).cloned();
        let state = id.map(|id| State::new().with_stored(id, session(id)));
        let versions = id.map(|id| (id, self.versions.get(&id).copied().flatten()));
        Self {
            state: state.unwrap_or_default(),
            versions: versions.into_iter().collect(),
            generations: BTreeMap::new(),
        }
    }

    pub(crate) fn was_told(&self, id: SessionId) -> bool {
        self.versions.contains_key(&id)
    }

    /// Tells the state what stands under these ids. Requests are left alone.
    pub(crate) fn load(&mut self, store: &Store<'_>, ids: impl IntoIterator<Item = SessionId>) {
        for id in ids {
            let session = store.rows.get(&id).map(|row| row.session.clone());
            self.state = std::mem::take(&mut self.state).with_stored(id, session);
            self.versions.insert(id, store.version(&id));
        }
    }

    /// Tells the state how often the sessions of a user were ended.
    // [driver-19]
    pub(crate) fn tell(&mut self, store: &Store<'_>, user: SmolStr) {
        if store.keeps(Neglect::TellGeneration) {
            let generation = store.generation(&user);
            self.state = std::mem::take(&mut self.state).with_generation(user.clone(), generation);
            self.generations.insert(user, generation);
        }
    }

    /// Tells it all anew.
    pub(crate) fn reload(&mut self, store: &Store<'_>) {
        self.load(store, self.versions.keys().copied().collect::<Vec<_>>());
        for user in self.generations.keys().cloned().collect::<Vec<_>>() {
            self.tell(store, user);
        }
    }

    pub(crate) fn is_fresh(&self, store: &Store<'_>) -> bool {
        let same = |(id, version): (&SessionId, &Option<u64>)| {
            store.version(id) == *version && store.is_as_accessed(id, self)
        };
        self.versions.iter().all(same) && self.knows_generations(store)
    }

    pub(crate) fn knows_generations(&self, store: &Store<'_>) -> bool {
        self.generations.iter().all(|(user, told)| store.generation(user) == *told)
    }

    /// Takes in a step that was carried out: what it wrote is known.
    pub(crate) fn take_in(&mut self, after: State, store: &Store<'_>, op: Option<&StoreOp>) {
        self.state = after;
        let Some(op) = op else { return };
        for (id, version) in &mut self.versions {
            if self.state.get(id).is_none() {
                *version = None;
            } else if op.ids().any(|own| own == *id) {
                *version = store.version(id);
            }
        }
        if let StoreOp::DeleteUser { user, .. } = op
            && let Some(told) = self.generations.get_mut(user)
        {
            *told = store.generation(user);
        }
    }
}
