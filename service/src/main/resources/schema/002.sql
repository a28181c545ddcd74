-- Version 2: people: remembered rules, edited arguments.
CREATE TABLE remembered (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  scope TEXT NOT NULL CHECK (scope IN ('run', 'blueprint')),
  run TEXT NOT NULL REFERENCES runs (id),
  blueprint TEXT NOT NULL,
  project TEXT NOT NULL,
  rule TEXT NOT NULL,
  permission TEXT NOT NULL,
  by_name TEXT NOT NULL,
  remembered_at TEXT NOT NULL,
  expires_ms INTEGER,
  revoked_at TEXT,
  revoked_by TEXT
) STRICT
--;
CREATE INDEX remembered_of_blueprint ON remembered (blueprint, project) WHERE revoked_at IS NULL
--;
-- The arguments that people allowed instead of those that the model asked for.
ALTER TABLE calls ADD COLUMN edited TEXT
--;
-- What was decided on, as JSON: argumentsHash, and if there were any, arguments and remembered.
ALTER TABLE asks ADD COLUMN outcome TEXT
--;
