-- Deployed functions and the modules they are made of.

-- Modules by the hash of their name and code; functions share them.
CREATE TABLE modules (
    environment_id INTEGER NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    hash           BLOB    NOT NULL,
    code           TEXT    NOT NULL,
    map            TEXT, -- the newest source map, JSON
    PRIMARY KEY (environment_id, hash)
);

-- What the runtime made of modules: a cache, one row per version of the engine.
CREATE TABLE bytecode (
    environment_id INTEGER NOT NULL,
    hash           BLOB    NOT NULL,
    engine_version TEXT    NOT NULL,
    bytecode       BLOB    NOT NULL,
    PRIMARY KEY (environment_id, hash, engine_version),
    FOREIGN KEY (environment_id, hash) REFERENCES modules (environment_id, hash) ON DELETE CASCADE
);

-- A row is one version. A changed function gets a new row; runs keep pointing at the one that they ran.
-- The large columns are last: reading one behind them would read them too.
CREATE TABLE functions (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    environment_id INTEGER NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    integration_id INTEGER NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    kind           TEXT    NOT NULL CHECK (kind IN ('sync', 'action', 'on-event')),
    name           TEXT    NOT NULL,
    version        TEXT    NOT NULL,
    origin         TEXT    NOT NULL CHECK (origin IN ('repo', 'standalone')),
    fingerprint    BLOB    NOT NULL,
    enabled        INTEGER NOT NULL,
    is_current     INTEGER NOT NULL, -- the deployed version; none is once the function was deleted
    deployed_at    INTEGER NOT NULL,
    modules        TEXT    NOT NULL, -- JSON list of name and hash, the entry first
    definition     TEXT    NOT NULL, -- JSON
    source_path    TEXT    NOT NULL,
    source_code    TEXT    NOT NULL
);
CREATE UNIQUE INDEX functions_current ON functions (environment_id, integration_id, kind, name) WHERE is_current;
CREATE INDEX functions_versions ON functions (environment_id, integration_id, kind, name, id);
CREATE INDEX functions_of_integration ON functions (integration_id);

-- The deployment that is under way. A crashed one blocks the environment until its lease ends.
CREATE TABLE deploy_locks (
    environment_id INTEGER PRIMARY KEY REFERENCES environments (id) ON DELETE CASCADE,
    holder         TEXT    NOT NULL,
    expires_at     INTEGER NOT NULL
);
