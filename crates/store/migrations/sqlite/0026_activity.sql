-- What happened in each hour, by integration and function: sums that the nodes add to now and then (store/src/activity.rs).
CREATE TABLE activity (
    environment_id      INTEGER NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    hour                INTEGER NOT NULL, -- when it began, in microseconds
    provider_config_key TEXT    NOT NULL, -- as it was: sums outlive what they name
    function            TEXT    NOT NULL, -- empty for what no function did
    runs                INTEGER NOT NULL,
    failures            INTEGER NOT NULL,
    records_changed     INTEGER NOT NULL,
    proxy_calls         INTEGER NOT NULL,
    run_time            INTEGER NOT NULL, -- of all runs, in microseconds
    longest_run         INTEGER NOT NULL, -- in microseconds
    PRIMARY KEY (environment_id, hour, provider_config_key, function)
) WITHOUT ROWID;
CREATE INDEX activity_by_age ON activity (hour);
