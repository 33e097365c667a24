-- What came of reminding, and of not reminding those who are held out.

-- One row for each step of each verification, and one without a step for the verification as a whole.
CREATE TABLE outcomes (
    environment TEXT NOT NULL,
    lineage     TEXT NOT NULL, -- the first inquiry of its succession
    step        TEXT NOT NULL, -- '': the first step of all that came due
    template_id TEXT NOT NULL, -- '': not known
    held_out    INTEGER NOT NULL CHECK (held_out IN (0, 1)),
    link_form   TEXT NOT NULL, -- open: forms come with releases
    noticed_at  INTEGER NOT NULL, -- our clock: handed over, or passed over
    deadline    INTEGER NOT NULL, -- what comes later is not counted
    closed      INTEGER NOT NULL DEFAULT 0 CHECK (closed IN (0, 1)),
    PRIMARY KEY (environment, lineage, step)
) STRICT, WITHOUT ROWID;

CREATE INDEX outcomes_open ON outcomes (deadline) WHERE NOT closed;
CREATE INDEX outcomes_open_of_template ON outcomes (environment, template_id) WHERE NOT closed AND step = '';
CREATE INDEX outcomes_by_time ON outcomes (noticed_at);

-- Those that are closed, added up by the day of the notice.
CREATE TABLE outcome_counts (
    environment TEXT NOT NULL,
    day         INTEGER NOT NULL, -- our clock, by UTC
    template_id TEXT NOT NULL,
    step        TEXT NOT NULL,
    link_form   TEXT NOT NULL,
    held_out    INTEGER NOT NULL CHECK (held_out IN (0, 1)),
    people      INTEGER NOT NULL,
    opened      INTEGER NOT NULL,
    came_back   INTEGER NOT NULL,
    finished    INTEGER NOT NULL,
    PRIMARY KEY (environment, day, template_id, step, link_form, held_out)
) STRICT, WITHOUT ROWID;

CREATE VIEW view_outcomes AS
SELECT environment,
       strftime('%Y-%m-%dT%H:%M:%fZ', day / 1000000.0, 'unixepoch') AS day,
       template_id,
       step,
       link_form,
       held_out,
       people,
       opened,
       came_back,
       finished
FROM outcome_counts;
