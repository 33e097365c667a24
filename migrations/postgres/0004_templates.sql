-- What was last told of each template, each attribute with the time it was told for.
CREATE TABLE templates (
    environment                TEXT COLLATE "C" NOT NULL,
    id                         TEXT COLLATE "C" NOT NULL,
    name                       TEXT COLLATE "C",
    name_observed_at           TIMESTAMPTZ, -- Persona's clock
    latest_version             TEXT COLLATE "C",
    latest_version_observed_at TIMESTAMPTZ, -- Persona's clock
    observed_at                TIMESTAMPTZ NOT NULL,
    learnt_at                  TIMESTAMPTZ NOT NULL, -- our clock: when something newer was last told
    PRIMARY KEY (environment, id),
    CHECK ((name IS NULL) = (name_observed_at IS NULL)),
    CHECK ((latest_version IS NULL) = (latest_version_observed_at IS NULL))
);
