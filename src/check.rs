//! What checks the machine: traces and their replay, random clients, properties, exploration.

mod browser;
mod cells;
mod counterexample;
mod differences;
mod explore;
mod guarantees;
mod history;
pub mod population;
mod property;
pub mod record;
pub mod replay;
mod scopes;
pub mod trace;
pub mod transcript;
mod world;

pub use browser::{Browsers, Client, Errand, Jar};
pub use cells::{Cell, Cells, Phase};
pub use counterexample::Counterexample;
pub use differences::Difference;
pub use explore::{Explored, Progress, explore};
pub use guarantees::{Column, Guarantees, Verdict, base_of};
pub use history::{Findings, History, Seen};
pub use property::{Properties, Property};
pub use scopes::Size;
pub use world::{Action, Extra, Outcomes, Scope, World};
