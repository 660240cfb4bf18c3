//! Every field of a state counts: in comparisons, in the hash, and in the serialised form.

use core::hash::{Hash, Hasher};
use std::collections::BTreeSet;
use std::hash::DefaultHasher;

use quixote_session::{Session, State};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::full;

/// The places of all leaves. A leaf is neither a list nor an object.
fn leaves(place: &str, value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                leaves(&format!("{place}/{number}"), item, found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                leaves(&format!("{place}/{name}"), field, found);
            }
        }
        _ => found.push(place.to_owned()),
    }
}

/// What could be in the place of a leaf.
fn others(leaf: &Value) -> Vec<Value> {
    let hex = "0123456789abcdef0123456789abcdef";
    let text = leaf.as_str().unwrap_or_default();
    let mut flipped = text.to_owned();
    let last = flipped.pop();
    flipped.push(if last == Some('0') { '1' } else { '0' });
    let number = leaf.as_u64().unwrap_or_default();
    vec![
        json!(number + 1),
        json!(number.wrapping_sub(1)),
        json!(leaf != true),
        json!(flipped),
        json!(format!("{text}x")),
        json!(hex),
        json!("revoke"),
        json!("values"),
        json!("nothing"),
        Value::Null,
    ]
}

pub(super) fn hash_of<T: Hash>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Checks that each leaf counts: changed to anything that is accepted there, it makes an unequal
/// value, with another hash and another serialised form. Returns the places where nothing else is
/// accepted.
fn every_leaf_counts<T>(whole: &Value) -> Vec<String>
where
    T: Serialize + DeserializeOwned + PartialEq + Hash,
{
    let read = |value: &Value| serde_json::from_value::<T>(value.clone());
    let original = read(whole).unwrap();
    let (mut places, mut fixed) = (Vec::new(), Vec::new());
    leaves("", whole, &mut places);
    for place in places {
        let leaf = whole.pointer(&place).unwrap();
        let mut accepted = 0;
        for other in others(leaf).iter().filter(|other| *other != leaf) {
            let mut changed = whole.clone();
            changed.pointer_mut(&place).unwrap().clone_from(other);
            let Ok(value) = read(&changed) else { continue };
            accepted += 1;
            if place != "/semantics" {
                assert!(value != original, "{place}: {leaf} and {other} are equal");
                assert_ne!(hash_of(&value), hash_of(&original), "{place}");
            }
            let written = serde_json::to_value(&value).unwrap();
            assert_eq!(
                written.pointer(&place),
                Some(other),
                "{place}: read, and written otherwise"
            );
        }
        if accepted == 0 {
            fixed.push(place);
        }
    }
    fixed
}

// [state-5] [state-8]
#[test]
fn a_state_is_equal_to_none_that_differs_in_one_field() {
    let whole = full();
    let fixed = every_leaf_counts::<State>(&whole);
    let names = fixed.iter().map(|place| place.rsplit('/').next().unwrap().to_owned());
    let names: BTreeSet<_> = names.collect();
    // Only one version is known. What a request holds is one of successive numbers. The others are
    // `null` where a value would not be a leaf.
    assert_eq!(names, ["changes", "holds", "user", "version"].map(ToOwned::to_owned).into());
}

#[test]
fn a_session_is_equal_to_none_that_differs_in_one_field() {
    let whole = full();
    for stored in whole["stored"].as_array().unwrap() {
        assert_eq!(every_leaf_counts::<Session>(&stored["session"]), ["/version"]);
    }
}
