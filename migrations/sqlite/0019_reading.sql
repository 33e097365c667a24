-- What is read by people: how often things happened, what was refused, and ways to what they look for.

-- Appended in the transaction that makes it happen, and folded into `tallies` by one process.
CREATE TABLE tally_deltas (
    number      INTEGER NOT NULL,
    environment TEXT NOT NULL,
    tally       TEXT NOT NULL, -- open: what is counted comes with releases
    hour        INTEGER NOT NULL, -- our clock
    count       INTEGER NOT NULL,
    PRIMARY KEY (number AUTOINCREMENT)
) STRICT;

CREATE TABLE tallies (
    environment TEXT NOT NULL,
    tally       TEXT NOT NULL,
    hour        INTEGER NOT NULL,
    count       INTEGER NOT NULL,
    PRIMARY KEY (environment, hour, tally)
) STRICT;

-- The latest deliveries that were refused; nothing of their bodies.
CREATE TABLE refusals (
    number      INTEGER NOT NULL,
    refused_at  INTEGER NOT NULL, -- our clock
    environment TEXT,             -- null: its route named none of ours
    outcome     TEXT NOT NULL,
    reason      TEXT NOT NULL,
    address     TEXT,
    PRIMARY KEY (number AUTOINCREMENT)
) STRICT;

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
SELECT environment,
       id,
       status,
       reference_id,
       account_id,
       template_id,
       template_version_id,
       lineage,
       strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000000.0, 'unixepoch') AS created_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', expires_at / 1000000.0, 'unixepoch') AS expires_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', last_observed_at / 1000000.0, 'unixepoch') AS last_observed_at,
       redacted,
       strftime('%Y-%m-%dT%H:%M:%fZ', first_seen_at / 1000000.0, 'unixepoch') AS first_seen_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1000000.0, 'unixepoch') AS updated_at
FROM inquiries;

CREATE VIEW view_events AS
SELECT environment,
       id,
       name,
       inquiry_id,
       origin,
       outcome,
       reason,
       deliveries,
       strftime('%Y-%m-%dT%H:%M:%fZ', occurred_at / 1000000.0, 'unixepoch') AS occurred_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', received_at / 1000000.0, 'unixepoch') AS received_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', last_received_at / 1000000.0, 'unixepoch') AS last_received_at,
       decided_by,
       strftime('%Y-%m-%dT%H:%M:%fZ', decided_at / 1000000.0, 'unixepoch') AS decided_at
FROM events;

CREATE VIEW view_actions AS
SELECT environment,
       id,
       inquiry_id,
       lineage,
       kind,
       state,
       reason,
       attempts,
       max_attempts,
       strftime('%Y-%m-%dT%H:%M:%fZ', due_at / 1000000.0, 'unixepoch') AS due_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000000.0, 'unixepoch') AS created_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000000.0, 'unixepoch') AS started_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', finished_at / 1000000.0, 'unixepoch') AS finished_at
FROM actions;

CREATE VIEW view_attempts AS
SELECT actions.environment,
       attempts.action_id,
       actions.kind,
       actions.inquiry_id,
       attempts.number,
       attempts.worker,
       attempts.outcome,
       attempts.error,
       strftime('%Y-%m-%dT%H:%M:%fZ', attempts.started_at / 1000000.0, 'unixepoch') AS started_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', attempts.ended_at / 1000000.0, 'unixepoch') AS ended_at
FROM attempts JOIN actions ON actions.id = attempts.action_id;

CREATE VIEW view_tallies AS
SELECT environment,
       tally,
       strftime('%Y-%m-%dT%H:%M:%fZ', hour / 1000000.0, 'unixepoch') AS hour,
       CAST(sum(count) AS INTEGER) AS count
FROM (SELECT environment, tally, hour, count FROM tallies
      UNION ALL
      SELECT environment, tally, hour, count FROM tally_deltas) AS counted
GROUP BY environment, tally, hour;

CREATE VIEW view_templates AS
SELECT environment,
       id,
       name,
       latest_version,
       strftime('%Y-%m-%dT%H:%M:%fZ', latest_version_observed_at / 1000000.0, 'unixepoch') AS latest_version_observed_at,
       latest_version_source,
       strftime('%Y-%m-%dT%H:%M:%fZ', learnt_at / 1000000.0, 'unixepoch') AS learnt_at
FROM templates;

CREATE VIEW view_lanes AS
SELECT environment,
       kind,
       priority,
       paused,
       reason,
       changed_by,
       strftime('%Y-%m-%dT%H:%M:%fZ', changed_at / 1000000.0, 'unixepoch') AS changed_at
FROM lanes;

CREATE VIEW view_reconciliations AS
SELECT environment,
       strftime('%Y-%m-%dT%H:%M:%fZ', reconciled_until / 1000000.0, 'unixepoch') AS reconciled_until,
       strftime('%Y-%m-%dT%H:%M:%fZ', began_at / 1000000.0, 'unixepoch') AS began_at,
       why,
       stage,
       strftime('%Y-%m-%dT%H:%M:%fZ', touched_at / 1000000.0, 'unixepoch') AS touched_at,
       error
FROM reconciliations;

CREATE VIEW view_budgets AS
SELECT environment,
       call_limit,
       calls_left,
       pace,
       strftime('%Y-%m-%dT%H:%M:%fZ', resets_at / 1000000.0, 'unixepoch') AS resets_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', closed_until / 1000000.0, 'unixepoch') AS closed_until,
       strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1000000.0, 'unixepoch') AS updated_at
FROM budgets;

CREATE VIEW view_refusals AS
SELECT number,
       strftime('%Y-%m-%dT%H:%M:%fZ', refused_at / 1000000.0, 'unixepoch') AS refused_at,
       environment,
       outcome,
       reason,
       address
FROM refusals;
