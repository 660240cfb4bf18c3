//! A cookie with one letter changed, at one place after the other. If a session is in the cookie,
//! its seal must notice each; an id that is changed is no id that was issued.

use super::curl::Line;
use super::scenario::{Do, Verdict};
use super::stage::{End, Stage, end};

/// The most places that are tried; in a longer cookie they are spread over it.
const PLACES: usize = 60;

/// Who holds the changed cookie.
const HOLDER: &str = "X";

/// Sends the cookies of a browser, each time with another place of the session's cookie changed.
/// If one of them opens anything, the scenario fails.
pub(super) fn tamper(stage: &mut Stage<'_>, client: &str) -> Result<(), End> {
    let Some(value) = stage.id(client) else {
        return end(Verdict::Fail, "no cookie of the declared name");
    };
    let places = places(&value);
    let began = stage.trace.len();
    for place in &places {
        stage.trace.truncate(began);
        let name = stage.cookie().to_owned();
        stage.copy(client, HOLDER);
        stage.jar(HOLDER).forge(&name, |value| changed(value, *place));
        stage.trace.push(Line::tamper(client, HOLDER, *place));
        let reply = stage.request(&Do::plain(HOLDER, "whoami get:a get:b"))?;
        let opens = |it: &serde_json::Value| !it.is_null() && it.as_str() != Some("");
        if reply.is_ok() && reply.results.iter().any(opens) {
            return end(
                Verdict::Fail,
                format!("the cookie opens a session although its letter {} is changed", place + 1),
            );
        }
    }
    stage.trace.truncate(began);
    stage.note(format!("... {} changed cookies open nothing", places.len()));
    Ok(())
}

/// The places that are changed: letters and digits, but not the last of a run. Of the last of a
/// text in base64, some bits may mean nothing.
fn places(value: &str) -> Vec<usize> {
    let letters: Vec<char> = value.chars().collect();
    let all: Vec<usize> = letters
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| pair.iter().all(char::is_ascii_alphanumeric))
        .map(|(place, _)| place)
        .collect();
    let step = all.len().div_ceil(PLACES).max(1);
    all.into_iter().step_by(step).collect()
}

/// The value with this place changed.
fn changed(value: &str, place: usize) -> String {
    let change = |(at, it)| if at == place { next_of_kind(it) } else { it };
    value.chars().enumerate().map(change).collect()
}

/// The next letter or digit, of the same kind; hexadecimal letters stay hexadecimal.
pub(super) fn next_of_kind(it: char) -> char {
    match it {
        '9' => '0',
        'f' | 'z' => 'a',
        'F' | 'Z' => 'A',
        '0'..='8' | 'a'..='y' | 'A'..='Y' => {
            u8::try_from(it).map_or(it, |byte| char::from(byte + 1))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::{PLACES, changed, places};

    #[test]
    fn the_last_of_a_run_stays_and_a_long_cookie_is_tried_all_over() {
        assert_eq!(places("ab.c-de="), [0, 5]);
        assert_eq!(changed("ab.c-de=", 5), "ab.c-ee=");
        let long = places(&"x".repeat(4_000));
        assert!(long.len() <= PLACES && long.last().is_some_and(|last| *last > 3_900));
    }
}
