//! The rules of a specification, read from its text.

use crate::trace::Fault;

/// The parts of a specification that can be cited.
pub(crate) struct Spec {
    pub(crate) rules: Vec<Rule>,
    /// Every heading of the second level.
    headings: Vec<String>,
}

/// One numbered sentence.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) section: String,
    /// The sentence, with single spaces.
    pub(crate) text: String,
    /// The properties after the arrow.
    pub(crate) properties: Vec<String>,
    /// The names in the TLA+ model, after the arrow.
    pub(crate) model: Vec<String>,
}

impl Rule {
    /// Whether it says MUST or MUST NOT, so that it needs code and a test.
    pub(crate) fn is_binding(&self) -> bool {
        words(&self.text).any(|word| word == "MUST")
    }

    /// Eight hex digits that change with the sentence (FNV-1a, folded to 32 bits).
    pub(crate) fn hash(&self) -> String {
        let hash = self.text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{:08x}", (hash ^ (hash >> 32)) & 0xffff_ffff)
    }
}

impl Spec {
    /// Reads a text, and says what is wrong with its form.
    pub(crate) fn parse(text: &str) -> (Self, Vec<Fault>) {
        let mut spec = Self { rules: Vec::new(), headings: Vec::new() };
        let mut faults = Vec::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some(heading) = line.strip_prefix("## ") {
                spec.headings.push(heading.trim().into());
            }
            let Some((id, first)) = rule_of(line) else { continue };
            let mut whole = String::from(first);
            while let Some(next) = lines.next_if(|next| next.starts_with("  ")) {
                whole.push(' ');
                whole.push_str(next);
            }
            let section = spec.headings.last().cloned().unwrap_or_default();
            let rule = Rule::new(id, section, &whole);
            faults.extend(rule.faults(&spec.rules));
            spec.rules.push(rule);
        }
        faults.extend(strays(text));
        (spec, faults)
    }

    /// The headings that have rules below them.
    pub(crate) fn sections(&self) -> Vec<&str> {
        let mut sections: Vec<&str> = Vec::new();
        for rule in &self.rules {
            if !sections.contains(&rule.section.as_str()) {
                sections.push(&rule.section);
            }
        }
        sections
    }

    pub(crate) fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }
}

impl Rule {
    fn new(id: &str, section: String, whole: &str) -> Self {
        let (sentence, notes) = whole.split_once('→').unwrap_or((whole, ""));
        let (theorems, model) = notes.split_once("TLA+").unwrap_or((notes, ""));
        Self {
            id: id.into(),
            section,
            text: words(sentence).collect::<Vec<_>>().join(" "),
            properties: in_backticks(theorems),
            model: in_backticks(model),
        }
    }

    fn faults(&self, earlier: &[Self]) -> Vec<Fault> {
        let fault = |what: &str| Fault::Form { place: self.id.clone(), what: what.into() };
        let mut faults = Vec::new();
        let number = self.id.strip_prefix(&self.section).and_then(|rest| rest.strip_prefix('-'));
        if number.is_none_or(|number| number.parse::<u32>().is_err()) {
            faults.push(fault("is not called like its section"));
        }
        if earlier.iter().any(|rule| rule.id == self.id) {
            faults.push(fault("stands twice"));
        }
        let keywords = words(&self.text).filter(|word| KEYWORDS.contains(word)).count();
        if keywords != 1 {
            faults.push(fault("has not exactly one of MUST, SHOULD and MAY"));
        }
        let ends = self.text.match_indices(". ").count();
        if !self.text.ends_with('.') || ends > 0 {
            faults.push(fault("is not one sentence"));
        }
        faults
    }
}

const KEYWORDS: [&str; 3] = ["MUST", "SHOULD", "MAY"];

/// The id and the rest of a line that begins a rule.
fn rule_of(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("- **[")?.split_once("]**")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

fn in_backticks(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(Into::into).collect()
}

/// Finds each MUST outside a rule. It would bind nobody, and mislead readers.
fn strays(text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let (mut in_rule, mut explained) = (false, false);
    for (line, number) in text.lines().zip(1..) {
        in_rule = rule_of(line).is_some() || in_rule && line.starts_with("  ");
        explained |= line.starts_with("The key words are those of RFC 2119");
        let says = words(line).any(|word| word.trim_matches(',') == "MUST");
        if says && !in_rule && !line.starts_with("The key words") && explained {
            let place = format!("line {number}");
            faults.push(Fault::Form { place, what: "says MUST outside of a rule".into() });
        }
    }
    faults
}
