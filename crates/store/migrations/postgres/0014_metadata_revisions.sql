-- What a connection's metadata was after each write. Rows are only added, never changed; each is bound to those before it
-- by its hash. The document is last, so that a list of revisions does not read it.
CREATE TABLE metadata_revisions (
    connection  BIGINT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    revision    BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    actor       TEXT   NOT NULL, -- JSON
    source      TEXT   NOT NULL,
    reason      TEXT,
    request_id  TEXT,
    hash        BYTEA NOT NULL,
    patch       TEXT   NOT NULL, -- JSON Patch from the revision before
    document    TEXT   NOT NULL,
    PRIMARY KEY (connection, revision)
);
