//! Prints an exchange, what it asks, and what it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use quixote_session::driver::{Answer, Arrival, Ask, Call, Exchange, Said, Stored};
use quixote_session::{
    Config, CookieChange, CookieValue, Entropy, EntropySource, Event, Outcome, RequestEvent,
    RequestId, SessionId, SessionParts, StoreOp, Timestamp,
};

/// The types that are printed here.
pub(super) const TYPES: [&str; 10] = [
    "Answer",
    "Arrival",
    "Ask",
    "Call",
    "Ending",
    "Exchange",
    "Said",
    "SessionParts",
    "Stored",
    "Write",
];

const NOW: Timestamp = Timestamp(1_000_000);

/// A store to which nobody else writes, and everything that is shown.
struct Run<'a> {
    rows: BTreeMap<SessionId, Stored>,
    entropy: EntropySource,
    secrets: BTreeSet<Vec<u8>>,
    show: &'a mut dyn FnMut(&'static str, &dyn Debug),
}

impl Run<'_> {
    fn draw(&mut self) -> Entropy {
        let entropy = self.entropy.draw();
        self.secrets.extend(entropy.bytes().chunks_exact(16).map(<[u8]>::to_vec));
        entropy
    }

    fn answer(&mut self, ask: Ask<'_>) -> Answer {
        (self.show)("Ask", &ask);
        match ask {
            Ask::Load { id } => Answer::Loaded(self.rows.get(&id).cloned()),
            Ask::Generation { .. } => Answer::Generation(0),
            Ask::Write(write) => {
                (self.show)("Write", write);
                if let StoreOp::Rotate { from, .. } = &write.op {
                    self.rows.remove(from);
                }
                if let StoreOp::Create { id, session, .. }
                | StoreOp::Update { id, session }
                | StoreOp::Rotate { to: id, session, .. } = &write.op
                {
                    (self.show)("SessionParts", &SessionParts::from((**session).clone()));
                    let row = Stored { revision: write.revision, session: (**session).clone() };
                    (self.show)("Stored", &row);
                    self.rows.insert(*id, row);
                }
                Answer::Done
            }
            Ask::Entropy => Answer::Entropy(self.draw()),
            Ask::Commit | Ask::Abort => Answer::Done,
        }
    }

    fn call(&mut self, exchange: &mut Exchange, event: Event) -> Said {
        let call = Call::any(event);
        (self.show)("Call", &call);
        exchange.begin(&call, NOW);
        while let Some(ask) = exchange.ask() {
            let answer = self.answer(ask);
            (self.show)("Answer", &answer);
            (self.show)("Exchange", exchange);
            exchange.answer(answer, NOW);
        }
        let said = exchange.result(call).unwrap();
        (self.show)("Said", &said);
        (self.show)("Ending", &said.ending);
        said
    }
}

/// Two requests: a login, and one that creates a token and moves the session. Returns every secret
/// that was drawn.
pub(super) fn run(show: &mut dyn FnMut(&'static str, &dyn Debug)) -> BTreeSet<Vec<u8>> {
    let config = Arc::new(Config::STRICT);
    let (rows, secrets) = (BTreeMap::new(), BTreeSet::new());
    let mut run = Run { rows, entropy: EntropySource::new([3; 32]), secrets, show };
    let mut cookie = None;
    for event in [RequestEvent::SetUser { user: Some("alice".into()) }, RequestEvent::RenewSession]
    {
        let arrival = Arrival { cookie: cookie.map(CookieValue::Id), ..Arrival::default() };
        (run.show)("Arrival", &arrival);
        let mut exchange = Exchange::new(config.clone(), run.entropy.revision());
        let start = Call::start(arrival).event().clone();
        let finish = RequestEvent::FinishRequest { outcome: Outcome::Successful };
        run.call(&mut exchange, start);
        for event in [event, RequestEvent::CreateFormToken] {
            run.call(&mut exchange, event.of(RequestId(1)));
        }
        let said = run.call(&mut exchange, finish.of(RequestId(1)));
        let Some(CookieChange::Set(id)) = said.ending.cookie.map(|cookie| cookie.value) else {
            panic!("the session moves");
        };
        cookie = Some(id);
    }
    run.secrets
}
