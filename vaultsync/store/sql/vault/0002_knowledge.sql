-- What this index knows of each device's counters (store/knowledge.py). They take the place of tombstones that are
-- let go, and are what keeps a device from giving out a counter twice.
CREATE TABLE knowledge (
    device    BLOB    PRIMARY KEY CHECK (length(device) = 32),
    seen      INTEGER NOT NULL,
    known     INTEGER NOT NULL,
    forgotten INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Of what kind the totals are: 1 counts tombstones in the digest and knows nothing of counters. Whoever opens an index
-- with an older kind counts them anew.
ALTER TABLE totals ADD COLUMN form INTEGER NOT NULL DEFAULT 1;

-- Tombstones by age, to let go of those that nobody needs any more.
CREATE INDEX records_by_end ON records (modified_at) WHERE deleted = 1;
