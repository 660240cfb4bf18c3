//! Which public types hold secrets, and which do not. Both lists are compared with the sources.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::path::Path;

use quixote_session::Semantics;
use quixote_session::check::population::{Choices as _, Seeded};
use quixote_session::check::{Situation, Size, base_of};

/// Types that are printed during a run of random clients.
pub(super) const OF_RUNS: [&str; 36] = [
    "CookieChange",
    "CookieOp",
    "CookieRecord",
    "CookieValue",
    "Difference",
    "Differs",
    "Dump",
    "Effects",
    "Entropy",
    "EntropySource",
    "Event",
    "Expect",
    "FormToken",
    "FormTokens",
    "History",
    "Input",
    "ManagerEvent",
    "Population",
    "Replayed",
    "Reply",
    "ReplyRecord",
    "RequestEvent",
    "Seen",
    "Session",
    "SessionId",
    "SessionRecord",
    "SessionRef",
    "State",
    "StoreOp",
    "SubmittedToken",
    "TraceError",
    "TraceReader",
    "TraceStep",
    "TraceWriter",
    "Transcript",
    "Turn",
];

/// Types that are printed during walks through the worlds, and from the results of searching them.
pub(super) const OF_WORLDS: [&str; 11] = [
    "Action",
    "Browsers",
    "Client",
    "Column",
    "Counterexample",
    "Errand",
    "Explored",
    "Guarantees",
    "Jar",
    "Outcomes",
    "Situation",
];

/// Types that hold neither an id nor a token, and the reason.
const HOLD_NONE: [(&str, &[&str]); 5] = [
    (
        "names, numbers and limits alone",
        &[
            "Config",
            "Flag",
            "Dirtiness",
            "GivesUp",
            "Handle",
            "Header",
            "Login",
            "Outcome",
            "Outside",
            "Over",
            "Failure",
            "Refusal",
            "Revision",
            "RequestId",
            "SameSite",
            "Semantics",
            "Timestamp",
            "Transaction",
            "Version",
            "Width",
        ],
    ),
    (
        "errors with fixed texts",
        &["AccessedTooEarly", "ConfigError", "NotHex", "TooManyFormTokens"],
    ),
    ("no state at all", &["NullSessionManager"]),
    (
        "what checks the machine, by names and counts",
        &[
            "Cell",
            "Cells",
            "Draw",
            "Extra",
            "Findings",
            "Habits",
            "Kind",
            "Next",
            "Phase",
            "Progress",
            "Properties",
            "Property",
            "Recording",
            "Tally",
            "World",
            "Size",
            "Verdict",
        ],
    ),
    (
        "made of secrets, and without Debug; or decisions, of which no secret is made",
        &["Revealed", "Ranges", "Bytes", "Seeded"],
    ),
];

/// Prints what random walks through the worlds meet.
pub(super) fn walk(show: &mut dyn FnMut(&'static str, &dyn Debug)) {
    for semantics in [Semantics::Live, Semantics::Copying, Semantics::Strict] {
        for (world, seed) in Size::Medium.worlds().into_iter().zip(0..) {
            let config = world.config(&base_of(semantics));
            let (mut situation, mut choices) = (Situation::new(&world), Seeded::new(seed));
            for _ in 0..100 {
                let possible = situation.actions(&world, config.width);
                let Some(action) = choices.pick(&possible) else { break };
                let Some((after, outcomes)) = situation.after(&world, &config, action) else {
                    continue;
                };
                situation = after;
                show("Action", action);
                show("Outcomes", &outcomes);
                show("Situation", &situation);
                show("Browsers", &situation.browsers);
                for client in situation.browsers.clients() {
                    show("Client", client);
                    show("Jar", &client.jar);
                }
                for errand in situation.browsers.responses() {
                    show("Errand", errand);
                }
            }
        }
    }
}

/// The names after `pub struct` and `pub enum` in a file, and those that a macro defines.
fn types_in(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for line in text.lines().map(str::trim_start) {
        let declared = ["pub struct ", "pub enum "].iter().find_map(|head| line.strip_prefix(head));
        let name = declared.and_then(|rest| rest.split(|c: char| !c.is_alphanumeric()).next());
        names.extend(name.filter(|name| !name.is_empty()));
    }
    names
}

fn public_types(folder: &Path, names: &mut BTreeSet<String>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() && !path.ends_with("cli") {
            public_types(&path, names);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("cli.rs") {
            let text = fs::read_to_string(&path).unwrap();
            names.extend(types_in(&text).into_iter().map(ToOwned::to_owned));
        }
    }
}

/// A new public type must be printed, or be listed as one that holds no secret.
#[test]
fn every_public_type_is_accounted_for() {
    let mut names = BTreeSet::new();
    public_types(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names);
    // The two that `secret!` defines.
    names.extend(["SessionId", "FormToken"].map(ToOwned::to_owned));
    let holders = OF_RUNS.iter().chain(&OF_WORLDS).chain(&super::exchange::TYPES).copied();
    let others = HOLD_NONE.iter().flat_map(|(_, names)| names.iter().copied());
    let listed: BTreeSet<String> = holders.chain(others).map(ToOwned::to_owned).collect();
    let [new, gone] = [names.difference(&listed), listed.difference(&names)]
        .map(|names| names.cloned().collect::<Vec<_>>().join(", "));
    assert_eq!((new.as_str(), gone.as_str()), ("", ""), "public types that are new, or gone");
}
