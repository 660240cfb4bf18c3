//! Section `trace`: ids and tokens that are texts of any form.

use quixote_session::Config;

use super::{START, lines, recorded, run};

/// A header of live with `opaque_ids`.
fn header() -> String {
    let trace = String::from_utf8(recorded(&Config::QUIXOTE, 1)).unwrap();
    trace.lines().next().unwrap().replace("\"id_bits\"", "\"opaque_ids\":true,\"id_bits\"")
}

// [trace-9]
#[test]
fn a_cookie_may_become_an_id_while_its_request_is_open() {
    let header = header();
    let asks = |expected: bool| {
        format!(
            "{}{}",
            r#"{"now":0,"event":"has_session_cookie","request":1,"must_exist":true,"expect":{"#,
            format_args!(r#""reply":{{"answer":{expected}}},"request_cookie":"later"}}}}"#)
        )
    };
    let start = START.replace("\"cookie_header\":null", "\"cookie_header\":\"QX_session=later\"");
    let insert =
        r#"{"now":0,"event":"insert_session","request":1,"id":"later","user":"a","expect":{}}"#;
    let text = lines(&[&header, &start, &asks(false), insert, &asks(true)]);
    let replayed = run(text).unwrap();
    assert_eq!((replayed.steps, replayed.differs.is_none()), (4, true));
}

/// Quixote looks up neither: whoever comes with one has no session, and may be given that id.
// [trace-9] [cookie-12]
#[test]
fn a_text_that_names_no_session_in_a_cookie_may_be_an_id() {
    let header = header();
    for id in ["", "*del*"] {
        let of = |line: &str| line.replace("{id}", id);
        let insert = of(
            r#"{"now":0,"event":"insert_session","request":1,"id":"{id}","user":"a","expect":{}}"#,
        );
        let start = of(concat!(
            r#"{"now":0,"event":"start_request","request":2,"cookie_header":"QX_session={id}","#,
            r#""remote_addr":"c","script_name":"","expect":{"remote_user":null,"#,
            r#""request_cookie":"{id}","session":{"id":null,"user":null,"remote_addr":"c","#,
            r#""created":0,"accessed":0,"form_tokens":[]}}}"#
        ));
        let asks = concat!(
            r#"{"now":0,"event":"has_session_cookie","request":2,"must_exist":true,"#,
            r#""expect":{"reply":{"answer":false}}}"#
        );
        let login = r#"{"now":0,"event":"set_user","request":1,"user":"b","expect":{}}"#;
        let finish = of(concat!(
            r#"{"now":0,"event":"finish_request","request":1,"outcome":"successful","#,
            r#""draws":["{id}"],"expect":{"set_cookie":{"name":"QX_session","value":"{id}","#,
            r#""path":"/","domain":null,"max_age":null}}}"#
        ));
        let create = of(concat!(
            r#"{"now":0,"event":"create_form_token","request":2,"draws":["{id}"],"#,
            r#""expect":{"reply":{"token":"{id}"}}}"#
        ));
        let has = of(concat!(
            r#"{"now":0,"event":"has_form_token","request":2,"token":"{id}","#,
            r#""expect":{"reply":{"answer":true}}}"#
        ));
        for steps in [
            &[START, &insert, &start, asks][..],
            &[START, login, &finish],
            &[START, &START.replace("\"request\":1", "\"request\":2"), &create, &has],
        ] {
            let replayed = run(lines(&[&[header.as_str()], steps].concat())).unwrap();
            let differs = replayed.differs.map(|differs| differs.differences);
            assert_eq!((replayed.steps, differs), (steps.len() as u64, None), "{id:?}");
        }
    }
}

/// The number that stands for the first text of a trace is not a second name of that text.
// [trace-9]
#[test]
fn a_text_is_not_taken_for_the_number_of_another() {
    let header = header();
    let number = format!("{:016x}", 1);
    let create = r#"{"now":0,"event":"create_form_token","request":1,"draws":["own"],"expect":{}}"#;
    let has = |token: &str, answer: bool| {
        format!(
            "{}\"token\":\"{token}\",\"expect\":{{\"reply\":{{\"answer\":{answer}}}}}}}",
            r#"{"now":0,"event":"has_form_token","request":1,"#,
        )
    };
    let text = lines(&[&header, START, create, &has(&number, false), &has("own", true)]);
    let replayed = run(text).unwrap();
    assert_eq!((replayed.steps, replayed.differs.is_none()), (4, true));
    let start = START.replace("\"cookie_header\":null", "\"cookie_header\":\"QX_session=own\"");
    for (seen, differs) in [("own", false), (number.as_str(), true)] {
        let seen = format!("{{\"request_cookie\":\"{seen}\"}}");
        let start = start.replace("{\"remote_user\":null}", &seen);
        assert_eq!(run(lines(&[&header, &start])).unwrap().differs.is_some(), differs, "{seen}");
    }
}
