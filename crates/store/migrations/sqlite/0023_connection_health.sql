-- How connections go, so that those in trouble are listed without looking at the others (store/src/connections/list.rs).

-- When the newest run of a sync failed; null where it succeeded. A cancelled run changes nothing.
ALTER TABLE syncs ADD COLUMN failed_at INTEGER;
UPDATE syncs SET failed_at = (
    SELECT CASE WHEN runs.state = 'failed' THEN runs.finished_at END FROM runs
    WHERE runs.sync_id = syncs.id AND runs.state IN ('succeeded', 'failed')
    ORDER BY runs.created_at DESC LIMIT 1
);
CREATE INDEX syncs_failed ON syncs (environment_id, failed_at, connection_id) WHERE failed_at IS NOT NULL;
CREATE INDEX credential_refreshes_failed ON credential_refreshes (failed_at) WHERE failed_at IS NOT NULL;

-- Deleted records are counted, and listed, without looking at those that are there.
CREATE INDEX records_deleted ON records (set_id, updated_at, id) WHERE deleted_at IS NOT NULL;
