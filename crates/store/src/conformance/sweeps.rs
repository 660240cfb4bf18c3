//! A sweep deletes what is over, and nothing else.

use std::sync::Arc;

use quixote_session::{Config, Session, SessionId, SessionParts, StoreOp, Timestamp};

use super::writer::{NOW, Writer, id, session};
use crate::store::Store;

/// Sweeps sessions that are over, by either limit or by a clock that was ahead, and sessions that
/// are not over by a millisecond.
pub(super) async fn sweeps(writer: &mut Writer, config: &Config) {
    let absolute = config.absolute_limit_ms.unwrap_or(1 << 40);
    let idle = config.idle_limit_ms.unwrap_or(1 << 40).min(absolute);
    let now = Timestamp(NOW.0 + 2 * absolute);
    let times = times(now, idle, absolute);
    for by_create in [false, true] {
        for (&(created, accessed), of) in times.iter().zip(30..) {
            let user = (of % 2 == 0).then_some("alice");
            let parts = SessionParts { created, accessed, ..session(user, of, NOW).into() };
            let created = writer.create_as(id(of), parts.try_into().unwrap(), None).await;
            assert!(created, "a session of whatever times");
        }
        // A session that is about to be over is visited, and the visit is saved with its changes.
        let (visited, saved) =
            (SessionParts::from(session(None, 45, NOW)), Timestamp(now.0 - (idle - 1)));
        assert!(writer.create(45, None, None).await);
        let visited = SessionParts { created: saved, accessed: saved, ..visited };
        let session = Session::try_from(visited).unwrap().into();
        let revision = writer.revision(45).await;
        assert!(writer.write(StoreOp::Update { id: id(45), session }, revision).await);
        let mut expected = Vec::new();
        for of in (30..).take(times.len()).chain([45]) {
            let stored = writer.load(of).await.map(|stored| stored.session);
            let is_over = stored.as_ref().is_none_or(|stored| stored.is_over(config, now));
            expected.push((of, is_over, stored));
        }
        sweep(writer, now, by_create).await;
        for (of, is_over, stored) in expected {
            let left = writer.load(of).await.is_some();
            let way = if by_create { "a Create that makes room" } else { "a sweep" };
            assert!(!(left && is_over), "{way} at {now:?} has left {stored:?}");
            assert!(left || is_over, "{way} at {now:?} has ended {stored:?}");
            assert!(writer.write(StoreOp::Delete { id: id(of) }, None).await);
        }
        let ended = writer.store.generation("alice").await.unwrap();
        assert_eq!(ended, 3, "a sweep is no end of a user");
    }
}

/// When sessions were created and accessed: by each limit, some are over and some are not.
fn times(now: Timestamp, idle: u64, absolute: u64) -> Vec<(Timestamp, Timestamp)> {
    let before = |ms: u64| Timestamp(now.0 - ms);
    let ahead = |ms: u64| Timestamp(now.0 + ms);
    let times = [
        (before(idle), before(idle)),
        (before(idle), before(idle - 1)),
        (before(absolute), now),
        (before(absolute - 1), now),
        (before(absolute), before(idle - 1)),
        (before(absolute - 1), before(idle)),
        (before(1), ahead(idle)),
        (before(1), ahead(idle - 1)),
        (ahead(absolute), ahead(absolute)),
        (ahead(idle - 1), ahead(idle - 1)),
        (NOW, NOW),
    ];
    // Some of them are none if both limits are equal.
    times.into_iter().filter(|(created, accessed)| created <= accessed).collect()
}

/// Sweeps alone, or to make room for a session.
async fn sweep(writer: &mut Writer, now: Timestamp, by_create: bool) {
    if !by_create {
        return assert!(writer.write(StoreOp::DiscardOver { now }, None).await);
    }
    let parts = SessionParts { created: now, accessed: now, ..session(None, 46, NOW).into() };
    let session = Session::try_from(parts).unwrap().into();
    let (id, discard_over) = (id(46), Some(now));
    let create = StoreOp::Create { id, session, generation: None, discard_over };
    assert!(writer.write(create, None).await, "a Create that makes room for itself");
    assert!(writer.load(46).await.is_some(), "what was created is there");
    assert!(writer.write(StoreOp::Delete { id }, None).await);
}

/// Creates many sessions of one user. All are listed, and all are ended. Then the same again, and
/// all are swept.
pub async fn many(store: Arc<dyn Store>, count: u64) {
    for is_swept in [false, true] {
        // At the same time, because many stores then wait for the disk only once.
        let writers = (0..WRITERS).map(|writer| {
            let places = (0..count).filter(move |place| place % WRITERS == writer);
            tokio::spawn(begin_all(Writer::from(store.clone(), writer << 32), places))
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let listed = store.sessions_of("many").await.unwrap().len();
        assert_eq!(listed as u64, count, "how many are listed");
        let (name, all) = if is_swept {
            ("a sweep", StoreOp::DiscardOver { now: Timestamp::now() })
        } else {
            let user = "many".into();
            ("the end of their user", StoreOp::DeleteUser { user, except: None })
        };
        assert!(Writer::new(store.clone()).write(all, None).await, "{name}");
        for place in 0..count {
            let left = store.load(of(place)).await.unwrap();
            assert!(left.is_none(), "session {place} of {count} outlives {name}");
        }
    }
}

const WRITERS: u64 = 16;

fn of(place: u64) -> SessionId {
    (u128::from(place) + 1).to_be_bytes().into()
}

async fn begin_all(mut writer: Writer, places: impl Iterator<Item = u64>) {
    for place in places {
        let handle = Some((u128::from(place) + 1).to_be_bytes().into());
        let parts = SessionParts { handle, ..session(Some("many"), 1, NOW).into() };
        let created = writer.create_as(of(place), parts.try_into().unwrap(), None).await;
        assert!(created, "session {place} of one user");
    }
}
