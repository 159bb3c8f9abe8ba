-- Runs: the durable queue and the history of executions (store/src/runs.rs, core/src/run.rs).
CREATE TABLE runs (
    id                TEXT    PRIMARY KEY,
    environment_id    INTEGER NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    kind              TEXT    NOT NULL CHECK (kind IN ('sync', 'action', 'on-event', 'webhook')),
    connection_id     INTEGER NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    function_name     TEXT    NOT NULL,
    function_id       INTEGER, -- the version that ran, once it has started
    sync_id           TEXT    REFERENCES syncs (id) ON DELETE CASCADE,
    state             TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    run_at            INTEGER NOT NULL,
    take_ups          INTEGER NOT NULL, -- how often a worker took it
    attempt           INTEGER NOT NULL, -- how many of those count against max_attempts
    max_attempts      INTEGER NOT NULL,
    input             TEXT,
    output            TEXT,
    error             TEXT,
    result            TEXT, -- JSON: model -> counts
    metadata_revision INTEGER,
    lease_token       TEXT,
    leased_until      INTEGER,
    created_at        INTEGER NOT NULL,
    started_at        INTEGER,
    finished_at       INTEGER,
    CHECK ((finished_at IS NOT NULL) = (state IN ('succeeded', 'failed', 'cancelled'))),
    CHECK ((lease_token IS NOT NULL) = (state = 'running')),
    CHECK ((leased_until IS NOT NULL) = (state = 'running'))
);
CREATE INDEX runs_due ON runs (run_at, id) WHERE state = 'queued';
CREATE INDEX runs_leased ON runs (leased_until) WHERE state = 'running';
CREATE UNIQUE INDEX runs_one_per_sync ON runs (sync_id) WHERE state IN ('queued', 'running');
CREATE INDEX runs_of_sync ON runs (sync_id, created_at);
CREATE INDEX runs_of_connection ON runs (connection_id, created_at);
CREATE INDEX runs_ended ON runs (finished_at) WHERE finished_at IS NOT NULL;
