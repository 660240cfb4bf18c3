//! Results in the form of criterion's `estimates.json`: written for what is no time, and read for
//! the table.

#![allow(dead_code, reason = "some write, and the table reads")]

use std::path::PathBuf;
use std::{env, fs};

use serde_json::{Value, json};

/// Where criterion keeps its results.
pub(crate) fn folder() -> PathBuf {
    let named = |variable| env::var_os(variable).map(PathBuf::from);
    let target = || named("CARGO_TARGET_DIR").unwrap_or_else(|| "../target".into());
    let home = named("CRITERION_HOME").unwrap_or_else(|| target().join("criterion"));
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(home)
}

fn file(group: &str, who: &str, size: u64) -> PathBuf {
    folder().join(group).join(who).join(size.to_string()).join("new/estimates.json")
}

/// Writes the median and the spread of some numbers down.
pub(crate) fn write(group: &str, who: &str, size: u64, numbers: &[f64]) {
    let median = median(numbers);
    let distances: Vec<f64> = numbers.iter().map(|number| (number - median).abs()).collect();
    let estimate = |value: f64| json!({ "point_estimate": value });
    let spread = self::median(&distances);
    let text = json!({ "median": estimate(median), "median_abs_dev": estimate(spread) });
    let file = file(group, who, size);
    let written = file.parent().map_or(Ok(()), fs::create_dir_all);
    written.and_then(|()| fs::write(&file, text.to_string())).expect("the results can be written");
}

fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// A median, and the median of the distances from it.
#[derive(Clone, Copy)]
pub(crate) struct Estimate {
    pub(crate) median: f64,
    pub(crate) spread: f64,
}

/// What was measured, if it was.
pub(crate) fn read(group: &str, who: &str, size: u64) -> Option<Estimate> {
    let file = file(group, who, size);
    let estimates: Value = serde_json::from_str(&fs::read_to_string(file).ok()?).ok()?;
    let point = |name: &str| estimates.get(name)?.get("point_estimate")?.as_f64();
    Some(Estimate { median: point("median")?, spread: point("median_abs_dev")? })
}
