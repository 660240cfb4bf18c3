//! The checker has teeth: each kind of fault, planted in a small specification or its sources, is
//! found, and nothing else is.

use crate::sources::Source;
use crate::trace::{Fault, faults};

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
//= spec/session.md#door
//# A door that was shut MUST stay shut until
//# somebody opens it.
fn shut() {}

fn open() {
    //= spec/session.md#door
    //# A door MUST NOT be opened twice.
}

#[cfg(test)]
mod tests {
    //= spec/session.md#door
    //# A door MUST NOT be opened twice.
    #[test]
    fn once() {}
}
";

const TEST: &str = "\
//= spec/session.md#door
//# A door that was shut MUST stay shut until somebody opens it.
#[test]
fn it_stays_shut() {}
";

fn found(spec: &str, code: &str, test: &str) -> Vec<Fault> {
    let sources = [Source::new("src/door.rs", code), Source::new("tests/door.rs", test)];
    faults(spec, &sources, &["shut-stays-shut"])
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
fn a_quote_that_is_not_in_the_spec_is_found() {
    let test = planted(TEST, "somebody opens", "nobody opens");
    let faults = found(SPEC, CODE, &test);
    let quote = "A door that was shut MUST stay shut until nobody opens it.".into();
    assert_eq!(
        faults,
        [
            Fault::NotInSpec { place: "tests/door.rs:1".into(), quote },
            Fault::NoTest { rule: "door-1".into() }
        ]
    );
}

#[test]
fn a_changed_sentence_is_found_at_every_quote() {
    let spec = planted(SPEC, "opened twice", "opened three times");
    let faults = found(&spec, CODE, TEST);
    let misquoted = faults.iter().filter(|fault| matches!(fault, Fault::NotInSpec { .. })).count();
    assert_eq!(misquoted, 2);
}

#[test]
fn a_must_without_code_is_found() {
    let cited = "    //= spec/session.md#door\n    //# A door MUST NOT be opened twice.\n}";
    let code = planted(CODE, cited, "}");
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
    let test = planted(TEST, "#door", "#window");
    let faults = found(SPEC, CODE, &test);
    let target = "spec/session.md#window".into();
    assert!(faults.contains(&Fault::Gone { place: "tests/door.rs:1".into(), target }));

    let spec = planted(SPEC, "See door-1", "See door-9");
    let gone = Fault::Gone { place: "spec/session.md:11".into(), target: "door-9".into() };
    assert_eq!(found(&spec, CODE, TEST), [gone]);

    let model = Source::new("spec/Door.tla", "\\* [door-8] No door.\nNoDoor == TRUE\n");
    let sources = [Source::new("src/door.rs", CODE), Source::new("tests/door.rs", TEST), model];
    let gone = Fault::Gone { place: "spec/Door.tla: NoDoor".into(), target: "door-8".into() };
    assert_eq!(faults_of(&sources), [gone]);
}

fn faults_of(sources: &[Source]) -> Vec<Fault> {
    faults(SPEC, sources, &["shut-stays-shut"])
}

#[test]
fn a_property_without_a_clause_is_found() {
    let sources = [Source::new("src/door.rs", CODE), Source::new("tests/door.rs", TEST)];
    let faults = faults(SPEC, &sources, &["shut-stays-shut", "no-draught"]);
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
        let source = Source::new(path, "//= spec/session.md#door\n//# A quote.\nfn item() {}\n");
        let citations = source.citations();
        assert_eq!(citations[0].side, side, "{path}");
        assert_eq!((citations[0].item.as_str(), citations[0].quote.as_str()), ("item", "A quote."));
    }
}

#[test]
fn a_model_names_its_rules() {
    let text = "\\* [door-1] and [door-2] say so.\nShut(d) == TRUE\nOpen == FALSE\n";
    let names = Source::new("spec/Door.tla", text).model_names();
    let pair = |rule: &str| (rule.to_owned(), "Shut".to_owned());
    assert_eq!(names, [pair("door-1"), pair("door-2")]);
}
