-- What Auth.js's documented schema lacks. Where rows contradict a unique index, a plain one is made, and a warning; the next
-- run tries again.
CREATE UNIQUE INDEX IF NOT EXISTS authstile_users_email_unique ON users (email);
CREATE UNIQUE INDEX IF NOT EXISTS authstile_accounts_provider_unique ON accounts (provider, "providerAccountId");
CREATE UNIQUE INDEX IF NOT EXISTS authstile_sessions_token_unique ON sessions ("sessionToken");
CREATE INDEX IF NOT EXISTS authstile_accounts_user ON accounts ("userId");
CREATE INDEX IF NOT EXISTS authstile_sessions_user ON sessions ("userId");
CREATE INDEX IF NOT EXISTS authstile_sessions_expires ON sessions (expires);
CREATE INDEX IF NOT EXISTS authstile_verification_token_expires ON verification_token (expires);
