//! Section `trace`: which words each version of the format has.

use quixote_session::{Config, Dirtiness};

use super::{FINISH, ONE, START, TWO, lines, recorded, run};

// [trace-6]
#[test]
fn version_one_has_words_for_quixote_alone() {
    let strict = ONE.replace(r#""sharing":"live""#, r#""sharing":"strict""#);
    assert!(run(strict).is_err());
    let value = r#"{"now":0,"event":"set_value","request":1,"key":"k","value":"v","expect":{}}"#;
    let sweep = r#"{"now":0,"event":"sweep","expect":{}}"#;
    let transaction = FINISH.replace("{}", r#"{"transaction":"commit"}"#);
    let refused = FINISH.replace("{}", r#"{"reply":{"refused":"unknown_request"}}"#);
    let session = concat!(
        r#"{"id":null,"user":null,"remote_addr":"c","created":0,"accessed":0,"form_tokens":[],"#,
        r#""values":{"k":"v"}}"#
    );
    let holds = START.replace(r#""remote_user":null"#, &format!(r#""session":{session}"#));
    for line in [value, sweep, &transaction, &refused, &holds] {
        assert!(run(lines(&[ONE, line])).unwrap_err().contains("version 1"), "{line}");
        assert!(run(lines(&[TWO, line])).is_ok(), "{line}");
    }
    let known = FINISH.replace("{}", r#"{"reply":{"refused":"no_session"}}"#);
    assert!(run(lines(&[ONE, &known])).is_ok());
}

/// The header of version 3 for the same configuration, which names the protections that it gives
/// up.
fn three() -> String {
    let gives_up = concat!(
        r#""max_form_tokens":16,"same_site":"strict","gives_up":{"protected_name":false,"#,
        r#""long_ids":false,"flags":false,"idle_limit":false,"absolute_limit":true}"#
    );
    TWO.replace("trace/2", "trace/3").replace(r#""max_form_tokens":16"#, gives_up)
}

// [trace-10]
#[test]
fn from_version_three_on_a_header_gives_up_by_name() {
    assert_eq!(run(lines(&[&three(), START])).unwrap().steps, 1);
    let silent = three().replace(r#""absolute_limit":true"#, r#""absolute_limit":false"#);
    assert!(run(lines(&[&silent, START])).unwrap_err().contains("absolute_limit_ms"));
    assert_eq!(run(lines(&[TWO, START])).unwrap().steps, 1, "nothing had to be named before");
}

// [trace-8]
#[test]
fn what_is_dirty_stands_in_a_header_of_version_three() {
    let mut text = recorded(&Config { is_dirty: Dirtiness::HasInfo, ..Config::QUIXOTE }, 1);
    text.truncate(text.iter().position(|byte| *byte == b'\n').unwrap());
    let header = String::from_utf8(text).unwrap();
    assert!(header.contains(r#""is_dirty":"has_info""#), "{header}");
    assert_eq!(run(lines(&[&header, START])).unwrap().header.config.is_dirty, Dirtiness::HasInfo);
    let two = header.replace("trace/3", "trace/2");
    let error = run(lines(&[&two, START])).unwrap_err();
    assert!(error.contains("is_dirty"), "{error}");
    let usual = String::from_utf8(recorded(&Config::QUIXOTE_PERSISTENT, 1)).unwrap();
    assert!(!usual.contains("is_dirty"), "it goes without saying");
}

// [trace-8]
#[test]
fn what_came_with_version_three_is_refused_before() {
    let event = |name: &str, arguments: &str| {
        format!(r#"{{"now":0,"event":"{name}","request":1,{arguments}"expect":{{}}}}"#)
    };
    let session = concat!(
        r#"{"id":null,"handle":"00112233445566778899aabbccddeeff","user":null,"remote_addr":"c","#,
        r#""created":0,"accessed":0,"form_tokens":[]}"#
    );
    let cookie = r#"{"set_cookie":{"name":"n","value":"","path":"/","domain":null,"max_age":0,"#;
    let handle = r#""handle":"00112233445566778899aabbccddeeff","#;
    for line in [
        START.replace(r#""now":0"#, r#""now":0,"passive":true"#),
        START.replace(r#""remote_user":null"#, &format!(r#""session":{session}"#)),
        FINISH.replace("{}", &format!(r#"{cookie}"flags":["Secure"]}}}}"#)),
        event("renew_session", ""),
        event("take_value", r#""key":"k","#),
        event("guard_value", r#""key":"k","#),
        event("expire_other_sessions", ""),
        event("expire_handle", handle),
        event("delete_handle", handle).replace(r#""request":1,"#, ""),
    ] {
        assert!(run(lines(&[&three(), &line])).is_ok(), "{line}");
        for header in [ONE, TWO] {
            let error = run(lines(&[header, &line])).unwrap_err();
            assert!(error.starts_with("t:2:") && error.contains("version"), "{line}: {error}");
        }
    }
    for field in [
        r#""same_site":"strict","#,
        r#""gives_up":{"protected_name":true,"long_ids":true,"flags":true,"idle_limit":true,"#,
    ] {
        let field =
            field.replace(r#""idle_limit":true,"#, r#""idle_limit":true,"absolute_limit":true},"#);
        let header = TWO.replace(r#""id_bits""#, &format!(r#"{field}"id_bits""#));
        assert!(run(&header).unwrap_err().contains("version 3"), "{field}");
    }
}

/// Version 2 still accepts them.
// [trace-8]
#[test]
fn answers_that_came_with_version_three_are_refused_before() {
    let drawn = r#""now":0,"new_handle":"00112233445566778899aabbccddeeff""#;
    let mut later = vec![
        FINISH.replace(r#""now":0"#, drawn),
        FINISH.replace("{}", r#"{"reply":{"value":"v"}}"#),
    ];
    for why in ["user_ended", "value_changed", "no_user", "not_offered"] {
        later.push(FINISH.replace("{}", &format!(r#"{{"reply":{{"refused":"{why}"}}}}"#)));
    }
    let two = TWO.to_owned();
    for (line, header) in later.iter().flat_map(|line| [ONE, &two].map(|header| (line, header))) {
        assert!(run(lines(&[&three(), line])).is_ok(), "{line}");
        assert!(run(lines(&[header, line])).unwrap_err().contains("version"), "{line}");
    }
}
