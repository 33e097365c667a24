-- How far each kind of row was pruned: the next time begins there, and not at rows that were looked at before.
CREATE TABLE prunings (
    kind       TEXT COLLATE "C" NOT NULL CHECK (kind IN ('payloads', 'events', 'actions', 'inquiries')),
    done_until TIMESTAMPTZ NOT NULL, -- our clock: of what is older, nothing is left to be pruned
    pruned_at  TIMESTAMPTZ NOT NULL,
    pruned     BIGINT NOT NULL CHECK (pruned >= 0), -- rows, ever
    PRIMARY KEY (kind)
);
