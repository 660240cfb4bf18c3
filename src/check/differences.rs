//! The table of the differences between the semantics, in words.

use std::borrow::Cow;
use std::format;

use super::guarantees::base_of;
use crate::config::{Config, Dirtiness};
use crate::semantics::{
    Additions, Differences, Headers, Holds, Liberties, Limits, Logins, Path, Revocation, Saves,
    Semantics, Tokens, Visits,
};
use crate::token::Width;

/// One row: a point in which the semantics differ, and the rules of the specification about it.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// What differs.
    pub what: &'static str,
    /// The rules, by their names.
    pub rules: &'static str,
    cell: fn(Differences, &Config) -> Cow<'static, str>,
}

impl Difference {
    /// All rows, in the order of a request's life.
    ///
    /// ```
    /// use quixote_session::Semantics;
    /// use quixote_session::check::Difference;
    ///
    /// let row = Difference::ALL.iter().find(|row| row.what == "a save writes").unwrap();
    /// assert_eq!(row.under(Semantics::Live), "a new session only");
    /// ```
    pub const ALL: &[Self] = &[
        row("ids and tokens", "config-1, config-6, token-1", |_, config| match config.width {
            Width::Bits64 => "64 bits".into(),
            Width::Bits128 => "128 bits".into(),
        }),
        row("a request holds", "step-8, step-9, step-10", |column, _| match column.holds {
            Holds::StoredObject => "the stored object, shared".into(),
            Holds::Copy => "a copy".into(),
            Holds::CopyAndChanges => "a copy, and the list of its changes".into(),
        }),
        row("others see a change", "step-15, step-16", |column, _| match column.holds {
            Holds::StoredObject => "at once".into(),
            Holds::Copy | Holds::CopyAndChanges => "after a save".into(),
        }),
        row("a save writes", "step-30 to step-36, step-41 to step-50", |column, config| {
            match (column.saves, config.is_dirty) {
                (Saves::WholeSession, Dirtiness::Never) => "a new session only".into(),
                (Saves::WholeSession, Dirtiness::HasInfo) => "the whole copy, over anything".into(),
                (Saves::Changes, _) => "the changes, onto what is stored".into(),
            }
        }),
        row("a session that was ended", "step-33, step-34, step-35", |column, config| {
            match (column.saves, config.is_dirty) {
                (Saves::WholeSession, Dirtiness::Never) => "is not stored again".into(),
                (Saves::WholeSession, Dirtiness::HasInfo) => {
                    "is stored again by a request in flight".into()
                }
                (Saves::Changes, _) => "stays ended; a request with changes to it is told".into(),
            }
        }),
        row("a visit counts", "step-11, step-12, step-13", |column, _| {
            match (column.visits, column.holds) {
                (Visits::InStore, _) | (Visits::InHeldSession, Holds::StoredObject) => {
                    "when it arrives".into()
                }
                (Visits::InHeldSession, Holds::Copy | Holds::CopyAndChanges) => {
                    "if it is saved".into()
                }
            }
        }),
        row("the user is set", "step-17 to step-20, step-37, step-44 to step-46", |column, _| {
            match column.logins {
                Logins::ChangeTheUser => "same id, same values, same tokens".into(),
                Logins::BeginASession => {
                    "new id; values go from nobody to a user, and to nobody else".into()
                }
            }
        }),
        row("a form token is spent, a value taken", "step-21 to step-29", |column, _| {
            match (column.tokens, column.holds) {
                (Tokens::OfStoredSession, _) => "in the store, at once, for all".into(),
                (Tokens::OfHeldSession, Holds::StoredObject) => "in the shared object".into(),
                (Tokens::OfHeldSession, Holds::Copy | Holds::CopyAndChanges) => {
                    "in the copy".into()
                }
            }
        }),
        row("a failed request", "step-52, step-53", |column, _| match column.holds {
            Holds::StoredObject => "leaves its changes".into(),
            Holds::Copy => "leaves what it stored on purpose before it failed".into(),
            Holds::CopyAndChanges => {
                "leaves what is final: ends, spent tokens, taken values, and its visit".into()
            }
        }),
        row("a revocation", "step-54, step-55", |column, _| match column.revocation {
            Revocation::LeavesWithItsPage => "is lost with a page that is replaced".into(),
            Revocation::LeavesWithAnyPage => "leaves with any page".into(),
        }),
        row("time limits", "time-6, time-7, time-9 to time-14", |column, _| match column.limits {
            Limits::None => "none".into(),
            Limits::IdleAndAbsolute => "idle and absolute".into(),
        }),
        row(
            LIBERTIES,
            "event-20 to event-24, event-26 to event-28, event-36 to event-44",
            |column, _| match column.liberties {
                Liberties::Granted => "done".into(),
                Liberties::Refused => {
                    "refused if they would orphan a session, save early, or choose an id".into()
                }
            },
        ),
        row(
            ADDITIONS,
            "event-5, event-6, event-10 to event-13, event-29 to event-33, event-47, event-48",
            |column, _| match column.additions {
                Additions::NotOffered => "refused".into(),
                Additions::Offered => "done".into(),
            },
        ),
        row("a `Cookie` header", "cookie-2 to cookie-9", |column, _| match column.headers {
            Headers::OfQuixote => "is read as Quixote's pattern has it".into(),
            Headers::Rfc6265 => "is read as RFC 6265 has it".into(),
        }),
        row("the cookie", "config-3, config-15, cookie-18", |column, config| {
            let flags =
                if config.cookie_hardened { "Secure, HttpOnly, SameSite=Lax" } else { "no flags" };
            let path = match column.path {
                Path::OfScript => "Path of the script",
                Path::Configured => "Path of the configuration",
            };
            format!("`{}`, {flags}, {path}", config.cookie_name).into()
        }),
    ];

    /// The text of the row for a semantics, with the constant that is its configuration.
    #[must_use]
    pub fn under(&self, semantics: Semantics) -> Cow<'static, str> {
        (self.cell)(semantics.differences(), &base_of(semantics))
    }
}

const LIBERTIES: &str = "`RevokeSessionCookie`, `NewSession`, `MaintainSession`, `InsertSession`";

const ADDITIONS: &str =
    "`RenewSession`, `GuardValue`, `ExpireOtherSessions`, `ExpireHandle`, `DeleteHandle`";

const fn row(
    what: &'static str,
    rules: &'static str,
    cell: fn(Differences, &Config) -> Cow<'static, str>,
) -> Difference {
    Difference { what, rules, cell }
}
