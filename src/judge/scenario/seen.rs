//! What must be seen, when, and what follows if it is not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Verdict;

/// Something that must be seen.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Check {
    #[serde(flatten)]
    pub(crate) what: What,
    /// The check is only made under these conditions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) when: Option<When>,
    /// If it is seen, the scenario ends with this verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) then: Option<Verdict>,
    /// What happens if it is not seen; by default the scenario fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) otherwise: Option<Otherwise>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

/// What follows from something that is not seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Otherwise {
    Continue,
    Moot,
    Note,
}

/// What is looked at.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(crate) enum What {
    See(See),
    Reply(Reply),
    /// These two responses do not both end with this answer.
    Both {
        both: [String; 2],
        answer: Value,
    },
    /// The ids of these browsers differ.
    Id {
        id: String,
        is_not: String,
    },
    /// The browser holds no session cookie.
    Empty {
        empty: String,
    },
    /// The browser holds a session cookie.
    Holds {
        holds: String,
    },
    /// The number of stored sessions is remembered (`count`), or has not grown (`no more`).
    Stored {
        stored: Stored,
    },
    /// The id of this browser is not in the `log`, or not in the response of that name.
    Hidden {
        hidden: String,
        #[serde(rename = "in")]
        place: String,
    },
    /// Nothing is looked at: the scenario ends.
    End {
        end: Verdict,
    },
}

/// What the session of a browser's cookies has: the user, `a` and `b`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct See {
    #[serde(rename = "see")]
    pub(crate) client: String,
    /// This, exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) is: Option<BTreeMap<String, String>>,
    /// At least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) has: Option<BTreeMap<String, String>>,
    /// This user; nobody if it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// Any but this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) not_user: Option<String>,
}

/// What a response shows.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Reply {
    #[serde(rename = "reply")]
    pub(crate) called: String,
    /// One of these lists of answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) answers: Option<Vec<Vec<Value>>>,
    /// Any but these answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) not: Option<Vec<Value>>,
    /// Its last answer is one of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ends: Option<Vec<Value>>,
    /// A status below 400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ok: Option<bool>,
    /// A status below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) below: Option<u16>,
    /// The browser keeps a session cookie of it this many times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sets: Option<usize>,
    /// Its last answer is a list of this length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lists: Option<usize>,
    /// It has this many Set-Cookie headers of the session's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) headers: Option<usize>,
    /// Whether a browser keeps all of its cookies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept: Option<bool>,
    /// One of these attributes, on the session's cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attribute: Option<Vec<String>>,
    /// Its session cookie is as well protected as that of this response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alike: Option<String>,
    /// Whether a shared cache may keep it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cacheable: Option<bool>,
    /// Its cookie is not the one of this browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issues_not: Option<String>,
}

/// What is done with the number of stored sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub(crate) enum Stored {
    #[serde(rename = "count")]
    Count,
    #[serde(rename = "no more")]
    NoMore,
}

/// Conditions; all that are given must hold.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct When {
    /// These browsers have the same id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) same: Option<[String; 2]>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) differ: Option<[String; 2]>,
    /// The first browser still holds the session cookie of the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) holds: Option<[String; 2]>,
    /// One of these responses has a status of 400 or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<Vec<String>>,
    /// None of these responses has a status of 400 or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) done: Option<Vec<String>>,
    /// This response has a status from 400 to 499.
    #[serde(default, rename = "client error", skip_serializing_if = "Option::is_none")]
    pub(crate) client_error: Option<String>,
    /// A request waited for the one at the gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) serialised: Option<bool>,
    /// The number of stored sessions is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) counted: Option<bool>,
    /// The whole session is in the cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sealed: Option<bool>,
}
