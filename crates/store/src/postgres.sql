-- Tables, indices and functions. A login is saved under a lock that it shares with other logins of
-- the user, but not with an end of the user's sessions. In a function each statement sees what was
-- committed when that statement began, and so what the last holder of the lock has written.
--
-- A user is stored as the SHA-256 of the name: TEXT cannot hold a NUL, and an index cannot hold a
-- long text.

SELECT pg_advisory_xact_lock(7313463218);
CREATE TABLE IF NOT EXISTS session (
    id BYTEA PRIMARY KEY, revision INT8 NOT NULL, data TEXT NOT NULL, handle BYTEA,
    usr BYTEA, created INT8 NOT NULL, accessed INT8 NOT NULL
);
CREATE TABLE IF NOT EXISTS session_ended (
    usr BYTEA PRIMARY KEY, generation INT8 NOT NULL
);
-- If an application had a table of the same name, a sweep would delete from it.
DO $$ DECLARE wanted RECORD; BEGIN
    FOR wanted IN VALUES
        ('session', 'id bytea, revision bigint, data text, handle bytea, usr bytea, '
            'created bigint, accessed bigint'),
        ('session_ended', 'usr bytea, generation bigint')
    LOOP
        IF (SELECT string_agg(attname || ' ' || format_type(atttypid, NULL), ', ' ORDER BY attnum)
            FROM pg_attribute WHERE attrelid = wanted.column1::regclass
            AND attnum > 0 AND NOT attisdropped) IS DISTINCT FROM wanted.column2
        THEN
            RAISE EXCEPTION 'the table % is of another application or version', wanted.column1;
        END IF;
    END LOOP;
END $$;
CREATE INDEX IF NOT EXISTS session_by_user ON session (usr) WHERE usr IS NOT NULL;
CREATE INDEX IF NOT EXISTS session_by_handle ON session (handle) WHERE handle IS NOT NULL;
CREATE INDEX IF NOT EXISTS session_by_created ON session (created);
CREATE INDEX IF NOT EXISTS session_by_accessed ON session (accessed);
CREATE OR REPLACE FUNCTION session_lock_of(whose BYTEA) RETURNS INT8 AS $$
    SELECT hashtextextended(encode(whose, 'hex'), 0) $$ LANGUAGE sql IMMUTABLE;
CREATE OR REPLACE FUNCTION session_is_of(whose BYTEA, wanted INT8) RETURNS BOOL AS $$
    BEGIN
        IF wanted IS NULL THEN RETURN TRUE; END IF;
        PERFORM pg_advisory_xact_lock_shared(session_lock_of(whose));
        RETURN wanted = coalesce(
            (SELECT generation FROM session_ended WHERE usr = whose), 0);
    END $$ LANGUAGE plpgsql;
CREATE OR REPLACE FUNCTION session_create(
    key BYTEA, rev INT8, text TEXT, whose BYTEA, named BYTEA, born INT8, seen INT8, wanted INT8
) RETURNS BOOL AS $$
    BEGIN
        IF NOT session_is_of(whose, wanted) THEN RETURN FALSE; END IF;
        INSERT INTO session (id, revision, data, usr, handle, created, accessed)
            VALUES (key, rev, text, whose, named, born, seen) ON CONFLICT DO NOTHING;
        RETURN FOUND;
    END $$ LANGUAGE plpgsql;
CREATE OR REPLACE FUNCTION session_rotate(
    key BYTEA, rev INT8, text TEXT, whose BYTEA, named BYTEA, born INT8, seen INT8, wanted INT8,
    before BYTEA, expected INT8
) RETURNS BOOL AS $$
    BEGIN
        IF NOT session_is_of(whose, wanted) THEN RETURN FALSE; END IF;
        UPDATE session SET id = key, revision = rev, data = text, usr = whose, handle = named,
            created = born, accessed = greatest(accessed, seen)
            WHERE id = before AND revision = expected;
        RETURN FOUND;
    EXCEPTION WHEN unique_violation THEN RETURN FALSE;
    END $$ LANGUAGE plpgsql;
CREATE OR REPLACE FUNCTION session_end_user(whose BYTEA, spared BYTEA, expected INT8)
RETURNS BOOL AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(session_lock_of(whose));
        IF spared IS NOT NULL THEN
            PERFORM 1 FROM session WHERE id = spared AND revision = expected FOR UPDATE;
            IF NOT FOUND THEN RETURN FALSE; END IF;
        END IF;
        INSERT INTO session_ended VALUES (whose, 1)
            ON CONFLICT (usr) DO UPDATE SET generation = session_ended.generation + 1;
        DELETE FROM session WHERE usr = whose AND id IS DISTINCT FROM spared;
        RETURN TRUE;
    END $$ LANGUAGE plpgsql;
