-- Version 7: control: sub-agents, stops.
SELECT 1
--;
