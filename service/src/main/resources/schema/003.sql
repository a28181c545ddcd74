-- Version 3: files: snapshots, rollbacks, forks.
SELECT 1
--;
