-- Secrets of webhooks that were set up at Persona, each sealed under the key of its webhook, which is a subject.
CREATE TABLE webhook_secrets (
    environment TEXT COLLATE "C" NOT NULL,
    webhook_id  TEXT COLLATE "C" NOT NULL,
    number      INTEGER NOT NULL CHECK (number >= 0), -- in the order in which Persona gave them
    secret      BYTEA NOT NULL,
    ends_at     TIMESTAMPTZ,          -- Persona's clock: when it was rotated out
    stored_at   TIMESTAMPTZ NOT NULL, -- our clock
    PRIMARY KEY (environment, webhook_id, number)
);
