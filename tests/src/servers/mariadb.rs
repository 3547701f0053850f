//! MariaDB.

use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Result;

use super::folder::Folder;
use super::process::{Account, Launch, Signal, find};
use super::{Recipe, random_word, talk};

const USER: &str = "authstile";

/// The same when the folder is made and when it is used. What a transaction wrote outlives the process, not the machine.
const SETTINGS: [&str; 5] = [
    "--innodb-flush-method=nosync",
    "--innodb-log-file-size=4M",
    "--innodb-flush-log-at-trx-commit=2",
    "--innodb-use-native-aio=0",
    "--skip-name-resolve",
];

#[derive(Debug)]
pub(super) struct MariaDb {
    server: PathBuf,
    install: PathBuf,
    password: String,
}

impl MariaDb {
    pub(super) fn new() -> Result<Self> {
        let server = find(&["mariadbd", "mysqld"])?;
        let install = find(&["mariadb-install-db", "mysql_install_db"])?;
        Ok(Self { server, install, password: random_word()? })
    }
}

impl Recipe for MariaDb {
    fn name(&self) -> &'static str {
        "mariadb"
    }

    fn account(&self) -> &'static str {
        "mysql"
    }

    fn end(&self) -> Signal {
        Signal::Kill
    }

    fn prepare(&self, account: &Account, folder: &Folder) -> Result<()> {
        let setup = format!(
            "CREATE DATABASE IF NOT EXISTS {USER} CHARACTER SET utf8mb4;\n\
             CREATE USER IF NOT EXISTS {USER} IDENTIFIED BY '{}';\n\
             GRANT ALL PRIVILEGES ON *.* TO {USER} WITH GRANT OPTION;\n",
            self.password
        );
        folder.write("setup.sql", &setup)?;
        let data = format!("--datadir={}", folder.path().join("data").display());
        let install = Launch::new(&self.install).arguments(["--no-defaults", &data, "--skip-test-db"]);
        account.run(install.arguments(SETTINGS), folder)
    }

    fn launch(&self, folder: &Folder, port: u16) -> Result<Launch> {
        let file = |option: &str, name: &str| format!("--{option}={}", folder.path().join(name).display());
        let launch = Launch::new(&self.server)
            .arguments(["--no-defaults".to_owned(), file("datadir", "data"), file("init-file", "setup.sql")])
            .arguments([file("tmpdir", ""), format!("--port={port}")])
            // Relative to the data: the path of a socket may not be long.
            .arguments(["--bind-address=127.0.0.1", "--socket=mariadb.sock", "--pid-file=mariadb.pid"])
            .arguments(["--character-set-server=utf8mb4", "--max-connections=200", "--skip-log-bin"])
            .arguments(["--performance-schema=OFF", "--innodb-buffer-pool-size=64M"]);
        Ok(launch.arguments(SETTINGS))
    }

    fn ready_line(&self) -> &'static str {
        "ready for connections"
    }

    fn answers(&self, port: u16) -> Result<bool> {
        // Its greeting: length and number of the packet, then version 10 of the protocol, or 255 and an error.
        let mut greeting = [0; 5];
        talk(port)?.read_exact(&mut greeting)?;
        Ok(greeting.ends_with(&[10]))
    }

    fn url(&self, port: u16) -> String {
        format!("mysql://{USER}:{}@127.0.0.1:{port}/{USER}", self.password)
    }
}
