-- What sessions can be ended by, beside their key. Moments are milliseconds since 1970.
CREATE TABLE IF NOT EXISTS authstile_session_keys (
    "key" varchar(100) NOT NULL,
    session text NOT NULL REFERENCES sessions ("sessionToken") ON DELETE CASCADE,
    begun bigint NOT NULL,
    PRIMARY KEY ("key", session)
);
CREATE INDEX IF NOT EXISTS authstile_session_keys_session ON authstile_session_keys (session);
-- Every session that carries the key and was begun at this moment or before is ended.
CREATE TABLE IF NOT EXISTS authstile_revocations (
    "key" varchar(100) PRIMARY KEY,
    revoked bigint NOT NULL,
    forget bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS authstile_revocations_forget ON authstile_revocations (forget);
-- Who bears the key is refused the next sign-in (1) or let in again (0), as was decided at this moment.
CREATE TABLE IF NOT EXISTS authstile_refusals (
    "key" varchar(100) PRIMARY KEY,
    refused bigint NOT NULL,
    decided bigint NOT NULL
);
-- What was seen, such as the id of a message that may be sent twice.
CREATE TABLE IF NOT EXISTS authstile_seen (
    "key" varchar(100) PRIMARY KEY,
    forget bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS authstile_seen_forget ON authstile_seen (forget);
-- How often somebody tried: the theoretical arrival time of the generic cell rate algorithm.
CREATE TABLE IF NOT EXISTS authstile_throttle (
    "key" varchar(100) PRIMARY KEY,
    arrival bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS authstile_throttle_arrival ON authstile_throttle (arrival);
