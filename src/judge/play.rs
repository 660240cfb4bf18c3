//! Plays a scenario, step by step, to its verdict.

use serde_json::Value;

use super::curl::Line;
use super::hostile;
use super::ids;
use super::kit::Kit;
use super::scenario::{Begin, Do, Ids, Level, Need, Scenario, Step, Verdict};
use super::stage::{End, Stage, bare, end, first_half};
use super::tamper::{next_of_kind, tamper};
use super::target::Follows;

/// If no limit is documented, a cookie must be worthless after this time.
const DAY: f64 = 86_400.0;
const LONGEST: f64 = 400.0 * DAY;
/// How often a session is used, as a share of the idle limit.
const USED_EVERY: f64 = 0.7;
/// The most uses of a session in search of its absolute limit, if none is documented.
const MOST_USES: u32 = 60;
/// The most uses up to a documented limit: eleven hours, with an idle limit of a minute.
const MOST_USES_TO_LIMIT: f64 = 1_000.0;
/// How many bits an id must have. A random UUID has 122, and passes.
const ID_BITS: f64 = 120.0;

/// The result of one scenario.
#[derive(Clone, Debug)]
pub(crate) struct Played {
    pub(crate) clause: String,
    pub(crate) variant: String,
    pub(crate) level: Level,
    pub(crate) verdict: Verdict,
    pub(crate) why: String,
    pub(crate) trace: Vec<Line>,
    /// Ids that must not be in the log, which is read when the server has ended.
    pub(crate) hidden_from_log: Vec<String>,
}

/// Plays a scenario, if the server has what it needs.
pub(crate) fn play(kit: &mut Kit, scenario: &Scenario) -> Played {
    let level = match scenario.level {
        Level::Must if scenario.login && !kit.target.has_login() => Level::Should,
        level => level,
    };
    let mut played = Played {
        clause: scenario.clause.clone(),
        variant: scenario.variant.clone(),
        level,
        verdict: Verdict::Pass,
        why: String::new(),
        trace: Vec::new(),
        hidden_from_log: Vec::new(),
    };
    if let Some(End { verdict, why }) = lacks(kit, scenario) {
        (played.verdict, played.why) = (verdict, why);
        return played;
    }
    let mut stage = Stage::new(kit);
    let ended = scenario.steps.iter().try_for_each(|step| stage.step(step, &mut played));
    stage.finish();
    let serialised = stage.serialised;
    played.trace = std::mem::take(&mut stage.trace);
    let ended = ended.err().unwrap_or(End { verdict: Verdict::Pass, why: String::new() });
    (played.verdict, played.why) = match ended.verdict {
        Verdict::Pass if serialised => (Verdict::Serialised, ended.why),
        Verdict::Fail if level == Level::Note => (Verdict::Note, ended.why),
        verdict => (verdict, ended.why),
    };
    played
}

/// Why the scenario is not for this server.
fn lacks(kit: &Kit, scenario: &Scenario) -> Option<End> {
    let caps = &kit.target.caps;
    let mut missing = scenario.operations();
    missing.retain(|op| !caps.has(op));
    let no = |why: &str| Some(End { verdict: Verdict::NotApplicable, why: why.into() });
    if !missing.is_empty() {
        return no(&format!(
            "the server has no {}",
            missing.into_iter().collect::<Vec<_>>().join(", ")
        ));
    }
    for need in &scenario.needs {
        match need {
            Need::Clock if kit.target.follows == Follows::No => {
                return no("the server's clock cannot be moved");
            }
            Need::Clock if kit.target.follows == Follows::Broken => {
                let why = "the clock was moved, and the Date of a response has not followed";
                return Some(End { verdict: Verdict::Harness, why: why.into() });
            }
            Need::Idle if caps.idle.is_none() => return no("no idle limit is documented"),
            Need::Absolute if caps.absolute.is_none() => {
                return no("no absolute limit is documented");
            }
            Need::Log if kit.target.log().is_none() => return no("the judge has no log"),
            Need::Sealed if !caps.sealed => return no("the session is not in the cookie"),
            Need::OwnIds if caps.sealed => return no("the cookie is the session"),
            _ => {}
        }
    }
    None
}

impl Stage<'_> {
    fn step(&mut self, step: &Step, played: &mut Played) -> Result<(), End> {
        match step {
            Step::Do(step) => self.repeat(step),
            Step::Begin(Begin { client, ops }) => self.begin(client, ops),
            Step::Open { open } => self.open(open),
            Step::Copy { copy, to } => {
                self.copy(copy, to);
                Ok(())
            }
            Step::Forge { forge, to } => self.forge(forge, to),
            Step::Clock { clock } => {
                let caps = &self.kit.target.caps;
                let at = clock.idle * caps.idle.unwrap_or(LONGEST);
                if clock.plus.is_none() && caps.absolute.is_some_and(|absolute| at >= absolute) {
                    return end(Verdict::NotApplicable, "the absolute limit comes first");
                }
                self.set_clock(at + clock.plus.map_or(0.0, f64::from))
            }
            Step::Lifetime { lifetime, ops } => self.lifetime(lifetime, ops.as_deref()),
            Step::Use { client, until } => self.use_until(client, *until),
            Step::Ids(ids) => self.fresh_ids(ids),
            Step::Tamper { tamper: client } => tamper(self, client),
            Step::Hostile { hostile } => hostile::send(self, hostile),
            Step::Check(check) => self.check(check, played),
        }
    }

    fn repeat(&mut self, step: &Do) -> Result<(), End> {
        let asks_for = |word| step.cookie.as_ref().is_some_and(|it| it.contains(word));
        if asks_for("{mangled}") && !self.cookie().contains('_') {
            return end(Verdict::NotApplicable, "the cookie's name has nothing to mangle");
        }
        if asks_for("{bare}") && bare(self.cookie()) == self.cookie() {
            return end(Verdict::NotApplicable, "the cookie's name has no prefix");
        }
        for _ in 0..step.times.unwrap_or(1) {
            let reply = self.request(step)?;
            if reply.results.iter().any(|result| result == "unsupported") {
                let why = format!("{}: the server answers that this is not supported", step.ops);
                return end(Verdict::NotExpressible, why);
            }
            // A scenario that names the response knows what a refusal means.
            if self.is_held() && step.called.is_none() && reply.is_in_the_way() {
                let why = "the server refuses a request while another one is under way";
                return end(Verdict::NotExpressible, why);
            }
            if let Some(name) = &step.bind {
                let text = match reply.results.last() {
                    Some(Value::String(text)) => text.clone(),
                    Some(Value::Array(list)) => {
                        list.first().and_then(Value::as_str).unwrap_or_default().to_owned()
                    }
                    _ => String::new(),
                };
                self.variables.insert(format!("half_{name}"), first_half(&text).to_owned());
                self.variables.insert(name.clone(), text);
            }
        }
        Ok(())
    }

    /// Replaces letters by letters and digits by digits, so that only the store can tell the id
    /// from a real one.
    fn forge(&mut self, from: &str, to: &str) -> Result<(), End> {
        let (name, real) = (self.cookie().to_owned(), self.id(from));
        self.copy(from, to);
        self.jar(to).forge(&name, |id| id.chars().map(next_of_kind).collect());
        if self.id(to) == real {
            return end(Verdict::NotApplicable, "no other id has this form");
        }
        self.trace.push(Line::forge(from, to));
        Ok(())
    }

    /// A session that is used all the time must end at its absolute limit, and not before.
    fn lifetime(&mut self, client: &str, ops: Option<&str>) -> Result<(), End> {
        let (idle, absolute) = (self.kit.target.caps.idle, self.kit.target.caps.absolute);
        let limit = absolute.unwrap_or(LONGEST);
        let pause = idle.unwrap_or(DAY) * USED_EVERY;
        let pause = if idle.is_none() { pause.max(limit / 50.0) } else { pause };
        reachable(absolute.unwrap_or(0.0), pause)?;
        let (mut at, mut uses) = (0.0, 0);
        while at < limit && (uses < MOST_USES || absolute.is_some()) {
            at += pause;
            uses += 1;
            self.set_clock(at)?;
            if let Some(ops) = ops {
                self.request(&Do::plain(client, ops))?;
            }
            if !self.is_open(client)? {
                return match absolute {
                    Some(limit) if at < limit => {
                        end(Verdict::Fail, format!("dead after {at:.0} s, before its limit"))
                    }
                    Some(_) => Ok(()),
                    None => end(Verdict::Moot, "idle time is not extended by reading"),
                };
            }
        }
        self.set_clock(at + 1.0)?;
        if self.is_open(client)? {
            let days = at / DAY;
            return end(
                Verdict::Fail,
                format!("in use all the time, alive after {days:.1} days: no absolute limit"),
            );
        }
        Ok(())
    }

    fn use_until(&mut self, client: &str, until: f64) -> Result<(), End> {
        let caps = &self.kit.target.caps;
        let (idle, absolute) = (caps.idle.unwrap_or(DAY), caps.absolute.unwrap_or(DAY));
        reachable(until * absolute, idle * USED_EVERY)?;
        #[expect(clippy::cast_precision_loss, reason = "seconds of a few years")]
        let mut at = (self.kit.target.clock.ahead() - self.began) as f64;
        while at < until * absolute {
            at = (at + idle * USED_EVERY).min(until * absolute);
            self.set_clock(at)?;
            if !self.is_open(client)? {
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_open(&mut self, client: &str) -> Result<bool, End> {
        let reply = self.request(&Do::plain(client, "whoami"))?;
        Ok(reply.results.first().is_some_and(|user| user == "alice"))
    }

    /// Checks that ids differ, and that they may hold enough bits.
    fn fresh_ids(&mut self, wanted: &Ids) -> Result<(), End> {
        let ops = wanted.ops.as_deref().unwrap_or("put:a:1");
        let mut found = Vec::new();
        for number in 0..wanted.count {
            let client = wanted.of.clone().unwrap_or_else(|| format!("C{number}"));
            let reply = self.request(&Do::plain(&client, ops))?;
            found.extend(match wanted.token_bits {
                Some(_) => reply.results.last().and_then(Value::as_str).map(str::to_owned),
                None => self.id(&client),
            });
        }
        self.trace.truncate(4);
        self.note(format!("... {} times", wanted.count));
        let (what, none) = match wanted.token_bits {
            Some(_) => ("a form token", "no form token"),
            None => ("an id", "no cookie of the declared name"),
        };
        if found.len() < wanted.count {
            return end(Verdict::Fail, none);
        }
        let mut unique = found.clone();
        unique.sort_unstable();
        unique.dedup();
        if unique.len() < found.len() {
            return end(Verdict::Fail, format!("{what} was issued twice"));
        }
        let cores: Vec<_> = found.iter().map(|id| self.core_of(id)).collect();
        let bits = ids::bits(&cores);
        if bits < wanted.token_bits.map_or(ID_BITS, f64::from) {
            return end(Verdict::Fail, format!("{what} holds at most {bits:.0} bits"));
        }
        Ok(())
    }

    /// The id itself, from a value that may be signed.
    pub(crate) fn core_of(&self, value: &str) -> String {
        let pattern = self.kit.target.id_pattern.as_ref();
        let found = pattern.and_then(|pattern| pattern.captures(value)).and_then(|it| it.get(1));
        found.map_or_else(|| value.to_owned(), |core| core.as_str().to_owned())
    }
}

/// Whether a session can be used up to this moment, with pauses of this length.
fn reachable(until: f64, pause: f64) -> Result<(), End> {
    if until / pause > MOST_USES_TO_LIMIT {
        return end(Verdict::NotApplicable, "the absolute limit is too many idle limits away");
    }
    Ok(())
}
