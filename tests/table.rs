//! Every phase of a request × every event × every semantics, as one table to be reviewed.
//!
//! A cell says, in the names of the crate, what the machine answers, what it does to the store, how
//! the transaction ends and what happens to the cookie. After a change of the rules, review the
//! difference in the snapshot.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod scenario;

use std::fmt::Write as _;

use quixote_session::{
    Config, CookieChange, CookieValue, Effects, Event, FormToken, Handle, ManagerEvent, Reply,
    RequestEvent, SessionId, StoreOp, Transaction,
};
use scenario::events::{
    SWEEP, create_token, delete, delete_all_of, delete_handle, expire, expire_handle,
    expire_others, finish, guard, has_cookie, has_token, insert, maintain, new_session,
    remove_value, renew, revoke, set_user, set_value, spend, start, take,
};
use scenario::{ALL, OUTCOMES, Scenario, Successful};

/// The request that every event is sent to, and the session and token that events name.
struct Scene {
    run: Scenario,
    request: u64,
    id: SessionId,
    token: FormToken,
    handle: Handle,
}

struct Phase {
    name: &'static str,
    arrange: fn(&mut Scene),
}

const fn phase(name: &'static str, arrange: fn(&mut Scene)) -> Phase {
    Phase { name, arrange }
}

/// In each of them `id1` is stored at the beginning, with user alice, value k and one form token.
const PHASES: [Phase; 17] = [
    phase("not open", |_| {}),
    phase("not open; the stored session is over", |scene| scene.run.now += 1_800_000),
    phase("open without a cookie: a session that is not stored and has no info", |scene| {
        scene.start(None);
    }),
    phase("open without a cookie: a session that is not stored and has info", |scene| {
        scene.start(None);
        scene.fill();
    }),
    phase("open on the stored session", Scene::open),
    phase("open on the stored session, a value changed", |scene| {
        scene.open();
        scene.run.set_value(scene.request, "cart", "1");
    }),
    phase("open on the stored session, the user changed", |scene| {
        scene.open();
        scene.run.set_user(scene.request, Some("bob"));
    }),
    phase("open on the stored session, the user's sessions ended since its login", |scene| {
        scene.open();
        scene.run.set_user(scene.request, Some("bob"));
        scene.run.done(delete_all_of("bob"));
    }),
    phase("open on the stored session, a guarded value changed since", |scene| {
        scene.open();
        scene.run.send(guard(scene.request, "k"));
        scene.run.start(3, Some(scene.id));
        scene.run.set_value(3, "k", "w");
        scene.run.finish(3, Successful);
    }),
    phase("open on the stored session, its last info taken away", |scene| {
        scene.open();
        scene.run.set_user(scene.request, None);
        scene.run.send(remove_value(scene.request, "k"));
        scene.run.send(spend(scene.request, scene.token));
    }),
    phase("open on the stored session, deleted meanwhile", |scene| {
        scene.open();
        scene.run.send(delete(scene.id));
    }),
    phase("open on the stored session, a value changed, deleted meanwhile", |scene| {
        scene.open();
        scene.run.set_value(scene.request, "cart", "1");
        scene.run.send(delete(scene.id));
    }),
    phase("open on the stored session, idle meanwhile", |scene| {
        scene.open();
        scene.run.now += 1_800_000;
    }),
    phase("open on the stored session, too old meanwhile", |scene| {
        scene.open();
        scene.run.now += 12 * 3_600_000;
    }),
    phase("open on the stored session, after expire_session", |scene| {
        scene.open();
        scene.run.send(expire(scene.request));
    }),
    phase("open on the stored session, after revoke_session_cookie", |scene| {
        scene.open();
        scene.run.send(revoke(scene.request));
    }),
    phase("open without a cookie, after revoke_session_cookie, with info", |scene| {
        scene.start(None);
        scene.run.send(revoke(scene.request));
        scene.fill();
    }),
];

impl Scene {
    /// A scene with a stored session, and no request.
    fn of(config: &Config) -> Self {
        let mut run = Scenario::of(config);
        run.start(1, None);
        let mut token = run.token(1);
        run.set_user(1, Some("alice"));
        run.set_value(1, "k", "v");
        // Under strict a login ends the tokens, so the form is rendered again.
        if !run.has_token(1, token) {
            token = run.token(1);
        }
        let id = run.save(1).unwrap();
        // Quixote has no handles.
        let handle = run.stored(id).unwrap().handle().unwrap_or([1; 16].into());
        Self { run, request: 1, id, token, handle }
    }

    fn start(&mut self, id: Option<SessionId>) {
        self.request = 2;
        self.run.start(self.request, id);
    }

    fn open(&mut self) {
        self.start(Some(self.id));
    }

    fn fill(&mut self) {
        self.run.set_user(self.request, Some("alice"));
        self.run.set_value(self.request, "k", "v");
    }

    /// Every event, each with the name of its row.
    fn events(&self) -> Vec<(String, Event)> {
        let (request, id) = (self.request, self.id);
        let token = self.token;
        let mut events = vec![
            start(request, Some(CookieValue::Id(id)), ""),
            set_user(request, Some("carol")),
            set_user(request, Some("alice")),
            set_user(request, None),
            renew(request),
            set_value(request, "theme", "dark"),
            remove_value(request, "k"),
            take(request, "k"),
            guard(request, "k"),
            create_token(request),
            has_token(request, token),
            spend(request, token),
            has_cookie(request, false),
            has_cookie(request, true),
            revoke(request),
            expire(request),
            expire_others(request),
            expire_handle(request, self.handle),
            new_session(request),
            maintain(request),
        ];
        events.extend(OUTCOMES.map(|outcome| finish(request, outcome)));
        events.extend([
            insert(request, self.run.id(0xee), Some("alice")),
            delete(id),
            delete_handle(self.handle),
            delete_all_of("alice"),
            SWEEP,
        ]);
        events.into_iter().map(|event| (row(&event), event)).collect()
    }
}

fn row(event: &Event) -> String {
    let name = event.name();
    match event {
        Event::Request { event: RequestEvent::SetUser { user }, .. } => {
            format!("{name} {}", user.as_deref().unwrap_or("nobody"))
        }
        Event::Request {
            event:
                RequestEvent::RemoveValue { .. }
                | RequestEvent::TakeValue { .. }
                | RequestEvent::GuardValue { .. },
            ..
        } => format!("{name} k"),
        Event::Request { event: RequestEvent::ExpireHandle { .. }, .. }
        | Event::Manager(ManagerEvent::DeleteHandle { .. }) => format!("{name} handle1"),
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

/// The answer, and then what the driver carries out, in order. The answer comes first because it is
/// read first.
fn cell(effects: &Effects) -> String {
    let mut parts = vec![match &effects.reply {
        Reply::Done => "done".to_owned(),
        Reply::Started { remote_user: None } => "started".to_owned(),
        Reply::Started { remote_user: Some(user) } => format!("started as {user}"),
        Reply::Token(_) => "token".to_owned(),
        Reply::Value(_) => "value".to_owned(),
        Reply::Answer(answer) => if *answer { "yes" } else { "no" }.to_owned(),
        Reply::Refused(why) => format!("- {}", why.name()),
    }];
    let store = effects.store.as_ref().map(|op| match op {
        StoreOp::Put { .. } => "put",
        StoreOp::Create { .. } => "create",
        StoreOp::Touch { .. } => "touch",
        StoreOp::Update { .. } => "update",
        StoreOp::Rotate { .. } => "rotate",
        StoreOp::Delete { .. } => "delete",
        StoreOp::DeleteUser { .. } => "delete_user",
        StoreOp::DeleteHandle { .. } => "delete_handle",
        StoreOp::Discard { .. } => "discard",
        StoreOp::DiscardOver { .. } => "discard_over",
    });
    let transaction = effects.transaction.map(|end| match end {
        Transaction::Commit => "commit",
        Transaction::Abort => "abort",
    });
    let cookie = effects.cookie.as_ref().map(|cookie| match cookie.value {
        CookieChange::Set(_) => "SET",
        CookieChange::Revoke => "REVOKE",
        CookieChange::Stillborn(_) => "STILLBORN",
    });
    parts.extend([store, transaction, cookie].into_iter().flatten().map(ToOwned::to_owned));
    parts.join(" · ")
}

/// The rows of one phase; each event is sent to a new scene.
fn rows(phase: &Phase) -> Vec<[String; 4]> {
    let scene = |config: &Config| {
        let mut scene = Scene::of(config);
        (phase.arrange)(&mut scene);
        scene
    };
    let names = scene(&Config::QUIXOTE).events().into_iter().map(|(name, _)| name);
    let row = |(place, name): (usize, String)| {
        let [live, copying, strict] = ALL.map(|config| {
            let mut scene = scene(&config);
            let (_, event) = scene.events().swap_remove(place);
            scene.run.send(event);
            cell(&scene.run.effects)
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
