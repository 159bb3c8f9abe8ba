-- What the backend was told stays for a while, with what became of it. The bodies are last: reading a column behind one
-- would read all of it.
CREATE TABLE deliveries (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    environment_id      INTEGER NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    state               TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'failed')),
    kind                TEXT    NOT NULL, -- the `type` of the body
    provider_config_key TEXT, -- as it was
    connection_id       TEXT, -- as it was
    url                 TEXT    NOT NULL,
    attempt             INTEGER NOT NULL, -- how often it was taken up
    due_at              INTEGER NOT NULL,
    created_at          INTEGER NOT NULL,
    finished_at         INTEGER,
    response_status     INTEGER, -- of the last attempt, where it was answered
    error               TEXT, -- why the last attempt failed
    response_body       TEXT, -- the start of the last answer that was a failure
    headers             TEXT    NOT NULL, -- JSON object of texts
    body                TEXT    NOT NULL, -- JSON
    CHECK ((finished_at IS NULL) = (state = 'pending'))
);
INSERT INTO deliveries (id, environment_id, state, kind, provider_config_key, connection_id, url, attempt, due_at, created_at,
                        headers, body)
    SELECT id, environment_id, 'pending', coalesce(json_extract(body, '$.type'), 'forward'),
           json_extract(body, '$.providerConfigKey'), json_extract(body, '$.connectionId'), url, attempt, due_at,
           created_at, headers, body
    FROM webhook_deliveries;
DROP TABLE webhook_deliveries;
ALTER TABLE deliveries RENAME TO webhook_deliveries;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_of_environment ON webhook_deliveries (environment_id, id);
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (environment_id, state, id) WHERE state <> 'delivered';
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;
