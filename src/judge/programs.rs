//! Runs programs on a server, judges the answers by the clauses, and shrinks a program that breaks
//! one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::curl::{Line, script, texts};
use super::expect::{Expect, ends_session, moves_session};
use super::kit::Kit;
use super::program::{Drawer, Move, Program, shape};
use super::reply::Reply;
use super::scenario::{Do, Verdict};
use super::stage::{End, Stage};
use super::target::NoContract;

/// The most runs that are spent on shrinking one program.
const MOST_SHRINKS: u32 = 120;

/// A clause that a program breaks.
#[derive(Clone)]
struct Broken {
    clause: &'static str,
    why: String,
    trace: Vec<Line>,
}

/// A shape of programs that break a clause.
struct Found {
    broken: Broken,
    count: u32,
}

/// Runs this many programs, and returns the result for the report.
pub(super) fn run(
    kit: &mut Kit,
    count: u32,
    seed: u64,
    progress: super::Progress<'_>,
) -> Result<Value, NoContract> {
    let mut drawer = Drawer::new(seed, &kit.target.caps.ops);
    let mut found: BTreeMap<(&'static str, String), Found> = BTreeMap::new();
    for number in 0..count {
        let (at, all) = (usize::try_from(number), usize::try_from(count));
        progress(at.unwrap_or_default(), all.unwrap_or_default(), "programs");
        let program = drawer.next();
        let broken = judge(kit, &program)?;
        kit.expect_answers()?;
        let Some(broken) = broken else { continue };
        let (program, broken) = shrink(kit, program, broken)?;
        let entry = found.entry((broken.clause, shape(&program)));
        entry.or_insert(Found { broken, count: 0 }).count += 1;
    }
    let address = format!("{}{}", kit.target.base, kit.target.prefix);
    let (gate, cookie) = (kit.gate.port(), kit.target.caps.cookie.clone());
    let findings = found.into_iter().map(|((clause, shape), Found { broken, count })| {
        let curl = script(&broken.trace, &address, gate, &cookie);
        let trace = texts(&broken.trace);
        json!({
            "clause": clause, "shape": shape, "count": count, "why": broken.why,
            "trace": trace, "curl": curl,
        })
    });
    let findings: Vec<_> = findings.collect();
    Ok(json!({
        "count": count, "seed": seed, "cells": drawer.cells(), "findings": findings,
    }))
}

/// Removes everything that is not needed to break the same clause.
fn shrink(
    kit: &mut Kit,
    mut program: Program,
    mut broken: Broken,
) -> Result<(Program, Broken), NoContract> {
    let mut left = MOST_SHRINKS;
    'again: loop {
        for shorter in shorter(&program) {
            if left == 0 {
                return Ok((program, broken));
            }
            left -= 1;
            if let Some(same) = judge(kit, &shorter)?
                && same.clause == broken.clause
            {
                (program, broken) = (shorter, same);
                continue 'again;
            }
        }
        return Ok((program, broken));
    }
}

/// The programs with one move, or one operation, less.
fn shorter(program: &Program) -> Vec<Program> {
    let mut all = Vec::new();
    let without = |ops: &[String], at: usize| {
        let mut ops = ops.to_vec();
        ops.remove(at);
        ops
    };
    for (at, it) in program.iter().enumerate() {
        let mut with = |new: Option<Move>| {
            let mut program = program.clone();
            program.splice(at..=at, new);
            all.push(program);
        };
        with(None);
        match it {
            Move::Request { client, ops } if ops.len() > 1 => {
                for at in 0..ops.len() {
                    with(Some(Move::Request { client, ops: without(ops, at) }));
                }
            }
            Move::Begin { before, after } => {
                for at in 0..before.len() {
                    let (before, after) = (without(before, at), after.clone());
                    with(Some(Move::Begin { before, after }));
                }
                for at in 0..after.len() {
                    let (before, after) = (before.clone(), without(after, at));
                    with(Some(Move::Begin { before, after }));
                }
            }
            Move::Request { .. } | Move::Open | Move::Steal => {}
        }
    }
    all
}

/// Runs a program, with a last look by both clients. If the server cannot run it, it breaks
/// nothing.
fn judge(kit: &mut Kit, program: &Program) -> Result<Option<Broken>, NoContract> {
    let mut run = Run {
        stage: Stage::new(kit),
        expect: Expect::nothing(),
        ended: BTreeMap::new(),
        held: None,
    };
    let mut broken = None;
    let ends = [Move::Open, request("A"), request("T")];
    for it in program.iter().chain(&ends) {
        match run.one(it) {
            Ok(()) => {}
            Err(Stop::Broken(clause, why)) => {
                broken = Some((clause, why));
                break;
            }
            Err(Stop::Cannot) => break,
        }
    }
    run.stage.finish();
    let trace = std::mem::take(&mut run.stage.trace);
    kit.target.revive()?;
    Ok(broken.map(|(clause, why)| Broken { clause, why, trace }))
}

fn request(client: &'static str) -> Move {
    Move::Request { client, ops: ["whoami", "get:a", "get:b"].map(str::to_owned).to_vec() }
}

/// A program under way.
struct Run<'a> {
    stage: Stage<'a>,
    expect: Expect,
    /// The ids that a request has ended, if it was answered as done, and whether another request
    /// overlapped it.
    ended: BTreeMap<String, bool>,
    held: Option<Held>,
}

/// The request at the gate, and what the others did meanwhile.
struct Held {
    ops: Vec<String>,
    id: Option<String>,
    others: Vec<String>,
}

enum Stop {
    Broken(&'static str, String),
    /// The server cannot do this, or the judge has failed, which is reported elsewhere.
    Cannot,
}

impl From<End> for Stop {
    fn from(end: End) -> Self {
        match end.verdict {
            Verdict::Fail => Self::Broken("U4", end.why),
            _ => Self::Cannot,
        }
    }
}

impl Run<'_> {
    fn one(&mut self, it: &Move) -> Result<(), Stop> {
        match it {
            Move::Steal => self.stage.copy("A", "T"),
            Move::Request { client, ops } if !ops.is_empty() => self.request(client, ops)?,
            Move::Begin { before, after } if self.held.is_none() => {
                let ops: Vec<_> = before.iter().chain(after).cloned().collect();
                let gate = "gate:g".to_owned();
                let words: Vec<_> = before.iter().chain([&gate]).chain(after).cloned().collect();
                let id = self.stage.id("A");
                self.stage.begin("A/2", &words.join(" "))?;
                // The effects of the operations before the gate may be visible already.
                self.expect.maybe(before);
                self.held = Some(Held { ops, id, others: Vec::new() });
            }
            Move::Request { .. } | Move::Begin { .. } => {}
            Move::Open => self.open()?,
        }
        Ok(())
    }

    fn request(&mut self, client: &str, ops: &[String]) -> Result<(), Stop> {
        let id = self.stage.id(client);
        let waited = self.stage.serialised;
        let reply = self.stage.request(&Do::plain(client, &ops.join(" ")))?;
        if reply.results.iter().any(|result| result == "unsupported") {
            return Err(Stop::Cannot);
        }
        if self.stage.serialised && !waited {
            // The request at the gate was carried out before this one.
            self.settle(true)?;
        }
        self.opens_nothing(id.as_ref(), ops, &reply)?;
        if client == "A" {
            self.reads_what_it_may(ops, &reply)?;
        }
        let throws = ops.last().is_some_and(|op| op == "throw");
        match (client, reply.is_ok(), throws) {
            ("A", true, _) => self.expect.done(ops),
            ("A", false, true) => self.expect.thrown(ops),
            // The thief's cookie may no longer be that of the browser.
            _ => self.expect.maybe(ops),
        }
        if let Some(held) = &mut self.held {
            held.others.extend_from_slice(ops);
            self.expect.maybe(&held.ops.clone());
        }
        if reply.is_ok() && !throws {
            self.note_end(id, ops);
        }
        Ok(())
    }

    /// Notes an id that a request has ended, and has not itself used again.
    fn note_end(&mut self, id: Option<String>, ops: &[String]) {
        let overlapped = self.held.is_some();
        let logs_in = ops.iter().any(|op| op.starts_with("login"));
        if let Some(id) = id {
            if logs_in {
                self.ended.remove(&id);
            } else if ops.iter().any(|op| ends_session(op)) && ops.len() == 1 {
                self.ended.insert(id, overlapped);
            }
        }
    }

    fn opens_nothing(
        &self,
        id: Option<&String>,
        ops: &[String],
        reply: &Reply,
    ) -> Result<(), Stop> {
        let Some(overlapped) = id.and_then(|id| self.ended.get(id)) else { return Ok(()) };
        let before: BTreeSet<_> = ["whoami"].into();
        let reads = ops.iter().zip(&reply.results);
        for (op, result) in reads.take_while(|(op, _)| before.contains(op.as_str())) {
            if let Some(user) = result.as_str().filter(|user| !user.is_empty()) {
                let clause = if *overlapped { "U9" } else { "U7" };
                let why = format!("{op} of an id that was ended reads {user}");
                return Err(Stop::Broken(clause, why));
            }
        }
        Ok(())
    }

    fn reads_what_it_may(&self, ops: &[String], reply: &Reply) -> Result<(), Stop> {
        if !reply.is_ok() {
            return Ok(());
        }
        match self.expect.check(ops, &reply.results) {
            None => Ok(()),
            Some((slot, why)) if slot == "user" => Err(Stop::Broken("U21", why)),
            Some((_, why)) => Err(Stop::Broken("U13", why)),
        }
    }

    fn open(&mut self) -> Result<(), Stop> {
        self.stage.open("g")?;
        self.settle(false)
    }

    /// Settles what is expected after the request at the gate has ended.
    fn settle(&mut self, serialised: bool) -> Result<(), Stop> {
        let Some(Held { ops, id, others }) = self.held.take() else { return Ok(()) };
        let reply = self.stage.replies.get("held").cloned().unwrap_or_default();
        if reply.results.iter().any(|result| result == "unsupported") {
            return Err(Stop::Cannot);
        }
        if id.is_none() {
            // It may have begun a new session. That is not an older one, and no clause forbids it.
            self.expect.moved();
        } else if !reply.is_ok() || serialised || moves_session(&ops) {
            self.expect.maybe(&ops);
        } else {
            self.expect.late(&ops, &others);
        }
        // Another login may use the id again; then the reuse is the fault.
        let ends = ops.len() == 1 && ops.iter().any(|op| ends_session(op));
        let is_used_again = others.iter().any(|op| op.starts_with("login"));
        if let (true, true, false, Some(id)) = (reply.is_ok(), ends, is_used_again, id) {
            self.ended.insert(id, true);
        }
        Ok(())
    }
}
