//! Whatever is written is read again, all of it, whichever operation wrote it.

use quixote_session::driver::{Revision, Stored};
use quixote_session::{
    Config, FormToken, FormTokens, Session, SessionParts, SmolStr, StoreOp, Timestamp,
};

use super::writer::{Writer, handle, id};

/// Texts that some client or column mistakes for something else, or rejects.
const TEXTS: [&str; 18] = [
    "",
    " with spaces ",
    "lines\r\nand\ttabs\n",
    "a \0 within",
    "\0",
    "caf\u{e9}",
    "cafe\u{301}",
    "\u{1f512}\u{10ffff}",
    "\u{feff}\u{200b}",
    "'quoted' \"twice\" `and` \\",
    "%_*?[a-z]{}$1:x",
    "007",
    "1e3",
    "18446744073709551615",
    "null",
    "KEY",
    "key",
    "+",
];

/// The user of all of these.
const USER: &str = "keeper";

/// Milliseconds that are no whole seconds, numbers that no double can hold, and the beginning of
/// time.
const MOMENTS: [(u64, u64); 4] = [
    (1_000_000_000_123, 1_000_000_000_456),
    (9_007_199_254_740_993, 9_007_199_254_740_995),
    (0, 0),
    (0, 1),
];

pub(super) async fn keeps_what_is_written(writer: &mut Writer, config: &Config) {
    for (of, (created, accessed)) in (50..).zip(MOMENTS) {
        let mut kept = full(config, of);
        (kept.created, kept.accessed) = (Timestamp(created), Timestamp(accessed));
        writes_everywhere(writer, of, kept).await;
    }
}

/// As much as a session may hold, with texts as long as they may be.
fn full(config: &Config, of: u8) -> SessionParts {
    let longest = config.max_text_bytes.min(64 * 1024);
    let long = |end: &str| -> SmolStr {
        let start = longest.saturating_sub(end.len());
        "0123456789abcdefghijk".chars().cycle().take(start).chain(end.chars()).collect()
    };
    let texts = TEXTS.into_iter().map(SmolStr::from).chain([long("1"), long("2")]);
    let most = config.max_values.min(64);
    let others = (0..most).map(|key| (format!("key {key}").into(), "value".into()));
    let values = texts.clone().zip(texts.rev()).chain(others).take(most).collect();
    // Unsorted, and each twice: it matters which is the oldest, and how often a token is there.
    let tokens = 0..config.max_form_tokens.min(FormTokens::MAX);
    let tokens = tokens.map(|place| FormToken::from([(place / 2).wrapping_mul(0x9d) ^ of; 16]));
    SessionParts {
        handle: Some(handle(of)),
        user: Some(USER.into()),
        remote_addr: "2001:db8::1%eth0, for unix:/run/a\0b".into(),
        created: Timestamp(0),
        accessed: Timestamp(0),
        form_tokens: tokens.collect::<Vec<_>>().try_into().unwrap(),
        values,
    }
}

/// The same session with every part changed but the user.
fn other(kept: &SessionParts, of: u8) -> SessionParts {
    let mut tokens = kept.form_tokens.as_slice().to_vec();
    tokens.reverse();
    tokens.pop();
    SessionParts {
        handle: Some(handle(of)),
        user: kept.user.clone(),
        remote_addr: "".into(),
        created: Timestamp(kept.created.0 + 1),
        accessed: Timestamp(kept.accessed.0 + 2),
        form_tokens: tokens.try_into().unwrap(),
        values: [("only".into(), "one".into())].into(),
    }
}

fn of(parts: &SessionParts) -> Session {
    parts.clone().try_into().unwrap()
}

/// Writes by each operation that writes a session.
async fn writes_everywhere(writer: &mut Writer, first: u8, mut kept: SessionParts) {
    let (second, third) = (first + 50, first + 100);
    let mut changed = other(&kept, second);
    let created = writer.create_as(id(first), of(&kept), None).await;
    assert!(created, "a session with all that it may hold");
    let created = writer.last();
    is_read(writer, first, &kept, created, "Create").await;

    let update = StoreOp::Update { id: id(first), session: of(&changed).into() };
    assert!(writer.write(update, Some(created)).await, "an update of it");
    let updated = writer.last();
    is_read(writer, first, &changed, updated, "Update").await;

    let (from, to, session) = (id(first), id(second), of(&kept).into());
    let rotate = StoreOp::Rotate { from, to, session, generation: None };
    assert!(writer.write(rotate, Some(updated)).await, "a move of it");
    kept.accessed = changed.accessed;
    let moved = writer.last();
    is_read(writer, second, &kept, moved, "Rotate").await;

    kept.accessed.0 += 4;
    let touch = StoreOp::Touch { id: id(second), accessed: kept.accessed };
    assert!(writer.write(touch, None).await, "a visit of it");
    is_read(writer, second, &kept, moved, "Touch").await;

    // Over a session that is there, and where there is none.
    changed.accessed.0 += 8;
    for place in [second, third] {
        let put = StoreOp::Put { id: id(place), session: of(&changed).into() };
        assert!(writer.write(put, None).await, "a Put has no condition");
        let last = writer.last();
        is_read(writer, place, &changed, last, "Put").await;
        assert!(writer.write(StoreOp::Delete { id: id(place) }, None).await, "it is deleted");
    }
    let left = writer.store.sessions_of(USER).await.unwrap();
    assert!(left.is_empty(), "what was deleted is still listed: {} sessions", left.len());
}

/// Says in which part the two differ, because the whole has a million bytes.
async fn is_read(
    writer: &Writer,
    at: u8,
    written: &SessionParts,
    revision: Revision,
    operation: &str,
) {
    let Some(Stored { revision: read, session }) = writer.load(at).await else {
        panic!("what {operation} has written is not there");
    };
    assert_eq!(read, revision, "the revision after {operation}");
    is_the_same(&SessionParts::from(session), written, operation);
    let listed = writer.store.sessions_of(USER).await.unwrap();
    assert_eq!(listed.len(), 1, "sessions of the user after {operation}");
    for session in listed {
        is_the_same(&session.into(), written, &format!("{operation}, by sessions_of"));
    }
}

fn is_the_same(read: &SessionParts, written: &SessionParts, after: &str) {
    assert_eq!(read.user, written.user, "the user after {after}");
    assert_eq!(read.handle, written.handle, "the handle after {after}");
    assert_eq!(read.remote_addr, written.remote_addr, "the address after {after}");
    assert_eq!(read.created, written.created, "the creation after {after}");
    assert_eq!(read.accessed, written.accessed, "the access after {after}");
    assert!(read.form_tokens == written.form_tokens, "form tokens, or their order, after {after}");
    for (key, value) in &written.values {
        let short: String = key.chars().take(20).collect();
        let found = read.values.get(key);
        assert!(found.is_some(), "no value under {short:?} after {after}");
        let same = found == Some(value);
        assert!(same, "another value under {short:?} of {} bytes after {after}", value.len());
    }
    assert_eq!(read.values.len(), written.values.len(), "values after {after}");
}
