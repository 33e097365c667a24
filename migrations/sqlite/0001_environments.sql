-- What we remember of each configured Persona environment.
-- Here and in every table: times are microseconds since 1970-01-01T00:00:00Z.
CREATE TABLE environments (
    name              TEXT NOT NULL,
    rules_fingerprint TEXT NOT NULL, -- a change starts a batched re-plan
    updated_at        INTEGER NOT NULL,
    PRIMARY KEY (name)
) STRICT;
