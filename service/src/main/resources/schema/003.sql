-- Version 3: files: snapshots, rollbacks, forks.
-- A workspace as it was right after the event seq. kind: start, taken (after a call), undo (just
-- before a rollback), restored (by a rollback). The newest row at or before a seq is the workspace
-- at that seq, over all epochs.
CREATE TABLE snapshots (
  run TEXT NOT NULL REFERENCES runs (id),
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('start', 'taken', 'undo', 'restored')),
  id TEXT NOT NULL,
  tree TEXT NOT NULL CHECK (length(tree) = 40),
  at TEXT NOT NULL,
  tool_use_id TEXT,
  files INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  changed INTEGER NOT NULL,
  PRIMARY KEY (run, seq, kind)
) STRICT, WITHOUT ROWID
--;
CREATE INDEX snapshots_by_id ON snapshots (run, id, seq)
--;
-- What the workflow of an epoch begins with, where that is not nothing: workflows.RunStart.Carry.
CREATE TABLE epoch_starts (
  run TEXT NOT NULL REFERENCES runs (id),
  epoch INTEGER NOT NULL,
  carry TEXT NOT NULL,
  PRIMARY KEY (run, epoch)
) STRICT, WITHOUT ROWID
--;
-- A rollback or restart that is under way; the next start of the service finishes it. One a run.
CREATE TABLE rollbacks (
  run TEXT PRIMARY KEY REFERENCES runs (id),
  epoch INTEGER NOT NULL,
  wanted TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('asked', 'decided')),
  tree TEXT,
  at TEXT NOT NULL
) STRICT, WITHOUT ROWID
--;
