//! Every arrow from a rule to a property has teeth: `tests/faults` has a fault that breaks the
//! rule, and with that fault the exploration must report the property. `tests/faults.rs` runs this.

use std::collections::BTreeSet;

use crate::checks::explored;
use crate::rules::Spec;

/// Arrows without a fault, and faults without an arrow.
pub(crate) fn without_teeth(spec: &Spec, patches: &[(String, String)]) -> Vec<String> {
    let mut bitten = BTreeSet::new();
    let mut faults = Vec::new();
    let has_arrow = |rule: &str, property: &str| {
        let properties = spec.rule(rule).map(|rule| &rule.properties);
        properties.is_some_and(|own| own.iter().any(|own| own == property))
    };
    for (name, text) in patches {
        for by in explored(text) {
            for rule in by.rules {
                if !has_arrow(rule, by.property) {
                    faults.push(format!("{name}: no arrow from {rule} to {}", by.property));
                }
                bitten.insert((rule, by.property));
            }
        }
    }
    for rule in &spec.rules {
        for property in &rule.properties {
            if !bitten.contains(&(rule.id.as_str(), property.as_str())) {
                faults
                    .push(format!("{}: no fault has {property} report that it is broken", rule.id));
            }
        }
    }
    faults
}

const SPEC: &str = "\
## door

- **[door-1]** A door MUST stay shut.
  → `shut-stays-shut`
- **[door-2]** A door MUST NOT be opened twice.
";

fn found(patch: &str) -> Vec<String> {
    let patch = ("door.patch".to_owned(), format!("A door opens.\n{patch}\n"));
    without_teeth(&Spec::parse(SPEC).0, &[patch])
}

#[test]
fn an_arrow_without_a_fault_is_found() {
    assert_eq!(found("Caught by: explore shut-stays-shut: door-1"), [""; 0]);
    assert_eq!(found("Caught by: explore live shut-stays-shut: door-1"), [""; 0]);
    for patch in ["Caught by: explore shut-stays-shut", "Caught by: fuzz door: door-1"] {
        let missing = "door-1: no fault has shut-stays-shut report that it is broken";
        assert_eq!(found(patch), [missing]);
    }
}

#[test]
fn a_fault_without_an_arrow_is_found() {
    let (missing, gone) = (
        "door.patch: no arrow from door-2 to shut-stays-shut",
        "door.patch: no arrow from door-3 to shut-stays-shut",
    );
    assert_eq!(found("Caught by: explore shut-stays-shut: door-1 door-2 door-3"), [missing, gone]);
}
