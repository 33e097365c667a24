-- One inquiry taking another one's place; each stage is committed before the call to Persona that follows it.
CREATE TABLE successions (
    environment  TEXT NOT NULL,
    inquiry_id   TEXT NOT NULL, -- the one that is replaced
    lineage      TEXT NOT NULL, -- the first inquiry of its succession
    cause        TEXT NOT NULL, -- open: causes come with releases
    asked        INTEGER NOT NULL CHECK (asked IN (0, 1)), -- somebody came and waits
    stage        TEXT NOT NULL CHECK (stage IN ('superseding', 'closed', 'creating', 'replaced', 'kept')),
    successor_id TEXT,
    began_at     INTEGER NOT NULL, -- our clock
    changed_at   INTEGER NOT NULL, -- our clock
    PRIMARY KEY (inquiry_id, environment),
    FOREIGN KEY (inquiry_id, environment) REFERENCES inquiries (id, environment) ON DELETE CASCADE,
    CHECK (stage <> 'replaced' OR successor_id IS NOT NULL)
) STRICT;

CREATE INDEX successions_by_lineage ON successions (environment, lineage);

-- Successions about which nobody is told anything, by their first inquiry.
CREATE TABLE mutes (
    environment TEXT NOT NULL,
    lineage     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    muted_by    TEXT NOT NULL,
    muted_at    INTEGER NOT NULL, -- our clock
    PRIMARY KEY (lineage, environment),
    FOREIGN KEY (lineage, environment) REFERENCES inquiries (id, environment) ON DELETE CASCADE
) STRICT;

-- What people who came were let in by. The generation is part of the idempotency key: under the same one Persona gives
-- the same link or token again, so neither has to be kept here.
CREATE TABLE admissions (
    environment TEXT NOT NULL,
    inquiry_id  TEXT NOT NULL,
    means       TEXT NOT NULL, -- a link, a link into a session there is, or a token
    generation  INTEGER NOT NULL CHECK (generation >= 0),
    made_at     INTEGER NOT NULL, -- our clock
    PRIMARY KEY (inquiry_id, environment, means),
    FOREIGN KEY (inquiry_id, environment) REFERENCES inquiries (id, environment) ON DELETE CASCADE
) STRICT;

-- How many sessions an inquiry has had, as far as we know: Persona allows 25.
CREATE TABLE session_counts (
    environment TEXT NOT NULL,
    inquiry_id  TEXT NOT NULL,
    made        INTEGER NOT NULL CHECK (made >= 0),
    listed_at   INTEGER, -- our clock: when Persona was last asked for them
    PRIMARY KEY (inquiry_id, environment),
    FOREIGN KEY (inquiry_id, environment) REFERENCES inquiries (id, environment) ON DELETE CASCADE
) STRICT;
