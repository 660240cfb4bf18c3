//! The target `state`: any bytes, read as a serialised `State`.
//!
//! Either there is an error that names the place, or a state that satisfies every invariant: it is
//! written and read back the same, its queries agree with each other, and steps from it break
//! nothing that holds in every state.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use quixote_session::check::kinds::Next;
use quixote_session::check::{Action, Property, Situation, base_of};
use quixote_session::{Semantics, State};

use crate::cast::Cast;
use crate::script::Turn;
use crate::step::{WHATEVER_IS_DRAWN, WORLD};

/// The parts of a state. An error about a whole state begins with one of them.
const PLACES: [&str; 6] = ["stored:", "requests:", "accessed:", "holds:", "held:", "changes:"];

/// Reads `data` as a state, and examines the result.
pub fn run(data: &[u8]) {
    match serde_json::from_slice::<State>(data) {
        Err(error) => check_error(&error),
        Ok(state) => {
            check_round_trip(&state);
            check_queries(&state);
            check_steps(&state);
        }
    }
}

/// Checks that an error names a line and column of the text, or the part of the state that breaks
/// an invariant, and shows no secret.
fn check_error(error: &serde_json::Error) {
    let said = error.to_string();
    let in_text = error.line() > 0 && said.contains(" at line ");
    let in_state = PLACES.iter().any(|place| said.starts_with(place));
    assert!(in_text || in_state, "names no place: {said}");
    let runs = said.split(|digit: char| !digit.is_ascii_hexdigit());
    assert!(runs.map(str::len).all(|run| run < 12), "shows a secret: {said}");
}

fn check_round_trip(state: &State) {
    let text = serde_json::to_string(state).unwrap_or_else(|error| panic!("not written: {error}"));
    let again = serde_json::from_str::<State>(&text);
    let again = again.unwrap_or_else(|error| panic!("written, not read: {error}\n{text}"));
    assert!(again == *state, "read back as another state: {text}");
    assert_eq!(hash_of(&again), hash_of(state), "{text}");
    assert_eq!(serde_json::to_string(&again).ok().as_ref(), Some(&text));
}

fn hash_of(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// Checks that the queries of a state agree with each other.
fn check_queries(state: &State) {
    let items = state.items();
    assert_eq!(items.len(), state.len());
    assert!(items.is_sorted_by(|one, next| one.0 < next.0), "ids do not rise");
    for (id, session) in &items {
        assert_eq!(state.get(id), Some(*session));
        assert!(session.accessed() >= session.created(), "accessed before it was created");
    }
    let requests = state.requests();
    assert_eq!(requests.len(), state.open_requests());
    assert!(requests.is_sorted_by(|one, next| one < next), "requests do not rise");
    for held in requests.iter().filter_map(|request| state.session(*request)) {
        assert!(held.session.accessed() >= held.session.created(), "accessed before created");
        assert!(held.session.form_tokens().len() <= 16, "too many form tokens");
    }
}

/// Takes each step of `Next::ALL` once, from this state on, in the semantics of the state (or in
/// each, if it names none). What holds in every state must hold.
///
/// The state itself decides the actors and arguments, so that the fuzzer can reach them all.
fn check_steps(state: &State) {
    let choices = hash_of(state).to_le_bytes().into_iter().cycle();
    let turns = (0..).zip(choices).take(Next::ALL.len());
    let turns: Vec<_> = turns
        .map(|(next, byte)| Turn { next, who: byte, what: byte, when: byte, drawn: byte })
        .collect();
    let all = [Semantics::Live, Semantics::Copying, Semantics::Strict];
    let own = |one: &Semantics| state.semantics().is_none_or(|own| own == *one);
    for semantics in all.into_iter().filter(own) {
        let config = base_of(semantics);
        let mut cast = Cast::knowing(state);
        let mut world = Situation::new(&WORLD);
        world.state = state.clone();
        for turn in &turns {
            let jar = |_: u8, _: &str| state.keys().first().copied();
            let action = cast.action(&config, &world.state, jar, *turn);
            if !matches!(action, Action::Step { .. }) {
                continue;
            }
            let Some((after, outcomes)) = world.after(&WORLD, &config, &action) else { break };
            let kept =
                |property: &Property| property.is_kept_by(semantics) && of_any_state(*property);
            let broken: Vec<_> = outcomes.found.broken.iter().filter(kept).collect();
            assert!(broken.is_empty(), "{semantics} breaks {broken:?} by {action:?}");
            world = after;
        }
    }
}

/// Whether a property holds in any state that can be read. Such a state need not be reachable: it
/// may have a session without info, or a copy whose handle is not that of its session. And what its
/// requests have done before, on which reasons and answers depend, nobody has seen.
fn of_any_state(property: Property) -> bool {
    let of_own_states = [
        Property::StoredHasInfo,
        Property::StoreOpsReproduceStore,
        Property::RefusalsHaveAReason,
        Property::AnswersAreTrue,
    ];
    WHATEVER_IS_DRAWN.contains(&property) && !of_own_states.contains(&property)
}
