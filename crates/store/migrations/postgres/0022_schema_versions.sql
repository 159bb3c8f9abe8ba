-- The schema of an integration's configuration as code, `config.ts`: deployed as a function of a kind of its own.
ALTER TABLE functions DROP CONSTRAINT functions_kind_check;
ALTER TABLE functions ADD CONSTRAINT functions_kind_check CHECK (kind IN ('sync', 'action', 'on-event', 'config'));
CREATE INDEX functions_config ON functions (id) WHERE kind = 'config' AND is_current;

-- The version of the schema that the metadata is of; 0 where it never was judged. The index finds what has to be migrated; it
-- begins with an expression so that PostgreSQL does not take it for anything else while the table is small.
ALTER TABLE connections ADD COLUMN metadata_schema_version BIGINT NOT NULL DEFAULT 0;
CREATE INDEX connections_by_schema_version ON connections ((integration_id + 0), metadata_schema_version, id);
