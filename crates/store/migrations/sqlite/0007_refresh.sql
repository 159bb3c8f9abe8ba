-- Renewing the credentials of connections: who does it now, and how it failed lately. A connection that was never renewed has no row.
-- Not columns of `connections`: those would lie behind its metadata.
CREATE TABLE credential_refreshes (
    connection   INTEGER PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    lease        TEXT, -- whoever has this token may write the outcome
    leased_until INTEGER,
    renewed_at   INTEGER,
    failed_at    INTEGER,
    failed_days  INTEGER NOT NULL DEFAULT 0, -- on how many days it failed since it last succeeded
    CHECK ((lease IS NULL) = (leased_until IS NULL))
);
