//! Answers that are as they should be, to a request that does not see what they say.

use quixote_session::check::Property;
use quixote_session::{
    Config, CookieValue, Effects, Event, Outcome, Reply, RequestEvent, RequestId, Session, State,
};

use crate::run::Run;

const ALICE: RequestId = RequestId(1);
const ALL: [Config; 3] = [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT, Config::STRICT];

fn set_color() -> RequestEvent {
    RequestEvent::SetValue { key: "color".into(), value: "red".into() }
}

/// A request of alice, in whose session a value and a form token are stored.
fn with_alice(config: &Config) -> Run {
    let mut run = Run::of(config, &[]);
    run.start(ALICE, None);
    for event in [
        RequestEvent::SetUser { user: Some("alice".into()) },
        set_color(),
        RequestEvent::CreateFormToken,
    ] {
        run.send(event.of(ALICE));
    }
    run.finish(ALICE);
    run.start(ALICE, Some(run.id_of("alice")));
    run
}

/// Whether the answer is found to be false if this is done to the step.
fn found(run: &Run, event: &Event, alter: impl FnOnce(&mut State, &mut Effects)) -> bool {
    run.altered(event.clone(), alter).contains(Property::AnswersAreTrue)
}

#[test]
fn what_has_happened_is_seen_by_its_request() {
    for config in ALL {
        let run = with_alice(&config);
        let session = run.state.get(&run.id_of("alice")).unwrap();
        let token = session.form_tokens().as_slice()[0].into();
        let of_semantics = session.handle().map_or(
            RequestEvent::InsertSession { id: [7; 8].into(), user: Some("bob".into()) },
            |handle| RequestEvent::ExpireHandle { handle },
        );
        for event in [
            RequestEvent::SetUser { user: Some("bob".into()) },
            RequestEvent::SetUser { user: None },
            RequestEvent::SetValue { key: "color".into(), value: "blue".into() },
            RequestEvent::RemoveValue { key: "color".into() },
            RequestEvent::TakeValue { key: "color".into() },
            RequestEvent::CreateFormToken,
            RequestEvent::RemoveFormToken { token },
            RequestEvent::ExpireSession,
            RequestEvent::FinishRequest { outcome: Outcome::Failed },
            of_semantics,
        ] {
            let event = event.of(ALICE);
            assert!(!found(&run, &event, |_, _| {}), "{event:?}");
            assert!(found(&run, &event, |after, _| *after = run.state.clone()), "{event:?}");
        }
        let same = set_color().of(ALICE);
        assert!(!found(&run, &same, |after, _| *after = run.state.clone()), "it is as it was");
    }
}

#[test]
fn a_request_that_gives_up_its_cookie_sees_it_no_longer() {
    for config in [Config::QUIXOTE, Config::QUIXOTE_PERSISTENT] {
        let mut run = with_alice(&config);
        let revoke = RequestEvent::RevokeSessionCookie.of(ALICE);
        assert!(found(&run, &revoke, |after, _| *after = run.state.clone()));
        run.send(revoke);
        let expire = RequestEvent::ExpireSession.of(ALICE);
        assert!(found(&run, &expire, |after, _| *after = run.state.clone()), "it has its session");
        run.send(expire);
        let new = RequestEvent::NewSession.of(ALICE);
        assert!(found(&run, &new, |after, _| *after = run.state.clone()));
    }
}

/// The answer to a start is about the session of the cookie, and the request holds that.
#[test]
fn a_start_names_the_user_that_it_sees() {
    let start = |run: &Run, named: bool| Event::StartRequest {
        request: RequestId(2),
        cookie: named.then(|| CookieValue::Id(run.id_of("alice"))),
        remote_addr: "c".into(),
        script_name: "".into(),
        passive: false,
    };
    for config in ALL {
        let run = with_alice(&config);
        let (named, other) = (start(&run, true), start(&run, false));
        let mut fresh = with_alice(&config);
        fresh.send(other.clone());
        assert!(!found(&run, &named, |_, _| {}));
        assert!(found(&run, &named, |after, _| *after = fresh.state.clone()), "it sees nobody");
        let nobody = |effects: &mut Effects| effects.reply = Reply::Started { remote_user: None };
        assert!(found(&run, &named, |after, effects| {
            *after = fresh.state.clone();
            nobody(effects);
        }));
        assert!(found(&run, &named, |_, effects| nobody(effects)));
        let mut known = with_alice(&config);
        known.send(named);
        assert!(found(&run, &other, |after, _| *after = known.state.clone()), "it sees alice");
    }
}

/// A limit ends a session for a start, and for a question; the idle limit for a start alone.
#[test]
fn what_is_over_is_not_there() {
    for config in ALL {
        for (idle, absolute, is_there) in
            [(None, None, true), (Some(900), None, true), (None, Some(900), false)]
        {
            let strict = config.semantics == Config::STRICT.semantics;
            let config =
                Config { idle_limit_ms: idle, absolute_limit_ms: absolute, ..config.clone() };
            let mut run = with_alice(&config);
            run.age("alice");
            let ask = RequestEvent::HasSessionCookie { must_exist: true }.of(ALICE);
            let answers = |yes| !found(&run, &ask, |_, effects| effects.reply = Reply::Answer(yes));
            let expected = is_there || !strict;
            assert_eq!((answers(true), answers(false)), (expected, !expected));
        }
    }
}

/// The token that is answered is the last one drawn, and queued.
#[test]
fn a_token_of_before_is_no_new_one() {
    for config in ALL {
        let run = with_alice(&config);
        let held = run.state.session(ALICE).map(|held| held.session);
        let old = held.map(Session::form_tokens).unwrap().as_slice()[0];
        let create = RequestEvent::CreateFormToken.of(ALICE);
        assert!(found(&run, &create, |_, effects| effects.reply = Reply::Token(old)));
        assert!(found(&run, &create, |_, effects| effects.draws = 0));
    }
}
