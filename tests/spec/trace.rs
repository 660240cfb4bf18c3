//! What does not fit between a specification and its sources.

use core::fmt;
use std::collections::BTreeMap;

use crate::rules::{Rule, Spec};
use crate::sources::{Citation, Side, Source, is_rule_name};

/// Something that does not fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// A rule that no code cites.
    NoCode { rule: String },
    /// A rule that no test cites.
    NoTest { rule: String },
    /// A citation of a rule that does not exist, or no longer exists.
    Gone { place: String, target: String },
    /// A rule whose sentence has changed since its citations were last reviewed.
    Changed { rule: String, places: Vec<String> },
    /// A property that no rule names.
    NoClause { property: String },
    /// A property that a rule names and that no check has.
    NoProperty { rule: String, property: String },
    /// The form of the specification.
    Form { place: String, what: String },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCode { rule } => write!(f, "{rule}: no code cites it"),
            Self::NoTest { rule } => write!(f, "{rule}: no test cites it"),
            Self::Gone { place, target } => write!(f, "{place}: cites {target}, which is gone"),
            Self::Changed { rule, places } => write!(
                f,
                "{rule}: its sentence has changed; review {}, then run \
                 REVIEWED={rule} UPDATE_SPEC=1 cargo test --test spec",
                places.join(", ")
            ),
            Self::NoClause { property } => write!(f, "{property}: no rule names this property"),
            Self::NoProperty { rule, property } => write!(f, "{rule}: no property `{property}`"),
            Self::Form { place, what } => write!(f, "{place} {what}"),
        }
    }
}

/// The hash that each rule's sentence had when its citations were last reviewed.
pub(crate) type Reviewed = BTreeMap<String, String>;

/// Everything that does not fit.
pub(crate) fn faults(
    text: &str,
    sources: &[Source],
    properties: &[&str],
    reviewed: &Reviewed,
) -> Vec<Fault> {
    let (spec, mut faults) = Spec::parse(text);
    let citations: Vec<Citation> = sources.iter().flat_map(Source::citations).collect();
    for citation in citations.iter().filter(|own| spec.rule(&own.rule).is_none()) {
        let place = format!("{}:{}", citation.path, citation.line);
        faults.push(Fault::Gone { place, target: citation.rule.clone() });
    }
    for rule in &spec.rules {
        faults.extend(of_rule(rule, &citations, reviewed));
    }
    faults.extend(of_properties(&spec, properties));
    faults.extend(gone(&spec, text, sources));
    faults
}

fn of_rule(rule: &Rule, citations: &[Citation], reviewed: &Reviewed) -> Vec<Fault> {
    let cites = || citations.iter().filter(|own| own.rule == rule.id);
    let mut faults = Vec::new();
    if rule.is_binding() && !cites().any(|own| own.side == Side::Code) {
        faults.push(Fault::NoCode { rule: rule.id.clone() });
    }
    if rule.is_binding() && !cites().any(|own| own.side == Side::Test) {
        faults.push(Fault::NoTest { rule: rule.id.clone() });
    }
    if reviewed.get(&rule.id).is_some_and(|hash| *hash != rule.hash()) {
        let places = cites().map(|own| format!("{}:{}", own.path, own.line)).collect();
        faults.push(Fault::Changed { rule: rule.id.clone(), places });
    }
    faults
}

fn of_properties(spec: &Spec, properties: &[&str]) -> Vec<Fault> {
    let named = |property: &str| {
        spec.rules.iter().any(|rule| rule.properties.iter().any(|own| own == property))
    };
    let without = properties.iter().filter(|property| !named(property));
    let mut faults: Vec<Fault> =
        without.map(|property| Fault::NoClause { property: (*property).into() }).collect();
    for rule in &spec.rules {
        let unknown = rule.properties.iter().filter(|own| !properties.contains(&own.as_str()));
        faults.extend(unknown.map(|property| Fault::NoProperty {
            rule: rule.id.clone(),
            property: property.clone(),
        }));
    }
    faults
}

/// Rules that the text or the model names, but that do not exist.
fn gone(spec: &Spec, text: &str, sources: &[Source]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut look_up = |place: String, name: &str| {
        if spec.rule(name).is_none() {
            faults.push(Fault::Gone { place, target: name.into() });
        }
    };
    let sections = spec.sections();
    for (line, number) in text.lines().zip(1..) {
        let names = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        let of_section = |name: &&str| sections.iter().any(|own| name.starts_with(own));
        for name in names.filter(|name| is_rule_name(name)).filter(of_section) {
            look_up(format!("spec/session.md:{number}"), name);
        }
    }
    for source in sources {
        for (rule, name) in source.model_names() {
            look_up(format!("{}: {name}", source.path), &rule);
        }
    }
    faults
}
