-- What Authstile remembers beside Auth.js's columns. All of it may be null: rows that Auth.js writes have none of it.
-- A column that is there already is no error to `migrate`.
ALTER TABLE users ADD COLUMN attributes text;
ALTER TABLE sessions ADD COLUMN data text;
-- Milliseconds since 1970 of the last use that was written down; newer than the one in `data`.
ALTER TABLE sessions ADD COLUMN seen integer;
