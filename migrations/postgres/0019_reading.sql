-- What is read by people: how often things happened, what was refused, and ways to what they look for.

-- Appended in the transaction that makes it happen, and folded into `tallies` by one process.
CREATE TABLE tally_deltas (
    number      BIGINT GENERATED ALWAYS AS IDENTITY,
    environment TEXT COLLATE "C" NOT NULL,
    tally       TEXT COLLATE "C" NOT NULL, -- open: what is counted comes with releases
    hour        TIMESTAMPTZ NOT NULL,      -- our clock
    count       BIGINT NOT NULL,
    PRIMARY KEY (number)
);

CREATE TABLE tallies (
    environment TEXT COLLATE "C" NOT NULL,
    tally       TEXT COLLATE "C" NOT NULL,
    hour        TIMESTAMPTZ NOT NULL,
    count       BIGINT NOT NULL,
    PRIMARY KEY (environment, hour, tally)
);

-- The latest deliveries that were refused; nothing of their bodies.
CREATE TABLE refusals (
    number      BIGINT GENERATED ALWAYS AS IDENTITY,
    refused_at  TIMESTAMPTZ NOT NULL, -- our clock
    environment TEXT COLLATE "C",     -- null: its route named none of ours
    outcome     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    address     TEXT,
    PRIMARY KEY (number)
);

-- Open inquiries by their deadline, and by the version they are of.
CREATE INDEX inquiries_open_by_deadline ON inquiries (environment, expires_at, id)
    WHERE status IN ('created', 'pending');
CREATE INDEX inquiries_open_by_version ON inquiries (environment, template_id, template_version_id, expires_at, id)
    WHERE status IN ('created', 'pending');
-- Few rows ever have these, and the others don't pay for them.
CREATE INDEX actions_failed_by_inquiry ON actions (environment, inquiry_id) WHERE state = 'failed';
CREATE INDEX events_set_aside ON events (environment, outcome, received_at, id)
    WHERE outcome IN ('quarantined', 'unreadable', 'discarded');

-- For those who look with tools of their own; docs/views.md says what each column is.
CREATE VIEW view_inquiries AS
SELECT environment, id, status, reference_id, account_id, template_id, template_version_id, lineage, created_at,
       expires_at, last_observed_at, redacted, first_seen_at, updated_at
FROM inquiries;

CREATE VIEW view_events AS
SELECT environment, id, name, inquiry_id, origin, outcome, reason, deliveries, occurred_at, received_at,
       last_received_at, decided_by, decided_at
FROM events;

CREATE VIEW view_actions AS
SELECT environment, id, inquiry_id, lineage, kind, state, reason, attempts, max_attempts, due_at, created_at,
       started_at, finished_at
FROM actions;

CREATE VIEW view_attempts AS
SELECT actions.environment, attempts.action_id, actions.kind, actions.inquiry_id, attempts.number, attempts.worker,
       attempts.outcome, attempts.error, attempts.started_at, attempts.ended_at
FROM attempts JOIN actions ON actions.id = attempts.action_id;

CREATE VIEW view_tallies AS
SELECT environment, tally, hour, CAST(sum(count) AS BIGINT) AS count
FROM (SELECT environment, tally, hour, count FROM tallies
      UNION ALL
      SELECT environment, tally, hour, count FROM tally_deltas) AS counted
GROUP BY environment, tally, hour;

CREATE VIEW view_templates AS
SELECT environment, id, name, latest_version, latest_version_observed_at, latest_version_source, learnt_at
FROM templates;

CREATE VIEW view_lanes AS
SELECT environment, kind, priority, paused, reason, changed_by, changed_at
FROM lanes;

CREATE VIEW view_reconciliations AS
SELECT environment, reconciled_until, began_at, why, stage, touched_at, error
FROM reconciliations;

CREATE VIEW view_budgets AS
SELECT environment, call_limit, calls_left, pace, resets_at, closed_until, updated_at
FROM budgets;

CREATE VIEW view_refusals AS
SELECT number, refused_at, environment, outcome, reason, address
FROM refusals;
