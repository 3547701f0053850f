-- Who does what only one process may do, until when, and what came of it, sealed. Moments are milliseconds since 1970.
CREATE TABLE IF NOT EXISTS authstile_leases (
    `key` varchar(100) PRIMARY KEY,
    fence bigint NOT NULL,
    held bigint NOT NULL,
    outcome mediumtext,
    forget bigint NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE INDEX authstile_leases_forget ON authstile_leases (forget);
-- In which order sessions were revoked, so that a process can ask what is new. A number is given and seen under one lock.
CREATE TABLE IF NOT EXISTS authstile_counters (
    name varchar(100) PRIMARY KEY,
    number bigint NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
INSERT IGNORE INTO authstile_counters (name, number) VALUES ('revocations', 0);
ALTER TABLE authstile_revocations ADD COLUMN number bigint NOT NULL DEFAULT 0;
CREATE INDEX authstile_revocations_number ON authstile_revocations (number);
