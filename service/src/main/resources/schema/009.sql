-- Version 9: another part of the same time.
SELECT 1
--;
