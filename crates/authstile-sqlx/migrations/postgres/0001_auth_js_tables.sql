-- The tables of Auth.js's PostgreSQL adapter, where there are none yet. Every id has a default, because that adapter names
-- none when it inserts.
CREATE TABLE IF NOT EXISTS users (
    id text PRIMARY KEY DEFAULT gen_random_uuid()::text,
    name text,
    email text,
    "emailVerified" timestamptz,
    image text
);
CREATE TABLE IF NOT EXISTS accounts (
    id text PRIMARY KEY DEFAULT gen_random_uuid()::text,
    "userId" text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    type text NOT NULL,
    provider text NOT NULL,
    "providerAccountId" text NOT NULL,
    refresh_token text,
    access_token text,
    expires_at bigint,
    id_token text,
    scope text,
    session_state text,
    token_type text
);
CREATE TABLE IF NOT EXISTS sessions (
    id text PRIMARY KEY DEFAULT gen_random_uuid()::text,
    "userId" text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires timestamptz NOT NULL,
    "sessionToken" text NOT NULL
);
CREATE TABLE IF NOT EXISTS verification_token (
    identifier text NOT NULL,
    expires timestamptz NOT NULL,
    token text NOT NULL,
    PRIMARY KEY (identifier, token)
);
