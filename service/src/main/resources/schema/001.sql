-- Version 1. Statements end with a line that holds only "--;" (a trigger's body has semicolons of
-- its own). A published file never changes; the next change is 002.sql.
CREATE TABLE blueprints (
  name TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version > 0),
  hash TEXT NOT NULL,
  project TEXT NOT NULL,
  principal TEXT NOT NULL,
  by_name TEXT NOT NULL,
  created_at TEXT NOT NULL,
  description TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (name, version)
) STRICT, WITHOUT ROWID
--;
CREATE TABLE runs (
  id TEXT PRIMARY KEY CHECK (length(id) = 32),
  n INTEGER NOT NULL UNIQUE,
  name TEXT NOT NULL,
  project TEXT NOT NULL,
  principal TEXT NOT NULL,
  by_name TEXT NOT NULL,
  blueprint TEXT NOT NULL,
  blueprint_version INTEGER NOT NULL,
  practice INTEGER NOT NULL,
  input TEXT NOT NULL,
  prompt TEXT,
  epoch INTEGER NOT NULL,
  status TEXT NOT NULL,
  waiting_for TEXT,
  waiting_since TEXT,
  reason TEXT,
  cap_micros INTEGER NOT NULL,
  spent_micros INTEGER NOT NULL DEFAULT 0,
  held_micros INTEGER NOT NULL DEFAULT 0 CHECK (held_micros >= 0),
  input_tokens INTEGER NOT NULL DEFAULT 0,
  output_tokens INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  started_at TEXT,
  finished_at TEXT,
  FOREIGN KEY (blueprint, blueprint_version) REFERENCES blueprints (name, version)
) STRICT
--;
CREATE INDEX runs_by_status ON runs (status, n)
--;
CREATE TABLE run_requests (
  request_key TEXT PRIMARY KEY,
  run TEXT NOT NULL REFERENCES runs (id),
  created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID
--;
CREATE TABLE events (
  pos INTEGER PRIMARY KEY,
  run TEXT NOT NULL REFERENCES runs (id),
  seq INTEGER NOT NULL,
  at TEXT NOT NULL,
  type TEXT NOT NULL,
  agent TEXT NOT NULL,
  key TEXT NOT NULL,
  data TEXT NOT NULL,
  prev TEXT NOT NULL CHECK (length(prev) = 64),
  hash TEXT NOT NULL CHECK (length(hash) = 64),
  UNIQUE (run, seq),
  UNIQUE (run, key)
) STRICT
--;
CREATE TRIGGER events_append_only BEFORE INSERT ON events
BEGIN
  SELECT CASE
    WHEN NEW.pos IS NOT (SELECT coalesce(max(pos), 0) + 1 FROM events)
      THEN RAISE(ABORT, 'events: pos is not the last plus one')
    WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE run = NEW.run)
      THEN RAISE(ABORT, 'events: seq is not the last plus one')
    WHEN EXISTS (SELECT 1 FROM events WHERE run = NEW.run AND key = NEW.key)
      THEN RAISE(ABORT, 'events: the key exists')
    WHEN NEW.prev IS NOT coalesce(
        (SELECT hash FROM events WHERE run = NEW.run AND seq = NEW.seq - 1),
        '0000000000000000000000000000000000000000000000000000000000000000')
      THEN RAISE(ABORT, 'events: prev is not the hash before')
    WHEN NEW.at < (SELECT at FROM events WHERE run = NEW.run AND seq = NEW.seq - 1)
      THEN RAISE(ABORT, 'events: at goes back')
    WHEN NEW.hash GLOB '*[^0-9a-f]*' THEN RAISE(ABORT, 'events: hash is no SHA-256')
  END;
END
--;
CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events: rows never change'); END
--;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events: rows are never deleted'); END
--;
CREATE TABLE journal (
  run TEXT NOT NULL REFERENCES runs (id),
  key TEXT NOT NULL,
  at TEXT NOT NULL,
  outcome TEXT NOT NULL,
  PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID
--;
CREATE TRIGGER journal_append_only BEFORE INSERT ON journal
WHEN EXISTS (SELECT 1 FROM journal WHERE run = NEW.run AND key = NEW.key)
BEGIN SELECT RAISE(ABORT, 'journal: the key exists'); END
--;
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'journal: rows never change'); END
--;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'journal: rows are never deleted'); END
--;
CREATE TABLE blobs (
  sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64),
  media_type TEXT NOT NULL,
  bytes BLOB NOT NULL,
  at TEXT NOT NULL
) STRICT
--;
CREATE TRIGGER blobs_append_only BEFORE INSERT ON blobs
WHEN EXISTS (SELECT 1 FROM blobs WHERE sha256 = NEW.sha256)
BEGIN SELECT RAISE(ABORT, 'blobs: the blob exists'); END
--;
CREATE TRIGGER blobs_no_update BEFORE UPDATE ON blobs
BEGIN SELECT RAISE(ABORT, 'blobs: rows never change'); END
--;
CREATE TRIGGER blobs_no_delete BEFORE DELETE ON blobs
BEGIN SELECT RAISE(ABORT, 'blobs: rows are never deleted'); END
--;
CREATE TABLE talk (
  hash TEXT PRIMARY KEY CHECK (length(hash) = 64),
  parent TEXT REFERENCES talk (hash),
  depth INTEGER NOT NULL,
  message TEXT NOT NULL
) STRICT
--;
CREATE TRIGGER talk_no_update BEFORE UPDATE ON talk
BEGIN SELECT RAISE(ABORT, 'talk: rows never change'); END
--;
CREATE TRIGGER talk_no_delete BEFORE DELETE ON talk
BEGIN SELECT RAISE(ABORT, 'talk: rows are never deleted'); END
--;
CREATE TABLE asks (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL,
  run TEXT NOT NULL REFERENCES runs (id),
  project TEXT NOT NULL,
  seq INTEGER NOT NULL,
  pos INTEGER NOT NULL,
  asked_at TEXT NOT NULL,
  deadline TEXT NOT NULL,
  otherwise TEXT NOT NULL,
  item TEXT NOT NULL,
  state TEXT NOT NULL,
  decision TEXT,
  principal TEXT,
  by_name TEXT,
  device TEXT,
  answer TEXT,
  closed_at TEXT
) STRICT
--;
CREATE INDEX asks_open ON asks (state, pos)
--;
CREATE INDEX asks_by_run ON asks (run, state)
--;
CREATE TABLE messages (
  run TEXT NOT NULL REFERENCES runs (id),
  id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  project TEXT NOT NULL,
  principal TEXT,
  by_name TEXT NOT NULL,
  text TEXT NOT NULL,
  wanted TEXT NOT NULL,
  state TEXT NOT NULL,
  queued_at TEXT NOT NULL,
  read_at_turn INTEGER,
  PRIMARY KEY (run, id)
) STRICT, WITHOUT ROWID
--;
CREATE TABLE calls (
  run TEXT NOT NULL REFERENCES runs (id),
  tool_use_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  agent TEXT NOT NULL,
  tool TEXT NOT NULL,
  arguments TEXT NOT NULL,
  arguments_hash TEXT NOT NULL,
  object TEXT NOT NULL,
  turn INTEGER NOT NULL,
  PRIMARY KEY (run, tool_use_id)
) STRICT, WITHOUT ROWID
--;
CREATE TABLE reservations (
  id TEXT PRIMARY KEY CHECK (length(id) = 32),
  boot TEXT NOT NULL,
  run TEXT REFERENCES runs (id),
  project TEXT,
  principal TEXT,
  call TEXT,
  model TEXT,
  held_micros INTEGER NOT NULL CHECK (held_micros >= 0),
  state TEXT NOT NULL CHECK (state IN ('open', 'settled', 'charged', 'voided')),
  prefix TEXT,
  opened_at TEXT NOT NULL,
  closed_at TEXT
) STRICT
--;
CREATE INDEX reservations_open ON reservations (boot) WHERE state = 'open'
--;
CREATE INDEX reservations_by_run ON reservations (run, state)
--;
CREATE TABLE charges (
  reservation TEXT PRIMARY KEY REFERENCES reservations (id),
  run TEXT NOT NULL REFERENCES runs (id),
  project TEXT NOT NULL,
  principal TEXT NOT NULL,
  model TEXT NOT NULL,
  amount_micros INTEGER NOT NULL,
  held_micros INTEGER NOT NULL,
  over INTEGER NOT NULL,
  reason TEXT,
  message_id TEXT,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cache_read_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  cache_write_1h_tokens INTEGER NOT NULL,
  at TEXT NOT NULL
) STRICT
--;
CREATE INDEX charges_by_run ON charges (run)
--;
CREATE TRIGGER charges_append_only BEFORE INSERT ON charges
WHEN EXISTS (SELECT 1 FROM charges WHERE reservation = NEW.reservation)
BEGIN SELECT RAISE(ABORT, 'charges: the reservation is charged'); END
--;
CREATE TRIGGER charges_no_update BEFORE UPDATE ON charges
BEGIN SELECT RAISE(ABORT, 'charges: rows never change'); END
--;
CREATE TRIGGER charges_no_delete BEFORE DELETE ON charges
BEGIN SELECT RAISE(ABORT, 'charges: rows are never deleted'); END
--;
CREATE TABLE prefixes (
  run TEXT NOT NULL REFERENCES runs (id),
  sha256 TEXT NOT NULL,
  tokens INTEGER NOT NULL,
  PRIMARY KEY (run, sha256)
) STRICT, WITHOUT ROWID
--;
CREATE TABLE raises (
  run TEXT NOT NULL REFERENCES runs (id),
  request_key TEXT NOT NULL,
  cap_micros INTEGER NOT NULL,
  PRIMARY KEY (run, request_key)
) STRICT, WITHOUT ROWID
--;
CREATE TABLE proxy_life (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  boot TEXT NOT NULL
) STRICT
--;
CREATE TABLE users (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  once_until_ms INTEGER,
  version INTEGER NOT NULL DEFAULT 1,
  disabled INTEGER NOT NULL DEFAULT 0,
  roles TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT
--;
CREATE TABLE login_addresses (
  person TEXT NOT NULL REFERENCES users (id),
  address TEXT NOT NULL,
  seen_ms INTEGER NOT NULL,
  PRIMARY KEY (person, address)
) STRICT, WITHOUT ROWID
--;
CREATE TABLE devices (
  id TEXT PRIMARY KEY,
  person TEXT NOT NULL REFERENCES users (id),
  name TEXT NOT NULL,
  public_key TEXT,
  created_at TEXT NOT NULL,
  seen_ms INTEGER NOT NULL,
  revoked INTEGER NOT NULL DEFAULT 0
) STRICT
--;
CREATE INDEX devices_by_person ON devices (person, revoked, name)
--;
CREATE TABLE service_tokens (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  sha256 TEXT NOT NULL UNIQUE,
  project TEXT NOT NULL,
  role TEXT NOT NULL,
  created_by TEXT NOT NULL,
  created_at TEXT NOT NULL,
  expires_ms INTEGER NOT NULL,
  revoked INTEGER NOT NULL DEFAULT 0
) STRICT
--;
-- Names are given once and never change, so that a name in the log leads to one principal.
CREATE VIEW principals (id, name) AS
  SELECT id, name FROM users UNION ALL SELECT id, 'token:' || name FROM service_tokens
--;
CREATE TABLE revoked (
  jti TEXT PRIMARY KEY,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID
--;
CREATE TABLE tickets (
  id TEXT PRIMARY KEY,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID
--;
CREATE TABLE idempotency (
  person TEXT NOT NULL,
  path TEXT NOT NULL,
  key TEXT NOT NULL,
  body_sha256 TEXT NOT NULL,
  life TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  project TEXT,
  role TEXT,
  status INTEGER,
  content_type TEXT,
  body TEXT,
  PRIMARY KEY (person, path, key)
) STRICT, WITHOUT ROWID
--;
CREATE TABLE slots (
  slot TEXT PRIMARY KEY CHECK (length(slot) = 8),
  run TEXT,
  container_id TEXT,
  started_at TEXT NOT NULL,
  secret TEXT
) STRICT, WITHOUT ROWID
--;
CREATE TABLE probe (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  n INTEGER NOT NULL
) STRICT
--;
