-- What verifies people's passwords, in PHC string format. Ids have the type that they have in `users`.
CREATE TABLE IF NOT EXISTS authstile_passwords (
    "userId" text PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash text NOT NULL,
    changed timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP
);
