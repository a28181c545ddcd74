-- Version 7: control: sub-agents, stops.
ALTER TABLE asks ADD COLUMN agent TEXT NOT NULL DEFAULT 'main'
--;
CREATE TABLE subagents (
  run TEXT NOT NULL REFERENCES runs (id),
  agent TEXT NOT NULL,
  seq INTEGER NOT NULL,
  tools TEXT NOT NULL,
  prompt TEXT NOT NULL,
  outcome TEXT,
  PRIMARY KEY (run, agent)
) STRICT, WITHOUT ROWID
--;
