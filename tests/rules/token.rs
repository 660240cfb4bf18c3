//! Section `token`.

use quixote_session::{
    Config, CookieChange, CookieOp, CookieValue, Effects, Entropy, FormToken, Handle, Input,
    Refusal, Reply, Semantics, SessionId, SubmittedToken, Timestamp,
};

use crate::scenario::events::{create_token, finish, maintain, start};
use crate::scenario::{ALL, QUIXOTE, Scenario, Successful};

// [token-1]
#[test]
fn ids_and_tokens_are_as_wide_as_configured() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        run.start(1, None);
        let token = run.token(1);
        let id = run.save(1).unwrap();
        let bytes = if config.semantics == Config::STRICT.semantics { 16 } else { 8 };
        assert_eq!(config.width.bytes(), bytes);
        assert_eq!((id.reveal_bytes().len(), token.reveal_bytes().len()), (bytes, bytes));
    }
}

// [token-2] [token-3]
#[test]
fn text_of_any_other_form_names_nothing() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let id = run.log_in("alice").reveal().to_string();
        assert!([16, 32].contains(&id.len()));
        let half = id.get(..id.len() - 1).unwrap();
        let upper = id.to_uppercase();
        let others = ["", "0x", "é000000000000000", half, &format!("{id}0"), &format!(" {id}")];
        for text in others {
            assert!(text.parse::<SessionId>().is_err() && text.parse::<FormToken>().is_err());
            assert_eq!(SubmittedToken::from(text), SubmittedToken::IllFormed);
            assert_eq!(run.start_with(1, Some(CookieValue::from(text)), ""), None, "{text}");
            run.finish(1, Successful);
        }
        assert!("00000000000000A1".parse::<SessionId>().is_err(), "{upper}");
        let user = run.start_with(1, Some(CookieValue::from(id.as_str())), "");
        assert_eq!(user.as_deref(), Some("alice"));
    }
}

// [token-4]
#[test]
fn draws_are_taken_from_the_front() {
    let bytes: [u8; 32] = core::array::from_fn(|place| u8::try_from(place).unwrap());
    for config in &ALL {
        let width = config.width.bytes();
        let mut run = Scenario::of(config);
        for number in 0..usize::from(config.width.draws()) {
            run.start(1, None);
            run.set_user(1, Some("alice"));
            run.send_with(Entropy::from_half(bytes), finish(1, Successful));
            let id = run.id_set().unwrap();
            let expected = &bytes[number * width..][..width];
            assert_eq!(id.reveal_bytes(), expected, "the draws in front are in use by now");
        }
        assert_eq!(run.state().len(), 32 / width);
    }
}

/// A token in a page can never be an id that is drawn from the same input.
// [token-5] [token-4]
#[test]
fn ids_are_drawn_from_one_half_and_tokens_and_handles_from_the_other() {
    let bytes: [u8; 64] = core::array::from_fn(|place| u8::try_from(place).unwrap());
    let (ids, others) = bytes.split_at(32);
    let entropy = Entropy::from_bytes(bytes);
    for config in &ALL {
        let width = config.width.bytes();
        let mut run = Scenario::of(config);
        run.start(1, None);
        let Reply::Token(token) = run.send_with(entropy, create_token(1)) else { panic!() };
        assert_eq!(token.reveal_bytes(), &others[..width]);
        run.send_with(entropy, finish(1, Successful));
        let id = run.id_set().unwrap();
        assert_eq!((id.reveal_bytes(), run.effects.draws), (&ids[..width], 1));
        let handle = run.stored(id).unwrap().handle();
        let drawn = Some(entropy.handle()).filter(|_| config.semantics == Semantics::Strict);
        assert_eq!(handle, drawn);
        assert_eq!(entropy.handle(), Handle::from(*others.last_chunk::<16>().unwrap()));
    }
}

// [token-6] [token-7]
#[test]
fn a_used_id_is_drawn_again_until_no_draw_is_left() {
    for config in &ALL {
        let mut run = Scenario::of(config);
        let used = run.log_in("alice");
        let before = run.stored(used).cloned();
        let mut bytes = [0; 32];
        for place in bytes.chunks_exact_mut(used.reveal_bytes().len()) {
            place.copy_from_slice(used.reveal_bytes());
        }
        run.start(1, None);
        run.set_user(1, Some("bob"));
        let open = run.state().clone();
        let refused = run.send_with(Entropy::from_half(bytes), finish(1, Successful));
        assert_eq!(refused, Reply::Refused(Refusal::EntropyUsedUp));
        assert!(*run.state() == open);
        *bytes.last_mut().unwrap() ^= 1;
        run.send_with(Entropy::from_half(bytes), finish(1, Successful));
        assert_ne!(run.id_set().unwrap(), used);
        assert_eq!(run.effects.draws, config.width.draws());
        assert_eq!(run.stored(used).cloned(), before);
    }
}

// [token-7] [event-39]
#[test]
fn a_refused_maintenance_can_be_sent_again() {
    for config in &QUIXOTE {
        let mut run = Scenario::of(config);
        run.log_in("alice");
        run.start(1, None);
        run.set_user(1, Some("bob"));
        let used = run.draws(&[1]);
        let refused = run.send_with(used, maintain(1));
        assert_eq!(refused, Reply::Refused(Refusal::EntropyUsedUp));
        run.done(maintain(1));
        assert_eq!(run.save(1), Some(run.id(2)));
    }
}

// [token-8]
#[test]
fn quixote_queues_equal_tokens_twice() {
    for config in &QUIXOTE {
        let mut run = Scenario::of(config);
        run.start(1, None);
        for _ in 0..2 {
            run.send_with(Entropy::from_draws([7, 8, 9, 10]), create_token(1));
        }
        let token = FormToken::from(7_u64.to_be_bytes());
        let queue = run.session(1).form_tokens().clone();
        assert_eq!(queue.as_slice(), [token; 2]);
        assert_eq!(run.spend(1, token), Reply::Done);
        assert!(run.has_token(1, token), "one of the two went");
    }
}

// [token-9] [token-7]
#[test]
fn strict_draws_a_token_again_while_an_equal_one_is_outstanding() {
    let mut run = Scenario::of(&Config::STRICT);
    run.start(1, None);
    let entropy = Entropy::from_draws([0, 7, 0, 8]);
    let replies = [0; 3].map(|_| run.send_with(entropy, create_token(1)));
    let token = |number: u64| Reply::Token(u128::from(number).to_be_bytes().into());
    assert_eq!(replies, [token(7), token(8), Reply::Refused(Refusal::EntropyUsedUp)]);
    // A form from before the login is not accepted again, whatever is drawn.
    let id = run.save(1).unwrap();
    run.start(1, Some(id));
    run.set_user(1, Some("alice"));
    assert!(!run.has_token(1, FormToken::from(7_u128.to_be_bytes())));
    assert_eq!(run.send_with(Entropy::from_draws([0, 7, 0, 9]), create_token(1)), token(9));
}

// [token-11] [token-12]
#[test]
fn texts_for_a_log_show_four_digits_of_a_secret() {
    let mut run = Scenario::of(&Config::STRICT);
    // A handle is no secret.
    let entropy = Entropy::from_half([0xab; 32]).with_handle([0xcd; 16].into());
    run.start(1, None);
    run.set_value(1, "k", "a secret of the visitor");
    run.send_with(entropy, create_token(1));
    run.send_with(entropy, finish(1, Successful));
    let id = run.id_set().unwrap();
    run.start(1, Some(id));
    let held = run.held(1).unwrap();
    let event = start(2, Some(CookieValue::Id(id)), "");
    let input = Input { now: Timestamp(0), entropy, event };
    let op = CookieOp { value: CookieChange::Set(id), path: "/".into() };
    let effects = Effects { cookie: Some(op), ..run.effects.clone() };
    let texts = [
        format!("{id:?} {held:?} {held} {} {}", held.dump(true), held.dump(false)),
        format!("{input:?} {effects:?} {:?} {entropy:?}", run.state()),
        format!(
            "{:?} {:?}",
            Reply::Token([0xab; 16].into()),
            SubmittedToken::from(&*"ab".repeat(8))
        ),
    ];
    for text in texts {
        assert!(text.contains("abab") && !text.contains("ababa"), "{text}");
        assert!(!text.contains("171, 171") && !text.contains("of the visitor"), "{text}");
    }
}

/// Found by the fuzz target `differential`: the narrow id was listed first.
#[test]
fn ids_are_ordered_like_their_texts_whatever_their_widths() {
    let [low, high] = [SessionId::from([0x11; 16]), SessionId::from([0x22; 8])];
    let short = SessionId::from([0x11; 8]);
    assert!(short < low && low < high);
    let text = |id: SessionId| id.reveal().to_string();
    assert!(text(short) < text(low) && text(low) < text(high));
}
