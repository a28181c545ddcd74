-- Version 4: money: caps that many runs share, and running sums of what counts against them.
-- A reservation counts on the day (of the operator's time zone) on which it was opened.
ALTER TABLE reservations ADD COLUMN day TEXT
--;
CREATE TABLE caps (
  scope TEXT NOT NULL,
  period TEXT NOT NULL CHECK (period IN ('day', 'month', 'total')),
  cap_micros INTEGER NOT NULL CHECK (cap_micros > 0),
  by_name TEXT NOT NULL,
  changed_at TEXT NOT NULL,
  PRIMARY KEY (scope, period)
) STRICT, WITHOUT ROWID
--;
-- start: 2026-11-23 for a day, 2026-11 for a month, empty for total.
CREATE TABLE spend (
  scope TEXT NOT NULL,
  period TEXT NOT NULL,
  start TEXT NOT NULL,
  spent_micros INTEGER NOT NULL,
  held_micros INTEGER NOT NULL,
  PRIMARY KEY (scope, period, start)
) STRICT, WITHOUT ROWID
--;
CREATE TABLE usage (
  day TEXT NOT NULL,
  project TEXT NOT NULL,
  blueprint TEXT NOT NULL,
  account TEXT NOT NULL,
  model TEXT NOT NULL,
  cost_micros INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cache_read_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  calls INTEGER NOT NULL,
  PRIMARY KEY (day, project, blueprint, account, model)
) STRICT, WITHOUT ROWID
--;
-- The truth about a call that was charged in full: once at most, and the charge itself stays.
CREATE TABLE corrections (
  reservation TEXT PRIMARY KEY REFERENCES charges (reservation),
  corrects INTEGER NOT NULL,
  amount_micros INTEGER NOT NULL,
  over INTEGER NOT NULL,
  message_id TEXT,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cache_read_tokens INTEGER NOT NULL,
  cache_write_tokens INTEGER NOT NULL,
  cache_write_1h_tokens INTEGER NOT NULL,
  at TEXT NOT NULL
) STRICT, WITHOUT ROWID
--;
CREATE TRIGGER corrections_append_only BEFORE INSERT ON corrections
WHEN EXISTS (SELECT 1 FROM corrections WHERE reservation = NEW.reservation)
BEGIN SELECT RAISE(ABORT, 'corrections: the charge is corrected'); END
--;
CREATE TRIGGER corrections_no_update BEFORE UPDATE ON corrections
BEGIN SELECT RAISE(ABORT, 'corrections: rows never change'); END
--;
CREATE TRIGGER corrections_no_delete BEFORE DELETE ON corrections
BEGIN SELECT RAISE(ABORT, 'corrections: rows are never deleted'); END
--;
CREATE TABLE cap_warnings (
  scope TEXT NOT NULL,
  period TEXT NOT NULL,
  start TEXT NOT NULL,
  cap_micros INTEGER NOT NULL,
  percent INTEGER NOT NULL,
  PRIMARY KEY (scope, period, start, cap_micros, percent)
) STRICT, WITHOUT ROWID
--;
CREATE TABLE money_waits (
  run TEXT NOT NULL REFERENCES runs (id),
  agent TEXT NOT NULL,
  seq INTEGER NOT NULL,
  needed_micros INTEGER NOT NULL,
  PRIMARY KEY (run, agent)
) STRICT, WITHOUT ROWID
--;
-- What the sums are sums of, row by row: for this migration, and for whoever wants to check them.
CREATE VIEW booked AS
  SELECT v.day, r.project, r.blueprint, r.by_name AS account, c.run, c.model, c.amount_micros,
    c.input_tokens, c.output_tokens, c.cache_read_tokens, c.cache_write_tokens, 1 AS calls
  FROM charges c JOIN reservations v ON v.id = c.reservation JOIN runs r ON r.id = c.run
  UNION ALL
  SELECT v.day, r.project, r.blueprint, r.by_name, v.run, v.model, x.amount_micros,
    x.input_tokens, x.output_tokens, x.cache_read_tokens, x.cache_write_tokens, 0
  FROM corrections x JOIN reservations v ON v.id = x.reservation JOIN runs r ON r.id = v.run
--;
CREATE VIEW booked_spend AS
  SELECT k.kind || CASE k.kind WHEN 'project:' THEN project WHEN 'blueprint:' THEN blueprint
      WHEN 'account:' THEN account ELSE '' END AS scope,
    p.period,
    CASE p.period WHEN 'day' THEN day WHEN 'month' THEN substr(day, 1, 7) ELSE '' END AS start,
    sum(spent) AS spent_micros, sum(held) AS held_micros
  FROM (SELECT day, project, blueprint, account, amount_micros AS spent, 0 AS held FROM booked
      UNION ALL
      SELECT v.day, r.project, r.blueprint, r.by_name, 0, v.held_micros
      FROM reservations v JOIN runs r ON r.id = v.run WHERE v.state = 'open')
    JOIN (SELECT 'installation' AS kind UNION ALL SELECT 'project:' UNION ALL SELECT 'blueprint:'
      UNION ALL SELECT 'account:') k
    JOIN (SELECT 'day' AS period UNION ALL SELECT 'month' UNION ALL SELECT 'total') p
  GROUP BY 1, 2, 3
--;
UPDATE reservations SET day = substr(opened_at, 1, 10) WHERE run IS NOT NULL
--;
INSERT INTO spend SELECT * FROM booked_spend
--;
INSERT INTO usage SELECT day, project, blueprint, account, model, sum(amount_micros),
    sum(input_tokens), sum(output_tokens), sum(cache_read_tokens), sum(cache_write_tokens),
    sum(calls)
  FROM booked GROUP BY 1, 2, 3, 4, 5
--;
