-- What is left of each environment's rate limit, and in which process' hands it is.
CREATE TABLE budgets (
    environment   TEXT COLLATE "C" NOT NULL,
    call_limit    INTEGER CHECK (call_limit >= 1), -- calls a window allows; null until an answer said so
    calls_left    INTEGER NOT NULL CHECK (calls_left >= 0),
    calls_blind   INTEGER NOT NULL CHECK (calls_blind >= 0), -- those of which no answer told
    resets_at     TIMESTAMPTZ, -- our clock: the end of the last window that was told of
    assumed_since TIMESTAMPTZ, -- our clock: the beginning of a window of which nothing was told yet
    pace          INTEGER NOT NULL CHECK (pace BETWEEN 1 AND 100), -- per cent of the limit
    slowed_at     TIMESTAMPTZ, -- our clock: when a refusal last halved the pace
    closed_until  TIMESTAMPTZ, -- our clock: nothing is asked before
    granted       TEXT NOT NULL, -- calls in this window, by urgency
    holdings      TEXT NOT NULL, -- by process: calls in hand or under way, until when
    updated_at    TIMESTAMPTZ NOT NULL, -- our clock
    PRIMARY KEY (environment)
);
