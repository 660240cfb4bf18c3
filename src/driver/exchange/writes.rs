//! What follows a write that was carried out, that lost a race, or that is in doubt.

use alloc::boxed::Box;

use super::Exchange;
use crate::driver::ask::{Answer, Revision, Stored, Write};
use crate::driver::call::Failure;
use crate::driver::over::Over;
use crate::driver::turn::{Attempt, Row, Turn, Verdict, Waits};
use crate::effect::{Effects, StoreOp, Transaction};
use crate::session::Session;
use crate::state::State;

impl Exchange {
    pub(super) fn write(&mut self, turn: Box<Turn>, after: State, effects: Effects, op: StoreOp) {
        let compared = op.compares();
        let known = self.known.filter(|known| Some(known.id) == compared);
        let row = known.and_then(|known| known.row);
        let expected = row.map(|row| row.revision);
        let discards = matches!(op, StoreOp::Discard { .. });
        let accessed = row.map(|row| row.accessed).filter(|_| discards);
        let over = Over::of(&self.config, &op);
        let revision = self.next;
        self.next = Revision(revision.0.wrapping_add(1));
        let commits = effects.transaction == Some(Transaction::Commit);
        let write = Write { op, expected, accessed, over, revision, commits };
        let attempt = Box::new(Attempt { after, effects, write });
        self.wait(turn, Waits::Write(attempt));
    }

    pub(super) fn wrote(&mut self, mut turn: Box<Turn>, attempt: Box<Attempt>, answer: &Answer) {
        match answer {
            Answer::Done => self.take_in(turn, attempt, false),
            Answer::Committed => self.take_in(turn, attempt, true),
            // [driver-15]
            Answer::Conflict => self.again(turn),
            Answer::Unknown => {
                (turn.doubtful, turn.in_doubt) = (Some(attempt), true);
                self.look(turn);
            }
            // An answer to another question counts as a failure.
            Answer::Failed | Answer::Loaded(_) | Answer::Generation(_) | Answer::Entropy(_) => {
                self.fail_store(&turn);
            }
        }
    }

    /// Starts the call over: from the state before it, with a fresh load.
    // [driver-15] [driver-16]
    fn again(&mut self, mut turn: Box<Turn>) {
        turn.tries = turn.tries.saturating_add(1);
        if turn.tries < self.most_tries {
            self.load(turn);
        } else {
            self.give_up(turn, Failure::Busy);
        }
    }

    /// Looks for a write in doubt, or carries it out once more if a second time changes nothing.
    pub(super) fn look(&mut self, mut turn: Box<Turn>) {
        turn.tries = turn.tries.saturating_add(1);
        let Some(attempt) = turn.doubtful.take_if(|_| turn.tries < self.most_tries) else {
            return self.fail(Failure::Unknown);
        };
        if attempt.looks_for().is_some() {
            turn.doubtful = Some(attempt);
            self.wait(turn, Waits::ReadingBack);
        } else {
            self.wait(turn, Waits::Write(attempt));
        }
    }

    pub(super) fn read_back(&mut self, mut turn: Box<Turn>, found: Option<&Stored>) {
        let Some(attempt) = turn.doubtful.take() else { return self.again(turn) };
        match attempt.judge(attempt.looks_for(), found) {
            Verdict::Written => self.take_in(turn, attempt, false),
            Verdict::Undecided => self.fail(Failure::Unknown),
            Verdict::Again => {
                // The write may still arrive.
                turn.doubtful = Some(attempt);
                self.again(turn);
            }
        }
    }

    /// The write was carried out, so the new state is kept.
    pub(super) fn take_in(&mut self, turn: Box<Turn>, attempt: Box<Attempt>, committed: bool) {
        let Attempt { after, mut effects, write } = *attempt;
        self.state = after;
        if let Some(known) = &mut self.known {
            let updates = matches!(&write.op, StoreOp::Update { id, .. } if *id == known.id);
            let left = self.state.get(&known.id).map(Session::accessed);
            known.row = known.row.zip(left).map(|(row, accessed)| {
                let revision = if updates { write.revision } else { row.revision };
                Row { revision, accessed }
            });
        }
        if committed {
            effects.transaction = None;
        }
        self.end(turn, effects);
    }
}
