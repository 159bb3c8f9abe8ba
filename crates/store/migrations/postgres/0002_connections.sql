-- Providers set up in an environment, and the accounts connected to them. JSON is TEXT, as it was given.
-- Both are deleted for good, with everything below them: credentials and records must not outlive their customer.
CREATE TABLE integrations (
    id               BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment_id   BIGINT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    unique_key       TEXT   NOT NULL,
    provider         TEXT   NOT NULL,
    display_name     TEXT,
    forward_webhooks BOOLEAN NOT NULL,
    custom           TEXT   NOT NULL, -- JSON object of texts
    credentials      BYTEA, -- sealed
    created_at       BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    UNIQUE (environment_id, unique_key)
);

-- The metadata is last: reading a column behind a megabyte of it would read the megabyte.
CREATE TABLE connections (
    id                       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment_id           BIGINT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    integration_id           BIGINT NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    connection_id            TEXT   NOT NULL,
    created_at               BIGINT NOT NULL,
    updated_at               BIGINT NOT NULL,
    last_fetched_at          BIGINT,
    webhook_url_override     TEXT,
    end_user_id              TEXT,
    end_user_organization_id TEXT,
    end_user                 TEXT, -- JSON object
    tags                     TEXT   NOT NULL, -- JSON object of texts
    connection_config        TEXT   NOT NULL, -- JSON object
    search_text              TEXT   NOT NULL, -- what `search` looks through, in lower case
    credentials              BYTEA, -- sealed
    metadata_revision        BIGINT NOT NULL DEFAULT 0,
    metadata                 TEXT -- JSON object
) WITH (fillfactor = 80);
-- One index for each way to list: the newest first, alone or with one exact filter.
CREATE INDEX connections_by_age ON connections (environment_id, created_at, id);
CREATE INDEX connections_of_integration ON connections (integration_id, created_at, id);
CREATE INDEX connections_by_connection_id ON connections (environment_id, connection_id, created_at, id);
CREATE INDEX connections_of_end_user ON connections (environment_id, end_user_id, created_at, id)
    WHERE end_user_id IS NOT NULL;
CREATE INDEX connections_of_organization ON connections (environment_id, end_user_organization_id, created_at, id)
    WHERE end_user_organization_id IS NOT NULL;
-- Last, and in this order of columns, so that names are looked up here and nothing else is: of indexes that cost the same,
-- as all do while the table is empty, PostgreSQL takes the newest.
CREATE UNIQUE INDEX connections_by_name ON connections (connection_id, integration_id);

-- The tags of connections once more, to find connections by them, in the order of lists.
CREATE TABLE connection_tags (
    environment_id BIGINT NOT NULL,
    key            TEXT   NOT NULL,
    value          TEXT   NOT NULL,
    created_at     BIGINT NOT NULL, -- of the connection
    connection     BIGINT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    PRIMARY KEY (environment_id, key, value, created_at, connection)
);
CREATE INDEX connection_tags_of_connection ON connection_tags (connection);
