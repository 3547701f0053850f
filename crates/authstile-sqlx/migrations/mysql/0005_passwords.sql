-- What verifies people's passwords, in PHC string format. Ids have the type that they have in `users`.
CREATE TABLE IF NOT EXISTS authstile_passwords (
    `userId` varchar(255) PRIMARY KEY,
    hash text NOT NULL,
    changed timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (`userId`) REFERENCES users (id) ON DELETE CASCADE
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
