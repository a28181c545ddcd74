-- Version 14: schedules, and what came of each fire. Temporal's own schedules are made from these.
CREATE TABLE schedules (
  id TEXT PRIMARY KEY,
  project TEXT NOT NULL,
  blueprint TEXT NOT NULL,
  cron TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  overlap TEXT NOT NULL,
  catch_up_ms INTEGER NOT NULL,
  input TEXT NOT NULL,
  prompt TEXT,
  cap_micros INTEGER,
  paused INTEGER NOT NULL,
  note TEXT,
  from_blueprint INTEGER NOT NULL,
  principal TEXT NOT NULL,
  by_name TEXT NOT NULL,
  created_at TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  -- Fires of times before this are none: it was made, moved to other times, or went on then.
  since TEXT NOT NULL
) STRICT, WITHOUT ROWID
--;
CREATE TABLE schedule_fires (
  n INTEGER PRIMARY KEY,
  schedule TEXT NOT NULL,
  key TEXT NOT NULL,
  scheduled_at TEXT NOT NULL,
  kind TEXT NOT NULL,
  outcome TEXT NOT NULL,
  run TEXT,
  missed INTEGER NOT NULL,
  reason TEXT,
  principal TEXT,
  by_name TEXT,
  at TEXT NOT NULL,
  -- Whether people are to be told: open, sent, failed, nobody; null where there is nothing to tell.
  told TEXT,
  UNIQUE (schedule, key)
) STRICT
--;
CREATE INDEX schedule_fires_open ON schedule_fires (schedule) WHERE outcome = 'waiting'
--;
CREATE INDEX schedule_fires_told ON schedule_fires (n) WHERE told = 'open'
--;
