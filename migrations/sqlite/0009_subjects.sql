-- Whom payloads are about, each with the key that its payloads are sealed under. A subject whose key was destroyed
-- keeps its row: it tells when and why, and that payloads which come late are not to be kept.
CREATE TABLE subjects (
    environment       TEXT NOT NULL,
    subject           TEXT NOT NULL, -- 'inquiry/inq_…', 'account/act_…', or what else a payload is about
    sealed_key        BLOB,
    master_key_id     TEXT,          -- what it is sealed under
    created_at        INTEGER NOT NULL,
    destroyed_at      INTEGER,       -- our clock: when it last lost a key
    destroyed_because TEXT CHECK (destroyed_because IN ('redacted', 'retention', 'master key lost')),
    PRIMARY KEY (environment, subject),
    CHECK ((sealed_key IS NULL) = (master_key_id IS NULL)),
    CHECK ((destroyed_at IS NULL) = (destroyed_because IS NULL)),
    CHECK (sealed_key IS NOT NULL OR destroyed_at IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX subjects_with_keys ON subjects (created_at) WHERE sealed_key IS NOT NULL;

-- The master keys that were ever current here, as far as they are not destroyed: a start without one of them is refused.
CREATE TABLE master_keys (
    id            TEXT NOT NULL,
    first_used_at INTEGER NOT NULL, -- our clock
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

-- Null: the inquiry of the event is whom it is about, which is most often so.
ALTER TABLE events ADD COLUMN subject TEXT;

CREATE INDEX events_by_subject ON events (environment, subject) WHERE subject IS NOT NULL;
CREATE INDEX inquiries_by_account ON inquiries (environment, account_id);
