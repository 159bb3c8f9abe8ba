-- What functions keep from run to run: checkpoints, locks, and which records a deletion window has seen.

CREATE TABLE checkpoints (
    environment_id INTEGER NOT NULL,
    connection_id  INTEGER NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    key            TEXT    NOT NULL, -- <kind>:<function>[:<variant>]
    version        INTEGER NOT NULL, -- counts writes; a cleared checkpoint goes on counting
    value          TEXT, -- JSON object; null once cleared
    PRIMARY KEY (connection_id, key)
);

CREATE TABLE locks (
    environment_id INTEGER NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    key            TEXT    NOT NULL,
    owner          TEXT    NOT NULL, -- the run
    expires_at     INTEGER NOT NULL,
    PRIMARY KEY (environment_id, key)
);
CREATE INDEX locks_of_owner ON locks (owner);
CREATE INDEX locks_by_end ON locks (expires_at);

ALTER TABLE syncs DROP COLUMN checkpoint;
ALTER TABLE runs ADD COLUMN checkpoint_from TEXT; -- JSON object: what the run began with
ALTER TABLE runs ADD COLUMN checkpoint_to TEXT; -- JSON object: what it left

ALTER TABLE record_sets ADD COLUMN ordinals INTEGER NOT NULL DEFAULT 0; -- how many numbers were given to records
-- The open deletion window: it began after this updated_at, and the function of this checkpoint key opened it.
ALTER TABLE record_sets ADD COLUMN tracked_since INTEGER;
ALTER TABLE record_sets ADD COLUMN tracked_by TEXT;

-- The records that were saved unchanged while the window is open, one bit each; what has changed since tells it itself.
CREATE TABLE record_sightings (
    set_id INTEGER NOT NULL,
    chunk  INTEGER NOT NULL, -- core/src/record/sightings.rs
    bits   BLOB    NOT NULL,
    PRIMARY KEY (set_id, chunk)
);

-- Records get a number within their set. The table is made anew because the payload has to stay the last column.
CREATE TABLE new_records (
    set_id            INTEGER NOT NULL,
    external_id       TEXT NOT NULL,
    id                BLOB  NOT NULL, -- UUID, the same for the same external_id of the set
    hash              BLOB  NOT NULL, -- of the payload, without regard to the order of keys
    ordinal           INTEGER NOT NULL, -- counted up in the set, never given twice
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    deleted_at        INTEGER,
    pruned_at         INTEGER,
    run_id            BLOB, -- UUID of the run that changed it last
    metadata_revision INTEGER, -- the configuration that this run had
    payload           TEXT, -- JSON object; null once pruned
    PRIMARY KEY (set_id, external_id)
);
INSERT INTO new_records
SELECT set_id, external_id, id, hash, row_number() OVER (PARTITION BY set_id) - 1, created_at, updated_at, deleted_at,
       pruned_at, run_id, metadata_revision, payload
FROM records;
DROP TABLE records;
ALTER TABLE new_records RENAME TO records;
CREATE INDEX records_by_change ON records (set_id, updated_at, id);
UPDATE record_sets SET ordinals = (SELECT count(*) FROM records WHERE records.set_id = record_sets.id);
