-- The tables of Auth.js's SQL adapters, where there are none yet. Every id has a default, for writers that name none.
-- Moments are ISO 8601 texts, `2026-11-23T17:12:53.237Z`, as JavaScript writes them.
CREATE TABLE IF NOT EXISTS users (
    id text PRIMARY KEY NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    name text,
    email text,
    "emailVerified" datetime,
    image text
);
CREATE TABLE IF NOT EXISTS accounts (
    id text PRIMARY KEY NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    "userId" text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    type text NOT NULL,
    provider text NOT NULL,
    "providerAccountId" text NOT NULL,
    refresh_token text,
    access_token text,
    expires_at integer,
    id_token text,
    scope text,
    session_state text,
    token_type text
);
CREATE TABLE IF NOT EXISTS sessions (
    id text PRIMARY KEY NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    "userId" text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires datetime NOT NULL,
    "sessionToken" text NOT NULL
);
CREATE TABLE IF NOT EXISTS verification_token (
    identifier text NOT NULL,
    expires datetime NOT NULL,
    token text NOT NULL,
    PRIMARY KEY (identifier, token)
);
