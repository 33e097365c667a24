-- The key that access links are made with, sealed like subjects' keys. There is one, made when the first link is.
CREATE TABLE link_keys (
    number        INTEGER NOT NULL CHECK (number = 1),
    sealed_key    BYTEA NOT NULL,
    master_key_id TEXT COLLATE "C" NOT NULL, -- what it is sealed under
    created_at    TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (number)
);

-- Ways in of our own: a link's id, and what became of it. The link itself is made from the id and the key, and not here.
CREATE TABLE access_links (
    id             TEXT COLLATE "C" NOT NULL,
    environment    TEXT COLLATE "C" NOT NULL,
    lineage        TEXT COLLATE "C" NOT NULL, -- the first inquiry of its succession
    made_for       TEXT COLLATE "C" UNIQUE,   -- the action whose notice carries it, so that every try carries the same
    opens          INTEGER NOT NULL DEFAULT 0 CHECK (opens >= 0),
    max_opens      INTEGER NOT NULL CHECK (max_opens >= 1),
    created_at     TIMESTAMPTZ NOT NULL, -- our clock, as all times here
    expires_at     TIMESTAMPTZ NOT NULL,
    last_opened_at TIMESTAMPTZ,
    revoked_at     TIMESTAMPTZ,
    revoked_by     TEXT,
    revoked_why    TEXT,
    PRIMARY KEY (id),
    FOREIGN KEY (lineage, environment) REFERENCES inquiries (id, environment) ON DELETE CASCADE,
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);

CREATE INDEX access_links_by_lineage ON access_links (environment, lineage, created_at);
CREATE INDEX access_links_by_time ON access_links (created_at, id);
