//! An exchange, its calls, and what goes wrong with them.

use std::sync::Arc;

use quixote_session::driver::{Answer, Ask, Call, Exchange, Failure, Revision, Said};
use quixote_session::{
    Config, Entropy, Event, Input, RequestEvent, SessionId, StoreOp, Transaction, Width,
};

use super::store::{Neglect, Store};

/// The most that a call is tried.
const MOST_TRIES: u32 = 8;

/// What happens at the first write of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Meddling {
    None,
    /// It is carried out, and nobody hears of it.
    LostAnswer,
    /// It is not carried out, and nobody hears of that.
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
        // No two exchanges name a revision alike.
        let exchange = Exchange::new(config.clone(), Revision(number << 16));
        let exchange = exchange.with_most_tries(MOST_TRIES);
        Self { exchange, config: config.clone(), has_logged_in: false, id: None }
    }
}

/// A call that was sent, and what came of it.
pub(super) struct Sent {
    pub(super) actor: Actor,
    pub(super) input: Input,
    pub(super) outcome: Result<Said, Failure>,
    pub(super) transaction: Option<Transaction>,
    /// Races lost.
    pub(super) lost: u32,
    /// Whether nobody heard of a write.
    pub(super) in_doubt: bool,
    /// For the next step that draws.
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

    /// Runs it to its end, or to where it is to pause: then the answer is false.
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

    /// A visit is noted in the session under the id that it came with: where that has moved in
    /// between, it is not. The rules leave open what ends in the moment in which it ends others.
    /// And who ends the others after a login has to log in again if nobody knows whether that was
    /// done.
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
            // That a condition did not hold is as unknown as that it did.
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
