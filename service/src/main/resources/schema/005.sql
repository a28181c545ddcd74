-- Version 5: audit: people and checkpoints.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  type TEXT NOT NULL,
  agent TEXT NOT NULL,
  key TEXT NOT NULL UNIQUE,
  data TEXT NOT NULL,
  prev TEXT NOT NULL CHECK (length(prev) = 64),
  hash TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT
--;
CREATE TRIGGER audit_append_only BEFORE INSERT ON audit
BEGIN
  SELECT CASE
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
      THEN RAISE(ABORT, 'audit: seq is not the last plus one')
    WHEN EXISTS (SELECT 1 FROM audit WHERE key = NEW.key)
      THEN RAISE(ABORT, 'audit: the key exists')
    WHEN NEW.prev IS NOT coalesce(
        (SELECT hash FROM audit WHERE seq = NEW.seq - 1),
        '0000000000000000000000000000000000000000000000000000000000000000')
      THEN RAISE(ABORT, 'audit: prev is not the hash before')
    WHEN NEW.at < (SELECT at FROM audit WHERE seq = NEW.seq - 1)
      THEN RAISE(ABORT, 'audit: at goes back')
    WHEN NEW.hash GLOB '*[^0-9a-f]*' THEN RAISE(ABORT, 'audit: hash is no SHA-256')
  END;
END
--;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit: rows never change'); END
--;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit: rows are never deleted'); END
--;
-- Public halves of all keys that ever signed here, the newest last.
CREATE TABLE audit_keys (
  n INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE CHECK (length(id) = 64),
  pem TEXT NOT NULL,
  at TEXT NOT NULL
) STRICT
--;
CREATE TRIGGER audit_keys_append_only BEFORE INSERT ON audit_keys
WHEN EXISTS (SELECT 1 FROM audit_keys WHERE n = NEW.n OR id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'audit_keys: the key exists'); END
--;
CREATE TRIGGER audit_keys_no_update BEFORE UPDATE ON audit_keys
BEGIN SELECT RAISE(ABORT, 'audit_keys: rows never change'); END
--;
CREATE TRIGGER audit_keys_no_delete BEFORE DELETE ON audit_keys
BEGIN SELECT RAISE(ABORT, 'audit_keys: rows are never deleted'); END
--;
-- Of runs and, as run 'audit', of the audit log. n is the order in which an anchor file has them.
CREATE TABLE checkpoints (
  n INTEGER PRIMARY KEY,
  run TEXT NOT NULL,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  at TEXT NOT NULL,
  key_id TEXT NOT NULL REFERENCES audit_keys (id),
  signature TEXT NOT NULL,
  UNIQUE (run, seq, key_id)
) STRICT
--;
CREATE TRIGGER checkpoints_append_only BEFORE INSERT ON checkpoints
BEGIN
  SELECT CASE
    WHEN NEW.n IS NOT (SELECT coalesce(max(n), 0) + 1 FROM checkpoints)
      THEN RAISE(ABORT, 'checkpoints: n is not the last plus one')
    WHEN EXISTS (SELECT 1 FROM checkpoints
        WHERE run = NEW.run AND seq = NEW.seq AND key_id = NEW.key_id)
      THEN RAISE(ABORT, 'checkpoints: the checkpoint exists')
    WHEN NEW.hash IS NOT (CASE WHEN NEW.run = 'audit'
        THEN (SELECT hash FROM audit WHERE seq = NEW.seq)
        ELSE (SELECT hash FROM events WHERE run = NEW.run AND seq = NEW.seq) END)
      THEN RAISE(ABORT, 'checkpoints: the log has another event there')
  END;
END
--;
CREATE TRIGGER checkpoints_no_update BEFORE UPDATE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'checkpoints: rows never change'); END
--;
CREATE TRIGGER checkpoints_no_delete BEFORE DELETE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'checkpoints: rows are never deleted'); END
--;
-- Histories of workflow executions that have ended, as gzipped JSON.
CREATE TABLE histories (
  run TEXT NOT NULL REFERENCES runs (id),
  workflow TEXT NOT NULL,
  execution TEXT NOT NULL,
  at TEXT NOT NULL,
  bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  content BLOB NOT NULL,
  PRIMARY KEY (run, workflow, execution)
) STRICT
--;
CREATE TRIGGER histories_append_only BEFORE INSERT ON histories
WHEN EXISTS (SELECT 1 FROM histories
    WHERE run = NEW.run AND workflow = NEW.workflow AND execution = NEW.execution)
BEGIN SELECT RAISE(ABORT, 'histories: the history exists'); END
--;
CREATE TRIGGER histories_no_update BEFORE UPDATE ON histories
BEGIN SELECT RAISE(ABORT, 'histories: rows never change'); END
--;
CREATE TRIGGER histories_no_delete BEFORE DELETE ON histories
BEGIN SELECT RAISE(ABORT, 'histories: rows are never deleted'); END
--;
-- Workflows whose chain is archived to its end, or is lost for the reason that is given.
CREATE TABLE archived (
  run TEXT NOT NULL REFERENCES runs (id),
  workflow TEXT NOT NULL,
  at TEXT NOT NULL,
  lost TEXT,
  PRIMARY KEY (run, workflow)
) STRICT, WITHOUT ROWID
--;
