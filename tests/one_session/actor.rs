//! An exchange, its calls, and what goes wrong with them.

use std::sync::Arc;

use quixote_session::driver::{Answer, Ask, Call, Exchange, Failure, Revision, Said};
use quixote_session::{
    Config, Entropy, Event, Input, RequestEvent, SessionId, StoreOp, Transaction, Width,
};

use super::store::{Neglect, Store};

/// How often a call is tried at most.
const MOST_TRIES: u32 = 8;

/// What happens at the first write of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meddling {
    None,
    /// It is carried out, but its answer is lost.
    LostAnswer,
    /// It is not carried out, and the answer is lost.
    LostWrite,
    /// It fails.
    Failure,
    /// Another call comes first.
    Pause,
}

impl Meddling {
    /// Mostly nothing.
    pub(super) const fn of(choice: u8) -> Self {
        match choice {
            9 => Self::LostAnswer,
            10 => Self::LostWrite,
            11 => Self::Failure,
            12.. => Self::Pause,
            _ => Self::None,
        }
    }

    pub(super) fn without_pause(self) -> Self {
        if self == Self::Pause { Self::None } else { self }
    }
}

/// A request or the manager.
pub(super) struct Actor {
    exchange: Exchange,
    config: Arc<Config>,
    has_logged_in: bool,
    /// The session that its cookie names.
    pub(super) id: Option<SessionId>,
}

impl Actor {
    pub(super) fn new(config: &Arc<Config>, number: u64) -> Self {
        // No two exchanges use the same revision.
        let exchange = Exchange::new(config.clone(), Revision(number << 16));
        let exchange = exchange.with_most_tries(MOST_TRIES);
        Self { exchange, config: config.clone(), has_logged_in: false, id: None }
    }
}

/// A call that was sent, and its outcome.
pub(super) struct Sent {
    pub(super) actor: Actor,
    pub(super) input: Input,
    pub(super) outcome: Result<Said, Failure>,
    pub(super) transaction: Option<Transaction>,
    /// How many races it lost.
    pub(super) lost: u32,
    /// Whether the outcome of a write is unknown.
    pub(super) in_doubt: bool,
    /// The entropy of the next step that draws.
    entropy: Entropy,
}

impl Sent {
    pub(super) fn begin(mut actor: Actor, input: Input) -> Self {
        actor.exchange.begin(&call(&input.event), input.now);
        if let Event::Request { event: RequestEvent::SetUser { user: Some(_) }, .. } = &input.event
        {
            actor.has_logged_in = true;
        }
        if let Event::StartRequest { cookie: Some(cookie), .. } = &input.event {
            actor.id = cookie.session_id();
        }
        let (outcome, transaction, entropy) = (Err(Failure::Unknown), None, input.entropy);
        Self { actor, input, outcome, transaction, lost: 0, in_doubt: false, entropy }
    }

    /// Runs the call to its end, or to the place where it must pause; then it returns false.
    pub(super) fn run(&mut self, store: &mut Store<'_>, meddling: Meddling) -> bool {
        let mut meddling = Some(meddling);
        while let Some(ask) = self.actor.exchange.ask() {
            match ask {
                Ask::Commit => self.transaction = Some(Transaction::Commit),
                Ask::Abort => self.transaction = Some(Transaction::Abort),
                Ask::Load { .. } | Ask::Generation { .. } | Ask::Write(_) | Ask::Entropy => {}
            }
            let meddling = if let Ask::Write(_) = ask { meddling.take() } else { None };
            let meddling = meddling.filter(|meddling| self.allows(*meddling, ask));
            if meddling == Some(Meddling::Pause) {
                return false;
            }
            let answer = match ask {
                Ask::Entropy => Answer::Entropy(self.entropy),
                _ => meddled(store, ask, meddling.unwrap_or(Meddling::None)),
            };
            self.in_doubt |= answer == Answer::Unknown;
            if answer == Answer::Conflict {
                self.lost += 1;
                self.draw_again(store);
            }
            self.actor.exchange.answer(answer, self.input.now);
        }
        self.outcome = self.actor.exchange.result(call(&self.input.event));
        true
    }

    /// Whether this may happen at this ask. Some cases are left out. A visit is noted under the id
    /// that it came with, so it is not noted if the session has moved in between. The rules leave
    /// open what happens to a session that is ended in the moment in which it ends others. And
    /// after a login, a user who ends the other sessions must log in again if the outcome of that
    /// is unknown.
    fn allows(&self, meddling: Meddling, ask: Ask<'_>) -> bool {
        let Ask::Write(write) = ask else { return false };
        let ends_others = matches!(
            &self.input.event,
            Event::Request {
                event: RequestEvent::ExpireOtherSessions | RequestEvent::ExpireHandle { .. },
                ..
            }
        );
        match (meddling, &write.op) {
            (Meddling::Pause, StoreOp::DeleteUser { except: Some(_), .. }) => {
                !self.actor.has_logged_in
            }
            (Meddling::Pause, _) if ends_others => false,
            (Meddling::Pause, StoreOp::Touch { .. }) => false,
            (Meddling::LostAnswer, StoreOp::DeleteUser { .. }) => !self.actor.has_logged_in,
            _ => true,
        }
    }

    /// Fresh entropy after a collision of ids: what the whole state would have drawn next.
    fn draw_again(&mut self, store: &Store<'_>) {
        let Some(Ask::Write(write)) = self.actor.exchange.ask() else { return };
        if let StoreOp::Create { id, .. } | StoreOp::Rotate { to: id, .. } = &write.op
            && store.has(*id)
        {
            self.entropy = next_draw(&self.entropy, self.actor.config.width);
        }
    }
}

fn call(event: &Event) -> Call<Said> {
    Call::any(event.clone())
}

fn meddled(store: &mut Store<'_>, ask: Ask<'_>, meddling: Meddling) -> Answer {
    match meddling {
        Meddling::None | Meddling::Pause => store.answer(ask),
        Meddling::LostWrite => Answer::Unknown,
        Meddling::Failure => Answer::Failed,
        Meddling::LostAnswer => {
            if !store.keeps(Neglect::ReadBack) {
                store.catch_up();
            }
            let done = store.answer(ask);
            store.lag_unless_kept(Neglect::ReadBack);
            // A condition that did not hold is as unknown as one that did.
            if done == Answer::Failed { done } else { Answer::Unknown }
        }
    }
}

fn next_draw(entropy: &Entropy, width: Width) -> Entropy {
    let mut bytes = [0; Entropy::BYTES];
    bytes.copy_from_slice(entropy.bytes());
    bytes[..Entropy::HALF].rotate_left(width.bytes());
    Entropy::from_bytes(bytes)
}
