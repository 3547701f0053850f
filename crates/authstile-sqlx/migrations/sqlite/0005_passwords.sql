-- What verifies people's passwords, in PHC string format. Ids have the type that they have in `users`.
CREATE TABLE IF NOT EXISTS authstile_passwords (
    "userId" text PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash text NOT NULL,
    changed text NOT NULL DEFAULT CURRENT_TIMESTAMP
);
