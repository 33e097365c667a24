-- By what applications and customers authenticate. Of a token's secret only the hash is kept: it is shown once.
CREATE TABLE api_tokens (
    id           TEXT NOT NULL,
    secret_hash  BLOB NOT NULL, -- SHA-256 of 32 random bytes
    note         TEXT NOT NULL,
    scopes       TEXT NOT NULL, -- words with spaces between
    environment  TEXT,          -- null: every environment
    customer     TEXT,          -- null: every customer
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,       -- to the minute or so
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

-- Whose inquiries are whose, by the first inquiry of each succession. Where there is no row, rules decide.
CREATE TABLE customer_lineages (
    environment TEXT NOT NULL,
    lineage     TEXT NOT NULL,
    customer    TEXT NOT NULL,
    assigned_at INTEGER NOT NULL, -- our clock
    PRIMARY KEY (lineage, environment),
    FOREIGN KEY (lineage, environment) REFERENCES inquiries (id, environment) ON DELETE CASCADE
) STRICT;

-- Inquiries made because an application asked: one process at a time asks Persona, and what may have been asked for
-- without anybody's knowing the end is on disk before it is.
CREATE TABLE creations (
    environment  TEXT NOT NULL,
    reference_id TEXT NOT NULL,
    template_id  TEXT NOT NULL,
    customer     TEXT,             -- whose they are
    generation   INTEGER NOT NULL, -- part of the idempotency key
    inquiry_id   TEXT,             -- the latest that was made
    asked_at     INTEGER,          -- our clock: since then one may have been made of which nobody knows
    holder       TEXT,             -- who asks
    held_until   INTEGER,          -- our clock
    PRIMARY KEY (environment, reference_id, template_id),
    CHECK ((holder IS NULL) = (held_until IS NULL))
) STRICT, WITHOUT ROWID;

-- What was answered to a request with an Idempotency-Key. Answers hold ids, words and times: no link, no token.
CREATE TABLE idempotency_keys (
    token_id     TEXT NOT NULL,
    key_hash     BLOB NOT NULL,
    request_hash BLOB NOT NULL,
    status       INTEGER,          -- null until it is answered
    answer       TEXT,
    made_at      INTEGER NOT NULL, -- our clock
    PRIMARY KEY (token_id, key_hash),
    CHECK ((status IS NULL) = (answer IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_time ON idempotency_keys (made_at);

-- The opaque reference ids of static links, and whom they stand for.
CREATE TABLE static_links (
    environment  TEXT NOT NULL,
    reference_id TEXT NOT NULL,
    template_id  TEXT NOT NULL,
    known_as     TEXT NOT NULL, -- the application's own reference id
    customer     TEXT NOT NULL, -- empty: nobody's
    made_at      INTEGER NOT NULL,
    PRIMARY KEY (environment, reference_id),
    UNIQUE (environment, template_id, known_as, customer)
) STRICT;

CREATE INDEX static_links_by_name ON static_links (known_as);
