-- Version 13: how long a run had ended before a rollback took it up again; that time is not its own.
ALTER TABLE runs ADD COLUMN idle_ms INTEGER NOT NULL DEFAULT 0 CHECK (idle_ms >= 0)
--;
