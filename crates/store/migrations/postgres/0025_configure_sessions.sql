-- Sessions in which end customers configure one connection (core/src/configure_session.rs). They end with it.
CREATE TABLE configure_sessions (
    token_hash     BYTEA   PRIMARY KEY,
    id             TEXT   NOT NULL,
    environment_id BIGINT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    connection_id  BIGINT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    locale         TEXT,
    theme          TEXT, -- JSON
    allow          TEXT -- JSON list of JSON pointers
);
CREATE INDEX configure_sessions_of_connection ON configure_sessions (connection_id);
CREATE INDEX configure_sessions_of_environment ON configure_sessions (environment_id);
CREATE INDEX configure_sessions_by_end ON configure_sessions (expires_at);
