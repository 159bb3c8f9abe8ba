-- What the backend was told stays for a while, with what became of it.
ALTER TABLE webhook_deliveries
    ADD COLUMN state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
    ADD COLUMN kind TEXT NOT NULL DEFAULT 'forward', -- the `type` of the body
    ADD COLUMN provider_config_key TEXT, -- as it was
    ADD COLUMN connection_id TEXT, -- as it was
    ADD COLUMN finished_at BIGINT,
    ADD COLUMN response_status BIGINT, -- of the last attempt, where it was answered
    ADD COLUMN error TEXT, -- why the last attempt failed
    ADD COLUMN response_body TEXT, -- the start of the last answer that was a failure
    ADD CHECK ((finished_at IS NULL) = (state = 'pending'));
UPDATE webhook_deliveries
    SET kind = coalesce(body::json ->> 'type', 'forward'), provider_config_key = body::json ->> 'providerConfigKey',
        connection_id = body::json ->> 'connectionId';
ALTER TABLE webhook_deliveries ALTER COLUMN state DROP DEFAULT, ALTER COLUMN kind DROP DEFAULT;
DROP INDEX webhook_deliveries_due;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at, id) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_of_environment ON webhook_deliveries (environment_id, id);
CREATE INDEX webhook_deliveries_open ON webhook_deliveries (environment_id, state, id) WHERE state <> 'delivered';
CREATE INDEX webhook_deliveries_finished ON webhook_deliveries (finished_at) WHERE finished_at IS NOT NULL;
