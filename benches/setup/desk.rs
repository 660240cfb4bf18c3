//! A store in memory, and the requests of one visitor, each through an exchange of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use quixote_session::driver::{Answer, Arrival, Ask, Call, Exchange, Stored, World};
use quixote_session::{
    Config, CookieChange, CookieValue, EntropySource, SessionId, StoreOp, Timestamp,
};

pub(crate) struct Desk {
    config: Arc<Config>,
    entropy: EntropySource,
    rows: BTreeMap<SessionId, Stored>,
    /// What the visitor's cookie holds.
    cookie: Option<CookieValue>,
}

impl World for Desk {
    fn now(&mut self) -> Timestamp {
        Timestamp(1_000_000)
    }

    fn carry_out(&mut self, ask: Ask<'_>, _: u64) -> Answer {
        match ask {
            Ask::Load { id } => Answer::Loaded(self.rows.get(&id).cloned()),
            Ask::Generation { .. } => Answer::Generation(0),
            Ask::Entropy => Answer::Entropy(self.entropy.draw()),
            Ask::Write(write) => {
                if let StoreOp::Rotate { from, .. } = &write.op {
                    self.rows.remove(from);
                }
                if let StoreOp::Create { id, session, .. }
                | StoreOp::Rotate { to: id, session, .. }
                | StoreOp::Update { id, session } = &write.op
                {
                    let (revision, session) = (write.revision, (**session).clone());
                    self.rows.insert(*id, Stored { revision, session });
                }
                Answer::Done
            }
            Ask::Commit | Ask::Abort => Answer::Done,
        }
    }
}

impl Desk {
    /// With the session of a visitor who has logged in.
    pub(crate) fn new() -> Self {
        let (config, entropy) = (Arc::new(Config::STRICT), EntropySource::new([7; 32]));
        let mut desk = Self { config, entropy, rows: BTreeMap::new(), cookie: None };
        desk.serve(&[Call::login("alice")]);
        desk
    }

    /// A request with these calls; whether all went well.
    pub(crate) fn serve(&mut self, calls: &[Call<()>]) -> bool {
        let mut exchange = Exchange::new(self.config.clone(), self.entropy.revision());
        let arrival = Arrival { cookie: self.cookie.clone(), ..Arrival::default() };
        let started = exchange.run(Call::start(arrival), self).is_ok();
        let called = calls.iter().all(|call| exchange.run(call.clone(), self).is_ok());
        let Ok(ending) = exchange.run(Call::finish(), self) else { return false };
        if let Some(CookieChange::Set(id)) = ending.cookie.map(|cookie| cookie.value) {
            self.cookie = Some(CookieValue::Id(id));
        }
        started && called && ending.failure.is_none()
    }
}
