//! Scenarios as data: what clients do, and what must be seen. `spec/contract.md` explains their
//! words.

mod seen;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::seen::{Check, Otherwise, Reply, See, Stored, What, When};

/// All scenarios, one per line.
const SCENARIOS: &str = include_str!("scenarios.jsonl");
/// The text of each clause, one per line.
const CLAUSES: &str = include_str!("clauses.jsonl");

/// A variant of a clause: steps that end in a verdict.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    pub(crate) clause: String,
    pub(crate) variant: String,
    pub(crate) level: Level,
    /// What the server must have, besides the operations of the steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) needs: Vec<Need>,
    /// Whether it is about the login call of a framework. If there is none, the application is
    /// responsible, and MUST becomes SHOULD.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) login: bool,
    pub(crate) steps: Vec<Step>,
    /// The faults of the reference server that it finds: at least one.
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
    /// There may be reasons for it.
    Should,
    /// It is only reported: the verdict is a note.
    Note,
}

/// What a scenario needs of the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Need {
    /// A clock that can be moved.
    Clock,
    /// A documented idle limit.
    Idle,
    /// A documented absolute limit.
    Absolute,
    /// A log, which the judge has if it started the server.
    Log,
    /// An id in the cookie, instead of the session itself.
    #[serde(rename = "own ids")]
    OwnIds,
    /// The session itself in the cookie.
    Sealed,
}

/// How a scenario ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// What must be seen was seen.
    Pass,
    /// It was seen, and requests of one session waited for each other.
    Serialised,
    /// It was seen, and there is something to know.
    Note,
    /// It was not seen.
    Fail,
    /// The server declares that it does not have what the scenario needs.
    NotApplicable,
    /// The server has no way to do what the scenario does.
    NotExpressible,
    /// The failure of another clause hides the result.
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
    /// Opens a gate, and waits for the request that was there.
    Open {
        open: String,
    },
    /// Copies a browser's cookies to another, as a thief does.
    Copy {
        copy: String,
        to: String,
    },
    /// The same, but with an id that the server never issued.
    Forge {
        forge: String,
        to: String,
    },
    /// Sets the server's clock, counted from the beginning of the scenario.
    Clock {
        clock: Moment,
    },
    /// Uses the session again and again, each time with these operations first, until its absolute
    /// limit must have ended it.
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
    /// Gets many ids, which must differ and hold enough bits.
    Ids(Ids),
    /// Sends the cookies of a browser again and again, with one letter changed each time.
    Tamper {
        tamper: String,
    },
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
    /// More parameters of the address, besides the operations.
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
    /// The name of its last operation's answer from now on.
    #[serde(default, rename = "let", skip_serializing_if = "Option::is_none")]
    pub(crate) bind: Option<String>,
    /// The name of the response, besides `last`.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub(crate) called: Option<String>,
}

impl Do {
    /// A request with operations only.
    pub(crate) fn plain(client: &str, ops: &str) -> Self {
        Self { client: client.into(), ops: ops.into(), ..Self::default() }
    }
}

/// A request that stays at its gate. Its response will be called `held`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Begin {
    #[serde(rename = "begin")]
    pub(crate) client: String,
    pub(crate) ops: String,
}

/// How to get the ids, or form tokens, that must differ and hold enough bits.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ids {
    #[serde(rename = "ids")]
    pub(crate) count: usize,
    /// The operations of a request that gets one; by default it writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ops: Option<String>,
    /// The one browser that gets all of them, one after the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) of: Option<String>,
    /// If given, the last answer counts instead of the id, and must hold this many bits.
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

impl Scenario {
    /// The operations that the server must have. Operations that end with `?` are left out if the
    /// server does not have them, and every server can read.
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
/// error, as each scenario must be written again as it was read.
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
