-- Version 11: secrets of projects, sealed with the key in keys/secrets.key. A name that was removed
-- keeps its row without a value, so that its versions never begin again.
CREATE TABLE secrets (
  project TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  sealed BLOB,
  by_name TEXT NOT NULL,
  at TEXT NOT NULL,
  used_at TEXT,
  PRIMARY KEY (project, name)
) STRICT, WITHOUT ROWID
--;
