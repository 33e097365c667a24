-- What somebody should hear of, how it stands, and what was told: kept, so that no restart and no other process tells it again.
CREATE TABLE alerts (
    environment    TEXT NOT NULL,
    name           TEXT NOT NULL, -- open: alerts come with releases
    state          TEXT NOT NULL CHECK (state IN ('quiet', 'pending', 'firing')),
    since          INTEGER NOT NULL, -- our clock, as all times here
    seen_at        INTEGER NOT NULL,
    told_at        INTEGER,
    value          INTEGER NOT NULL,
    summary        TEXT NOT NULL,
    silenced_until INTEGER,
    silenced_by    TEXT,
    silenced_why   TEXT,
    PRIMARY KEY (environment, name),
    CHECK ((silenced_until IS NULL) = (silenced_by IS NULL)),
    CHECK ((silenced_until IS NULL) = (silenced_why IS NULL))
) STRICT;

-- Written with the alert, and sent until the receiver takes it.
CREATE TABLE alert_notices (
    id          TEXT NOT NULL, -- the webhook-id, so that a receiver can drop a repetition
    environment TEXT NOT NULL,
    name        TEXT NOT NULL,
    notifier    TEXT NOT NULL,
    news        TEXT NOT NULL CHECK (news IN ('firing', 'resolved')),
    since       INTEGER NOT NULL,
    value       INTEGER NOT NULL,
    summary     TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    due_at      INTEGER NOT NULL,
    tries       INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    ended_at    INTEGER, -- taken, if there is no error; else given up
    error       TEXT,
    PRIMARY KEY (id)
) STRICT;

CREATE INDEX alert_notices_due ON alert_notices (due_at, id) WHERE ended_at IS NULL;
CREATE INDEX alert_notices_by_time ON alert_notices (created_at, id);

CREATE VIEW view_alerts AS
SELECT environment,
       name,
       state,
       strftime('%Y-%m-%dT%H:%M:%fZ', since / 1000000.0, 'unixepoch') AS since,
       strftime('%Y-%m-%dT%H:%M:%fZ', told_at / 1000000.0, 'unixepoch') AS told_at,
       value,
       summary,
       strftime('%Y-%m-%dT%H:%M:%fZ', silenced_until / 1000000.0, 'unixepoch') AS silenced_until,
       silenced_by,
       silenced_why
FROM alerts;
