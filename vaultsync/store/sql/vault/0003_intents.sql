-- What is about to be done in the folder for peers, as it shall stand in `records` (whose columns these are; sequence is
-- only the order here). Empty but between the first change on disk and the commit: rows that are found at a start are
-- of a run that broke off there.
CREATE TABLE intents (
    sequence    INTEGER PRIMARY KEY,
    path        TEXT    NOT NULL,
    fold_key    INTEGER NOT NULL,
    kind        TEXT    NOT NULL,
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
    state       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    signature   BLOB,
    source      INTEGER REFERENCES devices (id)
) STRICT;
