-- By what operators authenticate, apart from the applications' tokens: neither is ever looked up in place of the other.
CREATE TABLE operator_tokens (
    id           TEXT NOT NULL,
    secret_hash  BLOB NOT NULL, -- SHA-256 of 32 random bytes
    note         TEXT NOT NULL,
    role         TEXT NOT NULL, -- viewer, operator, admin
    environment  TEXT,          -- null: every environment
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,       -- to the minute or so
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

-- Who is signed in with a browser. What the cookie holds is kept by its hash only.
CREATE TABLE operator_sessions (
    id_hash     BLOB NOT NULL, -- SHA-256 of 32 random bytes
    who         TEXT NOT NULL,
    role        TEXT NOT NULL,
    environment TEXT,          -- null: every environment
    token_id    TEXT,          -- the token it was begun with: ends with it
    created_at  INTEGER NOT NULL,
    used_at     INTEGER NOT NULL, -- to the minute or so
    ends_at     INTEGER NOT NULL,
    PRIMARY KEY (id_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX operator_sessions_by_end ON operator_sessions (ends_at);

-- One-time sign-in links.
CREATE TABLE sign_in_links (
    id_hash    BLOB NOT NULL,
    who        TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (id_hash)
) STRICT, WITHOUT ROWID;

-- Sign-ins that are under way at the OpenID provider. All that is secret of them is in a cookie of the browser.
CREATE TABLE sign_ins (
    state_hash   BLOB NOT NULL,
    browser_hash BLOB NOT NULL,
    return_to    TEXT NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (state_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_ins_by_end ON sign_ins (expires_at);

-- What operators did, in a chain: each record holds the hash of the one before it. No payload, and nobody's data but
-- the operators' own names.
CREATE TABLE audit (
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL, -- our clock
    environment TEXT,
    who         TEXT NOT NULL,
    role        TEXT NOT NULL,
    how         TEXT NOT NULL,
    act         TEXT NOT NULL,
    about_kind  TEXT,
    about_id    TEXT,
    reason      TEXT,
    address     TEXT,
    previous    BLOB NOT NULL,
    hash        BLOB NOT NULL,
    PRIMARY KEY (number),
    CHECK ((about_kind IS NULL) = (about_id IS NULL))
) STRICT;

CREATE INDEX audit_by_subject ON audit (about_id, number);
CREATE INDEX audit_by_who ON audit (who, number);

-- Where the chain ends: one row, which whoever adds a record locks.
CREATE TABLE audit_head (
    place  INTEGER NOT NULL CHECK (place = 1),
    number INTEGER NOT NULL,
    hash   BLOB NOT NULL,
    PRIMARY KEY (place)
) STRICT;

INSERT INTO audit_head (place, number, hash) VALUES (1, 0, zeroblob(32));
