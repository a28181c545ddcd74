-- Version 4: money: caps and periods.
SELECT 1
--;
