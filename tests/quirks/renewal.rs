//! The strict semantics: renewal at login, merged saves, and tokens that are spent once.

use quixote_session::{Config, CookieChange, Outcome, Refusal, Reply, StoreOp};

use crate::story::{Story, cookie, done, refused, set_id};

fn strict() -> Story {
    Story::of(Config::STRICT)
}

#[test]
fn a_session_moves_to_a_new_id_whenever_its_user_changes_in_either_direction() {
    let mut story = strict();
    let first = story.store_value("cart", "1");
    let mut id = first;
    for user in [Some("alice"), Some("bob"), None] {
        let request = story.start_with(id);
        match user {
            Some(user) => story.set_user(request, user),
            None => story.set_nobody(request),
        };
        let finished = story.finish(request);
        let to = set_id(&finished);
        assert!(
            matches!(&finished.store, Some(StoreOp::Rotate { from, to: new, .. })
                if (*from, *new) == (id, to)),
            "one operation: {finished:?}"
        );
        assert_eq!((story.stored(id), story.user_of(to)), (None, user));
        assert_eq!(story.value_of(to, "cart"), Some("1"), "what the visitor had comes along");
        id = to;
    }
}

#[test]
fn a_user_who_is_set_again_keeps_the_id() {
    let mut story = strict();
    let id = story.log_in("alice");
    let request = story.start_with(id);
    story.set_user(request, "bob");
    story.set_user(request, "alice");
    let finished = story.finish(request);
    assert_eq!(cookie(&finished), None);
    assert_eq!(story.user_of(id), Some("alice"));
}

#[test]
fn form_tokens_die_at_login() {
    let mut story = strict();
    let (id, token) = story.render_form();
    let request = story.start_with(id);
    story.set_user(request, "alice");
    assert_eq!(story.has_form_token(request, token), Reply::Answer(false), "at once");
    assert_eq!(story.remove_form_token(request, token), refused(Refusal::UnknownToken));
    let renewed = set_id(&story.finish(request));
    let request = story.start_with(renewed);
    assert_eq!(story.has_form_token(request, token), Reply::Answer(false));
}

#[test]
fn a_token_created_after_the_login_of_its_request_lives() {
    let mut story = strict();
    let (id, old) = story.render_form();
    let request = story.start_with(id);
    story.set_user(request, "alice");
    let new = story.create_form_token(request);
    let renewed = set_id(&story.finish(request));
    let tokens = story.stored(renewed).unwrap().form_tokens();
    assert_eq!((tokens.as_slice(), tokens.contains(&old)), ([new].as_slice(), false));
}

/// The other request saw the visitor before the login; its token must not reach the user.
#[test]
fn a_token_of_a_request_that_was_overtaken_by_a_login_is_not_saved() {
    let mut story = strict();
    let id = story.store_value("cart", "1");
    let (rendering, login) = (story.start_with(id), story.start_with(id));
    story.create_form_token(rendering);
    story.set_user(login, "alice");
    let renewed = set_id(&story.finish(login));
    assert_eq!(story.finish(rendering), refused(Refusal::SessionGone));
    assert!(story.stored(renewed).unwrap().form_tokens().is_empty());
}

#[test]
fn of_two_logins_on_one_session_the_first_wins_and_the_second_is_told() {
    let mut story = strict();
    let id = story.store_value("cart", "1");
    let (first, second) = (story.start_with(id), story.start_with(id));
    story.set_user(first, "alice");
    story.set_user(second, "bob");
    let renewed = set_id(&story.finish(first));
    assert_eq!(story.finish(second), refused(Refusal::SessionGone));
    assert_eq!((story.user_of(renewed), story.sessions()), (Some("alice"), 1));
}

#[test]
fn disjoint_changes_of_two_requests_all_survive() {
    let mut story = strict();
    let id = story.store_value("cart", "1");
    let (first, second) = (story.start_with(id), story.start_with(id));
    story.set_value(first, "theme", "dark");
    let token = story.create_form_token(first);
    story.set_value(second, "lang", "en");
    story.remove_value(second, "cart");
    story.finish(second);
    story.finish(first);
    let values = ["cart", "lang", "theme"].map(|key| story.value_of(id, key));
    assert_eq!(values, [None, Some("en"), Some("dark")]);
    assert!(story.stored(id).unwrap().form_tokens().contains(&token));
}

#[test]
fn for_one_key_the_later_save_wins_whoever_changed_it_last() {
    let mut story = strict();
    let id = story.store_value("cart", "1");
    let (first, second) = (story.start_with(id), story.start_with(id));
    story.set_value(second, "cart", "3");
    story.set_value(first, "cart", "2");
    story.finish(first);
    story.finish(second);
    assert_eq!(story.value_of(id, "cart"), Some("3"));
}

#[test]
fn a_request_that_changes_nothing_writes_nothing() {
    let mut story = strict();
    let id = story.log_in("alice");
    let request = story.start_with(id);
    assert_eq!(story.finish(request).store, None);
}

#[test]
fn failure_undoes_all_but_expiry_and_spent_tokens() {
    for outcome in [Outcome::Failed, Outcome::Abandoned] {
        let mut story = strict();
        let id = story.log_in("alice");
        let request = story.start_with(id);
        let token = story.create_form_token(request);
        story.finish(request);
        let request = story.start_with(id);
        story.set_user(request, "bob");
        story.set_user(request, "alice");
        story.set_value(request, "cart", "1");
        assert_eq!(story.finish_as(request, outcome).store, None);
        assert_eq!((story.user_of(id), story.value_of(id, "cart")), (Some("alice"), None));
        let request = story.start_with(id);
        assert!(story.remove_form_token(request, token).store.is_some(), "at once");
        story.finish_as(request, outcome);
        assert!(story.stored(id).unwrap().form_tokens().is_empty());
    }
}

#[test]
fn a_token_is_accepted_once_by_whoever_comes_first() {
    let mut story = strict();
    let id = story.log_in("alice");
    let request = story.start_with(id);
    let token = story.create_form_token(request);
    story.finish(request);
    let (first, second) = (story.start_with(id), story.start_with(id));
    assert_eq!(story.has_form_token(second, token), Reply::Answer(true));
    assert_eq!(story.remove_form_token(first, token).reply, Reply::Done);
    assert_eq!(story.remove_form_token(second, token), refused(Refusal::UnknownToken));
    assert_eq!(story.remove_form_token(first, token), refused(Refusal::UnknownToken));
}

#[test]
fn a_token_of_a_session_that_is_gone_is_not_accepted() {
    let mut story = strict();
    let (id, token) = story.render_form();
    let request = story.start_with(id);
    story.delete(id);
    assert_eq!(story.remove_form_token(request, token), refused(Refusal::SessionGone));
}

/// A session of one token and nothing else ends with it; the request goes on without an id, and
/// what it stores gets a new one.
#[test]
fn a_session_that_spends_its_last_token_and_has_nothing_else_lets_go_of_its_id() {
    let mut story = strict();
    let (id, token) = story.render_form();
    let request = story.start_with(id);
    let spent = story.remove_form_token(request, token);
    assert_eq!(spent.store, Some(StoreOp::Discard { id }));
    assert_eq!((story.held_id(request), story.stored(id)), (None, None));
    story.set_value(request, "order", "1");
    let finished = story.finish(request);
    assert_eq!(set_id(&finished), story.id(3), "drawn after id 2, for token 1");
}

#[test]
fn the_cookie_of_a_session_that_spent_its_last_token_is_revoked_even_if_the_request_fails() {
    for outcome in [Outcome::Successful, Outcome::Failed] {
        let mut story = strict();
        let (id, token) = story.render_form();
        let request = story.start_with(id);
        story.remove_form_token(request, token);
        let finished = story.finish_as(request, outcome);
        assert_eq!(cookie(&finished), Some(CookieChange::Revoke));
    }
}

#[test]
fn what_the_request_had_changed_survives_the_last_token() {
    let mut story = strict();
    let (id, token) = story.render_form();
    let request = story.start_with(id);
    story.set_value(request, "order", "1");
    story.remove_form_token(request, token);
    let new = set_id(&story.finish(request));
    assert_eq!((story.value_of(new, "order"), story.stored(id)), (Some("1"), None));
}

/// One in 2^128; with it the promise to accept a token once for each time it was issued stands.
#[test]
fn a_token_that_is_outstanding_is_not_drawn_again() {
    let mut story = strict();
    let request = story.start();
    let create = quixote_session::RequestEvent::CreateFormToken.of(request);
    story.send_drawing(&[7], create.clone());
    assert_eq!(story.send_drawing(&[7], create.clone()), refused(Refusal::EntropyUsedUp));
    let effects = story.send_drawing(&[7, 8], create);
    assert_eq!((effects.reply, effects.draws), (Reply::Token([8; 16].into()), 2));
}

#[test]
fn a_token_created_and_spent_in_one_request_leaves_no_trace() {
    let mut story = strict();
    let id = story.log_in("alice");
    let request = story.start_with(id);
    let token = story.create_form_token(request);
    assert_eq!(story.remove_form_token(request, token), done(), "nothing stored knows it");
    story.finish(request);
    assert!(story.stored(id).unwrap().form_tokens().is_empty());
}
