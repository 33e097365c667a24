-- How far each kind of row was pruned: the next time begins there, and not at rows that were looked at before.
CREATE TABLE prunings (
    kind       TEXT NOT NULL CHECK (kind IN ('payloads', 'events', 'actions', 'inquiries')),
    done_until INTEGER NOT NULL, -- our clock: of what is older, nothing is left to be pruned
    pruned_at  INTEGER NOT NULL,
    pruned     INTEGER NOT NULL CHECK (pruned >= 0), -- rows, ever
    PRIMARY KEY (kind)
) STRICT;
