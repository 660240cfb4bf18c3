//! Ids, handles and users are told apart byte by byte.

use quixote_session::driver::Revision;
use quixote_session::{Config, Handle, Session, SessionId, SessionParts, SmolStr, StoreOp};

use super::writer::{NOW, Writer};

/// Alike except in the first or last byte, the case of a letter, the order of bytes, a zero, or
/// bytes that are no text.
const ALIKE: [[u8; 16]; 9] = [
    *b"abcdefghijklmnop",
    *b"Abcdefghijklmnop",
    *b"abcdefghijklmnoP",
    *b"bacdefghijklmnop",
    *b"abcdefghijklmno\0",
    *b"abcdefg\0ijklmnop",
    *b"abcdefg\0ijklmnoP",
    *b"abcdefghijklmn\xff\xfe",
    *b"abcdefghijklmn\xfe\xff",
];

/// Names that some store mistakes for another name, for none, or for a pattern.
const USERS: [&str; 27] = [
    "",
    " ",
    "ann",
    "Ann",
    "ann ",
    " ann",
    "ann\0",
    "ann\0bob",
    "an%",
    "an_",
    "an*",
    "an?",
    "an[n]",
    "%",
    "*",
    "caf\u{e9}",
    "cafe\u{301}",
    "stra\u{df}e",
    "strasse",
    "+",
    "-",
    "ann:bob",
    "{ann}",
    "'ann'",
    "ann\n",
    "null",
    "\u{1f512}",
];

pub(super) async fn tells_names_apart(writer: &mut Writer, config: &Config) {
    tells_ids_apart(writer).await;
    tells_handles_apart(writer).await;
    tells_users_apart(writer, config).await;
}

fn session(user: Option<&SmolStr>, handle: Handle) -> Session {
    let parts = SessionParts::from(Session::new("192.0.2.1".into(), NOW));
    let values = [("key".into(), format!("of {handle}").into())].into();
    SessionParts { user: user.cloned(), handle: Some(handle), values, ..parts }.try_into().unwrap()
}

async fn create(writer: &mut Writer, id: SessionId, session: Session, generation: Option<u64>) {
    let created = writer.create_as(id, session, generation).await;
    assert!(created, "an id that is free, though another is like it");
}

async fn revision(writer: &Writer, id: SessionId) -> Option<Revision> {
    writer.store.load(id).await.unwrap().map(|stored| stored.revision)
}

async fn tells_ids_apart(writer: &mut Writer) {
    let mut written = Vec::new();
    for (own, place) in ALIKE.iter().zip(1_u128..) {
        let handle = place.to_be_bytes().into();
        create(writer, SessionId::from(*own), session(None, handle), None).await;
        written.push((*own, writer.last()));
    }
    while let Some((own, _)) = written.pop() {
        assert!(writer.write(StoreOp::Delete { id: own.into() }, None).await);
        assert_eq!(revision(writer, own.into()).await, None, "an id that was deleted");
        for (other, last) in &written {
            let found = revision(writer, SessionId::from(*other)).await;
            assert_eq!(found, Some(*last), "an id that is like the one that was deleted");
        }
    }
}

async fn tells_handles_apart(writer: &mut Writer) {
    let of = |place: u128| SessionId::from((place << 64 | place).to_be_bytes());
    for (own, place) in ALIKE.iter().zip(1..) {
        create(writer, of(place), session(None, Handle::from(*own)), None).await;
    }
    for (own, place) in ALIKE.iter().zip(1..) {
        let end = StoreOp::DeleteHandle { handle: Handle::from(*own), user: None };
        assert!(writer.write(end, None).await, "a handle has no condition");
        assert_eq!(revision(writer, of(place)).await, None, "the handle was ended");
        for other in (1..=ALIKE.len() as u128).filter(|other| *other > place) {
            let is_there = revision(writer, of(other)).await.is_some();
            assert!(is_there, "a handle that is like the one that was ended");
        }
    }
}

/// A user, the place of the user's session, and how often the user was ended before.
struct Own {
    user: SmolStr,
    place: u128,
    generation: u64,
}

/// The place of a session without a user.
const NOBODY: u128 = 500;

fn id_of(place: u128) -> SessionId {
    (place << 100 | place).to_be_bytes().into()
}

fn handle_of(place: u128) -> Handle {
    (place << 90).to_be_bytes().into()
}

/// Each user has a session, and there is one without a user.
async fn tells_users_apart(writer: &mut Writer, config: &Config) {
    let longest = config.max_text_bytes.min(64 * 1024);
    // No two parts of the long name are alike, so compression does not make it short.
    let numbers = (0_u32..).map(|part| part.wrapping_mul(0x9e37_79b9));
    let digits = numbers.flat_map(|number| format!("{number:x}").into_bytes());
    let long: String = digits.take(longest.saturating_sub(1)).map(char::from).collect();
    let users = USERS.into_iter().map(SmolStr::from);
    let users = users.chain(["1", "2"].map(|end| format!("{long}{end}").into()));
    create(writer, id_of(NOBODY), session(None, handle_of(NOBODY)), None).await;
    let mut all = Vec::new();
    for (user, place) in users.zip(1..) {
        let generation = writer.store.generation(&user).await.unwrap();
        let session = session(Some(&user), handle_of(place));
        create(writer, id_of(place), session, Some(generation)).await;
        all.push(Own { user, place, generation });
    }
    for Own { user, place, .. } in &all {
        let listed = writer.store.sessions_of(user).await.unwrap();
        let handles: Vec<_> = listed.iter().filter_map(Session::handle).collect();
        assert_eq!(handles, [handle_of(*place)], "the sessions of {}", short(user));
    }
    ends_no_handle_of_another(writer, &all).await;
    ends_each(writer, &all).await;
    assert!(writer.write(StoreOp::Delete { id: id_of(NOBODY) }, None).await);
}

async fn ends_no_handle_of_another(writer: &mut Writer, all: &[Own]) {
    let last = all.last().map(|own| own.place);
    let ann = all.iter().find(|own| own.user == "ann").map(|own| own.place);
    for Own { user, place, .. } in all {
        for other in [Some(NOBODY), ann, last].into_iter().flatten() {
            if other == *place {
                continue;
            }
            let (handle, user) = (handle_of(other), user.clone());
            let end = StoreOp::DeleteHandle { handle, user: Some(user.clone()) };
            assert!(writer.write(end, None).await, "a handle has no condition");
            let is_there = revision(writer, id_of(other)).await.is_some();
            assert!(is_there, "{} has ended what is another's or nobody's", short(&user));
        }
    }
}

/// Ends one user after another. The users still to come keep their sessions, and are not counted.
async fn ends_each(writer: &mut Writer, all: &[Own]) {
    let mut left = all;
    while let [Own { user, place, .. }, others @ ..] = left {
        let end = StoreOp::DeleteUser { user: user.clone(), except: None };
        assert!(writer.write(end, None).await, "the end of {}", short(user));
        assert_eq!(revision(writer, id_of(*place)).await, None, "that of {}", short(user));
        for other in others {
            let is_there = revision(writer, id_of(other.place)).await.is_some();
            assert!(is_there, "that of {} went with that of {}", short(&other.user), short(user));
        }
        assert!(revision(writer, id_of(NOBODY)).await.is_some(), "nobody's, by {}", short(user));
        left = others;
        is_counted(writer, all, left.len()).await;
    }
}

/// Checks that each user who was ended, which all but the last `left` were, is counted once.
async fn is_counted(writer: &Writer, all: &[Own], left: usize) {
    for (own, is_left) in all.iter().rev().zip((0..all.len()).map(|place| place < left)) {
        let ended = writer.store.generation(&own.user).await.unwrap();
        let expected = own.generation + u64::from(!is_left);
        assert_eq!(ended, expected, "how often those of {} were ended", short(&own.user));
    }
}

fn short(user: &SmolStr) -> String {
    format!("{:?} ({} bytes)", user.chars().take(20).collect::<String>(), user.len())
}
