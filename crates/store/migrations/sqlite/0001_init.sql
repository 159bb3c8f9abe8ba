-- Environments, their keys and their variables. Times are microseconds since 1970.
CREATE TABLE environments (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid       TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
);

CREATE TABLE api_keys (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    environment_id INTEGER NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    display_name   TEXT    NOT NULL,
    key_hash       BLOB    NOT NULL UNIQUE,
    scopes         TEXT    NOT NULL, -- JSON list of texts
    created_at     INTEGER NOT NULL,
    last_used_at   INTEGER,
    revoked_at     INTEGER
);
CREATE INDEX api_keys_of_environment ON api_keys (environment_id, id);

CREATE TABLE environment_variables (
    environment_id INTEGER NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    name           TEXT    NOT NULL,
    value          BLOB    NOT NULL, -- sealed
    PRIMARY KEY (environment_id, name)
);
