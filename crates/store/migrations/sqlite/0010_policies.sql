-- How data is checked, how many runs go on at once for a connection, and what was asked for under an idempotency key.

ALTER TABLE integrations ADD COLUMN data_validation TEXT NOT NULL DEFAULT 'warn'
    CHECK (data_validation IN ('off', 'warn', 'enforce'));

-- A lane holds the queued runs of a connection that must not all go on at once: `lane_width` of them are let go on,
-- the others are parked until one of those has ended (store/src/lanes.rs).
ALTER TABLE runs ADD COLUMN lane TEXT;
ALTER TABLE runs ADD COLUMN lane_width INTEGER NOT NULL DEFAULT 1;
ALTER TABLE runs ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;
DROP INDEX runs_due;
CREATE INDEX runs_due ON runs (run_at, id) WHERE state = 'queued' AND NOT parked;
CREATE INDEX runs_parked ON runs (lane, run_at, id) WHERE state = 'queued' AND parked;
CREATE INDEX runs_let_go ON runs (lane) WHERE lane IS NOT NULL AND NOT parked AND state IN ('queued', 'running');

-- Actions in a lane whose callers wait: they are in no queue, and hold their place by a lease.
CREATE TABLE lane_guests (
    run_id        TEXT    PRIMARY KEY,
    connection_id INTEGER NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    lane          TEXT    NOT NULL,
    leased_until  INTEGER NOT NULL
);
CREATE INDEX lane_guests_of_lane ON lane_guests (lane, leased_until);
CREATE INDEX lane_guests_lapsed ON lane_guests (leased_until);
CREATE INDEX lane_guests_of_connection ON lane_guests (connection_id);

-- Requests with an idempotency key: the same request again gets the same answer.
CREATE TABLE idempotency_keys (
    environment_id INTEGER NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    operation      TEXT    NOT NULL,
    key            TEXT    NOT NULL,
    fingerprint    BLOB    NOT NULL, -- of the request
    run_id         TEXT    NOT NULL, -- the run that it asked for
    created_at     INTEGER NOT NULL,
    busy_until     INTEGER NOT NULL, -- when an answer must be there
    outcome        TEXT, -- JSON; null until there is one
    PRIMARY KEY (environment_id, operation, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
