//! The target `step`: any turns, under any semantics and limits, beginning with an empty state.
//!
//! The oracle is the properties that the semantics keeps, including those of browsers, and that a
//! refusal changes nothing.

use quixote_session::Config;
use quixote_session::check::transcript::Transcript;
use quixote_session::check::{Action, Cell, Findings, Outcomes, Property, Situation, World};

use crate::cast::{BROWSERS, Cast};
use crate::script::Script;

/// A world whose actions are chosen from outside. Only its clients and its number of draws matter
/// here.
pub(crate) const WORLD: World = World {
    name: "fuzz",
    purpose: "Anything happens.",
    clients: BROWSERS,
    in_flight: u8::MAX,
    draws: u8::MAX,
    users: &[],
    values: &[],
    form_tokens: 0,
    mounts: &[],
    outcomes: &[],
    moments: 0,
    events: &[],
};

/// The properties that hold whatever is drawn; the others assume a source that repeats nothing.
pub(crate) const WHATEVER_IS_DRAWN: [Property; 12] = [
    Property::RefusalChangesNothing,
    Property::RefusalsHaveAReason,
    Property::AnswersAreTrue,
    Property::IdsNameTheirSession,
    Property::EveryObjectIsReachable,
    Property::StoredHasInfo,
    Property::TokensAreBounded,
    Property::AccessedNotBeforeCreated,
    Property::StoreOpsReproduceStore,
    Property::NothingPastItsLimits,
    Property::SweepLeavesNoneOver,
    Property::UserIsEndedEverywhere,
];

/// Plays the script in `data`, and tells `reached` the cell of every step.
pub fn run(data: &[u8], reached: &mut dyn FnMut(Cell)) {
    let script = Script::of(data);
    let config = script.setup.config();
    let found = play(&script, &mut |world, action, outcomes| {
        if let (Action::Step { input, .. }, Some(effects)) = (action, &outcomes.effects) {
            reached(Cell::of(&config, &world.state, input, effects));
        }
    });
    if let Some(broken) = found {
        panic!("{broken}\n{}", told(&script));
    }
}

/// Is shown each action, with the world before it and its outcomes.
type Watch<'a> = dyn FnMut(&Situation, &Action, &Outcomes) + 'a;

/// Plays a script, and shows every action to `watch`. Returns the first properties that break and
/// must not, if there are any.
fn play(script: &Script, watch: &mut Watch<'_>) -> Option<String> {
    let setup = script.setup;
    let config = setup.config();
    let mut cast = Cast::new(setup.repeats());
    let mut world = Situation::new(&WORLD);
    for turn in &script.turns {
        let jar = |client: u8, mount: &str| {
            world.browsers.clients().get(usize::from(client))?.jar.sends(mount)
        };
        let action = match cast.action(&config, &world.state, jar, *turn) {
            Action::Deliver(place) => Action::Deliver(on_its_way(&world, place)),
            Action::Lose(place) => Action::Lose(on_its_way(&world, place)),
            action => action,
        };
        // If a world has no draws left, the script ends.
        let (after, outcomes) = world.after(&WORLD, &config, &action)?;
        watch(&world, &action, &outcomes);
        if let Some(broken) = broken(&config, setup.repeats(), outcomes.found) {
            return Some(broken);
        }
        if let Some(effects) = &outcomes.effects {
            cast.learn(effects);
        }
        world = after;
    }
    None
}

fn on_its_way(world: &Situation, place: u8) -> u8 {
    let responses = u8::try_from(world.browsers.responses().len()).unwrap_or(u8::MAX);
    place.checked_rem(responses).unwrap_or(0)
}

/// The properties that were broken, although the semantics keeps them.
fn broken(config: &Config, repeats: bool, found: Findings) -> Option<String> {
    let semantics = config.semantics;
    let kept = |property: &Property| {
        property.is_kept_by(semantics) && (!repeats || WHATEVER_IS_DRAWN.contains(property))
    };
    let broken: Vec<_> = found.broken.iter().filter(kept).collect();
    let told =
        |property: &Property| format!("{semantics} breaks {property}: {}", property.sentence());
    (!broken.is_empty()).then(|| broken.iter().map(told).collect::<Vec<_>>().join("\n"))
}

/// The setup and the actions, for people.
fn told(script: &Script) -> String {
    let mut transcript = Transcript::new(true);
    let mut text = format!("{:#?}\n", script.setup.config());
    play(script, &mut |_, action, outcomes| {
        let line = match (action, &outcomes.effects) {
            (Action::Step { input, .. }, Some(effects)) => transcript.line(input, effects),
            _ => format!("{:>16} {action:?}", ""),
        };
        text += &line;
        text.push('\n');
    });
    text
}
