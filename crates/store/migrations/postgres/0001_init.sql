-- Environments, their keys and their variables. Times are microseconds since 1970.
CREATE TABLE environments (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uuid       TEXT   NOT NULL UNIQUE,
    name       TEXT   NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE api_keys (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment_id BIGINT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    display_name   TEXT   NOT NULL,
    key_hash       BYTEA  NOT NULL UNIQUE,
    scopes         TEXT   NOT NULL, -- JSON list of texts
    created_at     BIGINT NOT NULL,
    last_used_at   BIGINT,
    revoked_at     BIGINT
);
CREATE INDEX api_keys_of_environment ON api_keys (environment_id, id);

CREATE TABLE environment_variables (
    environment_id BIGINT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    name           TEXT   NOT NULL,
    value          BYTEA  NOT NULL, -- sealed
    PRIMARY KEY (environment_id, name)
);

-- SQLite's json_each, as far as we use it: one text reads a list of texts or numbers on both databases. With it a look-up
-- of many keys is planned as index scans even while the table has no statistics.
CREATE FUNCTION json_each(text) RETURNS TABLE (value text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 1000
    AS 'SELECT jsonb_array_elements_text($1::jsonb)';
