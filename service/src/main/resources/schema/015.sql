-- Version 15: idle_ms of runs that had ended and were rolled back before version 13 counted it.
UPDATE runs SET idle_ms = found.ms FROM (
  SELECT run, sum(max(0, CAST(round((julianday(at) - julianday(ended)) * 86400000) AS INTEGER))) AS ms
  FROM (
    SELECT run, type, at, lag(type) OVER of_run AS former, lag(at) OVER of_run AS ended
    FROM events WHERE type IN ('run.finished', 'run.rolledback')
    WINDOW of_run AS (PARTITION BY run ORDER BY seq)
  )
  WHERE type = 'run.rolledback' AND former = 'run.finished'
  GROUP BY run
) AS found WHERE found.run = runs.id
--;
