-- What is about to be done in the folder for peers, as it shall stand in `records`: one value for all, in CBOR, since it
-- is written before each batch and nearly never read. Not there but between the first change on disk and the commit.
DROP TABLE intents;
CREATE TABLE intents (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    rows BLOB    NOT NULL
) STRICT;
