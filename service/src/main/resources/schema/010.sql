-- Version 10: another part of the same time.
SELECT 1
--;
