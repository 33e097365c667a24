-- Session tokens for Persona's SDKs, each sealed under the key of its inquiry, until they expire: whichever process is
-- asked gives the same one, and one process at a time asks Persona.
CREATE TABLE session_tokens (
    environment TEXT COLLATE "C" NOT NULL,
    inquiry_id  TEXT COLLATE "C" NOT NULL,
    generation  INTEGER NOT NULL,     -- the number it was asked for under
    token       BYTEA,                -- null while somebody asks for it
    kept_until  TIMESTAMPTZ NOT NULL, -- our clock: how long it can be given again, or somebody may be asking
    PRIMARY KEY (inquiry_id, environment),
    FOREIGN KEY (inquiry_id, environment) REFERENCES inquiries (id, environment) ON DELETE CASCADE
);

CREATE INDEX session_tokens_by_time ON session_tokens (kept_until);

-- When an application last asked: rows that served their time go, those of people with an inquiry stay.
ALTER TABLE creations ADD COLUMN touched_at TIMESTAMPTZ NOT NULL DEFAULT now(); -- our clock
ALTER TABLE creations ALTER COLUMN touched_at DROP DEFAULT;
CREATE INDEX creations_by_time ON creations (touched_at);

ALTER TABLE static_links ADD COLUMN touched_at TIMESTAMPTZ NOT NULL DEFAULT now(); -- our clock
ALTER TABLE static_links ALTER COLUMN touched_at DROP DEFAULT;
CREATE INDEX static_links_by_time ON static_links (touched_at);

-- Two more kinds of rows.
ALTER TABLE prunings DROP CONSTRAINT prunings_kind_check;
ALTER TABLE prunings ADD CONSTRAINT prunings_kind_check
    CHECK (kind IN ('payloads', 'events', 'actions', 'inquiries', 'creations', 'static-links'));
