//! Numbers in traces and arguments: a number that does not fit is shown as it was written.

use std::fs;

use super::{err, folder, out, run, status};

const HEADER: &str = concat!(
    r#"{"format":"quixote-session-trace/3","title":"","origin":"","config":{"semantics":"live","#,
    r#""id_bits":64,"cookie_name":"s","cookie_path":null,"cookie_domain":null,"#,
    r#""cookie_hardened":false,"access_resolution_ms":1000,"idle_limit_ms":null,"#,
    r#""absolute_limit_ms":null,"max_form_tokens":16,"max_text_bytes":100,"max_values":10,"#,
    r#""max_requests":10,"max_sessions":10}}"#
);
const START: &str = concat!(
    r#"{"now":0,"request":1,"event":"start_request","cookie_header":null,"remote_addr":"","#,
    r#""script_name":"","expect":{"session":{"id":null,"user":null,"remote_addr":"","#,
    r#""created":0,"accessed":0,"form_tokens":[]}}}"#
);
const FINISH: &str = concat!(
    r#"{"now":0,"request":1,"event":"finish_request","outcome":"successful","expect":"#,
    r#"{"set_cookie":{"name":"s","value":"","path":null,"domain":null,"max_age":0}}}"#
);
const WHOLE: &str = "a whole number below 2^64";
/// The places of numbers, each with what is expected there.
const PLACES: [(&str, &str, &str); 14] = [
    (HEADER, r#""id_bits":64"#, "a whole number below 256"),
    (HEADER, r#""access_resolution_ms":1000"#, WHOLE),
    (HEADER, r#""idle_limit_ms":null"#, WHOLE),
    (HEADER, r#""absolute_limit_ms":null"#, WHOLE),
    (HEADER, r#""max_form_tokens":16"#, "a whole number below 256"),
    (HEADER, r#""max_text_bytes":100"#, WHOLE),
    (HEADER, r#""max_values":10"#, WHOLE),
    (HEADER, r#""max_requests":10"#, "a whole number below 2^32"),
    (HEADER, r#""max_sessions":10"#, "a whole number below 2^32"),
    (START, r#""now":0"#, WHOLE),
    (START, r#""request":1"#, WHOLE),
    (START, r#""created":0"#, WHOLE),
    (START, r#""accessed":0"#, WHOLE),
    (FINISH, r#""max_age":0"#, "a whole number from -2^63 to 2^63 - 1"),
];

/// The first is a word of the machine that a double does not hold; the last may be an id.
#[test]
#[cfg(target_pointer_width = "64")]
fn a_number_that_does_not_fit_is_shown_as_it_was_written() {
    let folder = folder("numbers");
    let mut refused = 0;
    for (line, place, expected) in PLACES {
        for (number, shown) in [
            ("9007199254740993", "9007… (16 characters)"),
            ("18446744073709551615", "1844… (20 characters)"),
            ("18446744073709551616", "1844… (20 characters)"),
            ("-1", "-1"),
            ("-0", "-0"),
            ("1e3", "1e3"),
            ("1.0", "1.0"),
            ("1E400", "1E400"),
            ("123456789012345678.5e-7", "1234….5e-7 (23 characters)"),
        ] {
            let name = place.split_once(':').unwrap().0;
            let fits = match expected {
                WHOLE => ["9007199254740993", "18446744073709551615"].contains(&number),
                _ => name == "\"max_age\"" && ["9007199254740993", "-1"].contains(&number),
            };
            let changed = line.replacen(place, &format!("{name}:{number}"), 1);
            // As JSON has it, where a number that no word holds is one with a fraction.
            let is_fraction = number.parse::<u64>().is_err() && number != "-1";
            let row = [HEADER, START, FINISH].iter().position(|it| *it == line).unwrap() + 1;
            let column = line.find(place).unwrap() + name.len() + 1 + number.len();
            for opaque in [false, true] {
                let mut lines = [HEADER, START, FINISH]
                    .map(|it| String::from(if it == line { changed.as_str() } else { it }));
                if opaque {
                    let said = r#"10,"opaque_ids":true}}"#;
                    lines[0] = lines[0].replacen("10}}", said, 1);
                }
                fs::write(folder.join("t.jsonl"), lines.join("\n")).unwrap();
                let output = run(&folder, &["replay", "t.jsonl"]);
                if fits {
                    assert_ne!(status(&output), 2, "{name}:{number} {}", err(&output));
                    continue;
                }
                refused += 1;
                assert_eq!(status(&output), 2, "{name}:{number}");
                let told = err(&output).trim_end().split_once(": expected ").unwrap();
                let is_early = number == "1E400" || (opaque && row > 1 && is_fraction);
                let expected = if is_early { WHOLE } else { expected };
                assert_eq!(told.1, format!("{expected}, found {shown}"), "{name}");
                // Where ids are any text a line is read twice, and has other columns.
                if !opaque || row == 1 {
                    assert_eq!(told.0, format!("error: t.jsonl:{row}:{column}"), "{name}");
                }
            }
        }
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn an_id_that_was_written_as_a_number_is_not_shown() {
    let folder = folder("number_as_id");
    let step = r#"{"now":0,"event":"delete_session","id":1234567890123456,"expect":{}}"#;
    fs::write(folder.join("t.jsonl"), format!("{HEADER}\n{step}\n")).unwrap();
    let output = run(&folder, &["replay", "t.jsonl"]);
    let message = "error: t.jsonl:2:55: expected a string, found 1234… (16 characters)\n";
    assert_eq!((status(&output), err(&output)), (2, message));
}

#[test]
fn of_an_argument_that_is_a_number_it_is_said_which() {
    let folder = folder("number_argument");
    for name in ["--seed", "--steps"] {
        for number in ["-1", "1e3", "1.0", "18446744073709551616", "x", ""] {
            let output = run(&folder, &["record", name, number]);
            assert_eq!((status(&output), out(&output)), (2, ""), "{name} {number}");
            let first = err(&output).lines().next().unwrap();
            assert!(first.starts_with(&format!("error: invalid value '{number}'")), "{first}");
            assert!(first.ends_with(": expected a whole number below 2^64"), "{first}");
        }
        let most = "18446744073709551615";
        assert_eq!(status(&run(&folder, &["record", "--steps", "1", "--seed", most])), 0);
    }
}
