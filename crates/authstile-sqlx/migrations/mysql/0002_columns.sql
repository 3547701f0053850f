-- What Authstile remembers beside Auth.js's columns. All of it may be null: rows that Auth.js writes have none of it.
-- A column that is there already is no error to `migrate`.
ALTER TABLE users ADD COLUMN attributes mediumtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
ALTER TABLE sessions ADD COLUMN data mediumtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
-- Milliseconds since 1970 of the last use that was written down; newer than the one in `data`.
ALTER TABLE sessions ADD COLUMN seen bigint;
