-- Records: what syncs saved. A set holds those of one model and variant of one connection.
-- A set outlives its connection only until its records are removed, some at a time (connection_id is null then).
CREATE TABLE record_sets (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    environment_id INTEGER NOT NULL,
    connection_id  INTEGER REFERENCES connections (id) ON DELETE SET NULL,
    model          TEXT   NOT NULL,
    variant        TEXT   NOT NULL,
    last_change    INTEGER NOT NULL, -- the updated_at given last: every batch gets a later one
    live           INTEGER NOT NULL, -- how many records are not deleted
    pruned_to      INTEGER NOT NULL, -- every record with an earlier updated_at is pruned
    UNIQUE (connection_id, model, variant)
);
CREATE INDEX record_sets_to_remove ON record_sets (id) WHERE connection_id IS NULL;

-- No foreign key to the set: it would be checked for every record. The payload is last: reading a column behind it would
-- read all of it.
CREATE TABLE records (
    set_id            INTEGER NOT NULL,
    external_id       TEXT NOT NULL,
    id                BLOB  NOT NULL, -- UUID, the same for the same external_id of the set
    hash              BLOB  NOT NULL, -- of the payload, without regard to the order of keys
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    deleted_at        INTEGER,
    pruned_at         INTEGER,
    run_id            BLOB, -- UUID of the run that changed it last
    metadata_revision INTEGER, -- the configuration that this run had
    payload           TEXT, -- JSON object; null once pruned
    PRIMARY KEY (set_id, external_id)
);
CREATE INDEX records_by_change ON records (set_id, updated_at, id);
