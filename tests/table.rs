//! Every phase of a request × every event × every semantics, as one table to be reviewed.
//!
//! A cell says what the machine answers, what it does to the store, how the transaction ends and
//! what becomes of the cookie; names are those of the crate. After a change of the rules the
//! difference of the snapshot is what to review.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod story;

use std::fmt::Write as _;

use quixote_session::{
    Config, CookieChange, CookieValue, Effects, Event, FormToken, ManagerEvent, Outcome, Reply,
    RequestEvent, RequestId, SessionId, StoreOp, SubmittedToken, Transaction,
};
use story::Story;

const ALL: [Config; 3] = [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT];

/// The request that every event is sent to, and the session and token that events name.
struct Scene {
    story: Story,
    request: RequestId,
    id: SessionId,
    token: FormToken,
}

struct Phase {
    name: &'static str,
    arrange: fn(&mut Scene),
}

const fn phase(name: &'static str, arrange: fn(&mut Scene)) -> Phase {
    Phase { name, arrange }
}

/// In each of them `id1` is stored to begin with: user alice, value k, one form token.
const PHASES: [Phase; 14] = [
    phase("not open", |_| {}),
    phase("not open; the stored session is out of time", |scene| scene.story.wait(1_800_000)),
    phase("open without a cookie: a session that is not stored and has no info", |scene| {
        scene.request = scene.story.start();
    }),
    phase("open without a cookie: a session that is not stored and has info", |scene| {
        scene.request = scene.story.start();
        scene.fill();
    }),
    phase("open on the stored session", Scene::open),
    phase("open on the stored session, a value changed", |scene| {
        scene.open();
        scene.story.set_value(scene.request, "cart", "1");
    }),
    phase("open on the stored session, the user changed", |scene| {
        scene.open();
        scene.story.set_user(scene.request, "bob");
    }),
    phase("open on the stored session, its last info taken away", |scene| {
        scene.open();
        scene.story.set_nobody(scene.request);
        scene.story.remove_value(scene.request, "k");
        scene.story.remove_form_token(scene.request, scene.token);
    }),
    phase("open on the stored session, deleted meanwhile", |scene| {
        scene.open();
        scene.story.delete(scene.id);
    }),
    phase("open on the stored session, a value changed, deleted meanwhile", |scene| {
        scene.open();
        scene.story.set_value(scene.request, "cart", "1");
        scene.story.delete(scene.id);
    }),
    phase("open on the stored session, out of time meanwhile", |scene| {
        scene.open();
        scene.story.wait(1_800_000);
    }),
    phase("open on the stored session, after expire_session", |scene| {
        scene.open();
        scene.story.expire(scene.request);
    }),
    phase("open on the stored session, after revoke_session_cookie", |scene| {
        scene.open();
        scene.story.revoke(scene.request);
    }),
    phase("open without a cookie, after revoke_session_cookie, with info", |scene| {
        scene.request = scene.story.start();
        scene.story.revoke(scene.request);
        scene.fill();
    }),
];

impl Scene {
    /// A session that is stored, and no request.
    fn of(config: Config) -> Self {
        let mut story = Story::of(config);
        let request = story.start();
        let token = story.create_form_token(request);
        let mut scene = Self { story, request, id: [0; 8].into(), token };
        scene.story.set_user(request, "alice");
        scene.story.set_value(request, "k", "v");
        // A login ends the tokens of strict, so its form is rendered again.
        if scene.story.has_form_token(request, token) == Reply::Answer(false) {
            scene.token = scene.story.create_form_token(request);
        }
        scene.id = story::set_id(&scene.story.finish(request));
        scene
    }

    fn open(&mut self) {
        self.request = self.story.start_with(self.id);
    }

    fn fill(&mut self) {
        self.story.set_user(self.request, "alice");
        self.story.set_value(self.request, "k", "v");
    }

    /// Every event, each with the name of its row.
    fn events(&self) -> Vec<(String, Event)> {
        let (request, id) = (self.request, self.id);
        let token = SubmittedToken::Token(self.token);
        let user = Some("alice".into());
        let mut events = vec![
            Event::StartRequest {
                request,
                cookie: Some(CookieValue::Id(id)),
                remote_addr: "192.0.2.1".into(),
                script_name: "".into(),
            },
            RequestEvent::SetUser { user: Some("carol".into()) }.of(request),
            RequestEvent::SetValue { key: "theme".into(), value: "dark".into() }.of(request),
            RequestEvent::RemoveValue { key: "k".into() }.of(request),
            RequestEvent::CreateFormToken.of(request),
            RequestEvent::HasFormToken { token }.of(request),
            RequestEvent::RemoveFormToken { token }.of(request),
            RequestEvent::HasSessionCookie { must_exist: false }.of(request),
            RequestEvent::HasSessionCookie { must_exist: true }.of(request),
            RequestEvent::RevokeSessionCookie.of(request),
            RequestEvent::ExpireSession.of(request),
            RequestEvent::NewSession.of(request),
            RequestEvent::MaintainSession.of(request),
        ];
        for outcome in
            [Outcome::Successful, Outcome::Interrupted, Outcome::Failed, Outcome::Abandoned]
        {
            events.push(RequestEvent::FinishRequest { outcome }.of(request));
        }
        events.extend([
            RequestEvent::InsertSession { id: self.story.id(0xee), user }.of(request),
            Event::Manager(ManagerEvent::DeleteSession { id }),
            Event::Manager(ManagerEvent::DeleteSessionsOf { user: "alice".into() }),
            Event::Manager(ManagerEvent::Sweep),
        ]);
        events.into_iter().map(|event| (row(&event), event)).collect()
    }
}

fn row(event: &Event) -> String {
    let name = event.name();
    match event {
        Event::Request { event: RequestEvent::SetUser { .. }, .. } => format!("{name} carol"),
        Event::Request { event: RequestEvent::RemoveValue { .. }, .. } => format!("{name} k"),
        Event::Request { event: RequestEvent::HasFormToken { .. }, .. }
        | Event::Request { event: RequestEvent::RemoveFormToken { .. }, .. } => {
            format!("{name} token1")
        }
        Event::Request {
            event: RequestEvent::HasSessionCookie { must_exist: true, .. }, ..
        } => format!("{name} must_exist"),
        Event::Request { event: RequestEvent::FinishRequest { outcome, .. }, .. } => {
            format!("{name} {}", outcome.name())
        }
        Event::StartRequest { .. } | Event::Manager(ManagerEvent::DeleteSession { .. }) => {
            format!("{name} id1")
        }
        Event::Manager(ManagerEvent::DeleteSessionsOf { .. }) => format!("{name} alice"),
        _ => name.to_owned(),
    }
}

/// What the driver carries out, in this order: the answer is told first because it is read first.
fn cell(effects: &Effects) -> String {
    let mut parts = vec![match &effects.reply {
        Reply::Done => "done".to_owned(),
        Reply::Started { remote_user: None } => "started".to_owned(),
        Reply::Started { remote_user: Some(user) } => format!("started as {user}"),
        Reply::Token(_) => "token".to_owned(),
        Reply::Answer(answer) => if *answer { "yes" } else { "no" }.to_owned(),
        Reply::Refused(why) => format!("- {}", why.name()),
    }];
    let store = effects.store.as_ref().map(|op| match op {
        StoreOp::Put { .. } => "put",
        StoreOp::Create { .. } => "create",
        StoreOp::Update { .. } => "update",
        StoreOp::Rotate { .. } => "rotate",
        StoreOp::Delete { .. } => "delete",
        StoreOp::DeleteAll { .. } => "delete_all",
        StoreOp::Discard { .. } => "discard",
        StoreOp::DiscardAll { .. } => "discard_all",
    });
    let transaction = effects.transaction.map(|end| match end {
        Transaction::Commit => "commit",
        Transaction::Abort => "abort",
    });
    let cookie = story::cookie(effects).map(|change| match change {
        CookieChange::Set(_) => "SET",
        CookieChange::Revoke => "REVOKE",
        CookieChange::Stillborn(_) => "STILLBORN",
    });
    parts.extend([store, transaction, cookie].into_iter().flatten().map(ToOwned::to_owned));
    parts.join(" · ")
}

/// The rows of one phase: each event sent to a scene of its own.
fn rows(phase: &Phase) -> Vec<[String; 4]> {
    let scene = |config: Config| {
        let mut scene = Scene::of(config);
        (phase.arrange)(&mut scene);
        scene
    };
    let names = scene(Config::QUIXOTE).events().into_iter().map(|(name, _)| name);
    let row = |(place, name): (usize, String)| {
        let [live, copying, strict] = ALL.map(|config| {
            let mut scene = scene(config);
            let (_, event) = scene.events().swap_remove(place);
            cell(&scene.story.send(event))
        });
        [name, live, copying, strict]
    };
    names.enumerate().map(row).collect()
}

#[test]
fn every_phase_meets_every_event_under_every_semantics() {
    let blocks: Vec<_> = PHASES.iter().map(|phase| (phase.name, rows(phase))).collect();
    let heads = ["", "live", "copying", "strict"].map(ToOwned::to_owned);
    let all = || blocks.iter().flat_map(|(_, rows)| rows).chain([&heads]);
    let width = |column: usize| {
        let cells = all().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap()
    };
    let [name, live, copying, _] = [0, 1, 2, 3].map(width);
    let mut text = String::from(
        "answer · store operation · end of the transaction · COOKIE; a dash marks a refusal\n\n",
    );
    let line = |[event, one, two, three]: &[String; 4]| {
        let columns = format!("{event:<name$}  {one:<live$}  {two:<copying$}  {three}");
        columns.trim_end().to_owned() + "\n"
    };
    for (phase, rows) in &blocks {
        writeln!(text, "== {phase}").unwrap();
        text.push_str(&line(&heads));
        text.extend(rows.iter().map(line));
        text.push('\n');
    }
    insta::assert_snapshot!("table", text);
}
