//! Scripts that reach what hardly any recording does, nor a fuzzer in ten minutes: the cells of
//! `quixote_session::check::Cell` that take two requests and more than one choice to get to.

use quixote_session_fuzz::cast::Deed;
use quixote_session_fuzz::script::{Move, Script, Setup};

use crate::scripts::deed;

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

fn act(what: Deed) -> Move {
    Move { deed: deed(what), ..Move::default() }
}

/// A client that is logged in and has two requests in flight.
fn logged_in() -> Vec<Move> {
    [Deed::Start, Deed::SetUser, Deed::Finish, Deed::Deliver, Deed::Start, Deed::Start]
        .map(act)
        .into()
}

/// Each finds room for its value, and the second that finishes finds none.
fn two_requests_add_a_value_each(outcome: u8) -> Script {
    let mut moves = logged_in();
    moves.extend([
        Move { who: 0, what: 0, ..act(Deed::SetValue) },
        Move { who: 1, what: 1, ..act(Deed::SetValue) },
        act(Deed::Finish),
        Move { what: outcome, ..act(Deed::Finish) },
    ]);
    let setup = Setup { semantics: STRICT, sizes: ONE_VALUE, ..Setup::default() };
    Script { setup, moves }
}

/// The cookie names a stored session, and the one that the request has put in its place is deleted.
fn the_cookie_of_another_session_is_asked_for(semantics: u8) -> Script {
    let mut moves = logged_in();
    moves.extend([
        act(Deed::New),
        act(Deed::SetUser),
        act(Deed::Maintain),
        Move { what: SECOND, ..act(Deed::Delete) },
        Move { what: 1, ..act(Deed::HasCookie) },
    ]);
    Script { setup: Setup { semantics, ..Setup::default() }, moves }
}
