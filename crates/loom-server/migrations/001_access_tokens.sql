-- Access tokens. A token itself is never stored, only its SHA-256.
CREATE TABLE access_tokens (
    id UUID NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    revoked_at BIGINT
);

CREATE UNIQUE INDEX access_tokens_hash ON access_tokens (hash);
