//! The exchange itself: its calls, and the steps that they take.

mod loads;
mod writes;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::{fmt, mem};

use smol_str::SmolStr;

use super::ask::{Answer, Ask, Revision, World};
use super::call::{Call, Ending, Failure, FromSaid, REQUEST, Said};
use super::rests::{
    asks_nothing, draws, loads_first, logs_in, refusal_rests_on_load, rests_on_load,
};
use super::turn::{Known, Turn, Waits};
use crate::config::Config;
use crate::effect::{Effects, Refusal, Reply, Transaction};
use crate::event::{Event, ManagerEvent, Outcome, RequestEvent};
use crate::presented::CookieValue;
use crate::session::SessionRef;
use crate::state::{Save, State};
use crate::step::step_with;
use crate::time::Timestamp;

/// Runs one request, or calls of the manager, over a store outside the process. The
/// [module](super) has an example. Give calls of the manager an exchange of their own, even if a
/// request makes them: an exchange remembers the id of one session.
///
/// It is for [`Config::STRICT`] and configurations made from it. Under copying, it behaves as
/// Quixote does over a shared mapping: it checks no conditions. Live cannot be shared.
// [driver-18]
pub struct Exchange {
    config: Arc<Config>,
    state: State,
    known: Option<Known>,
    /// The user who has logged in during this request.
    login: Option<SmolStr>,
    /// The revision of the next write.
    next: Revision,
    most_tries: u32,
    turn: Option<Box<Turn>>,
    outcome: Option<Result<Said, Failure>>,
}

impl Exchange {
    /// How often a call is tried before it fails as [`Failure::Busy`], unless you choose another
    /// bound. Whenever a try lost a race, another request won it.
    pub const MOST_TRIES: u32 = 64;

    /// The longest wait that [`wait_ms`](Self::wait_ms) asks for.
    pub const LONGEST_WAIT_MS: u64 = 64;

    /// An exchange for a request that has not started. Its writes get this revision and those that
    /// follow it, so it must be random, as `EntropySource::revision` is.
    #[must_use]
    pub const fn new(config: Arc<Config>, first: Revision) -> Self {
        Self {
            config,
            state: State::new(),
            known: None,
            login: None,
            next: first,
            most_tries: Self::MOST_TRIES,
            turn: None,
            outcome: None,
        }
    }

    /// Sets how often one call is tried, at least once.
    // [driver-20]
    #[must_use]
    pub fn with_most_tries(mut self, most: u32) -> Self {
        self.most_tries = most.max(1);
        self
    }

    /// The session that the request holds, including its own changes. None before the start, after
    /// the end, and after a logout.
    #[must_use]
    pub fn session(&self) -> Option<SessionRef<'_>> {
        self.state.session(REQUEST)
    }

    /// Whether the request has started and not ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.state.is_open(REQUEST)
    }

    /// What to do next; None once the call has its result.
    #[must_use]
    pub fn ask(&self) -> Option<Ask<'_>> {
        let turn = self.turn.as_ref()?;
        Some(match &turn.waits {
            Waits::Session => Ask::Load { id: self.known?.id },
            Waits::Generation => Ask::Generation { user: self.login_of(turn)? },
            Waits::Entropy => Ask::Entropy,
            Waits::Write(attempt) => Ask::Write(&attempt.write),
            Waits::ReadingBack => Ask::Load { id: turn.doubtful.as_ref()?.looks_for()? },
            Waits::Transaction(Transaction::Commit, _) => Ask::Commit,
            Waits::Transaction(Transaction::Abort, _) => Ask::Abort,
        })
    }

    /// A hint: how many milliseconds to wait before doing what is asked. It is 0 unless the call
    /// has lost races. The waits grow, and differ between exchanges, so that many writers of one
    /// session get out of each other's way.
    #[must_use]
    pub fn wait_ms(&self) -> u64 {
        let tries = self.turn.as_ref().map_or(0, |turn| turn.tries);
        let Some(doublings) = tries.checked_sub(2) else { return 0 };
        let longest = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX).min(Self::LONGEST_WAIT_MS);
        self.next
            .0
            .rotate_left(tries.wrapping_mul(7))
            .checked_rem(longest)
            .map_or(0, |ms| ms.saturating_add(1))
    }

    /// Runs one call to its result, blocking.
    ///
    /// # Errors
    ///
    /// Why the call failed: see [`Failure`].
    pub fn run<T: FromSaid>(
        &mut self,
        call: Call<T>,
        world: &mut impl World,
    ) -> Result<T, Failure> {
        self.begin(&call, world.now());
        while let Some(ask) = self.ask() {
            let answer = world.carry_out(ask, self.wait_ms());
            self.answer(answer, world.now());
        }
        self.result(call)
    }

    /// Begins a call. If another call was left half way, it is given up. If that call was waiting
    /// for a write, which may have been carried out, the request is abandoned, and a further call
    /// of the request fails as [`Failure::Unknown`].
    pub fn begin<T>(&mut self, call: &Call<T>, now: Timestamp) {
        let left = self.turn.take();
        if left.is_some_and(|turn| turn.in_doubt || matches!(turn.waits, Waits::Write(_))) {
            self.abandon();
            if let Event::Request { .. } = call.event {
                self.outcome = Some(Err(Failure::Unknown));
                return;
            }
        }
        self.outcome = None;
        let event = call.event.clone();
        self.meet(&event);
        let turn = Box::new(Turn {
            event,
            now,
            entropy: None,
            is_fresh: false,
            tries: 0,
            unsaved: None,
            doubtful: None,
            in_doubt: false,
            waits: Waits::Entropy,
        });
        if logs_in(&turn.event).is_some() {
            // [driver-11] [driver-24]
            match call.generation {
                Some(generation) => self.told(turn, generation),
                None => self.load_generation(turn),
            }
        } else if loads_first(&turn.event) {
            self.load(turn);
        } else {
            self.step(turn);
        }
    }

    /// Takes the answer to what was asked. An answer to another question counts as a failure of the
    /// store. An answer is ignored if nothing was asked.
    pub fn answer(&mut self, answer: Answer, now: Timestamp) {
        let Some(mut turn) = self.turn.take() else { return };
        turn.now = now;
        let waits = mem::replace(&mut turn.waits, Waits::Entropy);
        match (waits, answer) {
            (Waits::Session, Answer::Loaded(found)) => self.loaded(turn, found),
            (Waits::Generation, Answer::Generation(generation)) => self.told(turn, generation),
            (Waits::Entropy, Answer::Entropy(entropy)) => {
                turn.entropy = Some(entropy);
                self.step(turn);
            }
            (Waits::Write(attempt), answer) => self.wrote(turn, attempt, &answer),
            (Waits::ReadingBack, Answer::Loaded(found)) => self.read_back(turn, found.as_ref()),
            // The store could not be read, so the write is still in doubt: look again.
            (Waits::ReadingBack, _) => self.look(turn),
            (Waits::Transaction(transaction, mut said), answer) => {
                let failed = match answer {
                    Answer::Done | Answer::Committed => None,
                    Answer::Loaded(_)
                    | Answer::Generation(_)
                    | Answer::Entropy(_)
                    | Answer::Conflict
                    | Answer::Failed
                    | Answer::Unknown => Some(Failure::Commit),
                };
                // A rollback that fails is no failure: what is not committed is rolled back anyway.
                let failed = failed.filter(|_| transaction == Transaction::Commit);
                said.ending.failure = said.ending.failure.or(failed);
                self.outcome = Some(Ok(said));
            }
            // If the session of the cookie cannot be read, never begin a new one in its place.
            (Waits::Session | Waits::Generation | Waits::Entropy, _) => self.fail_store(&turn),
        }
    }

    /// The result of the call, once nothing more is asked. A call that was left half way fails as
    /// [`Failure::Unknown`].
    ///
    /// # Errors
    ///
    /// Why the call failed: see [`Failure`].
    pub fn result<T: FromSaid>(&mut self, _call: Call<T>) -> Result<T, Failure> {
        if self.turn.take().is_some() {
            self.abandon();
        }
        let said = self.outcome.take().unwrap_or(Err(Failure::Unknown))?;
        T::from_said(said).ok_or(Failure::Unknown)
    }

    /// Notes the id that the event names.
    fn meet(&mut self, event: &Event) {
        match event {
            Event::StartRequest { cookie, .. } if !self.is_open() => {
                let id = cookie.as_ref().and_then(CookieValue::session_id);
                self.known = id.map(Known::only_id);
            }
            Event::Manager(ManagerEvent::DeleteSession { id }) => {
                self.known = Some(Known::only_id(*id));
            }
            Event::StartRequest { .. } | Event::Request { .. } | Event::Manager(_) => {}
        }
    }

    /// Whose generation the turn rests on: the user who logs in by it, or has logged in before.
    fn login_of<'a>(&'a self, turn: &'a Turn) -> Option<&'a SmolStr> {
        logs_in(&turn.event).or(self.login.as_ref())
    }

    fn wait(&mut self, mut turn: Box<Turn>, waits: Waits) {
        turn.waits = waits;
        self.turn = Some(turn);
    }

    /// Steps the machine, and checks what the step rests on before the new state is kept.
    fn step(&mut self, mut turn: Box<Turn>) {
        let save = match &turn.event {
            Event::Request { event: RequestEvent::FinishRequest { .. }, .. } => {
                self.state.foretold_save(REQUEST)
            }
            Event::StartRequest { .. } | Event::Request { .. } | Event::Manager(_) => Save::Any,
        };
        if turn.entropy.is_none() && draws(&turn.event, save) {
            return self.wait(turn, Waits::Entropy);
        }
        let entropy = turn.entropy.take();
        let state = self.take_or_copy(&turn.event, save);
        let (after, mut effects) =
            step_with(&self.config, state, turn.now, entropy.as_ref(), &turn.event);
        if let Reply::Refused(why) = effects.reply {
            // After a refusal, it is the state before the step.
            self.state = after;
            return self.refused(turn, why, entropy.is_some());
        }
        if !turn.is_fresh && rests_on_load(&turn.event, &effects, self.login.is_some()) {
            return self.load(turn);
        }
        if let Some(op) = effects.store.take() {
            self.write(turn, after, effects, op);
        } else {
            self.state = after;
            if let Some(user) = logs_in(&turn.event) {
                self.login = Some(user.clone());
            }
            self.end(turn, effects);
        }
    }

    fn refused(&mut self, mut turn: Box<Turn>, why: Refusal, had_entropy: bool) {
        if why == Refusal::EntropyUsedUp {
            turn.tries = turn.tries.saturating_add(had_entropy.into());
        }
        if why == Refusal::EntropyUsedUp && turn.tries < self.most_tries {
            self.wait(turn, Waits::Entropy);
        } else if !turn.is_fresh && refusal_rests_on_load(why) {
            self.load(turn);
        } else {
            self.give_up(turn, Failure::Refused(why));
        }
    }

    /// The state for the step: usually a copy, so that the exchange can go back to the old state.
    /// No copy is needed if the step asks nothing of the store and does not rest on an older load,
    /// or if all that it starts from is loaded again.
    fn take_or_copy(&mut self, event: &Event, save: Save) -> State {
        let for_good = match event {
            Event::StartRequest { .. } => !self.is_open(),
            Event::Request { event: RequestEvent::FinishRequest { .. }, .. } => {
                self.login.is_none() && save == Save::Nothing
            }
            Event::Request { event, .. } => asks_nothing(event),
            Event::Manager(_) => false,
        };
        if for_good { mem::take(&mut self.state) } else { self.state.clone() }
    }

    /// What follows the store: the transaction, the cookie, the answer.
    // [driver-1]
    fn end(&mut self, turn: Box<Turn>, effects: Effects) {
        let Effects { transaction, cookie, reply, .. } = effects;
        let said = Said { reply, ending: Ending { failure: turn.unsaved, cookie } };
        match transaction {
            Some(transaction) => self.wait(turn, Waits::Transaction(transaction, said)),
            None => self.outcome = Some(Ok(said)),
        }
    }

    /// The call has failed. A request that could not be saved ends as a failed one, which asks
    /// nothing of the store.
    // [driver-19]
    fn give_up(&mut self, mut turn: Box<Turn>, why: Failure) {
        // To answer that nothing happened could be false.
        if turn.in_doubt {
            return self.fail(Failure::Unknown);
        }
        let saves = match &turn.event {
            Event::Request { event: RequestEvent::FinishRequest { outcome }, .. } => {
                outcome.saves()
            }
            Event::StartRequest { .. } | Event::Request { .. } | Event::Manager(_) => false,
        };
        if saves {
            let event = RequestEvent::FinishRequest { outcome: Outcome::Failed }.of(REQUEST);
            (turn.event, turn.unsaved, turn.tries) = (event, Some(why), 0);
            self.step(turn);
        } else {
            self.outcome = Some(Err(why));
        }
    }

    /// The store failed: the request is abandoned, which sends no cookie. Its state is dropped, so
    /// it need not be told what is stored.
    // [driver-21] [driver-22] [driver-23]
    fn fail(&mut self, why: Failure) {
        self.abandon();
        self.outcome = Some(Err(why));
    }

    fn fail_store(&mut self, turn: &Turn) {
        self.fail(if turn.in_doubt { Failure::Unknown } else { Failure::Store });
    }

    fn abandon(&mut self) {
        (self.state, self.known, self.login) = (State::new(), None, None);
    }
}

/// Shows no secret.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("is_open", &self.is_open()).finish_non_exhaustive()
    }
}
