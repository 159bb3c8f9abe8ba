-- Lines of the log (store/src/logs.rs, core/src/log.rs). The id is the time in microseconds, times 1024, and some more, so
-- that ids tell newest first. Names are as they were: lines outlive what they name, and nothing is looked up to write one.
CREATE TABLE logs (
    id                  BIGINT   PRIMARY KEY,
    environment_id      BIGINT   NOT NULL,
    kind                TEXT     NOT NULL CHECK (kind IN ('log', 'http', 'run', 'event')),
    level               TEXT     NOT NULL CHECK (level IN ('debug', 'info', 'warn', 'error')),
    provider_config_key TEXT,
    connection_id       TEXT,
    function            TEXT,
    run_id              TEXT,
    status              BIGINT,
    message             TEXT     NOT NULL,
    meta                TEXT, -- JSON
    words               TSVECTOR NOT NULL -- its words in lower case
);
CREATE INDEX logs_of_environment ON logs (environment_id, id);
CREATE INDEX logs_of_integration ON logs (environment_id, provider_config_key, id) WHERE provider_config_key IS NOT NULL;
CREATE INDEX logs_of_connection ON logs (environment_id, connection_id, id) WHERE connection_id IS NOT NULL;
CREATE INDEX logs_of_function ON logs (environment_id, function, id) WHERE function IS NOT NULL;
CREATE INDEX logs_of_run ON logs (run_id, id) WHERE run_id IS NOT NULL;
-- Requests that succeed are most of a log: they cost none of these two.
CREATE INDEX logs_of_kind ON logs (environment_id, kind, id) WHERE kind <> 'http';
CREATE INDEX logs_bad ON logs (environment_id, id) WHERE level IN ('warn', 'error');
CREATE INDEX logs_words ON logs USING GIN (words);

-- Runs are listed newest first, by integration, connection, function and state.
ALTER TABLE runs ADD COLUMN integration_id BIGINT;
UPDATE runs SET integration_id = (SELECT integration_id FROM connections WHERE connections.id = runs.connection_id);
DROP INDEX runs_of_connection;
CREATE INDEX runs_of_connection ON runs (connection_id, created_at, id);
CREATE INDEX runs_of_environment ON runs (environment_id, created_at, id);
CREATE INDEX runs_of_integration ON runs (integration_id, created_at, id);
CREATE INDEX runs_of_function ON runs (environment_id, function_name, created_at, id);
CREATE INDEX runs_not_succeeded ON runs (environment_id, created_at, id) WHERE state <> 'succeeded';
