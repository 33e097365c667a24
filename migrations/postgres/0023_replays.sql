-- Many things done again, as one durable piece of work; first a preview, under the id that the replay has then.
CREATE TABLE replays (
    id           TEXT COLLATE "C" NOT NULL,
    environment  TEXT COLLATE "C" NOT NULL,
    filter       TEXT NOT NULL, -- JSON of ours: what is chosen
    fingerprint  TEXT COLLATE "C" NOT NULL, -- of the filter: the same choice has the same
    preview      TEXT NOT NULL, -- JSON of ours: what was found
    as_of        TIMESTAMPTZ NOT NULL, -- our clock: what ended or came later is not part of it
    per_minute   INTEGER CHECK (per_minute >= 1), -- the most begun in a minute, where somebody said so
    state        TEXT NOT NULL CHECK (state IN ('previewed', 'running', 'paused', 'cancelled', 'done')),
    made_by      TEXT NOT NULL,
    expires_at   TIMESTAMPTZ NOT NULL, -- our clock: until then it can be started
    began_at     TIMESTAMPTZ, -- our clock
    began_by     TEXT,
    reason       TEXT, -- why it was started
    next_at      TIMESTAMPTZ, -- our clock: when the next page is due
    place_kind   TEXT COLLATE "C", -- where to go on: the last one that is through
    place_at     TIMESTAMPTZ,
    place_id     TEXT COLLATE "C",
    through      BOOLEAN NOT NULL, -- every match was looked at
    looked_at    BIGINT NOT NULL CHECK (looked_at >= 0),
    made_due     BIGINT NOT NULL CHECK (made_due >= 0),
    done         BIGINT NOT NULL CHECK (done >= 0), -- performed, or an event that changed something
    unchanged    BIGINT NOT NULL CHECK (unchanged >= 0), -- events that changed nothing
    failed       BIGINT NOT NULL CHECK (failed >= 0),
    called_off   BIGINT NOT NULL CHECK (called_off >= 0), -- made due, and then no longer wanted
    skipped      BIGINT NOT NULL CHECK (skipped >= 0),
    touched_at   TIMESTAMPTZ NOT NULL, -- our clock
    ended_at     TIMESTAMPTZ, -- our clock
    changed_by   TEXT, -- who paused, resumed or cancelled it last
    changed_why  TEXT,
    PRIMARY KEY (id),
    CHECK ((state IN ('cancelled', 'done')) = (ended_at IS NOT NULL)),
    CHECK ((state = 'previewed') = (began_at IS NULL))
);

CREATE INDEX replays_by_time ON replays (began_at, id) WHERE state <> 'previewed';
CREATE INDEX replays_alike ON replays (environment, fingerprint, id);
CREATE INDEX replays_expiring ON replays (expires_at) WHERE state = 'previewed';
CREATE INDEX replays_under_way ON replays (began_at, id) WHERE state IN ('running', 'paused');

-- Actions that a replay made due, and whose end it has yet to count: so many at most, however many it goes through.
CREATE TABLE replay_waits (
    replay_id TEXT COLLATE "C" NOT NULL,
    action_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (replay_id, action_id)
);

-- What became of what, by reason.
CREATE TABLE replay_reasons (
    replay_id TEXT COLLATE "C" NOT NULL,
    became    TEXT COLLATE "C" NOT NULL CHECK (became IN ('failed', 'called_off', 'skipped')),
    reason    TEXT NOT NULL,
    count     BIGINT NOT NULL CHECK (count >= 1),
    PRIMARY KEY (replay_id, became, reason)
);
