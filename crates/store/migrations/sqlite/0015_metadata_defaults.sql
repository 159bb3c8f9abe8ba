-- What an integration's connections are configured with where they say nothing themselves: a JSON object, or null.
ALTER TABLE integrations ADD COLUMN metadata_defaults TEXT;
