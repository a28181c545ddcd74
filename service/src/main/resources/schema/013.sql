-- Version 13: another part of the same time.
SELECT 1
--;
