//! The worlds that are explored: what each contains, and so what it can see.
//!
//! One world with everything in it would be too large to search, so each is there to see one
//! kind of fault, with all that this kind needs. What needs two kinds at once (say, a value that is
//! lost while a form token is spent at a time limit) is not seen by exhaustive search but by random
//! runs, which mix everything. None of them sees more clients, requests in flight, ids or users
//! than it lists, users or values beyond the texts given, or cookies set by anybody else.

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
    /// A hundred million transitions, in less than 1 GiB: by hand.
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
    /// assert_eq!(names, ["login", "forms", "values", "time", "manager", "cookies"]);
    /// ```
    #[must_use]
    pub fn worlds(self) -> [World; 6] {
        let [login, forms, values, time, manager, cookies] = SMALL;
        match self {
            Self::Small => [login, forms, values, time, manager, cookies],
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
            ],
            Self::Large => [
                World { in_flight: 3, users: &["alice"], ..login },
                World { draws: 4, outcomes: &[Successful, Failed], ..forms },
                World { users: &["alice"], events: &[Extra::LogOut, Extra::Expire], ..values },
                World { in_flight: 2, ..time },
                World { draws: 2, values: &["x"], ..manager },
                World { in_flight: 2, outcomes: ANY, ..cookies },
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

const SMALL: [World; 6] = [
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
        events: &[Extra::Sweep, Extra::ClockBack, Extra::LogOut],
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
        events: &[Extra::New, Extra::Maintain, Extra::Revoke, Extra::Expire],
        ..EMPTY
    },
];
