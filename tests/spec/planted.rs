//! The checker has teeth: if a fault of any kind is planted in a small specification or its
//! sources, the checker reports it and nothing else.

use crate::generated::{reviewed, traceability};
use crate::rules::Spec;
use crate::sources::Source;
use crate::trace::{Fault, Reviewed, faults};

const SPEC: &str = "\
# A machine

## door

- **[door-1]** A door that was shut MUST stay shut until somebody
  opens it.
  → `shut-stays-shut`; TLA+ `ShutStaysShut`
- **[door-2]** A door MUST NOT be opened twice.
- **[door-3]** A door SHOULD be painted.

See door-1.
";

const CODE: &str = "\
// [door-1]
fn shut() {}

fn open() {
    // [door-2]
}

#[cfg(test)]
mod tests {
    // [door-2]
    #[test]
    fn once() {}
}
";

const TEST: &str = "\
// [door-1]
#[test]
fn it_stays_shut() {}
";

fn found(spec: &str, code: &str, test: &str) -> Vec<Fault> {
    found_since(&Reviewed::new(), spec, code, test)
}

fn found_since(reviewed: &Reviewed, spec: &str, code: &str, test: &str) -> Vec<Fault> {
    let sources = [Source::new("src/door.rs", code), Source::new("tests/door.rs", test)];
    faults(spec, &sources, &["shut-stays-shut"], reviewed)
}

/// The text with one passage replaced, which must be there.
fn planted(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from:?} is not there to be replaced");
    text.replacen(from, to, 1)
}

#[test]
fn what_fits_has_no_fault() {
    assert_eq!(found(SPEC, CODE, TEST), []);
}

#[test]
fn a_sentence_that_changed_since_its_review_is_found_until_it_is_reviewed_again() {
    let sources = [Source::new("src/door.rs", CODE), Source::new("tests/door.rs", TEST)];
    let page = |spec: &str, before: &Reviewed, again: &[&str]| {
        reviewed(&traceability(&Spec::parse(spec).0, &sources, before, again))
    };
    let before = page(SPEC, &Reviewed::new(), &[]);
    assert_eq!(before.len(), 3);
    let spec = planted(SPEC, "opened twice", "opened three times");
    let places = ["src/door.rs:5", "src/door.rs:10"].map(Into::into).to_vec();
    let changed = [Fault::Changed { rule: "door-2".into(), places }];
    assert_eq!(found_since(&before, &spec, CODE, TEST), changed);
    // Writing the page again does not count as a review; naming the rule does.
    assert_eq!(found_since(&page(&spec, &before, &["door-1"]), &spec, CODE, TEST), changed);
    assert_eq!(found_since(&page(&spec, &before, &["door-2"]), &spec, CODE, TEST), []);
}

#[test]
fn a_must_without_code_is_found() {
    let code = planted(CODE, "    // [door-2]\n}", "}");
    assert_eq!(found(SPEC, &code, TEST), [Fault::NoCode { rule: "door-2".into() }]);
}

#[test]
fn a_must_without_a_test_is_found() {
    assert_eq!(found(SPEC, CODE, ""), [Fault::NoTest { rule: "door-1".into() }]);
    let code = planted(CODE, "#[cfg(test)]\n", "");
    assert_eq!(found(SPEC, &code, TEST), [Fault::NoTest { rule: "door-2".into() }]);
}

#[test]
fn a_citation_of_what_is_gone_is_found() {
    let gone =
        |place: &str, target: &str| Fault::Gone { place: place.into(), target: target.into() };
    let test = planted(TEST, "[door-1]", "[door-1] [door-7]");
    assert_eq!(found(SPEC, CODE, &test), [gone("tests/door.rs:1", "door-7")]);

    let spec = planted(SPEC, "See door-1", "See door-9");
    assert_eq!(found(&spec, CODE, TEST), [gone("spec/session.md:11", "door-9")]);

    let model = Source::new("spec/Door.tla", "\\* [door-8] No door.\nNoDoor == TRUE\n");
    let sources = [Source::new("src/door.rs", CODE), Source::new("tests/door.rs", TEST), model];
    let found = faults(SPEC, &sources, &["shut-stays-shut"], &Reviewed::new());
    assert_eq!(found, [gone("spec/Door.tla: NoDoor", "door-8")]);
}

#[test]
fn a_property_without_a_clause_is_found() {
    let sources = [Source::new("src/door.rs", CODE), Source::new("tests/door.rs", TEST)];
    let faults = faults(SPEC, &sources, &["shut-stays-shut", "no-draught"], &Reviewed::new());
    assert_eq!(faults, [Fault::NoClause { property: "no-draught".into() }]);
}

#[test]
fn a_clause_with_a_property_that_nobody_checks_is_found() {
    let spec = planted(SPEC, "`shut-stays-shut`", "`shut-stays-shut`, `no-draught`");
    let (rule, property) = ("door-1".into(), "no-draught".into());
    assert_eq!(found(&spec, CODE, TEST), [Fault::NoProperty { rule, property }]);
}

#[test]
fn a_sentence_that_is_none_is_found() {
    for (from, to, what) in [
        ("SHOULD be painted.", "SHOULD be painted. It MAY be red.", "exactly one"),
        ("SHOULD be painted.", "is painted.", "exactly one"),
        ("SHOULD be painted.", "SHOULD be painted. Red.", "not one sentence"),
        ("[door-3]", "[door-2]", "stands twice"),
        ("[door-3]", "[window-3]", "not called like its section"),
    ] {
        let faults = found(&planted(SPEC, from, to), CODE, TEST);
        let named = |fault: &Fault| fault.to_string().contains(what);
        assert!(faults.iter().any(named), "{to}: {faults:?}");
    }
}

#[test]
fn what_the_trace_format_obeys_is_code_and_what_watches_is_a_test() {
    use crate::sources::Side::{Code, Test};
    for (path, side) in [
        ("src/check/trace/line.rs", Code),
        ("src/check/replay.rs", Code),
        ("src/check/history.rs", Test),
        ("src/step/save.rs", Code),
        ("tests/spec.rs", Test),
    ] {
        let source = Source::new(path, "// [door-1]\nfn item() {}\n");
        let citations = source.citations();
        assert_eq!(citations[0].side, side, "{path}");
        assert_eq!((citations[0].item.as_str(), citations[0].rule.as_str()), ("item", "door-1"));
    }
}

#[test]
fn a_model_names_its_rules() {
    let text = "\\* [door-1] and [door-2] say so.\nShut(d) == TRUE\nOpen == FALSE\n";
    let names = Source::new("spec/Door.tla", text).model_names();
    let pair = |rule: &str| (rule.to_owned(), "Shut".to_owned());
    assert_eq!(names, [pair("door-1"), pair("door-2")]);
}
