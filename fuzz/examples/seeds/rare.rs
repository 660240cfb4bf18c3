//! Scripts that reach what hardly any recording does, nor a fuzzer in ten minutes: the cells of
//! `quixote_session::check::Cell` that take two requests and more than one choice to get to.

use quixote_session::check::kinds::{Kind, Next};
use quixote_session_fuzz::script::{Script, Setup, Turn};

/// The numbers of the semantics in a script.
const QUIXOTE: [u8; 2] = [0, 1];
const STRICT: u8 = 2;

/// One value at most, and the other sizes as they are.
const ONE_VALUE: u8 = 6;

/// Texts of 16 bytes at most, and the other sizes as they are.
const SHORT_TEXTS: u8 = 1;

/// How the clock moves: to the idle and to the absolute limit.
const IDLE: u8 = 10;
const ABSOLUTE: u8 = 12;

/// The place of an id among those that were drawn.
const SECOND: u8 = 1;

/// The user whose name is empty.
const NAMELESS: u8 = 2;

/// What is drawn: the id that was drawn first, and nothing but what is in use.
const FIRST_ID_AGAIN: u8 = 5;
const ALL_IN_USE: u8 = 7;

pub(crate) fn scripts() -> Vec<Script> {
    let too_many = [(0, 0), (1, 0), (0, IDLE), (1, IDLE)].map(two_requests_add_a_value_each);
    let asked = QUIXOTE.map(the_cookie_of_another_session_is_asked_for);
    let mut scripts: Vec<_> = too_many.into_iter().chain(asked).collect();
    for expire in [Kind::ExpireHandle, Kind::ExpireOtherSessions] {
        scripts.push(an_emptied_session_of_no_name_ends_others(expire));
        scripts.push(the_id_of_an_ended_session_is_drawn_again(expire));
    }
    scripts.push(a_login_on_an_idle_session_draws_no_id());
    scripts.push(one_guard_too_many());
    scripts.push(a_guard_does_not_hold_on_an_idle_session());
    scripts.extend([QUIXOTE[0], QUIXOTE[1], STRICT].map(a_guard_is_too_long_on_an_ended_session));
    scripts.push(the_cookie_of_an_emptied_session_is_drawn_again());
    scripts.extend(every_event_in_every_phase());
    scripts
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
fn two_requests_add_a_value_each((outcome, when): (u8, u8)) -> Script {
    let mut turns = logged_in();
    turns.extend([
        Turn { who: 0, what: 0, ..act(Kind::SetValue) },
        Turn { who: 1, what: 1, ..act(Kind::SetValue) },
        act(Kind::FinishRequest),
        Turn { what: outcome, when, ..act(Kind::FinishRequest) },
    ]);
    let setup = Setup { semantics: STRICT, sizes: ONE_VALUE, ..Setup::default() };
    Script { setup, turns }
}

/// A user without a name is no info: with its one value taken, the session is gone.
fn an_emptied_session_of_no_name_ends_others(expire: Kind) -> Script {
    let turns = vec![
        act(Kind::StartRequest),
        Turn { what: NAMELESS, ..act(Kind::SetUser) },
        act(Kind::SetValue),
        act(Kind::FinishRequest),
        turn(Next::Deliver),
        act(Kind::StartRequest),
        act(Kind::TakeValue),
        act(expire),
    ];
    Script { setup: Setup { semantics: STRICT, ..Setup::default() }, turns }
}

/// Another client's session has the id now, so the request has none to end others by.
fn the_id_of_an_ended_session_is_drawn_again(expire: Kind) -> Script {
    let mut turns = logged_in();
    turns.extend([
        act(Kind::DeleteSession),
        Turn { who: 1, ..act(Kind::StartRequest) },
        Turn { who: 2, ..act(Kind::SetValue) },
        Turn { who: 2, drawn: FIRST_ID_AGAIN, ..act(Kind::FinishRequest) },
        act(expire),
    ]);
    Script { setup: Setup { semantics: STRICT, repeats: 1, ..Setup::default() }, turns }
}

/// The session is idle by the time of the save, and all that is drawn is in use.
fn a_login_on_an_idle_session_draws_no_id() -> Script {
    let mut turns = logged_in();
    turns.extend([
        act(Kind::SetUser),
        Turn { what: 1, when: IDLE, drawn: ALL_IN_USE, ..act(Kind::FinishRequest) },
    ]);
    Script { setup: Setup { semantics: STRICT, ..Setup::default() }, turns }
}

fn one_guard_too_many() -> Script {
    let mut turns = logged_in();
    turns.extend([0, 1, 2].map(|what| Turn { what, ..act(Kind::GuardValue) }));
    Script { setup: Setup { semantics: STRICT, sizes: ONE_VALUE, ..Setup::default() }, turns }
}

/// Another request has changed the value since, and the finish is interrupted.
fn a_guard_does_not_hold_on_an_idle_session() -> Script {
    let mut turns = logged_in();
    turns.extend([
        Turn { who: 1, ..act(Kind::GuardValue) },
        Turn { who: 1, what: 1, ..act(Kind::SetValue) },
        act(Kind::SetValue),
        act(Kind::FinishRequest),
        Turn { what: 1, when: IDLE, ..act(Kind::FinishRequest) },
    ]);
    Script { setup: Setup { semantics: STRICT, ..Setup::default() }, turns }
}

fn a_guard_is_too_long_on_an_ended_session(semantics: u8) -> Script {
    let mut turns = logged_in();
    turns.extend([act(Kind::DeleteSession), Turn { what: 3, ..act(Kind::GuardValue) }]);
    Script { setup: Setup { semantics, sizes: SHORT_TEXTS, ..Setup::default() }, turns }
}

/// The request has no stored session any more, and its cookie names that of somebody else.
fn the_cookie_of_an_emptied_session_is_drawn_again() -> Script {
    let turns = vec![
        act(Kind::StartRequest),
        act(Kind::SetValue),
        act(Kind::FinishRequest),
        turn(Next::Deliver),
        act(Kind::StartRequest),
        act(Kind::TakeValue),
        Turn { who: 1, ..act(Kind::StartRequest) },
        Turn { who: 1, ..act(Kind::SetValue) },
        Turn { who: 1, drawn: FIRST_ID_AGAIN, ..act(Kind::FinishRequest) },
        Turn { what: 1, ..act(Kind::HasSessionCookie) },
    ];
    Script { setup: Setup { semantics: STRICT, repeats: 1, ..Setup::default() }, turns }
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

/// Of each semantics: every event, after each of a few ways to get a request into a phase.
fn every_event_in_every_phase() -> Vec<Script> {
    let days = |when| Turn { when, ..act(Kind::HasSessionCookie) };
    let ways: [Vec<Turn>; 9] = [
        vec![],
        vec![act(Kind::StartRequest)],
        logged_in(),
        [logged_in(), vec![days(IDLE)]].concat(),
        [logged_in(), vec![days(ABSOLUTE)]].concat(),
        [logged_in(), vec![act(Kind::DeleteSession)]].concat(),
        [logged_in(), vec![act(Kind::SetUser), act(Kind::DeleteSessionsOf)]].concat(),
        [logged_in(), vec![act(Kind::SetUser), act(Kind::ExpireOtherSessions)]].concat(),
        [logged_in(), vec![act(Kind::ExpireSession)]].concat(),
    ];
    let mut scripts = Vec::new();
    for semantics in [QUIXOTE[0], QUIXOTE[1], STRICT] {
        for (way, kind) in ways.iter().flat_map(|way| Kind::ALL.iter().map(move |kind| (way, kind)))
        {
            for what in 0..4 {
                for first in [None, Some(Kind::SetValue), Some(Kind::CreateFormToken)] {
                    let mut turns = way.clone();
                    turns.extend(first.map(act));
                    turns.extend([Turn { what, ..act(*kind) }, act(Kind::FinishRequest)]);
                    let setup = Setup { semantics, sizes: ONE_VALUE, ..Setup::default() };
                    scripts.push(Script { setup, turns });
                }
            }
        }
    }
    scripts
}
