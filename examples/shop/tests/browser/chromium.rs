//! A browser, over the DevTools protocol: what a test does in its tabs, and what it sees there.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

/// Longer than any page takes, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Chromium without a window, in a profile of its own that is deleted.
pub(crate) struct Browser {
    process: Child,
    /// `127.0.0.1:PORT`.
    address: String,
    connection: Connection,
    _profile: TempDir,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut process = Command::new("chromium")
            .args(["--headless=new", "--remote-debugging-port=0", "--no-first-run"])
            // Root has no sandbox, and a container little shared memory.
            .args(["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .env("TMPDIR", profile.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("chromium is needed: apt-get install chromium");
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines().map(Result::unwrap);
        let url =
            lines.find_map(|line| line.strip_prefix("DevTools listening on ").map(Into::into));
        let url: String = url.expect("Chromium says where it listens");
        // What it says later nobody reads, but it must not wait for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let address = url["ws://".len()..].split('/').next().unwrap().to_owned();
        let connection = Connection::open(&address, &url);
        Self { process, address, connection, _profile: profile }
    }

    pub(crate) fn tab(&mut self, url: &str) -> Tab {
        self.tab_in(url, &json!({"url": "about:blank"}))
    }

    /// A tab as in another browser: with cookies of its own.
    pub(crate) fn tab_elsewhere(&mut self, url: &str) -> Tab {
        let made = self.connection.call("Target.createBrowserContext", &json!({}));
        self.tab_in(
            url,
            &json!({"url": "about:blank", "browserContextId": made["browserContextId"]}),
        )
    }

    fn tab_in(&mut self, url: &str, given: &Value) -> Tab {
        let made = self.connection.call("Target.createTarget", given);
        let target = made["targetId"].as_str().unwrap();
        let socket = format!("ws://{}/devtools/page/{target}", self.address);
        let mut connection = Connection::open(&self.address, &socket);
        connection.call("Page.enable", &json!({}));
        let mut tab = Tab(connection);
        tab.go(url);
        tab
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A page of the browser.
pub(crate) struct Tab(Connection);

impl Tab {
    /// Opens a page, and waits until it is there.
    pub(crate) fn go(&mut self, url: &str) {
        self.begin(url);
        self.arrive();
    }

    /// Opens a page, and does not wait for it.
    pub(crate) fn begin(&mut self, url: &str) {
        self.0.seen.clear();
        self.0.send("Page.navigate", &json!({"url": url}));
    }

    /// Waits for the page that was asked for.
    pub(crate) fn arrive(&mut self) {
        self.0.event("Page.loadEventFired");
    }

    /// The button of the browser. It may show the page that it has kept, which is not loaded.
    pub(crate) fn back(&mut self) {
        self.0.seen.clear();
        self.eval("history.back()");
        self.0.event("Page.frameNavigated");
        while self.eval("document.readyState") != "complete" {}
    }

    /// What a script says; what it promises is waited for.
    pub(crate) fn eval(&mut self, script: &str) -> Value {
        let given = json!({"expression": script, "returnByValue": true, "awaitPromise": true});
        let mut result = self.0.call("Runtime.evaluate", &given);
        assert!(result.get("exceptionDetails").is_none(), "{script}: {result}");
        result["result"]["value"].take()
    }

    /// The text of an element; None if there is none.
    pub(crate) fn text(&mut self, selector: &str) -> Option<String> {
        let found = self.eval(&format!("document.querySelector({selector:?})?.textContent"));
        found.as_str().map(Into::into)
    }

    /// With which status the server answered.
    pub(crate) fn status(&mut self) -> u64 {
        let script = "performance.getEntriesByType('navigation')[0].responseStatus";
        self.eval(script).as_u64().unwrap()
    }

    /// Fills a form, and sends it as its button does.
    pub(crate) fn submit(&mut self, form: &str, fields: &[(&str, &str)]) {
        self.send_form(form, fields);
        self.arrive();
    }

    /// The same, and does not wait for the page that follows.
    pub(crate) fn send_form(&mut self, form: &str, fields: &[(&str, &str)]) {
        for (name, value) in fields {
            let field = format!("document.forms[{form:?}].querySelector('[name={name}]')");
            self.eval(&format!("{field}.value = {value:?}"));
        }
        self.0.seen.clear();
        self.eval(&format!("document.forms[{form:?}].requestSubmit()"));
    }

    /// Clicks twice where the button of a form is, as fast as it goes.
    pub(crate) fn double_click(&mut self, form: &str) {
        let place = format!(
            "(() => {{ const box = document.forms[{form:?}].querySelector('button')
                .getBoundingClientRect();
              return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        );
        let place = self.eval(&place);
        self.0.seen.clear();
        for count in [1, 2] {
            for kind in ["mousePressed", "mouseReleased"] {
                let (x, y) = (&place[0], &place[1]);
                let click =
                    json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": count});
                self.0.send("Input.dispatchMouseEvent", &click);
            }
        }
        self.arrive();
    }

    /// The cookies that the browser sends to this page.
    pub(crate) fn cookies(&mut self) -> Vec<Value> {
        let found = self.0.call("Network.getCookies", &json!({}));
        found["cookies"].as_array().unwrap().clone()
    }
}

/// Commands, their results, and events.
struct Connection {
    socket: WebSocket<TcpStream>,
    last: u64,
    /// Events that nobody has waited for yet.
    seen: Vec<String>,
}

impl Connection {
    fn open(address: &str, url: &str) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (socket, _) = tungstenite::client(url, stream).unwrap();
        Self { socket, last: 0, seen: Vec::new() }
    }

    fn send(&mut self, method: &str, given: &Value) {
        self.last += 1;
        let command = json!({"id": self.last, "method": method, "params": given});
        self.socket.send(Message::text(command.to_string())).unwrap();
    }

    /// Sends a command and waits for its result.
    fn call(&mut self, method: &str, given: &Value) -> Value {
        self.send(method, given);
        let own = self.last;
        loop {
            let mut message = self.read();
            if message["id"] == own {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].take();
            }
        }
    }

    /// Waits for an event that was not waited for before.
    fn event(&mut self, name: &str) {
        while !self.seen.iter().any(|seen| seen == name) {
            self.read();
        }
        self.seen.clear();
    }

    fn read(&mut self) -> Value {
        loop {
            if let Message::Text(text) = self.socket.read().expect("an answer in time") {
                let message: Value = serde_json::from_str(&text).unwrap();
                self.seen.extend(message["method"].as_str().map(Into::into));
                return message;
            }
        }
    }
}
