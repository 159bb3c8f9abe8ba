-- A sync: a deployed sync function applied to one connection, with its schedule.
CREATE TABLE syncs (
    id                      TEXT    PRIMARY KEY,
    environment_id          BIGINT  NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    connection_id           BIGINT  NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    integration_id          BIGINT  NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    name                    TEXT    NOT NULL,
    variant                 TEXT    NOT NULL,
    started                 BOOLEAN NOT NULL,
    default_frequency       TEXT    NOT NULL, -- the function's
    frequency               TEXT, -- this connection's own
    anchor                  BIGINT  NOT NULL, -- the start of the grid of its slots
    next_run_at             BIGINT, -- null while off, and while a run is queued or running
    last_success_started_at BIGINT,
    checkpoint              TEXT, -- JSON object
    UNIQUE (connection_id, name, variant)
);
CREATE INDEX syncs_due ON syncs (next_run_at, id) WHERE next_run_at IS NOT NULL;
CREATE INDEX syncs_of_function ON syncs (integration_id, name, connection_id);
