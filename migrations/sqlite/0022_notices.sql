-- How people are reached, each sealed under a key of their own, which is a subject.
CREATE TABLE contacts (
    environment  TEXT NOT NULL,
    subject      TEXT NOT NULL,
    customer     TEXT NOT NULL, -- whose person it is; '' for the operator's own
    reference_id TEXT NOT NULL, -- the application's own name for the person
    source       TEXT NOT NULL CHECK (source IN ('given', 'answered')),
    contact      BLOB,          -- null where the application was asked and knows none
    address_hash TEXT,          -- keyed, to be found among the suppressed
    told_at      INTEGER NOT NULL, -- our clock
    PRIMARY KEY (environment, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX contacts_by_person ON contacts (reference_id, environment);
CREATE INDEX contacts_by_time ON contacts (told_at);

-- Who was told what, when, by which channel. People stand in it by keyed hashes.
CREATE TABLE notices (
    action_id   TEXT NOT NULL PRIMARY KEY,
    environment TEXT NOT NULL,
    inquiry_id  TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('remind', 'invite')),
    occasion    TEXT NOT NULL, -- the same for every channel by which one thing is told
    notifier    TEXT NOT NULL,
    person      TEXT NOT NULL,
    told_at     INTEGER NOT NULL -- our clock
) STRICT, WITHOUT ROWID;
CREATE INDEX notices_by_person ON notices (person, told_at);
CREATE INDEX notices_by_time ON notices (told_at);

-- What people do not want to be told. Addresses stand in it by keyed hashes.
CREATE TABLE suppressions (
    id            TEXT NOT NULL PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('person', 'address', 'lineage')),
    value         TEXT NOT NULL, -- a reference id, a keyed hash in hex, or a lineage's first inquiry
    environment   TEXT NOT NULL, -- '' for all
    customer      TEXT NOT NULL, -- whose people it holds for; '' for everyone's
    notifier      TEXT NOT NULL, -- '' for all
    reason        TEXT NOT NULL,
    suppressed_by TEXT NOT NULL,
    suppressed_at INTEGER NOT NULL -- our clock
) STRICT, WITHOUT ROWID;
CREATE INDEX suppressions_by_value ON suppressions (value, kind);

-- Two more kinds of rows.
CREATE TABLE new_prunings (
    kind       TEXT NOT NULL
               CHECK (kind IN ('payloads', 'events', 'actions', 'inquiries', 'creations', 'static-links',
                               'contacts', 'notices')),
    done_until INTEGER NOT NULL, -- our clock: of what is older, nothing is left to be pruned
    pruned_at  INTEGER NOT NULL,
    pruned     INTEGER NOT NULL CHECK (pruned >= 0), -- rows, ever
    PRIMARY KEY (kind)
) STRICT;
INSERT INTO new_prunings SELECT kind, done_until, pruned_at, pruned FROM prunings;
DROP TABLE prunings;
ALTER TABLE new_prunings RENAME TO prunings;
