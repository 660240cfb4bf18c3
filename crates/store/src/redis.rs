//! Sessions in Redis.

use async_trait::async_trait;
use quixote_session::driver::{Over, Stored, Write};
use quixote_session::{Handle, Session, SessionId, StoreOp};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands as _, ErrorKind, RedisError, Script};

use crate::row::{self, Bounds, Row, signed};
use crate::store::{Store, StoreError};

/// A store in Redis, for many processes on many machines.
///
/// All keys begin with `quixote:`, so the store can share a database with other data. But the
/// sessions of two sites need two databases: see the [crate](crate).
///
/// Each write is one script, which Redis runs alone, in one round trip. An acknowledged write can
/// be lost, even a logout. With `appendfsync everysec`, a crash of Redis loses about the last
/// second. And since Redis does not wait for its replicas, a failover loses what has not reached
/// the replica, whatever `appendfsync` says. Where a logout must be final, use PostgreSQL or
/// SQLite, or `appendfsync always` and no failover.
///
/// Redis must not evict keys (`maxmemory-policy noeviction`), or it could lose the count of how
/// often a user's sessions were ended.
///
/// A script uses the keys of a session, its user and its handle, and of two ids when a session
/// moves. So the store needs a single server: Redis Cluster would require that all these keys have
/// the same hash.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    scripts: std::sync::Arc<Scripts>,
}

/// The scripts that write and list. The keys, after `quixote:`, are these:
///
/// - `session:ID`, a hash of two texts. `row` is all that a load needs: revision, access and data.
///   `index` is what the indices hold, except the access: creation, handle, and the user after a
///   `+`, or a `-` for nobody. So a load reads one text, and a write compares one text to see
///   whether an index changes.
/// - `user:NAME`, the set of a user's ids, and `handle:HANDLE`, an id;
/// - `accessed` and `created`, all ids in the order of these times;
/// - `ended:NAME`, a count that is never deleted.
///
/// Numbers are kept as texts, because a number in Lua has only 53 bits.
struct Scripts {
    save: Script,
    touch: Script,
    discard: Script,
    delete: Script,
    delete_user: Script,
    discard_over: Script,
    list: Script,
}

/// What the scripts share, above all a function that removes a session from every key.
const REMOVE: &str = "
    local function indexed(index)
        local created, handle, sign, user =
            string.match(index or '', '^(%d+) (%x*) ([+-])(.*)$')
        return created, handle, sign == '+' and user
    end
    local function remove(id)
        local key = 'quixote:session:' .. id
        local _, handle, user = indexed(redis.call('HGET', key, 'index'))
        if user then redis.call('SREM', 'quixote:user:' .. user, id) end
        if handle and handle ~= '' then redis.call('DEL', 'quixote:handle:' .. handle) end
        redis.call('DEL', key)
        redis.call('ZREM', 'quixote:accessed', id)
        redis.call('ZREM', 'quixote:created', id)
    end
    local function parts(row)
        return string.match(row or '', '^(%d+) (%d+) ()')
    end
    local function later(one, other)
        if #one ~= #other then return #one > #other and one or other end
        return one > other and one or other
    end
";

/// Create (no from), Update (from is to), Rotate and Put (expected is `*`).
const SAVE: &str = "
    local from, to, expected, revision = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
    local accessed, generation, index, data = ARGV[5], ARGV[6], ARGV[7], ARGV[8]
    local key = 'quixote:session:' .. to
    if from ~= to and expected ~= '*' and redis.call('EXISTS', key) == 1 then return 0 end
    if from ~= '' then
        local before = redis.call('HMGET', 'quixote:session:' .. from, 'row', 'index')
        local found, visited = parts(before[1])
        if expected ~= '*' and found ~= expected then return 0 end
        accessed = later(accessed, visited or '0')
        -- The usual case: no index changes. A session that keeps its id is no login.
        if from == to and visited == accessed and before[2] == index then
            redis.call('HSET', key, 'row', revision .. ' ' .. accessed .. ' ' .. data)
            return 1
        end
    end
    local created, handle, user = indexed(index)
    local ended = 'quixote:ended:' .. (user or '')
    if generation ~= '' and (redis.call('GET', ended) or '0') ~= generation then return 0 end
    if from ~= '' then remove(from) end
    redis.call('HSET', key, 'row', revision .. ' ' .. accessed .. ' ' .. data, 'index', index)
    if user then redis.call('SADD', 'quixote:user:' .. user, to) end
    if handle ~= '' then redis.call('SET', 'quixote:handle:' .. handle, to) end
    redis.call('ZADD', 'quixote:accessed', accessed, to)
    redis.call('ZADD', 'quixote:created', created, to)
    return 1
";

const TOUCH: &str = "
    local key = 'quixote:session:' .. ARGV[1]
    local row = redis.call('HGET', key, 'row')
    local revision, before, data = parts(row)
    if not before then return 1 end
    local accessed = later(before, ARGV[2])
    redis.call('HSET', key, 'row', revision .. ' ' .. accessed .. ' ' .. string.sub(row, data))
    redis.call('ZADD', 'quixote:accessed', accessed, ARGV[1])
    return 1
";

const DISCARD: &str = "
    local revision, accessed = parts(redis.call('HGET', 'quixote:session:' .. ARGV[1], 'row'))
    if revision ~= ARGV[2] or accessed ~= ARGV[3] then return 0 end
    remove(ARGV[1])
    return 1
";

/// Deletes by id; or by handle, and by the user if one is given.
const DELETE: &str = "
    local id = ARGV[1]
    if id == '' then id = redis.call('GET', 'quixote:handle:' .. ARGV[2]) end
    if not id then return 1 end
    if ARGV[3] == '1' then
        local _, _, user = indexed(redis.call('HGET', 'quixote:session:' .. id, 'index'))
        if user ~= ARGV[4] then return 1 end
    end
    remove(id)
    return 1
";

const DELETE_USER: &str = "
    local user, except, expected = ARGV[1], ARGV[2], ARGV[3]
    if except ~= '' then
        local revision = parts(redis.call('HGET', 'quixote:session:' .. except, 'row'))
        if revision ~= expected then return 0 end
    end
    redis.call('INCR', 'quixote:ended:' .. user)
    for _, id in ipairs(redis.call('SMEMBERS', 'quixote:user:' .. user)) do
        if id ~= except then
            if redis.call('EXISTS', 'quixote:session:' .. id) == 1 then remove(id) end
            redis.call('SREM', 'quixote:user:' .. user, id)
        end
    end
    return 1
";

/// Deletes what was accessed (or created) at or before the first bound, or at or after the second,
/// and returns how many it has deleted. That is at most 500, since all others wait while a script
/// runs, and a client waits for 500 ms at most.
const DISCARD_OVER: &str = "
    local most = 500
    local left = most
    for place, key in ipairs({'quixote:accessed', 'quixote:created'}) do
        local before, after = ARGV[2 * place - 1], ARGV[2 * place]
        for _, range in ipairs({{'-inf', before}, {after, '+inf'}}) do
            local ids = redis.call('ZRANGEBYSCORE', key, range[1], range[2], 'LIMIT', 0, left)
            for _, id in ipairs(ids) do remove(id) end
            left = left - #ids
        end
    end
    return most - left
";

/// Lists in one script, so that a session that moves meanwhile is listed once.
const LIST: &str = "
    local rows = {}
    for _, id in ipairs(redis.call('SMEMBERS', 'quixote:user:' .. ARGV[1])) do
        local row = redis.call('HGET', 'quixote:session:' .. id, 'row')
        if row then table.insert(rows, row) end
    end
    return rows
";

/// How often to try again, which takes less than half a second. All requests wait for that, and
/// each must hear of it if Redis is down.
const CONNECTS_AGAIN: usize = 2;

impl Redis {
    /// Connects to one server.
    ///
    /// # Errors
    ///
    /// If the address is malformed, or Redis is not reached.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        let client = redis::Client::open(url).map_err(StoreError::failed)?;
        let settings = ConnectionManagerConfig::new().set_number_of_retries(CONNECTS_AGAIN);
        let connection = ConnectionManager::new_with_config(client, settings).await;
        let connection = connection.map_err(StoreError::failed)?;
        let script = |text: &str| Script::new(&format!("{REMOVE}{text}"));
        let scripts = std::sync::Arc::new(Scripts {
            save: script(SAVE),
            touch: script(TOUCH),
            discard: script(DISCARD),
            delete: script(DELETE),
            delete_user: script(DELETE_USER),
            discard_over: script(DISCARD_OVER),
            list: Script::new(LIST),
        });
        Ok(Self { connection, scripts })
    }

    async fn run(&self, script: &Script, values: &[&str]) -> Result<bool, StoreError> {
        Ok(self.count(script, values).await? == 1)
    }

    async fn count(&self, script: &Script, values: &[&str]) -> Result<u64, StoreError> {
        let mut call = script.prepare_invoke();
        for value in values {
            call.arg(*value);
        }
        call.invoke_async(&mut self.connection.clone()).await.map_err(error)
    }

    async fn save(
        &self,
        ids: [&str; 2],
        expected: &str,
        write: &Write,
        session: &Session,
        generation: Option<u64>,
    ) -> Result<bool, StoreError> {
        let Row { data, created, accessed, .. } = Row::of(session)?;
        let handle = session.handle().map(|handle| handle.to_string()).unwrap_or_default();
        let user = session.user().map_or_else(|| "-".into(), |user| format!("+{user}"));
        let index = format!("{created} {handle} {user}");
        let generation = generation.map(|number| number.to_string()).unwrap_or_default();
        let values = [
            ids[0],
            ids[1],
            expected,
            &write.revision.0.to_string(),
            &accessed.to_string(),
            &generation,
            &index,
            &data,
        ];
        self.run(&self.scripts.save, &values).await
    }

    async fn read(&self, id: &str) -> Result<Option<Stored>, StoreError> {
        let key = format!("quixote:session:{id}");
        let row: Option<String> =
            self.connection.clone().hget(key, "row").await.map_err(StoreError::failed)?;
        row.map(|row| stored(&row)).transpose()
    }
}

/// Nothing is done if Redis refuses a script, is not reached, or has no room, which it says before
/// the first write of a script. If the connection broke, the script may have run.
fn error(why: RedisError) -> StoreError {
    let is_refused = matches!(why.kind(), ErrorKind::Server(_)) || why.is_connection_refusal();
    let has_no_room = why.code().is_some_and(|code| NO_ROOM.contains(&code));
    if is_refused || has_no_room { StoreError::failed(why) } else { StoreError::unknown(why) }
}

/// No room in memory, on the disk, or too few replicas.
const NO_ROOM: [&str; 3] = ["OOM", "MISCONF", "NOREPLICAS"];

/// Reads a text of revision, access and data.
fn stored(row: &str) -> Result<Stored, StoreError> {
    let mut parts = row.splitn(3, ' ');
    let mut next = || parts.next().unwrap_or_default();
    let [revision, accessed, data] = [next(), next(), next()];
    let revision = revision.parse::<u64>().map_err(StoreError::failed)?;
    row::stored(revision.cast_signed(), data, accessed.parse().map_err(StoreError::failed)?)
}

fn text(id: SessionId) -> String {
    id.reveal().to_string()
}

#[async_trait]
impl Store for Redis {
    async fn load(&self, id: SessionId) -> Result<Option<Stored>, StoreError> {
        self.read(&text(id)).await
    }

    async fn generation(&self, user: &str) -> Result<u64, StoreError> {
        let mut connection = self.connection.clone();
        let found: Option<u64> =
            connection.get(format!("quixote:ended:{user}")).await.map_err(StoreError::failed)?;
        Ok(found.unwrap_or_default())
    }

    async fn write(&self, write: &Write) -> Result<bool, StoreError> {
        let expected = write.expected.map(|own| own.0.to_string()).unwrap_or_default();
        match &write.op {
            StoreOp::Put { id, session } => {
                let id = text(*id);
                self.save([&id, &id], "*", write, session, None).await
            }
            StoreOp::Create { id, session, generation, .. } => {
                // A sweep of its own, which does no harm if the script after it fails.
                self.discard(write.over.as_ref()).await?;
                self.save(["", &text(*id)], "", write, session, *generation).await
            }
            StoreOp::Update { id, session } => {
                let id = text(*id);
                self.save([&id, &id], &expected, write, session, None).await
            }
            StoreOp::Rotate { from, to, session, generation } => {
                let ids = [text(*from), text(*to)];
                self.save([&ids[0], &ids[1]], &expected, write, session, *generation).await
            }
            StoreOp::Touch { id, accessed } => {
                let at = signed(*accessed).to_string();
                self.run(&self.scripts.touch, &[&text(*id), &at]).await
            }
            StoreOp::Discard { id } => {
                let accessed = write.accessed.map(|at| signed(at).to_string()).unwrap_or_default();
                self.run(&self.scripts.discard, &[&text(*id), &expected, &accessed]).await
            }
            StoreOp::Delete { id } => {
                self.run(&self.scripts.delete, &[&text(*id), "", "0", ""]).await
            }
            StoreOp::DeleteHandle { handle, user } => {
                self.delete_handle(*handle, user.as_deref()).await
            }
            StoreOp::DeleteUser { user, except } => {
                let except = except.map(text).unwrap_or_default();
                self.run(&self.scripts.delete_user, &[user, &except, &expected]).await
            }
            StoreOp::DiscardOver { .. } => self.discard(write.over.as_ref()).await,
        }
    }

    async fn sessions_of(&self, user: &str) -> Result<Vec<Session>, StoreError> {
        let mut call = self.scripts.list.prepare_invoke();
        let listed = call.arg(user).invoke_async(&mut self.connection.clone()).await;
        let rows: Vec<String> = listed.map_err(StoreError::failed)?;
        rows.iter().map(|row| Ok(stored(row)?.session)).collect()
    }
}

impl Redis {
    async fn discard(&self, over: Option<&Over>) -> Result<bool, StoreError> {
        let Some(Bounds { accessed, created }) = over.map(Bounds::from) else { return Ok(true) };
        let bounds = [accessed.0, accessed.1, created.0, created.1].map(|at| at.to_string());
        let bounds = bounds.each_ref().map(String::as_str);
        while self.count(&self.scripts.discard_over, &bounds).await? > 0 {}
        Ok(true)
    }

    async fn delete_handle(&self, handle: Handle, user: Option<&str>) -> Result<bool, StoreError> {
        let has_user = if user.is_some() { "1" } else { "0" };
        let values = ["", &handle.to_string(), has_user, user.unwrap_or_default()];
        self.run(&self.scripts.delete, &values).await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use tokio::time::{Duration, Instant};

    use super::{Redis, error};
    use crate::store::StoreError;

    /// If nothing can have happened, there is no need to look for the write.
    #[test]
    fn what_cannot_have_happened_has_failed() {
        let told = |line: &str| {
            let told = redis::parse_redis_value(format!("-{line}\r\n").as_bytes());
            error(told.and_then(redis::Value::extract_error).unwrap_err())
        };
        for line in ["OOM no room", "MISCONF the disk", "NOREPLICAS", "READONLY", "ERR wrong"] {
            assert!(matches!(told(line), StoreError::Failed(_)), "{line}");
        }
        // Any line of a script can give this error, also one after a write.
        assert!(matches!(told("WRONGTYPE"), StoreError::Unknown(_)));
        let broke = |kind: std::io::ErrorKind| error(std::io::Error::from(kind).into());
        assert!(matches!(broke(std::io::ErrorKind::ConnectionRefused), StoreError::Failed(_)));
        assert!(matches!(broke(std::io::ErrorKind::BrokenPipe), StoreError::Unknown(_)));
    }

    /// The clock of the test goes on whenever nothing else happens.
    #[tokio::test(start_paused = true)]
    async fn nobody_waits_long_for_a_server_that_is_down() {
        let port = {
            let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            free.local_addr().unwrap().port()
        };
        let began = Instant::now();
        let url = format!("redis://127.0.0.1:{port}");
        assert!(Redis::connect(&url).await.is_err());
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    }
}
