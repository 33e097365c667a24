-- How far what we know is known to be all there is, and the latest run that made sure of it.
CREATE TABLE reconciliations (
    environment      TEXT COLLATE "C" NOT NULL,
    reconciled_until TIMESTAMPTZ NOT NULL, -- our clock: what changed before it is known
    began_at         TIMESTAMPTZ,      -- of the latest run; null before the first, with all that follows
    why              TEXT CHECK (why IN ('schedule', 'silence', 'asked')),
    since            TIMESTAMPTZ,      -- it looks at what changed from then on
    stage            TEXT CHECK (stage IN ('search', 'events', 'quarantine', 'reread', 'done')),
    place            TEXT,             -- where within the stage it goes on: an id
    found            TEXT,
    touched_at       TIMESTAMPTZ,
    error            TEXT,             -- why it stopped before it was done
    holder           TEXT,             -- who runs it
    held_until       TIMESTAMPTZ,     -- our clock
    PRIMARY KEY (environment),
    CHECK ((began_at IS NULL) = (why IS NULL) AND (began_at IS NULL) = (since IS NULL)),
    CHECK ((began_at IS NULL) = (stage IS NULL) AND (began_at IS NULL) = (found IS NULL)),
    CHECK ((began_at IS NULL) = (touched_at IS NULL)),
    CHECK ((holder IS NULL) = (held_until IS NULL))
);
