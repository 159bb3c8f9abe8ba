-- How strictly the configuration of an integration's connections is checked, and the schema that was put by the API: it
-- counts where no deployed function declares any.
ALTER TABLE integrations ADD COLUMN metadata_mode TEXT NOT NULL DEFAULT 'warn'
    CHECK (metadata_mode IN ('off', 'warn', 'enforce'));
ALTER TABLE integrations ADD COLUMN metadata_schema_version BIGINT;
ALTER TABLE integrations ADD COLUMN metadata_schema TEXT;
