-- Version 10: which of the blueprint's named sub-agents was asked for; null for none.
ALTER TABLE subagents ADD COLUMN kind TEXT
--;
