-- Planned work: the plan's table and the queue's table are one.
CREATE TABLE actions (
    id           TEXT NOT NULL,
    environment  TEXT NOT NULL,
    inquiry_id   TEXT NOT NULL,
    lineage      TEXT NOT NULL,
    kind         TEXT NOT NULL, -- open: kinds come with releases
    arguments    TEXT NOT NULL CHECK (json_valid(arguments)),
    dedupe_key   TEXT NOT NULL,
    due_at       INTEGER NOT NULL, -- of the next attempt; our clock
    state        TEXT NOT NULL CHECK (state IN ('planned', 'running', 'done', 'failed', 'cancelled')),
    attempts     INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    max_attempts INTEGER NOT NULL CHECK (max_attempts >= 1),
    generation   INTEGER NOT NULL DEFAULT 0 CHECK (generation >= 0),
    lease_owner  TEXT,                       -- who holds or last held it
    lease_token  INTEGER NOT NULL DEFAULT 0, -- rises with every claim
    lease_until  INTEGER,                    -- our clock
    reason       TEXT,
    cancelled_by TEXT CHECK (cancelled_by IN ('plan', 'operator')),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    started_at   INTEGER, -- of the latest attempt
    finished_at  INTEGER,
    PRIMARY KEY (id),
    UNIQUE (environment, dedupe_key),
    FOREIGN KEY (inquiry_id, environment) REFERENCES inquiries (id, environment),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state = 'cancelled') = (cancelled_by IS NOT NULL)),
    CHECK ((state IN ('planned', 'running')) = (finished_at IS NULL))
) STRICT;

CREATE INDEX actions_due ON actions (environment, kind, due_at, id) WHERE state = 'planned';
CREATE INDEX actions_leased ON actions (lease_until) WHERE state = 'running';
CREATE INDEX actions_by_inquiry ON actions (environment, inquiry_id);
CREATE INDEX actions_by_state ON actions (environment, kind, state);
CREATE INDEX actions_by_time ON actions (created_at, id);

-- Every try of every action; one row per lease.
CREATE TABLE attempts (
    action_id   TEXT NOT NULL,
    lease_token INTEGER NOT NULL,
    number      INTEGER NOT NULL CHECK (number >= 1),
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER NOT NULL,
    worker      TEXT NOT NULL,
    outcome     TEXT NOT NULL CHECK (outcome IN ('done', 'retry', 'gave_up', 'cancelled', 'lost')),
    error       TEXT,
    PRIMARY KEY (action_id, lease_token),
    FOREIGN KEY (action_id) REFERENCES actions (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What operators decided about kinds of work in environments; a lane without a row is as it is by default.
CREATE TABLE lanes (
    environment TEXT NOT NULL,
    kind        TEXT NOT NULL,
    priority    INTEGER NOT NULL DEFAULT 0, -- higher is claimed first
    paused      INTEGER NOT NULL CHECK (paused IN (0, 1)),
    reason      TEXT NOT NULL, -- of the latest change
    changed_by  TEXT NOT NULL,
    changed_at  INTEGER NOT NULL,
    PRIMARY KEY (environment, kind)
) STRICT;

-- Who does what only one process may do at a time.
CREATE TABLE singletons (
    name  TEXT NOT NULL,
    owner TEXT NOT NULL,
    token INTEGER NOT NULL, -- rises with every change of hands
    until INTEGER NOT NULL, -- our clock
    PRIMARY KEY (name)
) STRICT;
