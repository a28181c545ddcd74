-- Version 2: people: remembered rules, approvals.
SELECT 1
--;
