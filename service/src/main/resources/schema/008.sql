-- Version 8: a call is settled at the price it was held for. Null where it was held before.
ALTER TABLE reservations ADD COLUMN price TEXT
--;
