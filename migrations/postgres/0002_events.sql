-- What Persona told us, each event once, kept as received.
-- The key starts with the id, so that it also serves the look-up by id alone.
CREATE TABLE events (
    environment      TEXT COLLATE "C" NOT NULL,
    id               TEXT COLLATE "C" NOT NULL,
    name             TEXT,        -- null: the body was not understood as an event
    occurred_at      TIMESTAMPTZ, -- Persona's clock; null with the name
    received_at      TIMESTAMPTZ NOT NULL,
    last_received_at TIMESTAMPTZ NOT NULL,
    deliveries       INTEGER NOT NULL CHECK (deliveries >= 1),
    inquiry_id       TEXT COLLATE "C",
    origin           TEXT NOT NULL CHECK (origin IN ('webhook', 'api', 'import')),
    outcome          TEXT CHECK (outcome IN ('applied', 'ignored', 'quarantined', 'unreadable')),
    reason           TEXT,
    body_encoding    TEXT NOT NULL CHECK (body_encoding IN ('plain', 'sealed')),
    body             BYTEA NOT NULL,
    PRIMARY KEY (id, environment)
);

CREATE INDEX events_by_time ON events (received_at, environment, id);
CREATE INDEX events_by_inquiry ON events (environment, inquiry_id);
