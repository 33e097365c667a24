-- What was last told of each template, each attribute with the time it was told for.
CREATE TABLE templates (
    environment                TEXT NOT NULL,
    id                         TEXT NOT NULL,
    name                       TEXT,
    name_observed_at           INTEGER, -- Persona's clock
    latest_version             TEXT,
    latest_version_observed_at INTEGER, -- Persona's clock
    observed_at                INTEGER NOT NULL,
    learnt_at                  INTEGER NOT NULL, -- our clock: when something newer was last told
    PRIMARY KEY (environment, id),
    CHECK ((name IS NULL) = (name_observed_at IS NULL)),
    CHECK ((latest_version IS NULL) = (latest_version_observed_at IS NULL))
) STRICT;
