//! Scenarios as data: what clients do, and what must be seen. `spec/contract.md` explains their
//! words.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All scenarios, one a line.
const SCENARIOS: &str = include_str!("scenarios.jsonl");
/// What each clause says, one a line.
const CLAUSES: &str = include_str!("clauses.jsonl");

/// A variant of a clause: steps that end in a verdict.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) clause: String,
    pub(crate) variant: String,
    pub(crate) level: Level,
    /// What the server must have, beside the operations of the steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) needs: Vec<Need>,
    /// Whether it is about the login call of a framework: where there is none, the application is
    /// to blame, and MUST becomes SHOULD.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) login: bool,
    pub(crate) steps: Vec<Step>,
    /// The faults of the reference server that it finds. It must find one.
    pub(crate) faults: Vec<String>,
}

/// What a clause says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Clause {
    pub(crate) clause: String,
    pub(crate) says: String,
}

/// How much a failure weighs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Level {
    /// The server does not conform.
    Must,
    /// There may be reasons.
    Should,
    /// It is only told: the verdict is a note.
    Note,
}

/// What a scenario needs of the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Need {
    /// That its clock can be moved.
    Clock,
    /// A documented idle limit.
    Idle,
    /// A documented absolute limit.
    Absolute,
    /// Its log, which the judge has if it started the server.
    Log,
    /// An id in the cookie, and not the session itself.
    #[serde(rename = "own ids")]
    OwnIds,
}

/// How a scenario ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// What must be seen was seen.
    Pass,
    /// It was, and requests of one session waited for each other.
    Serialised,
    /// It was, and there is something to know.
    Note,
    /// It was not.
    Fail,
    /// The server declares that it has not what the scenario needs.
    NotApplicable,
    /// The server has no way to do what the scenario does.
    NotExpressible,
    /// The failure of another clause hides it.
    Moot,
    /// The judge failed, or the server under it.
    Harness,
}

/// One step.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "there are a few hundred")]
pub(crate) enum Step {
    Do(Do),
    Begin(Begin),
    /// Opens a gate, and waits for the request that stood at it.
    Open {
        open: String,
    },
    /// Copies a browser's cookies to another, as a thief does.
    Copy {
        copy: String,
        to: String,
    },
    /// The same, with an id that the server never issued.
    Forge {
        forge: String,
        to: String,
    },
    /// Sets the server's clock, counted from the beginning of the scenario.
    Clock {
        clock: Moment,
    },
    /// Uses the session again and again, with these operations before the look at it, until its
    /// absolute limit must have ended it.
    Lifetime {
        lifetime: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ops: Option<String>,
    },
    /// Uses the session again and again, until a share of its absolute limit has passed.
    Use {
        #[serde(rename = "use")]
        client: String,
        until: f64,
    },
    /// That many sessions have ids that differ, and hold enough bits.
    Ids(Ids),
    /// Sends Cookie headers that no browser sends.
    Hostile {
        hostile: Vec<String>,
    },
    Check(Check),
}

/// A request, from its start to its answer.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Do {
    #[serde(rename = "do")]
    pub(crate) client: String,
    pub(crate) ops: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// What stands in the address beside the operations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) method: Option<String>,
    /// The handler's own Cache-Control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cache: Option<String>,
    /// A Cookie header in place of the browser's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cookie: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u32>,
    /// What its last operation answers is called so from now on.
    #[serde(default, rename = "let", skip_serializing_if = "Option::is_none")]
    pub(crate) bind: Option<String>,
    /// What the response is called, beside `last`.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub(crate) called: Option<String>,
}

impl Do {
    /// A request with nothing but operations.
    pub(crate) fn plain(client: &str, ops: &str) -> Self {
        Self { client: client.into(), ops: ops.into(), ..Self::default() }
    }
}

/// A request that is left standing at its gate; its response will be called `held`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Begin {
    #[serde(rename = "begin")]
    pub(crate) client: String,
    pub(crate) ops: String,
}

/// How ids, or form tokens, are got that are to differ, and to hold enough bits.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ids {
    #[serde(rename = "ids")]
    pub(crate) count: usize,
    /// What the request does that gets one; without, it writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ops: Option<String>,
    /// One browser gets all of them, one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<String>,
    /// It is the last answer that counts, which need not hold more bits than these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_bits: Option<u16>,
}

/// A moment, in documented limits and seconds.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Moment {
    pub(crate) idle: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) plus: Option<u32>,
}

/// Something that must be seen.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Check {
    #[serde(flatten)]
    pub(crate) what: What,
    /// It is only looked at then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) when: Option<When>,
    /// The scenario ends so if it is seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) then: Option<Verdict>,
    /// What happens if it is not seen: the scenario fails, if nothing else is said.
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
    /// The number of stored sessions: it is remembered (`count`), or has not grown (`no more`).
    Stored {
        stored: Stored,
    },
    /// The id of this browser stands in no `log`, or not in the response of that name.
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

/// What a browser's cookies open: the user, `a` and `b`.
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
    /// A status below 400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ok: Option<bool>,
    /// A status below this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) below: Option<u16>,
    /// So many times the browser keeps a session cookie of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sets: Option<usize>,
    /// Its last answer is a list of so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lists: Option<usize>,
    /// So many Set-Cookie headers of the session's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) headers: Option<usize>,
    /// Whether a browser keeps all of its cookies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) kept: Option<bool>,
    /// One of these attributes, on the session's cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) attribute: Option<Vec<String>>,
    /// Its session cookie is as well protected as the one of this response.
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
    /// None of these has.
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

impl Scenario {
    /// The operations that the server must have; those that end with `?` are left out where it has
    /// not, and every server can read.
    pub(crate) fn operations(&self) -> BTreeSet<&str> {
        let texts = self.steps.iter().filter_map(|step| match step {
            Step::Do(step) => Some(&step.ops),
            Step::Begin(step) => Some(&step.ops),
            Step::Ids(step) => step.ops.as_ref(),
            Step::Lifetime { ops, .. } => ops.as_ref(),
            _ => None,
        });
        let all = texts.flat_map(|text| text.split(' ')).filter(|op| !op.ends_with('?'));
        all.filter_map(|op| op.split(':').next())
            .filter(|op| !["get", "whoami", "gate", "throw"].contains(op))
            .collect()
    }

    /// Whether the clock is moved: such scenarios come last.
    pub(crate) fn moves_clock(&self) -> bool {
        self.needs.contains(&Need::Clock)
    }

    /// `U9/read first`
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.clause, self.variant)
    }
}

/// All scenarios, in the order of the file. A word that is misread, or not read at all, is an
/// error: each must come out again as it was written.
pub(crate) fn scenarios() -> serde_json::Result<Vec<Scenario>> {
    let read = |line: &str| {
        let scenario: Scenario = serde_json::from_str(line)?;
        let written: Value = serde_json::from_str(line)?;
        if serde_json::to_value(&scenario)? != written {
            let name = scenario.name();
            return Err(serde::de::Error::custom(format!("{name}: a word of it is not known")));
        }
        Ok(scenario)
    };
    SCENARIOS.lines().map(read).collect()
}

/// All clauses.
pub(crate) fn clauses() -> serde_json::Result<Vec<Clause>> {
    CLAUSES.lines().map(serde_json::from_str).collect()
}
