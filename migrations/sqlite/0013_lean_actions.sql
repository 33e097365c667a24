-- Written several times in its life, an action pays for every index each time.
-- Its id is made of its environment and its dedupe key, so the primary key says all that the second one did. What a
-- foreign key would check is locked by the transaction that plans, and retention takes attempts along with their action.
-- SQLite drops no constraint, so both tables are made anew; attempts first, because deleting actions would delete them.
CREATE TABLE attempts_anew (
    action_id   TEXT NOT NULL,
    lease_token INTEGER NOT NULL,
    number      INTEGER NOT NULL CHECK (number >= 1),
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER NOT NULL,
    worker      TEXT NOT NULL,
    outcome     TEXT NOT NULL CHECK (outcome IN ('done', 'retry', 'gave_up', 'cancelled', 'lost')),
    error       TEXT,
    PRIMARY KEY (action_id, lease_token)
) STRICT, WITHOUT ROWID;
INSERT INTO attempts_anew SELECT * FROM attempts;
DROP TABLE attempts;
ALTER TABLE attempts_anew RENAME TO attempts;

CREATE TABLE actions_anew (
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
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK ((state = 'cancelled') = (cancelled_by IS NOT NULL)),
    CHECK ((state IN ('planned', 'running')) = (finished_at IS NULL))
) STRICT;
INSERT INTO actions_anew SELECT * FROM actions;
DROP TABLE actions;
ALTER TABLE actions_anew RENAME TO actions;

CREATE INDEX actions_due ON actions (environment, kind, due_at, id) WHERE state = 'planned';
CREATE INDEX actions_leased ON actions (lease_until) WHERE state = 'running';
CREATE INDEX actions_by_inquiry ON actions (environment, inquiry_id);
CREATE INDEX actions_by_time ON actions (created_at, id);
CREATE INDEX actions_failed ON actions (environment, kind, finished_at) WHERE state = 'failed';
