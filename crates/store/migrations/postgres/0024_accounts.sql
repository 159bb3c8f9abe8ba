-- Who may sign in to the dashboard, what they may do in each environment, and their sessions.
-- Of everything that opens something only the hash is kept.
CREATE TABLE users (
    id           TEXT    PRIMARY KEY,
    email        TEXT    NOT NULL UNIQUE, -- in lower case
    name         TEXT    NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT,
    subject      TEXT    UNIQUE, -- what the issuer that they sign in with calls them
    password     TEXT -- argon2id
);

CREATE TABLE user_roles (
    environment_id BIGINT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    user_id        TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role           TEXT    NOT NULL CHECK (role IN ('viewer', 'support', 'developer', 'admin')),
    PRIMARY KEY (environment_id, user_id)
);
CREATE INDEX user_roles_of_user ON user_roles (user_id);

CREATE TABLE sessions (
    id           TEXT    PRIMARY KEY,
    user_id      TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash   BYTEA    NOT NULL UNIQUE,
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    user_agent   TEXT    NOT NULL,
    address      TEXT    NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id, id);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- An invitation has a row for each environment; those of one link share its hash.
CREATE TABLE invites (
    id             TEXT    PRIMARY KEY,
    environment_id BIGINT NOT NULL REFERENCES environments (id) ON DELETE CASCADE,
    email          TEXT    NOT NULL,
    role           TEXT    NOT NULL CHECK (role IN ('viewer', 'support', 'developer', 'admin')),
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    token_hash     BYTEA    NOT NULL,
    UNIQUE (environment_id, email)
);
CREATE INDEX invites_of_link ON invites (token_hash);
CREATE INDEX invites_of_email ON invites (email);
CREATE INDEX invites_by_end ON invites (expires_at);

CREATE TABLE one_time_tokens (
    token_hash BYTEA    PRIMARY KEY,
    kind       TEXT    NOT NULL CHECK (kind IN ('setup', 'reset', 'oidc')),
    expires_at BIGINT NOT NULL,
    user_id    TEXT    REFERENCES users (id) ON DELETE CASCADE,
    body       TEXT    NOT NULL -- JSON
);
CREATE INDEX one_time_tokens_of_kind ON one_time_tokens (kind);
CREATE INDEX one_time_tokens_of_user ON one_time_tokens (user_id);
CREATE INDEX one_time_tokens_by_end ON one_time_tokens (expires_at);

ALTER TABLE api_keys ADD COLUMN expires_at BIGINT; -- opens nothing from then on

-- Which pages of other origins may show the page for end customers: a JSON list.
ALTER TABLE environments ADD COLUMN configure_origins TEXT NOT NULL DEFAULT '[]';
