-- What became of an event may be decided by somebody, a body may be gone, and Persona may not know the event.
-- A CHECK can't be changed in place here, so the table is made anew.
CREATE TABLE events_decided (
    environment      TEXT NOT NULL,
    id               TEXT NOT NULL,
    name             TEXT,    -- null: the body was not understood as an event
    occurred_at      INTEGER, -- Persona's clock; null with the name
    received_at      INTEGER NOT NULL,
    last_received_at INTEGER NOT NULL,
    deliveries       INTEGER NOT NULL CHECK (deliveries >= 1),
    inquiry_id       TEXT,
    origin           TEXT NOT NULL CHECK (origin IN ('webhook', 'api', 'import')),
    outcome          TEXT CHECK (outcome IN ('applied', 'ignored', 'quarantined', 'unreadable', 'discarded')),
    reason           TEXT,
    decided_by       TEXT,    -- who released or discarded what was quarantined
    decided_at       INTEGER, -- our clock
    denials          INTEGER NOT NULL DEFAULT 0 CHECK (denials >= 0), -- how often Persona said that there is none
    body_encoding    TEXT NOT NULL CHECK (body_encoding IN ('plain', 'sealed', 'dropped')),
    body             BLOB NOT NULL, -- last, so that lists need not read past it; empty once dropped
    PRIMARY KEY (id, environment),
    CHECK ((decided_by IS NULL) = (decided_at IS NULL))
) STRICT;

INSERT INTO events_decided (environment, id, name, occurred_at, received_at, last_received_at, deliveries, inquiry_id,
                            origin, outcome, reason, body_encoding, body)
SELECT environment, id, name, occurred_at, received_at, last_received_at, deliveries, inquiry_id,
       origin, outcome, reason, body_encoding, body
FROM events;

DROP TABLE events;
ALTER TABLE events_decided RENAME TO events;

CREATE INDEX events_by_time ON events (received_at, environment, id);
CREATE INDEX events_by_inquiry ON events (environment, inquiry_id);
CREATE INDEX events_quarantined ON events (environment, id) WHERE outcome = 'quarantined';
