//! The shop in Chromium: what a visitor does with tabs, buttons and the back button.
//!
//! `SHOP_STORE` is where its sessions are, in a file of SQLite if nothing is said; `.ci/browser`
//! runs this on each store.

#![allow(clippy::pedantic, reason = "a test fails by panicking")]

#[path = "browser/chromium.rs"]
mod chromium;

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use chromium::{Browser, Tab};
use tempfile::TempDir;

/// The shop in a process of its own, and a browser in front of it.
struct Site {
    process: Child,
    url: String,
    /// What it says after its address: codes, for want of mail.
    said: Receiver<String>,
    browser: Browser,
    folder: TempDir,
}

impl Site {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name| folder.path().join(name).display().to_string();
        let store = std::env::var("SHOP_STORE").unwrap_or_else(|_| file("sessions.sqlite"));
        let mut process = Command::new(env!("CARGO_BIN_EXE_shop"))
            .args(["--port", "0", "--store", &store, "--accounts", &file("accounts.sqlite")])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let url = lines.next().expect("the shop says where it is");
        let (say, said) = channel();
        std::thread::spawn(move || lines.for_each(|line| drop(say.send(line))));
        Self { process, url, said, browser: Browser::start(), folder }
    }

    fn page(&self, path: &str) -> String {
        self.url.clone() + path
    }

    fn tab(&mut self) -> Tab {
        self.browser.tab(&self.url)
    }

    /// Somebody new, logged in.
    fn visitor(&mut self, name: &str) -> Tab {
        let mut tab = self.tab();
        tab.submit("signup", &[("name", name), ("password", "secret")]);
        assert_eq!(user(&mut tab).as_deref(), Some(name));
        tab
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn user(tab: &mut Tab) -> Option<String> {
    tab.text("#user")
}

fn cart(tab: &mut Tab) -> String {
    tab.text("#cart").expect("a page with a cart")
}

/// The value of the session's cookie, which must be as protected as its name says.
fn session_cookie(tab: &mut Tab) -> Option<String> {
    let all = tab.cookies();
    assert!(all.len() <= 1, "{all:?}");
    let cookie = all.first()?;
    assert_eq!(cookie["name"], "__Host-session");
    assert_eq!((&cookie["secure"], &cookie["httpOnly"]), (&true.into(), &true.into()));
    assert_eq!((&cookie["path"], &cookie["sameSite"]), (&"/".into(), &"Lax".into()));
    Some(cookie["value"].as_str().unwrap().to_owned())
}

/// Over http, as localhost is trusted: the cookie comes, moves with the login, and goes.
#[test]
#[ignore = "needs Chromium"]
fn the_cookie_comes_moves_and_goes() {
    let mut site = Site::open();
    for file in site.folder.path().read_dir().unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "files are for their owner alone");
    }
    let mut tab = site.tab();
    assert!(session_cookie(&mut tab).is_some(), "a form has a token, which is in a session");
    tab.submit("cart", &[]);
    let before = session_cookie(&mut tab).unwrap();
    tab.submit("cart", &[]);
    assert_eq!(session_cookie(&mut tab), Some(before.clone()));
    tab.submit("signup", &[("name", "alice"), ("password", "secret")]);
    let after = session_cookie(&mut tab).unwrap();
    assert_ne!(before, after, "a login moves the session");
    assert_eq!(cart(&mut tab), "apple, apple", "and the cart with it");
    assert_eq!(tab.eval("document.cookie"), "", "no script sees it");
    tab.submit("logout", &[]);
    let anew = session_cookie(&mut tab).unwrap();
    assert_ne!(anew, after);
    assert_eq!((user(&mut tab), cart(&mut tab).as_str()), (None, ""));
    // Without a page that begins another session there is none after a logout.
    tab.submit("login", &[("name", "alice"), ("password", "secret")]);
    tab.eval(
        "fetch('/logout', {method: 'POST', redirect: 'manual',
            body: new URLSearchParams(new FormData(document.forms.logout))}).then(() => 0)",
    );
    assert_eq!(session_cookie(&mut tab), None);
}

/// A page of another site can send each form, but has no token of this session: nobody is logged in
/// by it, or out, or buys.
#[test]
#[ignore = "needs Chromium"]
fn a_form_without_its_token_does_nothing() {
    let mut site = Site::open();
    let mut tab = site.visitor("alice");
    let names = [("name", "alice"), ("password", "secret")];
    let forged = ("token", "0123456789abcdef0123456789abcdef");
    let nothing = |tab: &mut Tab, form: &str, fields: &[(&str, &str)]| {
        let before = session_cookie(tab);
        tab.submit(form, &[fields, &[forged]].concat());
        assert_eq!((tab.status(), session_cookie(tab)), (403, before), "{form}");
    };
    for form in ["cart", "logout"] {
        nothing(&mut tab, form, &[]);
        tab.go(&site.url);
        assert_eq!((user(&mut tab).as_deref(), cart(&mut tab).as_str()), (Some("alice"), ""));
    }
    tab.go(&site.page("devices"));
    nothing(&mut tab, "devices-end", &[]);
    tab.go(&site.url);
    tab.submit("logout", &[]);
    for (form, name) in [("login", names), ("signup", [("name", "bob"), names[1]])] {
        nothing(&mut tab, form, &name);
        tab.go(&site.url);
        assert_eq!(user(&mut tab), None);
    }
}

/// Of the devices that a user sees one can be ended, or all but this one.
#[test]
#[ignore = "needs Chromium"]
fn a_device_is_ended_from_another() {
    let mut site = Site::open();
    let mut own = site.visitor("alice");
    let mut others = [(); 3].map(|()| {
        let mut tab = site.browser.tab_elsewhere(&site.url);
        tab.submit("login", &[("name", "alice"), ("password", "secret")]);
        tab
    });
    let devices = |tab: &mut Tab| tab.eval("document.querySelectorAll('.device').length");
    own.go(&site.page("devices"));
    assert_eq!(devices(&mut own), 4);
    others[0].go(&site.page("devices"));
    // Named in its own list; ended from the other's.
    let handle = "[...document.querySelectorAll('.device')]
        .find(device => device.textContent.includes('this one'))
        .nextElementSibling.elements.handle.value";
    let handle = others[0].eval(handle);
    own.submit("devices-end", &[("handle", handle.as_str().unwrap())]);
    assert_eq!(devices(&mut own), 3);
    let logged_in = |site: &Site, tab: &mut Tab| {
        tab.go(&site.url);
        user(tab).is_some()
    };
    assert_eq!(others.each_mut().map(|tab| logged_in(&site, tab)), [false, true, true]);
    own.submit("devices-others", &[]);
    assert_eq!(devices(&mut own), 1);
    assert_eq!(others.each_mut().map(|tab| logged_in(&site, tab)), [false; 3]);
    assert!(logged_in(&site, &mut own));
}

/// Of two that meet in the middle one may be told to try again; what was accepted is there.
#[test]
#[ignore = "needs Chromium"]
fn two_tabs_fill_one_cart() {
    let mut site = Site::open();
    let mut first = site.visitor("alice");
    let mut second = site.tab();
    let mut accepted = 0;
    for _ in 0..4 {
        first.send_form("cart", &[("item", "pear")]);
        second.send_form("cart", &[("item", "plum")]);
        for tab in [&mut first, &mut second] {
            tab.arrive();
            match tab.status() {
                200 => accepted += 1,
                status => assert_eq!(status, 409, "the cart has changed"),
            }
        }
        for tab in [&mut first, &mut second] {
            tab.go(&site.url);
            assert_eq!(cart(tab).split(", ").count(), accepted, "{}", cart(tab));
        }
    }
    assert!(accepted >= 4, "one of two is always accepted");
}

#[test]
#[ignore = "needs Chromium"]
fn a_double_click_buys_one_apple() {
    let mut site = Site::open();
    let mut tab = site.visitor("alice");
    for bought in 1..4 {
        tab.double_click("cart");
        tab.go(&site.url);
        assert_eq!(cart(&mut tab).split(", ").count(), bought, "{}", cart(&mut tab));
    }
}

/// A page that comes back may be as it was, with a form that was sent: no form is accepted twice.
/// After a logout no page of the user comes back.
#[test]
#[ignore = "needs Chromium"]
fn the_back_button_brings_nothing_back() {
    let mut site = Site::open();
    let mut tab = site.visitor("alice");
    tab.go(&site.page("devices"));
    // Not from the cache, though it is the same visitor who asks.
    let kept = "fetch('/devices', {cache: 'only-if-cached', mode: 'same-origin'})
        .then(() => true, () => false)";
    assert_eq!(tab.eval(kept), false);
    tab.back();
    assert_eq!(user(&mut tab).as_deref(), Some("alice"));
    let token = tab.eval("document.forms.cart.elements.token.value");
    tab.submit("cart", &[("item", "pear")]);
    tab.back();
    let kept = tab.eval("document.forms.cart.elements.token.value") == token;
    tab.submit("cart", &[("item", "plum")]);
    assert_eq!(tab.status(), if kept { 403 } else { 200 });
    tab.go(&site.url);
    // Of a browser that keeps every page.
    tab.submit("cart", &[("item", "fig"), ("token", token.as_str().unwrap())]);
    assert_eq!(tab.status(), 403);
    tab.go(&site.url);
    assert_eq!(cart(&mut tab), if kept { "pear" } else { "pear, plum" });
    tab.go(&site.page("devices"));
    tab.back();
    tab.submit("logout", &[]);
    for _ in 0..2 {
        tab.back();
        assert_eq!((user(&mut tab), tab.text(".device")), (None, None));
    }
}

/// The other form is of a session that has moved, or both logins stand and the later cookie counts.
#[test]
#[ignore = "needs Chromium"]
fn of_two_logins_at_once_one_is_seen_in_both_tabs() {
    let mut site = Site::open();
    for name in ["alice", "bob"] {
        site.visitor(name).submit("logout", &[]);
    }
    let mut tabs = [site.tab(), site.tab()];
    tabs[0].submit("cart", &[("item", "pear")]);
    tabs[1].go(&site.url);
    for (tab, name) in tabs.iter_mut().zip(["alice", "bob"]) {
        tab.send_form("login", &[("name", name), ("password", "secret")]);
    }
    let statuses = tabs.each_mut().map(|tab| {
        tab.arrive();
        tab.status()
    });
    assert!(statuses.contains(&200), "{statuses:?}");
    let seen = tabs.each_mut().map(|tab| {
        tab.go(&site.url);
        (user(tab), cart(tab), session_cookie(tab))
    });
    assert_eq!(seen[0], seen[1]);
    let name = seen[0].0.as_deref();
    assert!(matches!(name, Some("alice" | "bob")), "{name:?} {statuses:?}");
}

/// What the slow page writes is refused, and does not revive the session.
#[test]
#[ignore = "needs Chromium"]
fn a_logout_while_a_slow_page_is_under_way_is_final() {
    let mut site = Site::open();
    let mut tab = site.visitor("alice");
    let mut slow = site.tab();
    let old = session_cookie(&mut tab).unwrap();
    slow.begin(&site.page("slow"));
    std::thread::sleep(Duration::from_millis(300));
    tab.submit("logout", &[]);
    assert_eq!(user(&mut tab), None);
    slow.arrive();
    assert_eq!((slow.text("#slow"), slow.status()), (None, 409));
    for tab in [&mut tab, &mut slow] {
        tab.go(&site.url);
        assert_eq!(user(tab), None);
        assert_ne!(session_cookie(tab), Some(old.clone()));
    }
}

#[test]
#[ignore = "needs Chromium"]
fn a_second_factor_moves_the_session_and_a_code_is_good_for_one_try() {
    let mut site = Site::open();
    let mut tab = site.visitor("alice");
    let before = session_cookie(&mut tab);
    for right in [false, true] {
        tab.go(&site.page("confirm"));
        let said = site.said.recv_timeout(Duration::from_secs(20)).unwrap();
        let code = said.rsplit(' ').next().unwrap();
        tab.submit("confirm", &[("code", if right { code } else { "no code" })]);
        assert_eq!(tab.status(), if right { 200 } else { 403 });
    }
    assert!(tab.text("body").unwrap().contains("confirmed."));
    assert_ne!(session_cookie(&mut tab), before);
}
