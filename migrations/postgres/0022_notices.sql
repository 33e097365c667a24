-- How people are reached, each sealed under a key of their own, which is a subject.
CREATE TABLE contacts (
    environment  TEXT COLLATE "C" NOT NULL,
    subject      TEXT COLLATE "C" NOT NULL,
    customer     TEXT COLLATE "C" NOT NULL, -- whose person it is; '' for the operator's own
    reference_id TEXT COLLATE "C" NOT NULL, -- the application's own name for the person
    source       TEXT NOT NULL CHECK (source IN ('given', 'answered')),
    contact      BYTEA,             -- null where the application was asked and knows none
    address_hash TEXT COLLATE "C",  -- keyed, to be found among the suppressed
    told_at      TIMESTAMPTZ NOT NULL, -- our clock
    PRIMARY KEY (environment, subject)
);
CREATE INDEX contacts_by_person ON contacts (reference_id, environment);
CREATE INDEX contacts_by_time ON contacts (told_at);

-- Who was told what, when, by which channel. People stand in it by keyed hashes.
CREATE TABLE notices (
    action_id   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    environment TEXT COLLATE "C" NOT NULL,
    inquiry_id  TEXT COLLATE "C" NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('remind', 'invite')),
    occasion    TEXT COLLATE "C" NOT NULL, -- the same for every channel by which one thing is told
    notifier    TEXT COLLATE "C" NOT NULL,
    person      TEXT COLLATE "C" NOT NULL,
    told_at     TIMESTAMPTZ NOT NULL -- our clock
);
CREATE INDEX notices_by_person ON notices (person, told_at);
CREATE INDEX notices_by_time ON notices (told_at);

-- What people do not want to be told. Addresses stand in it by keyed hashes.
CREATE TABLE suppressions (
    id            TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind          TEXT NOT NULL CHECK (kind IN ('person', 'address', 'lineage')),
    value         TEXT COLLATE "C" NOT NULL, -- a reference id, a keyed hash in hex, or a lineage's first inquiry
    environment   TEXT COLLATE "C" NOT NULL, -- '' for all
    customer      TEXT COLLATE "C" NOT NULL, -- whose people it holds for; '' for everyone's
    notifier      TEXT COLLATE "C" NOT NULL, -- '' for all
    reason        TEXT NOT NULL,
    suppressed_by TEXT NOT NULL,
    suppressed_at TIMESTAMPTZ NOT NULL -- our clock
);
CREATE INDEX suppressions_by_value ON suppressions (value, kind);

-- Two more kinds of rows.
ALTER TABLE prunings DROP CONSTRAINT prunings_kind_check;
ALTER TABLE prunings ADD CONSTRAINT prunings_kind_check
    CHECK (kind IN ('payloads', 'events', 'actions', 'inquiries', 'creations', 'static-links', 'contacts', 'notices'));
