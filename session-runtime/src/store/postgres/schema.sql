CREATE TABLE IF NOT EXISTS sessions (
    key bytea PRIMARY KEY,
    -- The texts of the fields; of a tombstone null.
    fields jsonb,
    -- Field key and text of who is signed in.
    principal text COLLATE "C",
    -- Milliseconds.
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    deadline bigint NOT NULL,
    idle bigint NOT NULL,
    persistent boolean NOT NULL,
    -- From which minute on a sweep removes the row: of a session the first full hour after it
    -- expires, so that moving the expiry rarely touches an index.
    sweep_minute bigint NOT NULL,
    -- Whether the last patch was refused, for the statement that applied it to tell.
    refused boolean NOT NULL DEFAULT false,
    -- Of the tombstone of a session that was renamed: its new key.
    moved_to bytea
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS sessions_sweep ON sessions (sweep_minute);
CREATE INDEX IF NOT EXISTS sessions_principal ON sessions USING hash (principal)
    WHERE principal IS NOT NULL;
