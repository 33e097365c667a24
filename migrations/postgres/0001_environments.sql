-- What we remember of each configured Persona environment.
CREATE TABLE environments (
    name              TEXT COLLATE "C" NOT NULL,
    rules_fingerprint TEXT NOT NULL, -- a change starts a batched re-plan
    updated_at        TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (name)
);
