CREATE TABLE IF NOT EXISTS sessions (
    key bytea PRIMARY KEY,
    -- The texts of the fields; null in a tombstone.
    fields jsonb,
    -- The principal: its field key and text.
    principal text COLLATE "C",
    -- Times and durations are in milliseconds.
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    deadline bigint NOT NULL,
    idle bigint NOT NULL,
    persistent boolean NOT NULL,
    -- The minute from which on a sweep removes the row. For a session it is the first full hour after
    -- the expiry, so that a new expiry rarely changes the index.
    sweep_minute bigint NOT NULL,
    -- Whether the last patch was refused: the statement that applies a patch returns this.
    refused boolean NOT NULL DEFAULT false,
    -- In the tombstone of a renamed session: the new key.
    moved_to bytea
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS sessions_sweep ON sessions (sweep_minute);
CREATE INDEX IF NOT EXISTS sessions_principal ON sessions USING hash (principal)
    WHERE principal IS NOT NULL;
