-- Whether the backend hears of changed metadata.
ALTER TABLE webhook_settings ADD COLUMN on_metadata_change BOOLEAN NOT NULL DEFAULT FALSE;
