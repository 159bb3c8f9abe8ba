-- What writes of metadata do to data (store/src/syncs/effects.rs).
-- It owes a re-sync until a run succeeds.
ALTER TABLE syncs ADD COLUMN resync BOOLEAN NOT NULL DEFAULT FALSE;
-- Another run follows the one that goes on: that one has a configuration of before.
ALTER TABLE syncs ADD COLUMN run_again BOOLEAN NOT NULL DEFAULT FALSE;
