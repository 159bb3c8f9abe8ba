-- Lines of the log (store/src/logs.rs, core/src/log.rs). The id is the time in microseconds, times 1024, and some more, so
-- that ids tell newest first. Names are as they were: lines outlive what they name, and nothing is looked up to write one.
CREATE TABLE logs (
    id                  INTEGER PRIMARY KEY,
    environment_id      INTEGER NOT NULL,
    kind                TEXT    NOT NULL CHECK (kind IN ('log', 'http', 'run', 'event')),
    level               TEXT    NOT NULL CHECK (level IN ('debug', 'info', 'warn', 'error')),
    provider_config_key TEXT,
    connection_id       TEXT,
    function            TEXT,
    run_id              TEXT,
    status              INTEGER,
    message             TEXT    NOT NULL,
    meta                TEXT -- JSON
);
CREATE INDEX logs_of_environment ON logs (environment_id, id);
CREATE INDEX logs_of_integration ON logs (environment_id, provider_config_key, id) WHERE provider_config_key IS NOT NULL;
CREATE INDEX logs_of_connection ON logs (environment_id, connection_id, id) WHERE connection_id IS NOT NULL;
CREATE INDEX logs_of_function ON logs (environment_id, function, id) WHERE function IS NOT NULL;
CREATE INDEX logs_of_run ON logs (run_id, id) WHERE run_id IS NOT NULL;
-- Requests that succeed are most of a log: they cost none of these two.
CREATE INDEX logs_of_kind ON logs (environment_id, kind, id) WHERE kind <> 'http';
CREATE INDEX logs_bad ON logs (environment_id, id) WHERE level IN ('warn', 'error');
-- The words of each line by its id, in lower case with blanks between, and a word for environment and connection. The text
-- itself is not kept twice, nor where the words stand.
CREATE VIRTUAL TABLE logs_words USING fts5 (
    words, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);

-- Runs are listed newest first, by integration, connection, function and state.
ALTER TABLE runs ADD COLUMN integration_id INTEGER;
UPDATE runs SET integration_id = (SELECT integration_id FROM connections WHERE connections.id = runs.connection_id);
DROP INDEX runs_of_connection;
CREATE INDEX runs_of_connection ON runs (connection_id, created_at, id);
CREATE INDEX runs_of_environment ON runs (environment_id, created_at, id);
CREATE INDEX runs_of_integration ON runs (integration_id, created_at, id);
CREATE INDEX runs_of_function ON runs (environment_id, function_name, created_at, id);
CREATE INDEX runs_not_succeeded ON runs (environment_id, created_at, id) WHERE state <> 'succeeded';
