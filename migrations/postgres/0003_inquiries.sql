-- The true state of every inquiry. `state` is the whole of it; the columns above it are written from it in the same
-- statement, because queries need them.
CREATE TABLE inquiries (
    environment         TEXT COLLATE "C" NOT NULL,
    id                  TEXT COLLATE "C" NOT NULL,
    status              TEXT,
    person              TEXT COLLATE "C",
    reference_id        TEXT COLLATE "C",
    account_id          TEXT COLLATE "C",
    template_id         TEXT COLLATE "C",
    template_version_id TEXT COLLATE "C",
    created_at          TIMESTAMPTZ,
    expires_at          TIMESTAMPTZ,
    began_at            TIMESTAMPTZ,
    last_observed_at    TIMESTAMPTZ,
    redacted            BOOLEAN NOT NULL,
    state               TEXT NOT NULL,
    lineage             TEXT COLLATE "C" NOT NULL, -- the first inquiry of its succession
    read_at             TIMESTAMPTZ,               -- our clock: last read from Persona's API
    first_seen_at       TIMESTAMPTZ NOT NULL,      -- our clock
    updated_at          TIMESTAMPTZ NOT NULL,      -- our clock
    PRIMARY KEY (id, environment)
);

CREATE INDEX inquiries_by_person ON inquiries (environment, person, template_id);
CREATE INDEX inquiries_by_reference ON inquiries (reference_id);
CREATE INDEX inquiries_by_status ON inquiries (environment, status, first_seen_at, id);
CREATE INDEX inquiries_by_time ON inquiries (first_seen_at, environment, id);
CREATE INDEX inquiries_open ON inquiries (environment, id) WHERE status IN ('created', 'pending');
