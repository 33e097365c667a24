-- Many things done again, as one durable piece of work; first a preview, under the id that the replay has then.
CREATE TABLE replays (
    id           TEXT NOT NULL,
    environment  TEXT NOT NULL,
    filter       TEXT NOT NULL, -- JSON of ours: what is chosen
    fingerprint  TEXT NOT NULL, -- of the filter: the same choice has the same
    preview      TEXT NOT NULL, -- JSON of ours: what was found
    as_of        INTEGER NOT NULL, -- our clock: what ended or came later is not part of it
    per_minute   INTEGER CHECK (per_minute >= 1), -- the most begun in a minute, where somebody said so
    state        TEXT NOT NULL CHECK (state IN ('previewed', 'running', 'paused', 'cancelled', 'done')),
    made_by      TEXT NOT NULL,
    expires_at   INTEGER NOT NULL, -- our clock: until then it can be started
    began_at     INTEGER, -- our clock
    began_by     TEXT,
    reason       TEXT, -- why it was started
    next_at      INTEGER, -- our clock: when the next page is due
    place_kind   TEXT, -- where to go on: the last one that is through
    place_at     INTEGER,
    place_id     TEXT,
    through      INTEGER NOT NULL CHECK (through IN (0, 1)), -- every match was looked at
    looked_at    INTEGER NOT NULL CHECK (looked_at >= 0),
    made_due     INTEGER NOT NULL CHECK (made_due >= 0),
    done         INTEGER NOT NULL CHECK (done >= 0), -- performed, or an event that changed something
    unchanged    INTEGER NOT NULL CHECK (unchanged >= 0), -- events that changed nothing
    failed       INTEGER NOT NULL CHECK (failed >= 0),
    called_off   INTEGER NOT NULL CHECK (called_off >= 0), -- made due, and then no longer wanted
    skipped      INTEGER NOT NULL CHECK (skipped >= 0),
    touched_at   INTEGER NOT NULL, -- our clock
    ended_at     INTEGER, -- our clock
    changed_by   TEXT, -- who paused, resumed or cancelled it last
    changed_why  TEXT,
    PRIMARY KEY (id),
    CHECK ((state IN ('cancelled', 'done')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'previewed') = (began_at IS NULL))
) STRICT;

CREATE INDEX replays_by_time ON replays (began_at, id) WHERE state <> 'previewed';
CREATE INDEX replays_alike ON replays (environment, fingerprint, id);
CREATE INDEX replays_expiring ON replays (expires_at) WHERE state = 'previewed';
CREATE INDEX replays_under_way ON replays (began_at, id) WHERE state IN ('running', 'paused');

-- Actions that a replay made due, and whose end it has yet to count: so many at most, however many it goes through.
CREATE TABLE replay_waits (
    replay_id TEXT NOT NULL,
    action_id TEXT NOT NULL,
    PRIMARY KEY (replay_id, action_id)
) STRICT;

-- What became of what, by reason.
CREATE TABLE replay_reasons (
    replay_id TEXT NOT NULL,
    became    TEXT NOT NULL CHECK (became IN ('failed', 'called_off', 'skipped')),
    reason    TEXT NOT NULL,
    count     INTEGER NOT NULL CHECK (count >= 1),
    PRIMARY KEY (replay_id, became, reason)
) STRICT;
