-- Who does what only one process may do, until when, and what came of it, sealed. Moments are milliseconds since 1970.
CREATE TABLE IF NOT EXISTS authstile_leases (
    "key" text PRIMARY KEY NOT NULL,
    fence integer NOT NULL,
    held integer NOT NULL,
    outcome text,
    forget integer NOT NULL
);
CREATE INDEX IF NOT EXISTS authstile_leases_forget ON authstile_leases (forget);
-- In which order sessions were revoked, so that a process can ask what is new. A number is given and seen under one lock.
CREATE TABLE IF NOT EXISTS authstile_counters (
    name text PRIMARY KEY NOT NULL,
    number integer NOT NULL
);
INSERT INTO authstile_counters (name, number) VALUES ('revocations', 0) ON CONFLICT DO NOTHING;
ALTER TABLE authstile_revocations ADD COLUMN number integer NOT NULL DEFAULT 0;
CREATE INDEX IF NOT EXISTS authstile_revocations_number ON authstile_revocations (number);
