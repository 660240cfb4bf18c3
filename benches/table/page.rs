//! The tables as Markdown, and the page that they stand in.

use std::fmt::Write;
use std::process::Command;
use std::time::SystemTime;

use quixote_session::Timestamp;

use crate::results::{Estimate, read};
use crate::targets::TARGETS;

/// Every target beside what was measured.
pub(crate) fn targets() -> String {
    let mut page = "| what | measured | reach | aim | |\n|---|---|---|---|---|\n".to_owned();
    for target in TARGETS {
        let (measured, verdict) = match target.value() {
            None => ("not measured".to_owned(), ""),
            Some(value) if value <= target.aim => (number(value), "aim met"),
            Some(value) if value <= target.reach => (number(value), "reach met"),
            Some(value) => (number(value), "**missed**"),
        };
        let (what, reach, aim) = (target.what, number(target.reach), number(target.aim));
        let _ = writeln!(page, "| {what} | {measured} | ≤ {reach} | ≤ {aim} | {verdict} |");
    }
    page
}

const WHO: [&str; 6] = ["floor", "live", "copying", "strict", "tower-sessions", "quixote"];

/// The groups of criterion, what each is called, and what its numbers are.
const GROUPS: [(&str, &str); 9] = [
    ("cycle", "start, look at a token, finish; the access is noted"),
    ("cycle-unnoted", "the same, no access noted"),
    ("new-session", "start, set a user, create a token, finish"),
    ("logout", "start, expire, finish"),
    ("renewal", "start, change the user, finish"),
    ("failed-request", "start, change the user, fail"),
    ("cookies-1", "the cycle between header texts, 1 cookie"),
    ("cookies-5", "the cycle between header texts, 5 cookies"),
    ("cookies-20", "the cycle between header texts, 20 cookies"),
];

/// Every median with its spread.
pub(crate) fn results() -> String {
    let mut page = "Nanoseconds a request, by stored sessions:\n\n".to_owned();
    page += "| request | | 1k | 100k | 1M | 10M |\n|---|---|---|---|---|---|\n";
    let sizes = [1_000, 100_000, 1_000_000, 10_000_000];
    for (group, title) in GROUPS {
        for who in WHO {
            page += &row(title, group, who, &sizes, 1.0).unwrap_or_default();
        }
    }
    page += "\nBytes a session, by form tokens that it holds (its user has 11 bytes):\n\n";
    page += "| the table of a million | | 0 | 2 | 16 |\n|---|---|---|---|---|\n";
    for (group, title) in [
        ("memory-best", "full to its limit"),
        ("memory-worst", "just doubled"),
        ("memory-growing", "doubling, old and new at once"),
    ] {
        for who in WHO {
            page += &row(title, group, who, &[0, 2, 16], 1.0).unwrap_or_default();
        }
    }
    page += "\n| steps over a million sessions | | |\n|---|---|---|\n";
    for (group, who, size, title, unit) in [
        ("growth", "doubles", 917_504, "the request whose session doubles the table, µs", 1e3),
        ("growth", "does-not", 917_504, "the one after it, µs", 1e3),
        ("sweep", "looks", 1_000_000, "a sweep, ns for each session looked at", 1e6),
        ("sweep", "ends", 1_000_000, "a sweep, ns for each session ended", 1e6),
    ] {
        page += &row(title, group, who, &[size], unit).unwrap_or_default();
    }
    page
}

/// None where nothing was measured.
fn row(title: &str, group: &str, who: &str, sizes: &[u64], unit: f64) -> Option<String> {
    let cells: Vec<_> = sizes.iter().map(|size| read(group, who, *size)).collect();
    cells.iter().flatten().next()?;
    let cells =
        cells.into_iter().map(|cell| cell.map_or_else(String::new, |cell| text(cell, unit)));
    Some(format!("| {title} | {who} | {} |\n", cells.collect::<Vec<_>>().join(" | ")))
}

fn text(cell: Estimate, unit: f64) -> String {
    let spread = if cell.spread > 0.0 {
        format!(" ±{:.0} %", 100.0 * cell.spread / cell.median)
    } else {
        String::new()
    };
    number(cell.median / unit) + &spread
}

/// Three digits that say something.
fn number(value: f64) -> String {
    let places = if value >= 100.0 { 0 } else { usize::from(value < 10.0).saturating_add(1) };
    format!("{value:.places$}")
}

/// The page with what stands between the marks written anew.
pub(crate) fn with_results(page: &str) -> String {
    const MARKS: (&str, &str) = ("<!-- results -->\n", "<!-- end of results -->\n");
    let (before, rest) = page.split_once(MARKS.0).unwrap_or((page, ""));
    let (_, after) = rest.split_once(MARKS.1).unwrap_or(("", ""));
    let results = [machine(), targets(), results()].join("\n");
    format!("{before}{}\n{results}\n{}{after}", MARKS.0, MARKS.1)
}

/// Where and when, because numbers mean nothing without.
fn machine() -> String {
    let first = |file: &str, key: &str| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split_once(':').map_or("unknown", |(_, value)| value).trim().to_owned()
    };
    let output = Command::new("rustc").arg("--version").output().map(|output| output.stdout);
    let rustc = String::from_utf8_lossy(&output.unwrap_or_default()).trim().to_owned();
    let now = SystemTime::UNIX_EPOCH.elapsed().map(|elapsed| elapsed.as_millis());
    let now = Timestamp(now.ok().and_then(|now| u64::try_from(now).ok()).unwrap_or(0)).to_string();
    let (date, cores) = (now.get(..10).unwrap_or_default(), std::thread::available_parallelism());
    format!(
        "{date}, {rustc}, {}, {} cores, {} of memory.\n",
        first("/proc/cpuinfo", "model name"),
        cores.map_or(0, usize::from),
        first("/proc/meminfo", "MemTotal"),
    )
}
