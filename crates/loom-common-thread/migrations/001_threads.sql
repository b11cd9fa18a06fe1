-- Times are milliseconds UTC. Applied as one transaction, together with the record of it.

-- 'LoTh': tells this file from any other SQLite database, also for file(1).
PRAGMA application_id = 1282364520;

CREATE TABLE threads (
    id TEXT PRIMARY KEY NOT NULL,
    title TEXT,
    -- The bytes of the path: a folder's name need not be UTF-8.
    cwd BLOB NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    permission_mode TEXT NOT NULL,
    -- JSON object of what git said about the folder; NULL outside of a repository.
    git TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Number of messages, and so the `seq` of the next one.
    message_count INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0,
    cache_read_tokens INTEGER NOT NULL DEFAULT 0,
    cache_write_tokens INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX threads_by_update ON threads (updated_at DESC, id DESC);
CREATE INDEX threads_by_folder ON threads (cwd, updated_at DESC, id DESC);

CREATE TABLE messages (
    -- A number that stays: a full-text index refers to its rows by one.
    id INTEGER PRIMARY KEY,
    thread_id TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
    -- Place in the thread, from 0, without gaps.
    seq INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    -- The message as JSON.
    body TEXT NOT NULL,
    UNIQUE (thread_id, seq)
) STRICT;
