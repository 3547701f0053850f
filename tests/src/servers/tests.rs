//! Of the starter itself, with the clients that Debian brings along with the servers.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::servers::process::{descendants, find, is_alive};

/// What a client prints.
fn say(client: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(find(&[client]).unwrap());
    let done = command.args(arguments).env_remove("LD_LIBRARY_PATH").output().unwrap();
    assert!(done.status.success(), "{client}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().trim().to_owned()
}

fn sql_of_postgres(server: &Server, sql: &str) -> String {
    say("psql", &[&server.url(), "-AtqX", "-v", "ON_ERROR_STOP=1", "-c", sql])
}

fn sql_of_mariadb(server: &Server, sql: &str) -> String {
    let url = url::Url::parse(&server.url()).unwrap();
    let (user, password) = (format!("-u{}", url.username()), format!("-p{}", url.password().unwrap()));
    let port = server.port().to_string();
    say("mariadb", &["--no-defaults", "-h127.0.0.1", "-P", &port, &user, &password, "-N", "-e", sql, &url.path()[1..]])
}

fn redis(server: &Server, command: &[&str]) -> String {
    say("redis-cli", &[&["--no-auth-warning", "-u", &server.url()], command].concat())
}

/// Every process that lives in a folder.
fn inhabitants(folder: &Path) -> BTreeSet<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let lives_there = fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        lives_there.then(|| entry.file_name().to_str()?.parse().ok()).flatten()
    });
    processes.filter(|pid| is_alive(*pid)).collect()
}

/// Kills a server, starts it again, drops it, and looks for what should not be there.
fn is_killed_and_restarted_and_leaves_nothing(mut server: Server, check: impl Fn(&Server)) {
    const DEFAULT_PORTS: [u16; 5] = [80, 3306, 5432, 6379, 16_379];
    check(&server);
    let (url, port, first) = (server.url(), server.port(), server.pid().unwrap());
    assert!(!DEFAULT_PORTS.contains(&port));
    assert!(is_alive(first) && inhabitants(server.folder()).contains(&first));

    let family = [vec![first], descendants(first)].concat();
    server.kill();
    assert_eq!(server.pid(), None);
    assert!(!family.iter().any(|pid| is_alive(*pid)), "killed, with its helpers");
    assert!(talk(port).is_err(), "nobody answers on the port of a killed server");

    server.restart().unwrap();
    assert_ne!(server.pid(), Some(first));
    assert_eq!((server.url(), server.port()), (url, port));
    check(&server);

    // Without a kill before it, too.
    server.restart().unwrap();
    check(&server);

    let folder = server.folder().to_owned();
    let pid = server.pid().unwrap();
    let family = [vec![pid], descendants(pid)].concat();
    drop(server);
    assert!(!family.iter().any(|pid| is_alive(*pid)), "ended, with its helpers");
    assert_eq!(inhabitants(&folder), BTreeSet::new());
    assert!(!folder.parent().unwrap().exists());
    assert!(talk(port).is_err());
}

#[test]
fn postgres_keeps_what_was_committed() {
    let server = Server::postgres().unwrap();
    sql_of_postgres(&server, "CREATE DATABASE other");
    sql_of_postgres(&server, "CREATE TABLE kept (name text); INSERT INTO kept VALUES ('Ada')");
    is_killed_and_restarted_and_leaves_nothing(server, |server| {
        assert_eq!(sql_of_postgres(server, "SELECT name FROM kept"), "Ada");
        let settings = "SELECT current_setting('fsync'), getdatabaseencoding(), datcollate, current_setting('listen_addresses') FROM pg_database WHERE datname = 'other'";
        assert_eq!(sql_of_postgres(server, settings), "off|UTF8|C.UTF-8|127.0.0.1");
    });
}

#[test]
fn mariadb_keeps_what_was_committed() {
    let server = Server::mariadb().unwrap();
    sql_of_mariadb(&server, "CREATE DATABASE other; CREATE USER another; GRANT ALL ON other.* TO another");
    sql_of_mariadb(&server, "CREATE TABLE kept (name text) ENGINE=InnoDB; INSERT INTO kept VALUES ('Ada')");
    is_killed_and_restarted_and_leaves_nothing(server, |server| {
        assert_eq!(sql_of_mariadb(server, "SELECT name FROM kept"), "Ada");
        assert_eq!(sql_of_mariadb(server, "SELECT @@character_set_database, @@bind_address"), "utf8mb4\t127.0.0.1");
    });
}

#[test]
fn redis_forgets() {
    let server = Server::redis().unwrap();
    is_killed_and_restarted_and_leaves_nothing(server, |server| {
        assert_eq!(redis(server, &["PING"]), "PONG");
        assert_eq!(redis(server, &["SET", "name", "Ada", "NX"]), "OK", "it is empty after a restart");
    });
}

#[test]
fn a_redis_cluster_has_every_slot() {
    let server = Server::redis_cluster().unwrap();
    is_killed_and_restarted_and_leaves_nothing(server, |server| {
        let state = redis(server, &["CLUSTER", "INFO"]);
        assert!(state.contains("cluster_state:ok") && state.contains("cluster_slots_ok:16384"), "{state}");
        assert_eq!(redis(server, &["SET", "name", "Ada"]), "OK");
        assert!(redis(server, &["CLUSTER", "SLOTS"]).contains("127.0.0.1"), "a client learns where to go");
    });
}

#[test]
fn nginx_serves_what_it_is_told() {
    let server =
        Server::nginx(|port| format!("server {{ listen 127.0.0.1:{port}; return 200 \"by $pid\"; }}")).unwrap();
    assert_eq!(descendants(server.pid().unwrap()).len(), 1, "its worker");
    is_killed_and_restarted_and_leaves_nothing(server, |server| {
        use std::io::{Read as _, Write as _};
        let mut stream = talk(server.port()).unwrap();
        write!(stream, "GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("by "), "{answer}");
    });
}

#[test]
fn nobody_gets_in_without_the_password() {
    let server = Server::redis().unwrap();
    let mut url = url::Url::parse(&server.url()).unwrap();
    url.set_password(None).unwrap();
    assert!(say("redis-cli", &["-u", url.as_str(), "PING"]).starts_with("NOAUTH"));
    let folder = fs::metadata(server.folder()).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&folder.permissions()) & 0o077, 0);
}

#[test]
fn a_port_that_is_taken_meanwhile_is_left_to_its_owner() {
    let owner = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = owner.local_addr().unwrap().port();
    let nginx = nginx::Nginx::new(|port| format!("server {{ listen 127.0.0.1:{port}; }}")).unwrap();
    let recipes: [Box<dyn Recipe>; 5] = [
        Box::new(postgres::Postgres::new().unwrap()),
        Box::new(mariadb::MariaDb::new().unwrap()),
        Box::new(redis::Redis::alone().unwrap()),
        Box::new(redis::Redis::cluster().unwrap()),
        Box::new(nginx),
    ];
    for recipe in recipes {
        let mut ports = [taken].into_iter();
        let mut server = Server::start_on(recipe, || ports.next().map_or_else(free_port, Ok)).unwrap();
        assert_ne!(server.port(), taken);
        assert!(server.log().contains("Address already in use"), "it has tried");
        server.kill();
    }
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let error = Server::nginx(|_| "no_such_directive on;".to_owned()).unwrap_err();
    assert!(error.to_string().contains("unknown directive \"no_such_directive\""), "{error:#}");
}

#[test]
fn what_an_interrupted_test_left_is_removed() {
    let account = Account::of("redis").unwrap();
    let left = Folder::create("left", &account).unwrap();
    let held = Folder::create("held", &account).unwrap();
    let outer = left.path().parent().unwrap().to_owned();
    left.forget();
    assert!(outer.exists());
    let _another = Folder::create("another", &account).unwrap();
    assert!(!outer.exists() && held.path().exists());
}
