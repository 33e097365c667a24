-- Session tokens for Persona's SDKs, each sealed under the key of its inquiry, until they expire: whichever process is
-- asked gives the same one, and one process at a time asks Persona.
CREATE TABLE session_tokens (
    environment TEXT NOT NULL,
    inquiry_id  TEXT NOT NULL,
    generation  INTEGER NOT NULL, -- the number it was asked for under
    token       BLOB,             -- null while somebody asks for it
    kept_until  INTEGER NOT NULL, -- our clock: how long it can be given again, or somebody may be asking
    PRIMARY KEY (inquiry_id, environment),
    FOREIGN KEY (inquiry_id, environment) REFERENCES inquiries (id, environment) ON DELETE CASCADE
) STRICT;

CREATE INDEX session_tokens_by_time ON session_tokens (kept_until);

-- When an application last asked: rows that served their time go, those of people with an inquiry stay.
ALTER TABLE creations ADD COLUMN touched_at INTEGER NOT NULL DEFAULT 0; -- our clock
UPDATE creations SET touched_at = unixepoch() * 1000000;
CREATE INDEX creations_by_time ON creations (touched_at);

ALTER TABLE static_links ADD COLUMN touched_at INTEGER NOT NULL DEFAULT 0; -- our clock
UPDATE static_links SET touched_at = unixepoch() * 1000000;
CREATE INDEX static_links_by_time ON static_links (touched_at);

-- Two more kinds of rows.
CREATE TABLE new_prunings (
    kind       TEXT NOT NULL
               CHECK (kind IN ('payloads', 'events', 'actions', 'inquiries', 'creations', 'static-links')),
    done_until INTEGER NOT NULL, -- our clock: of what is older, nothing is left to be pruned
    pruned_at  INTEGER NOT NULL,
    pruned     INTEGER NOT NULL CHECK (pruned >= 0), -- rows, ever
    PRIMARY KEY (kind)
) STRICT;
INSERT INTO new_prunings SELECT kind, done_until, pruned_at, pruned FROM prunings;
DROP TABLE prunings;
ALTER TABLE new_prunings RENAME TO prunings;
