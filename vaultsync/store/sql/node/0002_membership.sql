-- Membership records as they were signed: the truth from which `members` follows. Removals stay, so that no old record
-- can bring a device back. learned_at is by our clock: tickets made before it let a removed device in no more.
CREATE TABLE membership (
    vault      BLOB    NOT NULL CHECK (length(vault) = 16),
    node       BLOB    NOT NULL CHECK (length(node) = 32),
    payload    BLOB    NOT NULL,
    signature  BLOB    NOT NULL CHECK (length(signature) = 64),
    learned_at INTEGER NOT NULL,
    PRIMARY KEY (vault, node)
) STRICT, WITHOUT ROWID;

-- The member that let this device into a vault: it may tell us who the others are.
CREATE TABLE sponsors (
    vault BLOB PRIMARY KEY CHECK (length(vault) = 16),
    node  BLOB NOT NULL CHECK (length(node) = 32)
) STRICT, WITHOUT ROWID;

-- Membership records that a device has not been told of yet, and when to try next (Unix ms).
CREATE TABLE deliveries (
    vault    BLOB    NOT NULL,
    node     BLOB    NOT NULL,
    attempts INTEGER NOT NULL,
    due_at   INTEGER NOT NULL,
    PRIMARY KEY (vault, node)
) STRICT, WITHOUT ROWID;

-- Devices that ask to be let in without a ticket that is still good, for a person to decide. decided_at is NULL until
-- then; a denied one is not asked about again.
CREATE TABLE requests (
    vault      BLOB    NOT NULL,
    node       BLOB    NOT NULL CHECK (length(node) = 32),
    name       TEXT    NOT NULL,
    hostname   TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    asked_at   INTEGER NOT NULL,
    role       TEXT,
    decided_at INTEGER,
    PRIMARY KEY (vault, node)
) STRICT, WITHOUT ROWID;
