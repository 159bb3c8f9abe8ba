-- What a run has read of its configuration: JSON pointers, never values (store/src/runs/reads.rs).
ALTER TABLE runs ADD COLUMN paths_read TEXT;
