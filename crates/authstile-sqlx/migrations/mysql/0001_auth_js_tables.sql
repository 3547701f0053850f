-- The tables of Auth.js's SQL adapters, where there are none yet. Every id has a default, for writers that name none.
-- Everything is compared byte for byte. `migrate` puts the server's collation that also minds blanks at the end in the place
-- of `utf8mb4_bin`: `utf8mb4_0900_bin` in MySQL, `utf8mb4_nopad_bin` in MariaDB. Moments are in UTC.
CREATE TABLE IF NOT EXISTS users (
    id varchar(255) PRIMARY KEY DEFAULT (UUID()),
    name text,
    email varchar(320),
    `emailVerified` datetime(3),
    image text
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS accounts (
    id varchar(255) PRIMARY KEY DEFAULT (UUID()),
    `userId` varchar(255) NOT NULL,
    type varchar(255) NOT NULL,
    provider varchar(255) NOT NULL,
    `providerAccountId` varchar(255) NOT NULL,
    refresh_token mediumtext,
    access_token mediumtext,
    expires_at bigint,
    id_token mediumtext,
    scope text,
    session_state text,
    token_type text,
    FOREIGN KEY (`userId`) REFERENCES users (id) ON DELETE CASCADE
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS sessions (
    id varchar(255) PRIMARY KEY DEFAULT (UUID()),
    `userId` varchar(255) NOT NULL,
    expires datetime(3) NOT NULL,
    `sessionToken` varchar(255) NOT NULL,
    FOREIGN KEY (`userId`) REFERENCES users (id) ON DELETE CASCADE
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE IF NOT EXISTS verification_token (
    identifier varchar(320) NOT NULL,
    expires datetime(3) NOT NULL,
    token varchar(255) NOT NULL,
    PRIMARY KEY (identifier, token)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
