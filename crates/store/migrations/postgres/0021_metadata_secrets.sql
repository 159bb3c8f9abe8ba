-- Which paths of the configuration of an integration's connections are secret (JSON: lists of keys, null for any key), and
-- whether documents from before that have to be sealed yet.
ALTER TABLE integrations ADD COLUMN metadata_secrets TEXT;
ALTER TABLE integrations ADD COLUMN has_open_secrets BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX integrations_open_secrets ON integrations (id) WHERE has_open_secrets;
