//! What an exchange loads before a step, and how its state takes that in.

use alloc::boxed::Box;
use core::mem;

use super::Exchange;
use crate::driver::ask::Stored;
use crate::driver::call::Failure;
use crate::driver::turn::{Row, Turn, Verdict, Waits};
use crate::event::{Event, ManagerEvent, RequestEvent};

impl Exchange {
    /// Loads the session of this exchange, to step over it. An id that is gone does not come back,
    /// so it is looked up again only for an event that asks for it by the id.
    // [driver-16]
    pub(super) fn load(&mut self, turn: Box<Turn>) {
        let by_id = match &turn.event {
            Event::StartRequest { .. }
            | Event::Manager(ManagerEvent::DeleteSession { .. })
            | Event::Request { event: RequestEvent::HasSessionCookie { .. }, .. } => true,
            Event::Request { .. } | Event::Manager(_) => false,
        };
        match self.known.filter(|known| by_id || known.row.is_some()) {
            Some(_) => self.wait(turn, Waits::Session),
            None => self.load_generation(turn),
        }
    }

    pub(super) fn loaded(&mut self, mut turn: Box<Turn>, found: Option<Stored>) {
        let Some(known) = &mut self.known else { return self.step(turn) };
        // A write in doubt may have arrived since the last look.
        if let Some(attempt) = turn.doubtful.take() {
            match attempt.judge(Some(known.id), found.as_ref()) {
                Verdict::Written => return self.take_in(turn, attempt, false),
                Verdict::Undecided => return self.fail(Failure::Unknown),
                Verdict::Again => turn.doubtful = Some(attempt),
            }
        }
        let (row, session) = found.map(Row::of).unzip();
        known.row = row;
        self.state = mem::take(&mut self.state).with_stored(known.id, session);
        self.load_generation(turn);
    }

    pub(super) fn load_generation(&mut self, mut turn: Box<Turn>) {
        if self.login_of(&turn).is_some() {
            self.wait(turn, Waits::Generation);
        } else {
            turn.is_fresh = true;
            self.step(turn);
        }
    }

    // [driver-11]
    pub(super) fn told(&mut self, mut turn: Box<Turn>, generation: u64) {
        if let Some(user) = self.login_of(&turn).cloned() {
            self.state = mem::take(&mut self.state).with_generation(user, generation);
        }
        turn.is_fresh = true;
        self.step(turn);
    }
}
