//! A store in memory that makes the faults it is told to make, and notes what it was asked.

use std::collections::VecDeque;
use std::sync::Arc;

use quixote_session::driver::{Answer, Arrival, Ask, Call, Exchange, World, Write};
use quixote_session::{
    Config, CookieChange, CookieValue, EntropySource, SessionId, SmolStr, StoreOp, Timestamp,
};

use crate::store::Store;

/// What happens to one ask.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// It fails.
    Fails,
    /// It reports a conflict, although there was none.
    Conflict,
    /// It is carried out, but its answer is lost.
    LostAnswer,
    /// It is not carried out, and the answer is lost.
    LostWrite,
    /// It is carried out, its answer is lost, and then others act.
    LostAnswerThen(fn(&mut Shop)),
    /// Others act before it.
    After(fn(&mut Shop)),
    /// It is not carried out until the next ask has been answered.
    Late,
}

/// The store, the clock and the random source.
pub(crate) struct Shop {
    pub(crate) config: Arc<Config>,
    pub(crate) store: Store<'static>,
    pub(crate) now: Timestamp,
    entropy: EntropySource,
    /// The faults of the next asks, in order.
    pub(crate) faults: VecDeque<Fault>,
    /// What was asked, by name.
    pub(crate) asked: Vec<String>,
    pub(crate) waits: Vec<u64>,
    late: Option<Write>,
    turns: u32,
}

impl World for Shop {
    fn now(&mut self) -> Timestamp {
        self.now
    }

    fn carry_out(&mut self, ask: Ask<'_>, wait_ms: u64) -> Answer {
        self.turn();
        // This does not involve the store.
        if ask == Ask::Entropy {
            return Answer::Entropy(self.entropy.draw());
        }
        self.asked.push(name(ask).to_string());
        self.waits.push(wait_ms);
        let late = self.late.take();
        let answer = self.answer(ask);
        if let Some(write) = late {
            self.store.answer(Ask::Write(&write));
        }
        answer
    }
}

impl Shop {
    pub(crate) fn new() -> Self {
        static STRICT: Config = Config::STRICT;
        Self {
            config: Arc::new(Config::STRICT),
            store: Store::new(&STRICT, None),
            now: Timestamp(1_000_000_000_000),
            entropy: EntropySource::new([7; 32]),
            faults: VecDeque::new(),
            asked: Vec::new(),
            waits: Vec::new(),
            late: None,
            turns: 0,
        }
    }

    /// Counts the turns, so that an exchange that never ends fails its test.
    fn turn(&mut self) {
        self.turns += 1;
        assert!(self.turns < 10_000, "an exchange does not end");
    }

    fn answer(&mut self, ask: Ask<'_>) -> Answer {
        match self.faults.pop_front().unwrap_or(Fault::None) {
            Fault::None => self.store.answer(ask),
            Fault::Fails => Answer::Failed,
            Fault::Conflict => Answer::Conflict,
            Fault::LostWrite => Answer::Unknown,
            Fault::LostAnswer => {
                self.store.answer(ask);
                Answer::Unknown
            }
            Fault::LostAnswerThen(others) => {
                self.store.answer(ask);
                others(self);
                Answer::Unknown
            }
            Fault::After(others) => {
                others(self);
                self.store.answer(ask)
            }
            Fault::Late => {
                let Ask::Write(write) = ask else { panic!("only a write is late") };
                self.late = Some(write.clone());
                Answer::Unknown
            }
        }
    }

    /// An exchange of a request that has not started.
    pub(crate) fn exchange(&mut self) -> Exchange {
        Exchange::new(self.config.clone(), self.entropy.revision())
    }

    /// A request that has started.
    pub(crate) fn request(&mut self, cookie: Option<SessionId>) -> Exchange {
        let mut exchange = self.exchange();
        exchange.run(Call::start(arrival(cookie)), self).unwrap();
        exchange
    }

    /// A session of alice.
    pub(crate) fn log_in(&mut self) -> SessionId {
        self.log_in_as("alice")
    }

    pub(crate) fn log_in_as(&mut self, user: &str) -> SessionId {
        let mut login = self.request(None);
        login.run(Call::login(user), self).unwrap();
        login.run(Call::set("theme", "dark"), self).unwrap();
        let ending = login.run(Call::finish(), self).unwrap();
        let Some(CookieChange::Set(id)) = ending.cookie.map(|cookie| cookie.value) else {
            panic!("a login sets a cookie");
        };
        id
    }

    /// Carries out a call of another request with this cookie, without any fault.
    pub(crate) fn meanwhile(&mut self, id: SessionId, calls: &[Call<()>]) {
        let (faults, asked) = (std::mem::take(&mut self.faults), self.asked.clone());
        let mut other = self.request(Some(id));
        for call in calls {
            other.run(call.clone(), self).unwrap();
        }
        assert_eq!(other.run(Call::finish(), self).unwrap().failure, None);
        (self.faults, self.asked) = (faults, asked);
    }

    /// The only session that is stored.
    pub(crate) fn only(&self) -> SessionId {
        let [(id, _)] = self.store.items()[..] else { panic!("one session is stored") };
        id
    }

    pub(crate) fn value(&self, key: &str) -> Option<SmolStr> {
        let items = self.store.items();
        items.iter().find_map(|(_, session)| session.values().get(key).cloned())
    }

    /// What was asked since this was last called.
    pub(crate) fn asked(&mut self) -> String {
        std::mem::take(&mut self.asked).join(" ")
    }
}

pub(crate) fn arrival(cookie: Option<SessionId>) -> Arrival {
    Arrival { cookie: cookie.map(CookieValue::Id), ..Arrival::default() }
}

fn name(ask: Ask<'_>) -> &'static str {
    match ask {
        Ask::Load { .. } => "load",
        Ask::Generation { .. } => "generation",
        Ask::Entropy => "entropy",
        Ask::Commit => "commit",
        Ask::Abort => "abort",
        Ask::Write(write) => match write.op {
            StoreOp::Put { .. } => "put",
            StoreOp::Create { .. } => "create",
            StoreOp::Touch { .. } => "touch",
            StoreOp::Update { .. } => "update",
            StoreOp::Rotate { .. } => "rotate",
            StoreOp::Delete { .. } => "delete",
            StoreOp::DeleteHandle { .. } => "delete_handle",
            StoreOp::DeleteUser { .. } => "delete_user",
            StoreOp::Discard { .. } => "discard",
            StoreOp::DiscardOver { .. } => "discard_over",
        },
    }
}
