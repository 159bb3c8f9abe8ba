-- The schema of an integration's configuration as code, `config.ts`: deployed as a function of a kind of its own.
CREATE TABLE new_functions (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    environment_id INTEGER NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    integration_id INTEGER NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    kind           TEXT    NOT NULL CHECK (kind IN ('sync', 'action', 'on-event', 'config')),
    name           TEXT    NOT NULL,
    version        TEXT    NOT NULL,
    origin         TEXT    NOT NULL CHECK (origin IN ('repo', 'standalone')),
    fingerprint    BLOB    NOT NULL,
    enabled        INTEGER NOT NULL,
    is_current     INTEGER NOT NULL, -- the deployed version; none is once the function was deleted
    deployed_at    INTEGER NOT NULL,
    modules        TEXT    NOT NULL, -- JSON list of name and hash, the entry first
    definition     TEXT    NOT NULL, -- JSON
    source_path    TEXT    NOT NULL,
    source_code    TEXT    NOT NULL
);
INSERT INTO new_functions SELECT * FROM functions;
DROP TABLE functions;
ALTER TABLE new_functions RENAME TO functions;
CREATE UNIQUE INDEX functions_current ON functions (environment_id, integration_id, kind, name) WHERE is_current;
CREATE INDEX functions_versions ON functions (environment_id, integration_id, kind, name, id);
CREATE INDEX functions_of_integration ON functions (integration_id);
CREATE INDEX functions_config ON functions (id) WHERE kind = 'config' AND is_current;

-- The version of the schema that the metadata is of; 0 where it never was judged. The index finds what has to be migrated; it
-- begins with an expression so that PostgreSQL does not take it for anything else while the table is small.
ALTER TABLE connections ADD COLUMN metadata_schema_version INTEGER NOT NULL DEFAULT 0;
CREATE INDEX connections_by_schema_version ON connections ((integration_id + 0), metadata_schema_version, id);
