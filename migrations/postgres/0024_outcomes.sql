-- What came of reminding, and of not reminding those who are held out.

-- One row for each step of each verification, and one without a step for the verification as a whole.
CREATE TABLE outcomes (
    environment TEXT COLLATE "C" NOT NULL,
    lineage     TEXT COLLATE "C" NOT NULL, -- the first inquiry of its succession
    step        TEXT COLLATE "C" NOT NULL, -- '': the first step of all that came due
    template_id TEXT COLLATE "C" NOT NULL, -- '': not known
    held_out    BOOLEAN NOT NULL,
    link_form   TEXT NOT NULL, -- open: forms come with releases
    noticed_at  TIMESTAMPTZ NOT NULL, -- our clock: handed over, or passed over
    deadline    TIMESTAMPTZ NOT NULL, -- what comes later is not counted
    closed      BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (environment, lineage, step)
);

CREATE INDEX outcomes_open ON outcomes (deadline) WHERE NOT closed;
CREATE INDEX outcomes_open_of_template ON outcomes (environment, template_id) WHERE NOT closed AND step = '';
CREATE INDEX outcomes_by_time ON outcomes (noticed_at);

-- Those that are closed, added up by the day of the notice.
CREATE TABLE outcome_counts (
    environment TEXT COLLATE "C" NOT NULL,
    day         TIMESTAMPTZ NOT NULL, -- our clock, by UTC
    template_id TEXT COLLATE "C" NOT NULL,
    step        TEXT COLLATE "C" NOT NULL,
    link_form   TEXT COLLATE "C" NOT NULL,
    held_out    BOOLEAN NOT NULL,
    people      BIGINT NOT NULL,
    opened      BIGINT NOT NULL,
    came_back   BIGINT NOT NULL,
    finished    BIGINT NOT NULL,
    PRIMARY KEY (environment, day, template_id, step, link_form, held_out)
);

CREATE VIEW view_outcomes AS
SELECT environment,
       day,
       template_id,
       step,
       link_form,
       held_out,
       people,
       opened,
       came_back,
       finished
FROM outcome_counts;
