-- One vault's index, history and audit log live in one database, so that a batch of changes, the contents that it
-- replaces and what is said about it are one transaction and one fsync.

PRAGMA application_id = 1448310388;

-- What the index is as a whole. It changes with every update, so it is kept and not counted again at each start.
-- index_id is random: a peer that sees another one starts again from sequence 0.
-- digest is described in store/digest.py. files, folders and bytes are what is present; the others count
-- live records that this device does not have on its disk.
CREATE TABLE totals (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    index_id   BLOB    NOT NULL CHECK (length(index_id) = 16),
    sequence   INTEGER NOT NULL,
    digest     BLOB    NOT NULL CHECK (length(digest) = 32),
    files      INTEGER NOT NULL,
    folders    INTEGER NOT NULL,
    bytes      INTEGER NOT NULL,
    deleted    INTEGER NOT NULL,
    blocked    INTEGER NOT NULL,
    unselected INTEGER NOT NULL,
    wanted     INTEGER NOT NULL,
    held       INTEGER NOT NULL
) STRICT;

-- Devices under the names that they bore. Every record and version points here: ten thousand notes repeat the same
-- two or three. The empty name stands for the node alone.
CREATE TABLE devices (
    id   INTEGER PRIMARY KEY,
    node BLOB NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (node, name)
) STRICT;

-- The index: one row for each path ever seen, tombstones too. The row id is the sequence: an update takes its old
-- row away and appends a new one, so that "what changed after 1,234" is one stretch of the table.
-- version and signature are packed (store/encoding.py). fold_key is 8 bytes of the hash of the path as a
-- case-insensitive file system sees it: enough to find collisions by, at a sixth of the size.
CREATE TABLE records (
    sequence    INTEGER PRIMARY KEY,
    path        TEXT    NOT NULL UNIQUE,
    fold_key    INTEGER NOT NULL,
    kind        TEXT    NOT NULL CHECK (kind IN ('file', 'dir')),
    hash        BLOB    NOT NULL,
    size        INTEGER NOT NULL,
    mtime_ns    INTEGER NOT NULL,
    executable  INTEGER NOT NULL,
    version     BLOB    NOT NULL,
    deleted     INTEGER NOT NULL,
    device      INTEGER NOT NULL REFERENCES devices (id),
    modified_at INTEGER NOT NULL,
    moved_to    TEXT,
    moved_from  TEXT,
    state       TEXT    NOT NULL CHECK (state IN ('present', 'wanted', 'held', 'unselected', 'blocked')),
    reason      TEXT    NOT NULL,
    signature   BLOB,
    source      INTEGER REFERENCES devices (id)
) STRICT;

-- Where else is this content? Asked for every new file, to find moves and to avoid transfers.
CREATE INDEX records_by_hash ON records (hash) WHERE deleted = 0 AND kind = 'file';
-- What this device does not have is asked for by its state, and is little.
CREATE INDEX records_by_state ON records (state) WHERE state <> 'present';
CREATE INDEX records_by_fold ON records (fold_key) WHERE deleted = 0;

-- How far this index has applied each peer's sequences (of their index index_id), and how far they have applied ours.
CREATE TABLE cursors (
    peer     BLOB PRIMARY KEY,
    index_id BLOB    NOT NULL DEFAULT x'',
    cursor   INTEGER NOT NULL DEFAULT 0,
    acked    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Kept contents by hash, each once, zstd. data is NULL where the content lies in a file of its own (store/contents.py).
-- size is of the content, stored of its compressed form, both in bytes.
CREATE TABLE contents (
    id     INTEGER PRIMARY KEY,
    hash   BLOB    NOT NULL UNIQUE,
    size   INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    data   BLOB
) STRICT;

-- The sum of stored: asked for often, and a sum over the table would read all of it.
CREATE TABLE contents_total (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    bytes INTEGER NOT NULL
) STRICT;
INSERT INTO contents_total (only, bytes) VALUES (1, 0);
CREATE TRIGGER contents_added AFTER INSERT ON contents BEGIN
    UPDATE contents_total SET bytes = bytes + new.stored;
END;
CREATE TRIGGER contents_removed AFTER DELETE ON contents BEGIN
    UPDATE contents_total SET bytes = bytes - old.stored;
END;

-- What stood at each path, in the order in which it was kept here: the id orders versions, whatever clocks say.
-- hash is empty for folders and deletions. Times are Unix ms: modified_at by the author's clock, kept_at by ours.
CREATE TABLE versions (
    id          INTEGER PRIMARY KEY,
    path        TEXT    NOT NULL,
    version     BLOB    NOT NULL,
    hash        BLOB    NOT NULL,
    size        INTEGER NOT NULL,
    modified_at INTEGER NOT NULL,
    device      INTEGER NOT NULL REFERENCES devices (id),
    action      TEXT    NOT NULL,
    kept_at     INTEGER NOT NULL,
    note        TEXT    NOT NULL
) STRICT;

-- The row id is the last part of every index, so this one also gives a path's versions in order.
CREATE INDEX versions_by_path ON versions (path);
CREATE INDEX versions_by_hash ON versions (hash) WHERE hash <> x'';
CREATE INDEX versions_by_action ON versions (action) WHERE action IN ('deleted', 'merged', 'conflict');

-- What was decided and why, for people; the newest 20,000.
CREATE TABLE audit (
    id    INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    kind  TEXT    NOT NULL,
    path  TEXT,
    peer  BLOB,
    text  TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_by_path ON audit (path) WHERE path IS NOT NULL;
