//! The request, the response, and what Python gets from its modules.

use super::*;

/// What Python gets from module-level functions: the clock and the random source.
pub(super) struct World<'a> {
    pub(super) now: u64,
    pub(super) draws: &'a [String],
    pub(super) drawn: Cell<usize>,
}

impl World<'_> {
    pub(super) fn randbytes(&self) -> Result<String, &'static str> {
        let drawn = self.drawn.get();
        self.drawn.set(drawn + 1);
        self.draws.get(drawn).cloned().ok_or("entropy_used_up")
    }
}

#[derive(Debug, Default)]
pub(super) struct Request {
    pub(super) environ: HashMap<&'static str, String>,
    pub(super) cookies: BTreeMap<String, String>,
    pub(super) session: Option<SharedSession>,
    pub(super) response: Response,
}

impl Request {
    pub(super) fn get_environ(&self, name: &str) -> String {
        self.environ.get(name).cloned().unwrap_or_default()
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Response {
    pub(super) cookies: HashMap<String, NaiveSetCookie>,
}

impl Response {
    /// Attributes are merged into those of an earlier call, so a `max_age` that was given once
    /// stays.
    pub(super) fn set_cookie(&mut self, cookie: NaiveSetCookie) {
        let earlier = self.cookies.get(&cookie.name).and_then(|earlier| earlier.max_age);
        let max_age = cookie.max_age.or(earlier);
        self.cookies.insert(cookie.name.clone(), NaiveSetCookie { max_age, ..cookie });
    }
}
