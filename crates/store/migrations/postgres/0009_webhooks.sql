-- Webhooks: what the backend is told, and what providers send.

-- Where the backend of an environment hears of what happened, and what it wants to hear.
CREATE TABLE webhook_settings (
    environment_id             BIGINT PRIMARY KEY REFERENCES environments (id) ON DELETE CASCADE,
    primary_url                TEXT,
    secondary_url              TEXT,
    on_auth_creation           BOOLEAN NOT NULL,
    on_auth_refresh_error      BOOLEAN NOT NULL,
    on_sync_completion_always  BOOLEAN NOT NULL,
    on_sync_error              BOOLEAN NOT NULL,
    on_async_action_completion BOOLEAN NOT NULL,
    signing_key                BYTEA   NOT NULL -- sealed
);

-- The outbox: requests to the backend that were not accepted yet. A row is written with the change that it tells of, and
-- deleted when the backend has it. Whoever sends it moves `due_at` behind the time that sending may take.
CREATE TABLE webhook_deliveries (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment_id BIGINT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    url            TEXT    NOT NULL,
    attempt        BIGINT NOT NULL, -- how often it was taken up
    due_at         BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    headers        TEXT    NOT NULL, -- JSON object of texts
    body           TEXT    NOT NULL -- JSON
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at, id);

-- What providers sent: stored before they are answered, then routed to connections. Runs read their input from here.
CREATE TABLE webhook_events (
    id             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    environment_id BIGINT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    integration_id BIGINT NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    delivery_id    TEXT, -- the provider's own name for it: a second one of that name is dropped
    received_at    BIGINT NOT NULL,
    routed         BOOLEAN NOT NULL,
    request        TEXT    NOT NULL, -- JSON: headers and query, without secrets
    payload        TEXT    NOT NULL -- JSON
);
CREATE UNIQUE INDEX webhook_events_by_delivery ON webhook_events (integration_id, delivery_id)
    WHERE delivery_id IS NOT NULL;
CREATE INDEX webhook_events_of_integration ON webhook_events (integration_id, id);
CREATE INDEX webhook_events_to_route ON webhook_events (id) WHERE NOT routed;
CREATE INDEX webhook_events_by_age ON webhook_events (received_at);

-- The event that a webhook run is for, and which part of it. No foreign key: events go away before runs do.
ALTER TABLE runs ADD COLUMN event_id BIGINT;
ALTER TABLE runs ADD COLUMN event_item BIGINT;
-- The webhook runs of a connection in the order of their events; only the first may start.
CREATE INDEX runs_in_lane ON runs (connection_id, event_id, event_item, function_name)
    WHERE kind = 'webhook' AND state IN ('queued', 'running');

-- The paths by which webhooks find connections of an integration (JSON list), and those that the index was built for.
ALTER TABLE integrations ADD COLUMN webhook_paths TEXT;
ALTER TABLE integrations ADD COLUMN webhook_paths_indexed TEXT;
-- What connections have under these paths.
CREATE TABLE connection_lookups (
    integration_id BIGINT NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    path           TEXT    NOT NULL,
    value          TEXT    NOT NULL,
    connection     BIGINT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    PRIMARY KEY (integration_id, path, value, connection)
);
CREATE INDEX connection_lookups_of_connection ON connection_lookups (connection);
