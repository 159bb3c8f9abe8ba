-- What happened in each hour, by integration and function: sums that the nodes add to now and then (store/src/activity.rs).
CREATE TABLE activity (
    environment_id      BIGINT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    hour                BIGINT NOT NULL, -- when it began, in microseconds
    provider_config_key TEXT    NOT NULL, -- as it was: sums outlive what they name
    function            TEXT    NOT NULL, -- empty for what no function did
    runs                BIGINT NOT NULL,
    failures            BIGINT NOT NULL,
    records_changed     BIGINT NOT NULL,
    proxy_calls         BIGINT NOT NULL,
    run_time            BIGINT NOT NULL, -- of all runs, in microseconds
    longest_run         BIGINT NOT NULL, -- in microseconds
    PRIMARY KEY (environment_id, hour, provider_config_key, function)
);
CREATE INDEX activity_by_age ON activity (hour);
