//! The worlds that are explored: what each contains, and so what it can see.
//!
//! One world with everything in it would be too large to search. So each world is made to show one
//! kind of fault, and contains all that this kind needs. A fault that needs two kinds at once, such
//! as a value that is lost while a form token is spent at a time limit, is left to random runs,
//! which mix everything. No world has more clients, requests in flight, ids, users or values than
//! it lists, or cookies that somebody else set.

use crate::check::world::{Extra, World};
use crate::event::Outcome::{self, Failed, Interrupted, Successful};

const ANY: &[Outcome] = &Outcome::ALL;

/// How large the worlds are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Size {
    /// Seconds: part of `cargo test`.
    Small,
    /// Minutes: part of CI.
    Medium,
    /// A hundred million transitions, in less than 1 GiB: run by hand.
    Large,
}

impl Size {
    /// The name used on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }

    /// The worlds of this size.
    ///
    /// ```
    /// use quixote_session::check::Size;
    ///
    /// let names: Vec<_> = Size::Small.worlds().iter().map(|world| world.name).collect();
    /// assert_eq!(names[..3], ["login", "forms", "values"]);
    /// ```
    #[must_use]
    pub fn worlds(self) -> [World; 13] {
        let [
            login,
            forms,
            values,
            time,
            manager,
            cookies,
            users,
            ends,
            others,
            once,
            carts,
            late,
            rest,
        ] = SMALL;
        match self {
            Self::Small => SMALL,
            Self::Medium => [
                World { clients: 2, outcomes: ANY, ..login },
                World { outcomes: &[Successful, Failed], ..forms },
                World {
                    users: &["alice"],
                    values: &["x"],
                    events: &[Extra::LogOut, Extra::Expire],
                    ..values
                },
                World { outcomes: ANY, moments: 6, ..time },
                World { draws: 2, ..manager },
                World { outcomes: ANY, draws: 3, ..cookies },
                World { outcomes: &[Successful, Failed], values: &["x", "y"], ..users },
                World { outcomes: &[Successful, Failed], ..ends },
                World { outcomes: &[Successful, Failed], draws: 3, ..others },
                World { outcomes: &[Successful, Failed], draws: 3, ..once },
                World { outcomes: &[Successful, Failed], events: &[Extra::LogOut], ..carts },
                World { outcomes: &[Successful, Failed], draws: 3, ..late },
                World { outcomes: &[Successful, Failed], ..rest },
            ],
            Self::Large => [
                World { in_flight: 3, users: &["alice"], ..login },
                World { draws: 4, outcomes: &[Successful, Failed], ..forms },
                World { users: &["alice"], events: &[Extra::LogOut, Extra::Expire], ..values },
                World { in_flight: 2, ..time },
                World { draws: 2, values: &["x"], ..manager },
                World { in_flight: 2, outcomes: ANY, ..cookies },
                World { in_flight: 3, ..users },
                World { draws: 3, ..ends },
                World { in_flight: 2, ..others },
                World { users: &["alice"], draws: 3, ..once },
                World { in_flight: 3, ..carts },
                World { in_flight: 2, ..late },
                World { draws: 4, ..rest },
            ],
        }
    }
}

const EMPTY: World = World {
    name: "",
    purpose: "",
    clients: 1,
    in_flight: 2,
    draws: 2,
    users: &["alice"],
    values: &[],
    form_tokens: 0,
    mounts: &[""],
    outcomes: ANY,
    moments: 1,
    events: &[],
};

const SMALL: [World; 13] = [
    World {
        name: "login",
        purpose: "Logins and logouts race, responses come late or never.",
        users: &["alice", "bob"],
        outcomes: &[Successful, Interrupted, Failed],
        events: &[Extra::LogOut, Extra::Expire, Extra::Collide, Extra::Lose],
        ..EMPTY
    },
    World {
        name: "forms",
        purpose: "Two requests submit the same form; the queue of tokens is full.",
        form_tokens: 1,
        draws: 3,
        outcomes: &[Successful],
        ..EMPTY
    },
    World {
        name: "values",
        purpose: "Two requests change one session.",
        users: &[],
        values: &["x", "y"],
        outcomes: &[Successful, Failed],
        events: &[Extra::Expire],
        ..EMPTY
    },
    World {
        name: "time",
        purpose: "Time limits are reached, the clock goes back, a sweep runs.",
        in_flight: 1,
        outcomes: &[Successful],
        moments: 4,
        events: &[Extra::Sweep, Extra::ClockBack, Extra::LogOut, Extra::Passive, Extra::AskCookie],
        ..EMPTY
    },
    World {
        name: "manager",
        purpose: "The manager inserts and deletes sessions under requests in flight.",
        draws: 1,
        outcomes: &[Successful],
        events: &[Extra::Insert, Extra::Delete, Extra::LogOut],
        ..EMPTY
    },
    World {
        name: "cookies",
        purpose: "Two mounts; cookies are revoked, sessions replaced and saved by hand.",
        mounts: &["", "/app"],
        in_flight: 1,
        outcomes: &[Successful, Interrupted, Failed],
        events: &[Extra::New, Extra::Maintain, Extra::Revoke, Extra::Expire, Extra::AskCookie],
        ..EMPTY
    },
    World {
        name: "users",
        purpose: "Users take turns in one session, with values and a form; it is renewed.",
        in_flight: 1,
        users: &["alice", "bob"],
        values: &["x"],
        form_tokens: 1,
        draws: 3,
        outcomes: &[Successful],
        events: &[Extra::LogOut, Extra::Renew, Extra::Roam],
        ..EMPTY
    },
    World {
        name: "ends",
        purpose: "A user ends other sessions, and the manager all, while logins are under way.",
        clients: 2,
        outcomes: &[Successful],
        events: &[Extra::EndOthers, Extra::EndListed, Extra::Delete],
        ..EMPTY
    },
    World {
        name: "others",
        purpose: "Users whose names differ in case or in a blank end their sessions, one by one.",
        clients: 2,
        in_flight: 1,
        users: &["alice", "Alice", "alice "],
        outcomes: &[Successful],
        events: &[Extra::EndOthers, Extra::EndListed, Extra::Delete],
        ..EMPTY
    },
    World {
        name: "once",
        purpose: "Two requests take one value, guard it, and submit one form.",
        users: &[],
        values: &["x"],
        form_tokens: 1,
        outcomes: &[Successful],
        events: &[Extra::Take, Extra::Guard],
        ..EMPTY
    },
    World {
        name: "carts",
        purpose: "A request fills or empties a session while another one logs in.",
        values: &["x"],
        outcomes: &[Successful],
        ..EMPTY
    },
    World {
        name: "late",
        purpose: "A limit is reached under a request, which goes on with a form and a value.",
        in_flight: 1,
        users: &[],
        values: &["x"],
        form_tokens: 1,
        outcomes: &[Successful],
        moments: 4,
        events: &[Extra::Take, Extra::New],
        ..EMPTY
    },
    World {
        name: "rest",
        purpose: "One thing of a session with two values and two forms changes, and no other.",
        in_flight: 1,
        users: &[],
        values: &["x"],
        form_tokens: 2,
        draws: 3,
        outcomes: &[Successful],
        moments: 2,
        events: &[Extra::TwoKeys, Extra::Take, Extra::Renew, Extra::Sweep],
        ..EMPTY
    },
];
