-- What the node knows beyond its vaults' contents: whom it is paired with, which tickets are out, which folders it
-- serves. Times are Unix ms, save those of tickets, which are Unix seconds as on the ticket itself.

PRAGMA application_id = 1448308324;

CREATE TABLE peers (
    node         BLOB    PRIMARY KEY CHECK (length(node) = 32),
    name         TEXT    NOT NULL,
    hostname     TEXT    NOT NULL,
    ticket       TEXT,
    added_at     INTEGER NOT NULL,
    last_seen    INTEGER,
    last_sync_at INTEGER,
    auto_connect INTEGER NOT NULL,
    last_error   TEXT
) STRICT, WITHOUT ROWID;

-- Where a peer may be dialed, and when that last worked.
CREATE TABLE addresses (
    node       BLOB NOT NULL REFERENCES peers (node) ON DELETE CASCADE,
    address    TEXT NOT NULL,
    source     TEXT NOT NULL,
    last_ok_ms INTEGER,
    PRIMARY KEY (node, address)
) STRICT, WITHOUT ROWID;

-- Who belongs to which vault. A peer without any is no peer any more.
CREATE TABLE members (
    vault         BLOB    NOT NULL CHECK (length(vault) = 16),
    node          BLOB    NOT NULL REFERENCES peers (node) ON DELETE CASCADE,
    role          TEXT    NOT NULL CHECK (role IN ('member', 'observer')),
    added_at      INTEGER NOT NULL,
    introduced_by BLOB,
    PRIMARY KEY (vault, node)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_node ON members (node);

-- Tickets given out, by the hash of their secret: whoever reads this file can't join with it. Used and revoked ones
-- stay for a while so that a second use gets a true answer.
CREATE TABLE tickets (
    id          INTEGER PRIMARY KEY,
    vault       BLOB    NOT NULL CHECK (length(vault) = 16),
    secret_hash BLOB    NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    expires_at  INTEGER NOT NULL,
    role        TEXT    NOT NULL CHECK (role IN ('member', 'observer')),
    reusable    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    label       TEXT    NOT NULL,
    uses        INTEGER NOT NULL DEFAULT 0,
    used_at     INTEGER,
    used_by     BLOB,
    revoked     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tickets_by_vault ON tickets (vault);

CREATE TABLE vaults (
    vault         BLOB    PRIMARY KEY CHECK (length(vault) = 16),
    root          TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    added_at      INTEGER NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('member', 'observer', 'solo')),
    settings_json TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest 1,000 dials and how they ended, for whoever asks why a device does not connect.
CREATE TABLE attempts (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms   INTEGER NOT NULL,
    peer    BLOB    NOT NULL,
    address TEXT    NOT NULL,
    outcome TEXT    NOT NULL,
    reason  TEXT    NOT NULL
) STRICT;
CREATE INDEX attempts_by_peer ON attempts (peer);
