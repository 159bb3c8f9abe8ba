-- Records: what syncs saved. A set holds those of one model and variant of one connection.
-- A set outlives its connection only until its records are removed, some at a time (connection_id is null then).
CREATE TABLE record_sets (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment_id BIGINT NOT NULL,
    connection_id  BIGINT REFERENCES connections (id) ON DELETE SET NULL,
    model          TEXT   NOT NULL,
    variant        TEXT   NOT NULL,
    last_change    BIGINT NOT NULL, -- the updated_at given last: every batch gets a later one
    live           BIGINT NOT NULL, -- how many records are not deleted
    pruned_to      BIGINT NOT NULL, -- every record with an earlier updated_at is pruned
    UNIQUE (connection_id, model, variant)
);
CREATE INDEX record_sets_to_remove ON record_sets (id) WHERE connection_id IS NULL;

-- No foreign key to the set: it would be checked for every record. The payload is last: reading a column behind it would
-- read all of it.
CREATE TABLE records (
    set_id            BIGINT NOT NULL,
    external_id       TEXT COLLATE "C" NOT NULL,
    id                BYTEA  NOT NULL, -- UUID, the same for the same external_id of the set
    hash              BYTEA  NOT NULL, -- of the payload, without regard to the order of keys
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    deleted_at        BIGINT,
    pruned_at         BIGINT,
    run_id            BYTEA, -- UUID of the run that changed it last
    metadata_revision BIGINT, -- the configuration that this run had
    payload           TEXT, -- JSON object; null once pruned
    PRIMARY KEY (set_id, external_id)
);
CREATE INDEX records_by_change ON records (set_id, updated_at, id);
