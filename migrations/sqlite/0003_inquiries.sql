-- The true state of every inquiry. `state` is the whole of it; the columns above it are written from it in the same
-- statement, because queries need them.
CREATE TABLE inquiries (
    environment         TEXT NOT NULL,
    id                  TEXT NOT NULL,
    status              TEXT,
    person              TEXT,
    reference_id        TEXT,
    account_id          TEXT,
    template_id         TEXT,
    template_version_id TEXT,
    created_at          INTEGER,
    expires_at          INTEGER,
    began_at            INTEGER,
    last_observed_at    INTEGER,
    redacted            INTEGER NOT NULL CHECK (redacted IN (0, 1)),
    state               TEXT NOT NULL CHECK (json_valid(state)),
    lineage             TEXT NOT NULL,    -- the first inquiry of its succession
    read_at             INTEGER,          -- our clock: last read from Persona's API
    first_seen_at       INTEGER NOT NULL, -- our clock
    updated_at          INTEGER NOT NULL, -- our clock
    PRIMARY KEY (id, environment)
) STRICT;

CREATE INDEX inquiries_by_person ON inquiries (environment, person, template_id);
CREATE INDEX inquiries_by_reference ON inquiries (reference_id);
CREATE INDEX inquiries_by_status ON inquiries (environment, status, first_seen_at, id);
CREATE INDEX inquiries_by_time ON inquiries (first_seen_at, environment, id);
CREATE INDEX inquiries_open ON inquiries (environment, id) WHERE status IN ('created', 'pending');
