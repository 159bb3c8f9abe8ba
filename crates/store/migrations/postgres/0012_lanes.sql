-- Runs that webhooks start are in a lane like queued actions (store/src/lanes.rs): those that wait are parked, and go on
-- in the order of their events. They were queued for a time that never comes.
UPDATE runs SET lane = connection_id || ':webhooks', parked = (state = 'queued' AND run_at = 221845392000000000),
                run_at = CASE WHEN run_at = 221845392000000000 THEN created_at ELSE run_at END
WHERE kind = 'webhook' AND state IN ('queued', 'running');
DROP INDEX runs_in_lane;
DROP INDEX runs_parked;
CREATE INDEX runs_parked ON runs (lane, event_id, event_item, run_at, function_name, id) WHERE state = 'queued' AND parked;
