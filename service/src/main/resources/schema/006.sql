-- Version 6: search.
SELECT 1
--;
