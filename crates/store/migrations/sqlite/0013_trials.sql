-- Connections whose new credentials are being judged by functions (store/src/connections/trial.rs). What was there before
-- comes back when they are rejected, or when nobody has extended the trial in time.
CREATE TABLE connection_trials (
    connection_id     INTEGER PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    token             TEXT    NOT NULL, -- who judges
    leased_until      INTEGER NOT NULL,
    credentials       BLOB, -- sealed, as they were; null where the connection is new
    connection_config TEXT -- JSON object, as it was
);
CREATE INDEX connection_trials_lapsed ON connection_trials (leased_until);
