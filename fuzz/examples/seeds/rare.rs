//! Scripts that reach what hardly any recording does, nor a fuzzer in ten minutes: the cells of
//! `quixote_session::check::Cell` that take two requests and more than one choice to get to.

use quixote_session::check::kinds::{Kind, Next};
use quixote_session_fuzz::script::{Script, Setup, Turn};

/// The numbers of the semantics in a script.
const QUIXOTE: [u8; 2] = [0, 1];
const STRICT: u8 = 2;

/// One value at most, and the other sizes as they are.
const ONE_VALUE: u8 = 6;

/// The place of an id among those that were drawn.
const SECOND: u8 = 1;

pub(crate) fn scripts() -> Vec<Script> {
    let too_many = [0, 1].map(two_requests_add_a_value_each);
    let asked = QUIXOTE.map(the_cookie_of_another_session_is_asked_for);
    too_many.into_iter().chain(asked).collect()
}

fn act(what: Kind) -> Turn {
    turn(Next::Send(what))
}

fn turn(next: Next) -> Turn {
    Turn { next: next.byte(), ..Turn::default() }
}

/// A client that is logged in and has two requests in flight.
fn logged_in() -> Vec<Turn> {
    let first = [Kind::StartRequest, Kind::SetUser, Kind::FinishRequest].map(act);
    let then = [turn(Next::Deliver), act(Kind::StartRequest), act(Kind::StartRequest)];
    first.into_iter().chain(then).collect()
}

/// Each finds room for its value, and the second that finishes finds none.
fn two_requests_add_a_value_each(outcome: u8) -> Script {
    let mut turns = logged_in();
    turns.extend([
        Turn { who: 0, what: 0, ..act(Kind::SetValue) },
        Turn { who: 1, what: 1, ..act(Kind::SetValue) },
        act(Kind::FinishRequest),
        Turn { what: outcome, ..act(Kind::FinishRequest) },
    ]);
    let setup = Setup { semantics: STRICT, sizes: ONE_VALUE, ..Setup::default() };
    Script { setup, turns }
}

/// The cookie names a stored session, and the one that the request has put in its place is deleted.
fn the_cookie_of_another_session_is_asked_for(semantics: u8) -> Script {
    let mut turns = logged_in();
    turns.extend([
        act(Kind::NewSession),
        act(Kind::SetUser),
        act(Kind::MaintainSession),
        Turn { what: SECOND, ..act(Kind::DeleteSession) },
        Turn { what: 1, ..act(Kind::HasSessionCookie) },
    ]);
    Script { setup: Setup { semantics, ..Setup::default() }, turns }
}
