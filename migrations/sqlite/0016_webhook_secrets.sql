-- Secrets of webhooks that were set up at Persona, each sealed under the key of its webhook, which is a subject.
CREATE TABLE webhook_secrets (
    environment TEXT NOT NULL,
    webhook_id  TEXT NOT NULL,
    number      INTEGER NOT NULL CHECK (number >= 0), -- in the order in which Persona gave them
    secret      BLOB NOT NULL,
    ends_at     INTEGER,          -- Persona's clock: when it was rotated out
    stored_at   INTEGER NOT NULL, -- our clock
    PRIMARY KEY (environment, webhook_id, number)
) STRICT, WITHOUT ROWID;
