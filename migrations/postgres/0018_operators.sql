-- By what operators authenticate, apart from the applications' tokens: neither is ever looked up in place of the other.
CREATE TABLE operator_tokens (
    id           TEXT NOT NULL,
    secret_hash  BYTEA NOT NULL, -- SHA-256 of 32 random bytes
    note         TEXT NOT NULL,
    role         TEXT NOT NULL, -- viewer, operator, admin
    environment  TEXT,          -- null: every environment
    created_at   TIMESTAMPTZ NOT NULL,
    expires_at   TIMESTAMPTZ,
    revoked_at   TIMESTAMPTZ,
    last_used_at TIMESTAMPTZ,       -- to the minute or so
    PRIMARY KEY (id)
);

-- Who is signed in with a browser. What the cookie holds is kept by its hash only.
CREATE TABLE operator_sessions (
    id_hash     BYTEA NOT NULL, -- SHA-256 of 32 random bytes
    who         TEXT NOT NULL,
    role        TEXT NOT NULL,
    environment TEXT,          -- null: every environment
    token_id    TEXT,          -- the token it was begun with: ends with it
    created_at  TIMESTAMPTZ NOT NULL,
    used_at     TIMESTAMPTZ NOT NULL, -- to the minute or so
    ends_at     TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id_hash)
);

CREATE INDEX operator_sessions_by_end ON operator_sessions (ends_at);

-- One-time sign-in links.
CREATE TABLE sign_in_links (
    id_hash    BYTEA NOT NULL,
    who        TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id_hash)
);

-- Sign-ins that are under way at the OpenID provider. All that is secret of them is in a cookie of the browser.
CREATE TABLE sign_ins (
    state_hash   BYTEA NOT NULL,
    browser_hash BYTEA NOT NULL,
    return_to    TEXT NOT NULL,
    expires_at   TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (state_hash)
);

CREATE INDEX sign_ins_by_end ON sign_ins (expires_at);

-- What operators did, in a chain: each record holds the hash of the one before it. No payload, and nobody's data but
-- the operators' own names.
CREATE TABLE audit (
    number      BIGINT NOT NULL,
    at          TIMESTAMPTZ NOT NULL, -- our clock
    environment TEXT,
    who         TEXT NOT NULL,
    role        TEXT NOT NULL,
    how         TEXT NOT NULL,
    act         TEXT NOT NULL,
    about_kind  TEXT,
    about_id    TEXT,
    reason      TEXT,
    address     TEXT,
    previous    BYTEA NOT NULL,
    hash        BYTEA NOT NULL,
    PRIMARY KEY (number),
    CHECK ((about_kind IS NULL) = (about_id IS NULL))
);

CREATE INDEX audit_by_subject ON audit (about_id, number);
CREATE INDEX audit_by_who ON audit (who, number);

-- Where the chain ends: one row, which whoever adds a record locks.
CREATE TABLE audit_head (
    place  INTEGER NOT NULL CHECK (place = 1),
    number BIGINT NOT NULL,
    hash   BYTEA NOT NULL,
    PRIMARY KEY (place)
);

INSERT INTO audit_head (place, number, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));
