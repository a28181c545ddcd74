-- Version 5: audit: people and checkpoints.
SELECT 1
--;
