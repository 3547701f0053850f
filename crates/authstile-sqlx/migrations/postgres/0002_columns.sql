-- What Authstile remembers beside Auth.js's columns. All of it may be null: rows that Auth.js writes have none of it.
ALTER TABLE users ADD COLUMN IF NOT EXISTS attributes text;
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS data text;
-- Milliseconds since 1970 of the last use that was written down; newer than the one in `data`.
ALTER TABLE sessions ADD COLUMN IF NOT EXISTS seen bigint;
