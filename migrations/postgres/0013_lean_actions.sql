-- Written several times in its life, an action pays for every index each time.
-- Its id is made of its environment and its dedupe key, so the primary key says all that the second one did. What a
-- foreign key would check is locked by the transaction that plans, and retention takes attempts along with their action.
ALTER TABLE attempts DROP CONSTRAINT attempts_action_id_fkey;
ALTER TABLE actions
    DROP CONSTRAINT actions_inquiry_id_environment_fkey,
    DROP CONSTRAINT actions_environment_dedupe_key_key;

DROP INDEX actions_by_state;
CREATE INDEX actions_failed ON actions (environment, kind, finished_at) WHERE state = 'failed';
