-- What records were before their last changes (store/src/records/versions.rs), as long as runs are kept. As with records
-- no foreign key to the set, and the payload last.
CREATE TABLE record_versions (
    set_id            BIGINT NOT NULL,
    external_id       TEXT COLLATE "C" NOT NULL,
    slot              BIGINT NOT NULL, -- the number, modulo how many are kept
    number            BIGINT NOT NULL, -- counts the versions of the record
    changed_at        BIGINT NOT NULL, -- the updated_at that the record had
    replaced_at       BIGINT NOT NULL, -- the one that it got
    action            TEXT NOT NULL CHECK (action IN ('ADDED', 'UPDATED', 'DELETED')),
    run_id            BYTEA, -- UUID of the run that made it so
    metadata_revision BIGINT, -- the configuration that this run had
    payload           TEXT, -- JSON object; null where the version after it has the same
    PRIMARY KEY (set_id, external_id, slot)
);
CREATE INDEX record_versions_by_end ON record_versions (replaced_at);
