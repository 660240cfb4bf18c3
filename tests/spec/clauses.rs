//! The table of clauses is complete: it has each clause once, and the theorems that it names exist.

/// The clauses that any session manager should keep.
fn expected() -> impl Iterator<Item = String> {
    (1..=26).map(|number| format!("U{number}")).chain((1..=6).map(|number| format!("P{number}")))
}

/// What is wrong with the table of clauses, which is found by its heading.
pub(crate) fn faults(text: &str, properties: &[&str]) -> Vec<String> {
    let section = text.split("\n## Clauses\n").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| line.split(" | ").collect())
        .filter(|row: &Vec<&str>| row.first() != Some(&"clause"))
        .collect();
    let mut faults = Vec::new();
    for clause in expected() {
        let often = rows.iter().filter(|row| row.first() == Some(&clause.as_str())).count();
        if often != 1 {
            faults.push(format!("{clause} stands {often} times in the table of clauses"));
        }
    }
    for row in rows {
        let [clause, _, rules, theorems] = *row else {
            faults.push(format!("{row:?} has not four columns"));
            continue;
        };
        if !expected().any(|own| own == clause) {
            faults.push(format!("{clause} is no clause"));
        }
        if rules.is_empty() || theorems.is_empty() {
            faults.push(format!("{clause}: names no rule, or no theorem and no reason"));
        }
        let named = theorems.split('`').skip(1).step_by(2);
        let unknown = named.filter(|name| !properties.contains(name));
        faults.extend(unknown.map(|name| format!("{clause}: no theorem {name}")));
    }
    faults
}

#[test]
fn a_clause_that_is_missing_repeated_or_made_up_is_found() {
    let table = |clauses: &[String]| {
        let rows = clauses.iter().map(|clause| format!("| {clause} | doors | door-1 | `shut` |\n"));
        format!("\n## Clauses\n\n| clause | in short |\n|---|---|\n{}", rows.collect::<String>())
    };
    let mut clauses: Vec<String> = expected().collect();
    assert_eq!(faults(&table(&clauses), &["shut"]), [""; 0]);
    assert_eq!(faults(&table(&clauses), &[]).len(), 32, "a theorem that does not exist");
    clauses[31] = "U1".into();
    let (twice, none) = ("U1 stands 2 times", "P6 stands 0 times");
    assert!(faults(&table(&clauses), &["shut"])[0].starts_with(twice));
    assert!(faults(&table(&clauses), &["shut"])[1].starts_with(none));
    clauses[31] = "P7".into();
    assert_eq!(faults(&table(&clauses), &["shut"])[1], "P7 is no clause");
    assert_eq!(faults("", &["shut"]).len(), 32, "no table at all");
}
