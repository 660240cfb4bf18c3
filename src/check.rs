//! What checks the machine: traces and their replay, random clients, properties, exploration.

mod actions;
mod browser;
mod cells;
mod counterexample;
mod differences;
mod explore;
mod guarantees;
mod history;
pub mod kinds;
mod phases;
pub mod population;
mod property;
pub mod record;
pub mod replay;
mod role;
mod situation;
pub mod trace;
pub mod transcript;
mod world;
mod worlds;

pub use browser::{Browsers, Client, Errand, Jar};
pub use cells::{Cell, Cells, Phase};
pub use counterexample::Counterexample;
pub use differences::Difference;
pub use explore::{Explored, Progress, explore};
pub use guarantees::{Column, Guarantees, Verdict, base_of};
pub use history::{Findings, History, Seen};
pub use phases::phases;
pub use property::{Properties, Property, Tally};
pub use situation::{Action, Outcomes, Situation};
pub use world::{Extra, World};
pub use worlds::Size;
