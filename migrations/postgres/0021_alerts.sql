-- What somebody should hear of, how it stands, and what was told: kept, so that no restart and no other process tells it again.
CREATE TABLE alerts (
    environment    TEXT COLLATE "C" NOT NULL,
    name           TEXT COLLATE "C" NOT NULL, -- open: alerts come with releases
    state          TEXT NOT NULL CHECK (state IN ('quiet', 'pending', 'firing')),
    since          TIMESTAMPTZ NOT NULL, -- our clock, as all times here
    seen_at        TIMESTAMPTZ NOT NULL,
    told_at        TIMESTAMPTZ,
    value          BIGINT NOT NULL,
    summary        TEXT NOT NULL,
    silenced_until TIMESTAMPTZ,
    silenced_by    TEXT,
    silenced_why   TEXT,
    PRIMARY KEY (environment, name),
    CHECK ((silenced_until IS NULL) = (silenced_by IS NULL)),
    CHECK ((silenced_until IS NULL) = (silenced_why IS NULL))
);

-- Written with the alert, and sent until the receiver takes it.
CREATE TABLE alert_notices (
    id          TEXT COLLATE "C" NOT NULL, -- the webhook-id, so that a receiver can drop a repetition
    environment TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    notifier    TEXT COLLATE "C" NOT NULL,
    news        TEXT NOT NULL CHECK (news IN ('firing', 'resolved')),
    since       TIMESTAMPTZ NOT NULL,
    value       BIGINT NOT NULL,
    summary     TEXT NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    due_at      TIMESTAMPTZ NOT NULL,
    tries       INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    ended_at    TIMESTAMPTZ, -- taken, if there is no error; else given up
    error       TEXT,
    PRIMARY KEY (id)
);

CREATE INDEX alert_notices_due ON alert_notices (due_at, id) WHERE ended_at IS NULL;
CREATE INDEX alert_notices_by_time ON alert_notices (created_at, id);

CREATE VIEW view_alerts AS
SELECT environment, name, state, since, told_at, value, summary, silenced_until, silenced_by, silenced_why
FROM alerts;
