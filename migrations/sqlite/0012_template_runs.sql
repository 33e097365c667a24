-- Who first told the latest version; null where none is known.
ALTER TABLE templates ADD COLUMN latest_version_source TEXT
    CHECK (latest_version_source IN ('published', 'included', 'read', 'listed'));

-- One row for each version that became a template's latest: how far its open inquiries were planned anew for it.
CREATE TABLE template_runs (
    environment TEXT NOT NULL,
    template_id TEXT NOT NULL,
    version     TEXT NOT NULL,
    source      TEXT CHECK (source IN ('published', 'included', 'read', 'listed')), -- of the version
    told_for    INTEGER, -- Persona's clock: when the version was the latest, as first told
    state       TEXT NOT NULL CHECK (state IN ('running', 'paused', 'cancelled', 'done')),
    began_at    INTEGER NOT NULL, -- our clock
    place_at    INTEGER, -- where to go on: the deadline of the last inquiry that is through, null among those without
    place_id    TEXT, -- and its id; null at the beginning
    looked_at   INTEGER NOT NULL CHECK (looked_at >= 0), -- inquiries, so far
    outdated    INTEGER NOT NULL CHECK (outdated >= 0), -- those of them that are not of this version
    errors      INTEGER NOT NULL CHECK (errors >= 0), -- those of these that could not be planned
    touched_at  INTEGER NOT NULL, -- our clock
    ended_at    INTEGER, -- our clock
    changed_by  TEXT NOT NULL, -- who began it, or changed its state last
    reason      TEXT NOT NULL,
    PRIMARY KEY (environment, template_id, version),
    CHECK ((state IN ('cancelled', 'done')) = (ended_at IS NOT NULL)),
    CHECK (place_id IS NOT NULL OR place_at IS NULL)
) STRICT;

-- When an environment's list of templates was last asked for, and with what success.
CREATE TABLE template_polls (
    environment TEXT NOT NULL,
    polled_at   INTEGER NOT NULL, -- our clock
    outcome     TEXT NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
    error       TEXT,
    PRIMARY KEY (environment)
) STRICT;

-- The open inquiries of a template, nearest deadline first.
CREATE INDEX inquiries_open_by_template ON inquiries (environment, template_id, expires_at, id)
    WHERE status IN ('created', 'pending');
