-- What functions keep from run to run: checkpoints, locks, and which records a deletion window has seen.

CREATE TABLE checkpoints (
    environment_id BIGINT NOT NULL,
    connection_id  BIGINT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    key            TEXT COLLATE "C" NOT NULL, -- <kind>:<function>[:<variant>]
    version        BIGINT NOT NULL, -- counts writes; a cleared checkpoint goes on counting
    value          TEXT, -- JSON object; null once cleared
    PRIMARY KEY (connection_id, key)
);

CREATE TABLE locks (
    environment_id BIGINT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    key            TEXT COLLATE "C" NOT NULL,
    owner          TEXT   NOT NULL, -- the run
    expires_at     BIGINT NOT NULL,
    PRIMARY KEY (environment_id, key)
);
CREATE INDEX locks_of_owner ON locks (owner);
CREATE INDEX locks_by_end ON locks (expires_at);

ALTER TABLE syncs DROP COLUMN checkpoint;
ALTER TABLE runs ADD COLUMN checkpoint_from TEXT; -- JSON object: what the run began with
ALTER TABLE runs ADD COLUMN checkpoint_to TEXT; -- JSON object: what it left

ALTER TABLE record_sets ADD COLUMN ordinals BIGINT NOT NULL DEFAULT 0; -- how many numbers were given to records
-- The open deletion window: it began after this updated_at, and the function of this checkpoint key opened it.
ALTER TABLE record_sets ADD COLUMN tracked_since BIGINT;
ALTER TABLE record_sets ADD COLUMN tracked_by TEXT;

-- The records that were saved unchanged while the window is open, one bit each; what has changed since tells it itself.
CREATE TABLE record_sightings (
    set_id BIGINT NOT NULL,
    chunk  BIGINT NOT NULL, -- core/src/record/sightings.rs
    bits   BYTEA  NOT NULL,
    PRIMARY KEY (set_id, chunk)
);

-- Records get a number within their set: counted up, never given twice.
ALTER TABLE records ADD COLUMN ordinal BIGINT;
UPDATE records SET ordinal = numbered.ordinal
FROM (SELECT set_id, external_id, row_number() OVER (PARTITION BY set_id) - 1 AS ordinal FROM records) numbered
WHERE records.set_id = numbered.set_id AND records.external_id = numbered.external_id;
ALTER TABLE records ALTER COLUMN ordinal SET NOT NULL;
UPDATE record_sets SET ordinals = (SELECT count(*) FROM records WHERE records.set_id = record_sets.id);
