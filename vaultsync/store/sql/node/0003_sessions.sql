-- Tokens that were given to programs on this computer, such as an editor's plugin. Of each only the hash is kept.

CREATE TABLE sessions (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    client     TEXT    NOT NULL,
    token_hash BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at INTEGER NOT NULL, -- Unix ms, as all times here
    life_ms    INTEGER NOT NULL CHECK (life_ms > 0),
    expires_at INTEGER NOT NULL
) STRICT;
