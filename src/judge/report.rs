//! The results: for people, as JSON, for CI servers, and as scripts.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use super::curl::{script, texts};
use super::play::Played;
use super::scenario::{Clause, Level, Verdict};

/// The results of a run.
pub(crate) struct Report {
    /// What the server says about itself.
    pub(crate) server: Value,
    pub(crate) address: String,
    pub(crate) gate: u16,
    pub(crate) cookie: String,
    pub(crate) clauses: Vec<Clause>,
    pub(crate) played: Vec<Played>,
    pub(crate) programs: Value,
    pub(crate) crashes: u32,
    pub(crate) seconds: f64,
}

impl Report {
    /// Whether a MUST does not hold.
    pub(crate) fn fails(&self) -> bool {
        let findings = self.programs.get("findings").and_then(Value::as_array);
        if findings.is_some_and(|found| !found.is_empty()) {
            return true;
        }
        self.played.iter().any(|it| it.verdict == Verdict::Fail && it.level == Level::Must)
    }

    /// Whether something could not be judged.
    pub(crate) fn is_doubtful(&self) -> bool {
        let judged = |it: &Played| {
            matches!(
                it.verdict,
                Verdict::Pass | Verdict::Serialised | Verdict::Note | Verdict::Fail
            )
        };
        self.played.iter().any(|it| it.verdict == Verdict::Harness)
            || !self.played.iter().any(judged)
    }

    fn script(&self, played: &Played) -> Vec<String> {
        script(&played.trace, &self.address, self.gate, &self.cookie)
    }

    /// The report as one JSON document.
    pub(crate) fn json(&self) -> Value {
        let results: Vec<_> = self.played.iter().map(|it| self.result(it)).collect();
        let mut document = json!({
            "format": 1,
            "tool": concat!("quixote-session ", env!("CARGO_PKG_VERSION")),
            "server": self.server,
            "results": results,
            "crashes": self.crashes,
            "seconds": self.seconds,
        });
        if let (Value::Object(all), false) = (&mut document, self.programs.is_null()) {
            all.insert("programs".into(), self.programs.clone());
        }
        document
    }

    fn result(&self, played: &Played) -> Value {
        let mut result = json!({
            "clause": played.clause,
            "variant": played.variant,
            "level": played.level,
            "verdict": played.verdict,
            "why": played.why,
            "trace": texts(&played.trace),
        });
        if let (Value::Object(all), Verdict::Fail) = (&mut result, played.verdict) {
            all.insert("curl".into(), self.script(played).into());
        }
        result
    }

    /// Writes the report for people: a line for each clause, and what failed.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        self.write_clauses(out)?;
        self.write_failures(out)?;
        self.write_programs(out)?;
        let count = |verdict| self.played.iter().filter(|it| it.verdict == verdict).count();
        let all: Vec<_> = ALL
            .into_iter()
            .filter(|it| count(*it) > 0)
            .map(|it| format!("{} {}", count(it), word(it)))
            .collect();
        writeln!(out, "\n{}: {}", self.name(), all.join(", "))
    }

    /// The verdict on each clause, and what happened in its scenarios.
    fn write_clauses(&self, out: &mut impl Write) -> io::Result<()> {
        for clause in &self.clauses {
            let own: Vec<_> = self.played.iter().filter(|it| it.clause == clause.clause).collect();
            let Some(worst) = worst(&own) else { continue };
            let style = style_of(worst);
            writeln!(
                out,
                "{:<4} {style}{:<15}{style:#} {}",
                clause.clause,
                word(worst),
                clause.says
            )?;
            for (told, variants) in alike(&own) {
                let style = style_of(told.verdict);
                let level = match (told.verdict, told.level) {
                    (Verdict::Fail, Level::Should) => " (SHOULD)",
                    _ => "",
                };
                let (word, variants, why) = (word(told.verdict), variants.join(", "), &told.why);
                writeln!(out, "     {style}{word}{style:#} {variants}{level}: {why}")?;
            }
        }
        Ok(())
    }

    /// For each clause that is broken, the shortest run that breaks it.
    fn write_failures(&self, out: &mut impl Write) -> io::Result<()> {
        for clause in &self.clauses {
            let own = self.played.iter().filter(|it| it.clause == clause.clause);
            let failed = own.filter(|it| it.verdict == Verdict::Fail);
            let Some(played) = failed.min_by_key(|it| (it.level != Level::Must, it.trace.len()))
            else {
                continue;
            };
            let bold = Style::new().bold();
            writeln!(out, "\n{bold}{} {}{bold:#}: {}", played.clause, played.variant, played.why)?;
            for line in texts(&played.trace) {
                writeln!(out, "    {line}")?;
            }
        }
        Ok(())
    }

    fn write_programs(&self, out: &mut impl Write) -> io::Result<()> {
        let Some(all) = self.programs.get("findings").and_then(Value::as_array) else {
            return Ok(());
        };
        let number = |key: &str| self.programs.get(key).and_then(Value::as_u64).unwrap_or(0);
        let (count, cells) = (number("count"), number("cells"));
        writeln!(
            out,
            "\n{count} programs reach {cells} cells of the model, {} break a clause",
            all.len()
        )?;
        for found in all {
            let text = |key: &str| found.get(key).and_then(Value::as_str).unwrap_or_default();
            writeln!(out, "\n{}: {}: {}", text("clause"), text("shape"), text("why"))?;
            for line in found.get("trace").and_then(Value::as_array).into_iter().flatten() {
                writeln!(out, "    {}", line.as_str().unwrap_or_default())?;
            }
        }
        Ok(())
    }

    fn name(&self) -> String {
        let text = |key| self.server.get(key).and_then(Value::as_str).unwrap_or_default();
        format!("{} {}", text("name"), text("version")).trim().to_owned()
    }

    /// Writes the report as `JUnit` XML, for CI servers.
    pub(crate) fn write_junit(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
        for played in &self.played {
            let suite = suites
                .entry(&played.clause)
                .or_insert_with(|| TestSuite::new(played.clause.as_str()));
            let failed = |kind| {
                let mut status = TestCaseStatus::non_success(kind);
                status.set_message(in_xml(&played.why));
                status.set_description(in_xml(&texts(&played.trace).join("\n")));
                status
            };
            let skipped = || {
                let mut status = TestCaseStatus::skipped();
                status.set_message(in_xml(&format!("{}: {}", word(played.verdict), played.why)));
                status
            };
            let status = match (played.verdict, played.level) {
                (Verdict::Fail, Level::Must) => failed(NonSuccessKind::Failure),
                (Verdict::Harness, _) => failed(NonSuccessKind::Error),
                (Verdict::Pass | Verdict::Serialised | Verdict::Note, _) => {
                    TestCaseStatus::success()
                }
                (
                    Verdict::Fail
                    | Verdict::NotApplicable
                    | Verdict::NotExpressible
                    | Verdict::Moot,
                    _,
                ) => skipped(),
            };
            let mut case = TestCase::new(played.variant.as_str(), status);
            case.set_classname(played.clause.as_str());
            suite.add_test_case(case);
        }
        let mut report = quick_junit::Report::new(self.name());
        report.add_test_suites(suites.into_values());
        report.serialize(out).map_err(io::Error::other)
    }

    /// Writes a script for each failure that repeats it.
    pub(crate) fn write_scripts(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        for played in self.played.iter().filter(|it| it.verdict == Verdict::Fail) {
            let name = format!("{}-{}.sh", played.clause, played.variant);
            let name = name.replace(|it: char| !it.is_ascii_alphanumeric() && it != '.', "-");
            let comment = |line: &str| format!("# {}", line.replace('\n', "\n# "));
            let told = texts(&played.trace).into_iter().map(|line| comment(&line));
            let lines: Vec<_> =
                [comment(&played.why)].into_iter().chain(told).chain(self.script(played)).collect();
            std::fs::write(folder.join(name), lines.join("\n") + "\n")?;
        }
        Ok(())
    }
}

/// A text without the two characters that XML forbids but the XML writer does not remove.
fn in_xml(text: &str) -> String {
    text.replace(['\u{fffe}', '\u{ffff}'], "")
}

/// All verdicts, from the best to the worst.
const ALL: [Verdict; 8] = [
    Verdict::Pass,
    Verdict::Serialised,
    Verdict::Note,
    Verdict::NotApplicable,
    Verdict::NotExpressible,
    Verdict::Moot,
    Verdict::Harness,
    Verdict::Fail,
];

/// The verdict on a clause: the worst among its variants that could be judged.
fn worst(played: &[&Played]) -> Option<Verdict> {
    let judged = [
        Verdict::Fail,
        Verdict::Harness,
        Verdict::Note,
        Verdict::Serialised,
        Verdict::Pass,
        Verdict::Moot,
        Verdict::NotExpressible,
        Verdict::NotApplicable,
    ];
    judged.into_iter().find(|verdict| played.iter().any(|it| it.verdict == *verdict))
}

/// The scenarios that get a line, each with all variants that have the same result.
fn alike<'a>(played: &[&'a Played]) -> Vec<(&'a Played, Vec<&'a str>)> {
    let mut told: Vec<(&Played, Vec<&str>)> = Vec::new();
    for one in played.iter().filter(|it| is_told(it.verdict)) {
        let same =
            |it: &Played| (it.verdict, it.level, &it.why) == (one.verdict, one.level, &one.why);
        match told.iter_mut().find(|(it, _)| same(it)) {
            Some((_, variants)) => variants.push(&one.variant),
            None => told.push((one, vec![&one.variant])),
        }
    }
    told
}

/// The word for a verdict.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Serialised => "serialised",
        Verdict::Note => "note",
        Verdict::Fail => "FAIL",
        Verdict::NotApplicable => "not applicable",
        Verdict::NotExpressible => "not expressible",
        Verdict::Moot => "moot",
        Verdict::Harness => "HARNESS",
    }
}

fn is_told(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Pass | Verdict::Serialised)
}

fn style_of(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Pass | Verdict::Serialised => AnsiColor::Green.on_default(),
        Verdict::Note => AnsiColor::Yellow.on_default(),
        Verdict::Fail | Verdict::Harness => AnsiColor::Red.on_default().bold(),
        Verdict::NotApplicable | Verdict::NotExpressible | Verdict::Moot => Style::new().dimmed(),
    }
}
