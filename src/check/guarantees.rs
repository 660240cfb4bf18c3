//! The table of what each semantics guarantees: a row for each property and a column for each
//! semantics. Each verdict is found by exhaustive search and compared with the declared one.

use std::borrow::ToOwned;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::check::counterexample::Counterexample;
use crate::check::explore::{Explored, Progress, explore};
use crate::check::property::Property;
use crate::check::situation::Action;
use crate::check::world::World;
use crate::check::worlds::Size;
use crate::config::Config;
use crate::semantics::Semantics;

/// What the worlds of one size show about some semantics.
#[derive(Clone, Debug)]
pub struct Guarantees {
    /// How large the worlds are.
    pub size: Size,
    /// One column for each semantics, in the order asked for.
    pub columns: Vec<Column>,
}

/// What the worlds show about one semantics.
#[derive(Clone, Debug)]
pub struct Column {
    /// Which one.
    pub semantics: Semantics,
    /// Each world, and the result of searching it.
    pub worlds: Vec<(World, Explored)>,
}

/// Whether a property holds under a semantics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// In every state and at every step of every world.
    Holds,
    /// It was never broken, but nothing showed that it is not vacuous.
    Vacuous,
    /// It was broken.
    Broken {
        /// Actions of the shortest counterexample.
        length: usize,
        /// The world that it plays in.
        world: &'static str,
    },
    /// It was not broken before the search was stopped.
    Unknown,
}

/// The configuration that stands for a semantics in an exploration, before a world sets the
/// limits.
#[must_use]
pub const fn base_of(semantics: Semantics) -> Config {
    match semantics {
        Semantics::Live => Config::QUIXOTE,
        Semantics::Copying => Config::QUIXOTE_PERSISTENT,
        Semantics::Strict => Config::STRICT,
    }
}

impl Guarantees {
    /// Searches every world of this size under each of these semantics. `watch` is told which world
    /// is searched and how far the search is, and stops everything by answering false.
    ///
    /// ```
    /// use quixote_session::Semantics;
    /// use quixote_session::check::{Guarantees, Property, Size, Verdict};
    ///
    /// let found = Guarantees::explore(Size::Small, &[Semantics::Strict], &mut |_, _, _| true);
    /// assert_eq!(found.surprises(), [""; 0]);
    /// assert_eq!(found.columns[0].verdict(Property::NoIdComesBack), Verdict::Holds);
    /// ```
    pub fn explore(
        size: Size,
        semantics: &[Semantics],
        watch: &mut dyn FnMut(Semantics, &World, Progress) -> bool,
    ) -> Self {
        let columns = semantics.iter().map(|semantics| {
            let worlds = size.worlds().into_iter().map(|world| {
                let mut watch = |progress| watch(*semantics, &world, progress);
                let explored = explore(&world, &base_of(*semantics), &mut watch);
                (world, explored)
            });
            Column { semantics: *semantics, worlds: worlds.collect() }
        });
        Self { size, columns: columns.collect() }
    }

    /// Every verdict that is not the one declared, as a sentence. That includes a weakness that no
    /// longer shows, and a property that holds only because nothing tried it. A verdict that is
    /// unknown, because the search was stopped, is left out.
    #[must_use]
    pub fn surprises(&self) -> Vec<String> {
        let mut surprises = Vec::new();
        for column in &self.columns {
            for property in Property::ALL {
                let declared = property.is_kept_by(column.semantics);
                let found = match (declared, column.verdict(*property)) {
                    (true, Verdict::Holds)
                    | (false, Verdict::Broken { .. })
                    | (_, Verdict::Unknown) => continue,
                    (true, Verdict::Broken { length, world }) => {
                        format!("broken in {length} actions in the world {world}, declared to hold")
                    }
                    (true, Verdict::Vacuous) => {
                        format!("not tried: it never happened that {}", property.sometimes())
                    }
                    (false, Verdict::Holds | Verdict::Vacuous) => {
                        "not broken, declared to be".to_owned()
                    }
                };
                surprises.push(format!("{}, {property}: {found}", column.semantics));
            }
        }
        surprises
    }

    /// States and transitions, all worlds and semantics together.
    #[must_use]
    pub fn totals(&self) -> (u64, u64) {
        let explored = || self.columns.iter().flat_map(|column| &column.worlds);
        let sum = |count: fn(&Explored) -> u64| {
            explored().fold(0_u64, |sum, (_, seen)| sum.saturating_add(count(seen)))
        };
        (sum(|seen| seen.states), sum(|seen| seen.transitions))
    }

    /// The table and the worlds as a Markdown page; links lead to counterexamples in files of the
    /// name [`Counterexample::name`].
    #[must_use]
    pub fn page(&self) -> String {
        let mut lines = std::vec![include_str!("guarantees_head.md").to_owned()];
        lines.extend(
            self.table(|property| format!("`{property}`: {}", property.sentence()), Column::cell),
        );
        lines.push("\n## How often each was tried, and broken\n".to_owned());
        lines.push(include_str!("guarantees_tally.md").to_owned());
        lines.extend(self.table(|property| format!("`{property}`"), Column::tally));
        lines.push(format!("\n## The worlds of size `{}`\n", self.size.name()));
        lines.push("| world | semantics | states | transitions | depth |".to_owned());
        lines.push("|---|---|---|---|---|".to_owned());
        for column in &self.columns {
            for (world, seen) in &column.worlds {
                let Explored { states, transitions, depth, .. } = seen;
                let (name, semantics) = (world.name, column.semantics);
                lines
                    .push(format!("| {name} | {semantics} | {states} | {transitions} | {depth} |"));
            }
        }
        lines.push("\nWhat each contains:\n".to_owned());
        lines.extend(self.size.worlds().iter().map(|world| format!("- {}", world.contents())));
        lines.push(String::new());
        lines.join("\n")
    }

    /// A row for each property, with a cell for each semantics.
    fn table(
        &self,
        name: impl Fn(Property) -> String,
        cell: impl Fn(&Column, Property) -> String,
    ) -> Vec<String> {
        let row = |name: String, cells: Vec<String>| format!("| {name} | {} |", cells.join(" | "));
        let columns = || self.columns.iter();
        let semantics = columns().map(|column| column.semantics.to_string()).collect();
        let mut lines = std::vec![
            row("property".to_owned(), semantics),
            format!("|---|{}", "---|".repeat(self.columns.len())),
        ];
        lines.extend(Property::ALL.iter().map(|property| {
            row(name(*property), columns().map(|column| cell(column, *property)).collect())
        }));
        lines
    }

    /// The shortest counterexample to every property that is broken.
    #[must_use]
    pub fn counterexamples(&self) -> Vec<Counterexample> {
        let columns = self.columns.iter();
        columns
            .flat_map(|column| {
                let broken = Property::ALL.iter().filter_map(|property| column.shortest(*property));
                broken.map(|(world, property, actions)| {
                    Counterexample::new(property, world, &base_of(column.semantics), actions)
                })
            })
            .collect()
    }
}

impl Column {
    /// The verdict on one property.
    #[must_use]
    pub fn verdict(&self, property: Property) -> Verdict {
        if let Some((world, _, actions)) = self.shortest(property) {
            return Verdict::Broken { length: actions.len(), world: world.name };
        }
        if !self.worlds.iter().all(|(_, seen)| seen.complete) {
            return Verdict::Unknown;
        }
        if self.sum(|seen| seen.witnessed.of(property)) > 0 {
            Verdict::Holds
        } else {
            Verdict::Vacuous
        }
    }

    /// The sum of a count over all worlds.
    fn sum(&self, count: impl Fn(&Explored) -> u64) -> u64 {
        self.worlds.iter().fold(0, |sum, (_, seen)| sum.saturating_add(count(seen)))
    }

    fn tally(&self, property: Property) -> String {
        let tried = self.sum(|seen| seen.witnessed.of(property));
        match self.sum(|seen| seen.broken.of(property)) {
            0 => tried.to_string(),
            broken => format!("{tried}, broken {broken}"),
        }
    }

    fn shortest(&self, property: Property) -> Option<(&World, Property, &[Action])> {
        let broken = self.worlds.iter().filter_map(|(world, seen)| {
            seen.counterexamples.get(&property).map(|way| (world, property, way.as_slice()))
        });
        broken.min_by_key(|(_, _, way)| way.len())
    }

    fn cell(&self, property: Property) -> String {
        match self.verdict(property) {
            Verdict::Holds => "holds".to_owned(),
            Verdict::Vacuous => "not tried".to_owned(),
            Verdict::Unknown => "unknown".to_owned(),
            Verdict::Broken { length, .. } => {
                let name = Counterexample::name_of(self.semantics, property);
                format!("[broken in {length}]({name}.md)")
            }
        }
    }
}
