//! What is generated in the folder of the specification.

use std::fmt::Write as _;

use quixote_session::Semantics;
use quixote_session::check::{Difference, Property, phases};

use crate::checks::{Explored, explored};
use crate::rules::{Rule, Spec};
use crate::sources::{Citation, Side, Source, is_rule_name};
use crate::trace::Reviewed;

const HEAD: &str = "\
# Traceability

Written by `UPDATE_SPEC=1 cargo test --test spec`; the same test fails if this page is not what the
code produces. Each rule of `session.md` stands beside the code that obeys it, the tests that check
it, the theorems that it helps to keep, and its names in the TLA+ model. SHOULD and MAY need neither
code nor test. `reviewed` is the hash of the sentence when its citations were last reviewed: the
test fails if the sentence has changed since, until `REVIEWED=rule-1,rule-2` is set beside
`UPDATE_SPEC`.
";

/// The page that shows which code obeys each rule, and which test checks it. A rule that was
/// reviewed before keeps its hash unless `again` names it.
pub(crate) fn traceability(
    spec: &Spec,
    sources: &[Source],
    reviewed: &Reviewed,
    again: &[&str],
) -> String {
    let citations: Vec<Citation> = sources.iter().flat_map(Source::citations).collect();
    let model: Vec<_> = sources.iter().flat_map(Source::model_names).collect();
    let mut page = String::from(HEAD);
    for section in spec.sections() {
        let _ = write!(page, "\n## {section}\n\n| rule | reviewed | code | test |");
        page.push_str(" theorem | TLA+ |\n|---|---|---|---|---|---|\n");
        for rule in spec.rules.iter().filter(|rule| rule.section == section) {
            let [code, test] = [Side::Code, Side::Test].map(|side| places(rule, side, &citations));
            let theorems = in_code(rule.properties.iter());
            let names = model.iter().filter(|(own, _)| *own == rule.id).map(|(_, name)| name);
            let names = in_code(rule.model.iter().chain(names));
            let id = &rule.id;
            let before = reviewed.get(id).filter(|_| !again.contains(&id.as_str()));
            let hash = before.cloned().unwrap_or_else(|| rule.hash());
            let _ = writeln!(page, "| {id} | {hash} | {code} | {test} | {theorems} | {names} |");
        }
    }
    page.push_str("\n## Theorems\n\n| theorem | rules |\n|---|---|\n");
    for property in Property::ALL {
        let names = |rule: &&Rule| rule.properties.iter().any(|own| own == property.id());
        let rules = spec.rules.iter().filter(names).map(|rule| rule.id.as_str());
        let rules: Vec<&str> = rules.collect();
        let _ = writeln!(page, "| `{property}` | {} |", rules.join(", "));
    }
    page
}

/// The hashes on a committed page.
pub(crate) fn reviewed(page: &str) -> Reviewed {
    let rows = page.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    let pair = |row: Vec<&str>| match row.as_slice() {
        ["", id, hash, _, _, _, _, ""] if is_rule_name(id) => Some(((*id).into(), (*hash).into())),
        _ => None,
    };
    rows.filter_map(pair).collect()
}

fn places(rule: &Rule, side: Side, citations: &[Citation]) -> String {
    let mut places: Vec<String> = Vec::new();
    for citation in citations.iter().filter(|own| own.side == side && own.rule == rule.id) {
        let path = &citation.path;
        let name = path.trim_start_matches("src/").trim_end_matches(".rs");
        let place = format!("[{name}](../{path}) `{}`", citation.item);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places.join("<br>")
}

fn in_code<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let mut shown: Vec<String> = Vec::new();
    for name in names.map(|name| format!("`{name}`")) {
        if !shown.contains(&name) {
            shown.push(name);
        }
    }
    shown.join(", ")
}

const END: &str = "<!-- end -->";

/// The specification, with its tables written from the code and from what was found.
pub(crate) fn with_tables(spec: &str, sources: &[Source], found: &Found) -> String {
    let spec = with_table(spec, "<!-- generated: theorems -->\n", &theorems(sources));
    let spec = with_table(&spec, "<!-- generated: differences -->\n", &differences());
    let spec = with_table(&spec, "<!-- generated: phases -->\n", &phases());
    let spec = with_table(&spec, "<!-- generated: bounds -->\n", &bounds(found));
    with_table(&spec, "<!-- generated: evidence -->\n", &evidence(found))
}

fn with_table(spec: &str, begin: &str, table: &str) -> String {
    let (before, rest) = spec.split_once(begin).unwrap_or((spec, ""));
    let after = rest.split_once(END).map_or("", |(_, after)| after);
    format!("{before}{begin}{table}{END}{after}")
}

/// What was found, from committed pages: by the two exhaustive checks, on random runs and by proof;
/// and for each planted fault its file and text.
pub(crate) struct Found {
    pub(crate) guarantees: String,
    pub(crate) verdicts: String,
    pub(crate) witnessed: String,
    pub(crate) proved: String,
    pub(crate) planted: Vec<(String, String)>,
}

/// What else speaks for each theorem under strict, besides the exhaustive checks.
fn evidence(found: &Found) -> String {
    let counted = |name: &str| {
        let line = format!("strict {name}: ");
        found.witnessed.lines().find_map(|own| own.strip_prefix(&line)).unwrap_or("none")
    };
    let steps = counted("steps");
    let mut table = String::from("| theorem | proved for every size | put to the test, ");
    let _ = writeln!(table, "in {steps} random steps | broken by planted faults |");
    table.push_str("|---|---|---|---|\n");
    for property in Property::ALL.iter().filter(|own| own.is_kept_by(Semantics::Strict)) {
        let theorem = format!("Theorem {}_holds :", property.id().replace('-', "_"));
        let proved = if found.proved.contains(&theorem) { "yes" } else { "no" };
        let finds =
            |found: Explored<'_>| found.semantics == "strict" && found.property == property.id();
        let faults = found.planted.iter().filter(|(_, text)| explored(text).any(finds));
        let faults: Vec<_> = faults
            .map(|(file, _)| {
                let words = file.trim_end_matches(".patch").replace('-', " ");
                format!("[{words}](../tests/faults/{file})")
            })
            .collect();
        let steps = counted(property.id());
        let _ = writeln!(table, "| `{property}` | {proved} | {steps} | {} |", faults.join(", "));
    }
    table
}

/// How far the exhaustive checks go, summed over all worlds of a semantics.
fn bounds(found: &Found) -> String {
    let mut table = String::from("| checked in | semantics | worlds | states | transitions |\n");
    table.push_str("|---|---|---|---|---|\n");
    let pages = [("the code", &found.guarantees), ("the model", &found.verdicts)];
    for (what, page) in pages {
        for semantics in Semantics::ALL {
            let name = semantics.to_string();
            let counts: Vec<_> = page.lines().filter_map(|line| counts(line, &name)).collect();
            let states: u64 = counts.iter().map(|(states, _)| states).sum();
            let transitions: u64 = counts.iter().map(|(_, transitions)| transitions).sum();
            let worlds = counts.len();
            let _ = writeln!(table, "| {what} | {name} | {worlds} | {states} | {transitions} |");
        }
    }
    table
}

/// States and transitions of a world, from `| login | live | 9 | 99 | 9 |` or from
/// `- live: 9 theorems hold in login (9 states, 99 transitions)`.
fn counts(line: &str, semantics: &str) -> Option<(u64, u64)> {
    let line = line.replace(',', "");
    let numbers: Vec<u64> =
        line.split(['|', ' ', '(', ')']).filter_map(|word| word.parse().ok()).collect();
    let of_code = line.contains(&format!(" | {semantics} | ")).then_some(0);
    let of_model = line.starts_with(&format!("- {semantics}: ")) && line.contains(" hold in ");
    let first = of_code.or(of_model.then_some(1))?;
    Some((*numbers.get(first)?, *numbers.get(first.saturating_add(1))?))
}

/// The rows of `src/semantics.rs` in words.
fn differences() -> String {
    let names = Semantics::ALL.map(|semantics| semantics.to_string()).join(" | ");
    let mut table = format!("| | {names} | rules |\n");
    table.push_str(&"|---".repeat(Semantics::ALL.len().saturating_add(2)));
    table.push_str("|\n");
    for row in Difference::ALL {
        let cells = Semantics::ALL.map(|semantics| row.under(semantics)).join(" | ");
        let _ = writeln!(table, "| {} | {cells} | {} |", row.what, row.rules);
    }
    table
}

fn theorems(sources: &[Source]) -> String {
    let mut table = String::from("| theorem | live | copying | strict | judged by |\n");
    table.push_str("|---|---|---|---|---|\n");
    for property in Property::ALL {
        let verdicts = Semantics::ALL.map(|semantics| {
            if property.is_kept_by(semantics) {
                "yes".into()
            } else {
                format!("[no](guarantees/{semantics}-{property}.md)")
            }
        });
        let (sentence, judges) = (property.sentence(), judges(*property, sources));
        let verdicts = verdicts.join(" | ");
        let _ = writeln!(table, "| `{property}`: {sentence} | {verdicts} | {judges} |");
    }
    table
}

/// The functions of `src/check` that can report the property.
fn judges(property: Property, sources: &[Source]) -> String {
    let mut judges: Vec<String> = Vec::new();
    let named = format!("Property::{property:?})");
    for source in sources.iter().filter(|source| source.path.starts_with("src/check/")) {
        let mut function = String::new();
        for line in source.text.lines().map(str::trim) {
            if let Some((_, rest)) = line.split_once("fn ") {
                function = rest.split(['(', '<']).next().unwrap_or_default().into();
            }
            if line.contains("break_if(") && line.contains(&named) {
                let path = source.path.trim_start_matches("src/check/").trim_end_matches(".rs");
                let judge = format!("[{path}](../{}) `{function}`", source.path);
                if !judges.contains(&judge) {
                    judges.push(judge);
                }
            }
        }
    }
    judges.join("<br>")
}
