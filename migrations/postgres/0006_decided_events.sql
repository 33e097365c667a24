-- What became of an event may be decided by somebody, a body may be gone, and Persona may not know the event.
ALTER TABLE events
    DROP CONSTRAINT events_outcome_check,
    DROP CONSTRAINT events_body_encoding_check,
    ADD COLUMN decided_by TEXT,        -- who released or discarded what was quarantined
    ADD COLUMN decided_at TIMESTAMPTZ, -- our clock
    ADD COLUMN denials INTEGER NOT NULL DEFAULT 0 CHECK (denials >= 0), -- how often Persona said that there is none
    ADD CONSTRAINT events_outcome_check
        CHECK (outcome IN ('applied', 'ignored', 'quarantined', 'unreadable', 'discarded')),
    ADD CONSTRAINT events_body_encoding_check CHECK (body_encoding IN ('plain', 'sealed', 'dropped')),
    ADD CONSTRAINT events_decided_check CHECK ((decided_by IS NULL) = (decided_at IS NULL));

CREATE INDEX events_quarantined ON events (environment, id) WHERE outcome = 'quarantined';
