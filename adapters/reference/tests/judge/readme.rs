//! Servers in Python, made from the adapter that README shows: what the judge says of them.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use super::{ROOT, count, folder, free_port, name, parts, results};

fn readme() -> String {
    fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap()
}

/// The adapter that README shows.
fn adapter_of(readme: &str) -> &str {
    let shown = readme.split("<!-- ci:adapter -->\n```python\n").nth(1).unwrap();
    shown.split("```").next().unwrap()
}

/// Judges an adapter in Python by one clause.
fn judge_adapter(adapter: &str, clause: &str, more: &[&str]) -> Output {
    let folder = folder();
    fs::write(folder.path().join("adapter.py"), adapter).unwrap();
    Command::new(&parts().judge)
        .current_dir(folder.path())
        .args(["judge", &format!("http://127.0.0.1:{}", free_port()), "--clauses", clause])
        .args(more)
        .args(["--", "python3", "adapter.py"])
        .output()
        .unwrap()
}

/// The adapter that README shows does what README says of it.
#[test]
fn the_readme_tells_the_truth() {
    let text = readme();
    let output = judge_adapter(adapter_of(&text), "U9", &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    let shown = text.split("```text\nU9 ").nth(1).unwrap().split("```").next().unwrap();
    let body = said.split("\n\nmine 1.0: ").next().unwrap();
    assert_eq!(body, format!("U9 {}", shown.trim_end()));
}

/// The adapter of README with a cookie that is another one each time: whether the id changes is
/// what the server says of it, and not what the cookie looks like.
#[test]
fn a_cookie_with_a_stamp_in_it_is_no_new_id() {
    let text = readme();
    let adapter = adapter_of(&text);
    let stamped = adapter
        .replace("cookie.value if cookie", "cookie.value.split('.')[0] if cookie")
        .replace("f\"sid={sid};", "f\"sid={sid}.{secrets.token_hex(4)};");
    let told = stamped.replace(
        "if cookie: self.send_header(\"Set-Cookie\", cookie)",
        "if cookie:\n            self.send_header(\"Set-Cookie\", cookie)\n            \
         self.send_header(\"Kit-Session\", cookie[4:].split('.')[0])",
    );
    assert!(stamped.len() > adapter.len() && told.len() > stamped.len());
    for (adapter, login) in [(adapter, "fail"), (&stamped, "pass"), (&told, "fail")] {
        let results = results(&judge_adapter(adapter, "U6", &["--json"]));
        let verdict = results.iter().find(|result| name(result) == "U6/id changes").unwrap();
        assert_eq!(verdict["verdict"], login, "{verdict}");
    }
}

/// What the server said of itself that cannot be judged.
#[test]
fn caps_that_cannot_be_judged_are_refused() {
    let text = readme();
    for (said, wrong, expected) in [
        (
            "\"idle\": None",
            "\"idle\": 0",
            "idle to be null or from 1 to 3155760000 seconds, found 0\n",
        ),
        ("\"idle\": None", "\"idle\": 1e308", "idle to be null or from 1 to"),
        ("\"absolute\": None", "\"absolute\": -1", "seconds, found -1\n"),
        ("\"cookie\": \"sid\"", "\"cookie\": \"a;$(true)\"", "expected the name of a cookie"),
        ("\"ops\": ops", "\"ops\": []", "expected get among the ops"),
    ] {
        let adapter = adapter_of(&text).replace(said, wrong);
        assert_ne!(adapter, adapter_of(&text));
        let output = judge_adapter(&adapter, "U2", &[]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(expected), "{wrong}: {told}");
        assert_eq!(output.status.code(), Some(2), "{wrong}");
    }
}

/// Each of its requests takes the whole time that one may take, so a few of them must do. Where no
/// bar moves, the first line says how long that is.
#[test]
fn a_server_that_answers_nothing_is_given_up() {
    let text = readme();
    let query = "query = dict(parse_qsl(url.query))\n";
    let silent = "if url.path == \"/do\" and \"trial\" not in url.query: \
                  __import__(\"time\").sleep(1000)\n";
    let adapter = adapter_of(&text).replace(query, &format!("{query}        {silent}"));
    assert_ne!(adapter, adapter_of(&text));
    let begun = Instant::now();
    let output = judge_adapter(&adapter, "U1,U2", &[]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.starts_with("judging takes seconds, or a few minutes; a server that"), "{told}");
    assert!(
        told.contains("an answer to each request within 25 s, none came to the last"),
        "{told}"
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(begun.elapsed() < Duration::from_secs(300), "{:?}", begun.elapsed());
}

/// What speaks no HTTP says nothing of sessions.
#[test]
fn a_garbled_response_is_no_failure_of_a_clause() {
    let text = readme();
    let answer = "self.answer(results, int(";
    let garbled = "if \"gate\" not in query[\"ops\"]: \
                   return self.wfile.write(b\"SIP/2.0 200 OK\\r\\n\\r\\n\")\n        ";
    let adapter = adapter_of(&text).replace(answer, &format!("{garbled}{answer}"));
    let output = judge_adapter(&adapter, "U1,U2", &["--json"]);
    let results = results(&output);
    assert_eq!(count(&results, "not_applicable"), 2, "it cannot clear, or renew");
    assert_eq!(count(&results, "harness"), results.len() - 2, "{results:?}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_limit_that_takes_too_long_to_reach_is_not_waited_for() {
    let text = readme();
    let limits = "\"idle\": None, \"absolute\": None";
    // Whether its clock follows is what it says: its Date is the system's.
    let adapter =
        adapter_of(&text).replace(limits, "\"idle\": 1, \"absolute\": 43200, \"clock\": True");
    let folder = folder();
    let clock = folder.path().join("clock");
    let more = ["--json", "--clock", clock.to_str().unwrap()];
    for result in results(&judge_adapter(&adapter, "U23", &more)) {
        if result["variant"] == "limit counts from the login" {
            assert_eq!(result["verdict"], "not_applicable", "{result}");
            return;
        }
    }
    panic!("it was not judged");
}

/// The folder that is named is somebody's: nothing of it goes that is not written anew.
#[test]
fn what_is_kept_removes_nothing() {
    let (text, kept) = (readme(), folder());
    let folder = kept.path().join("server");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    judge_adapter(adapter_of(&text), "U9", &["--out", kept.path().to_str().unwrap()]);
    assert_eq!(fs::read_to_string(folder.join("notes.txt")).unwrap(), "mine");
    assert!(fs::read_to_string(kept.path().join("server.log")).unwrap().contains("GET /caps"));
    assert!(kept.path().join("result.json").exists());
}

/// Who listens on the port is not the server that was to be started there.
#[test]
fn a_port_in_use_is_not_judged() {
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", stranger.local_addr().unwrap());
    let output =
        Command::new(&parts().judge).args(["judge", &address, "--", "true"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("expected a free port"), "{told}");
    assert_eq!(output.status.code(), Some(2));
}
