//! What does not fit between a specification and its sources.

use core::fmt;

use crate::rules::{Rule, Spec};
use crate::sources::{Citation, Side, Source, is_rule_name};

/// Something that does not fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// A quote that is no rule of the section that it cites.
    NotInSpec { place: String, quote: String },
    /// A rule that no code quotes.
    NoCode { rule: String },
    /// A rule that no test quotes.
    NoTest { rule: String },
    /// A citation of a section or rule that is not there, or not there any more.
    Gone { place: String, target: String },
    /// A property that no rule names.
    NoClause { property: String },
    /// A property that a rule names and nobody checks.
    NoProperty { rule: String, property: String },
    /// The form of the specification.
    Form { place: String, what: String },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotInSpec { place, quote } => write!(f, "{place}: not in the spec: {quote:?}"),
            Self::NoCode { rule } => write!(f, "{rule}: no code quotes it"),
            Self::NoTest { rule } => write!(f, "{rule}: no test quotes it"),
            Self::Gone { place, target } => write!(f, "{place}: cites {target}, which is gone"),
            Self::NoClause { property } => write!(f, "{property}: no rule names this property"),
            Self::NoProperty { rule, property } => write!(f, "{rule}: no property `{property}`"),
            Self::Form { place, what } => write!(f, "{place} {what}"),
        }
    }
}

/// Everything that does not fit.
pub(crate) fn faults(text: &str, sources: &[Source], properties: &[&str]) -> Vec<Fault> {
    let (spec, mut faults) = Spec::parse(text);
    let citations: Vec<Citation> = sources.iter().flat_map(Source::citations).collect();
    faults.extend(citations.iter().filter_map(|citation| misquotes(&spec, citation)));
    for rule in spec.rules.iter().filter(|rule| rule.is_binding()) {
        let quoted = |side| citations.iter().any(|own| own.side == side && quotes(own, rule));
        let rule = rule.id.clone();
        if !quoted(Side::Code) {
            faults.push(Fault::NoCode { rule: rule.clone() });
        }
        if !quoted(Side::Test) {
            faults.push(Fault::NoTest { rule });
        }
    }
    faults.extend(of_properties(&spec, properties));
    faults.extend(gone(&spec, text, sources));
    faults
}

/// Whether the citation is of this rule: all of its sentence, in its section.
pub(crate) fn quotes(citation: &Citation, rule: &Rule) -> bool {
    section(citation) == Some(&rule.section) && citation.quote == rule.text
}

fn section(citation: &Citation) -> Option<&str> {
    citation.target.strip_prefix("spec/session.md#")
}

fn misquotes(spec: &Spec, citation: &Citation) -> Option<Fault> {
    let place = format!("{}:{}", citation.path, citation.line);
    let known = section(citation).is_some_and(|section| spec.sections().contains(&section));
    if !known {
        return Some(Fault::Gone { place, target: citation.target.clone() });
    }
    let found = spec.rules.iter().any(|rule| quotes(citation, rule));
    (!found).then(|| Fault::NotInSpec { place, quote: citation.quote.clone() })
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

/// Rules that the text or the model mentions by name and that do not exist.
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
