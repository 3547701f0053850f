//! The house as ARCHITECTURE.md draws it is the house as it stands: which crate may look at which, and which file.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "in tests a panic is a failure"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The floor of each crate. Those of one floor do not see each other.
const FLOORS: [(&str, u8); 13] = [
    ("authstile-oauth", 1),
    ("authstile-idp", 2),
    ("authstile", 2),
    ("authstile-providers", 3),
    ("authstile-scalekit", 3),
    ("authstile-reqwest", 3),
    ("authstile-mail", 3),
    ("authstile-password", 3),
    ("authstile-redis", 3),
    ("authstile-sqlx", 3),
    ("authstile-testkit", 3),
    ("authstile-axum", 4),
    ("authstile-server", 5),
];

fn floor(name: &str) -> Option<u8> {
    FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor)
}

/// The names in the sections of a manifest that reach whoever uses the crate.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut counts = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let section = section.trim_matches(['[', ']']);
            let table = section.rsplit_once("dependencies.").filter(|(before, _)| !before.ends_with("dev-"));
            names.extend(table.map(|(_, name)| name.to_owned()));
            counts = section == "dependencies"
                || section == "build-dependencies"
                || (section.starts_with("target.") && section.ends_with(".dependencies"));
        } else if counts && !line.starts_with('#') {
            names.extend(line.split_once('=').map(|(name, _)| name.split('.').next().unwrap().trim().to_owned()));
        }
    }
    names
}

fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let folders = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    folders
        .filter(|folder| folder.join("Cargo.toml").exists())
        .map(|folder| {
            (folder.file_name().unwrap().to_str().unwrap().to_owned(), dependencies(&read(&folder.join("Cargo.toml"))))
        })
        .collect()
}

#[test]
fn manifests_are_understood() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na.workspace = true\n# c = \"1\"\nb = { version = \"1\" }\n[dev-dependencies]\nd = \"1\"\n[dependencies.e]\nversion = \"1\"\n[target.'cfg(unix)'.dependencies]\nf = \"1\"\n[features]\ng = []\n[dev-dependencies.h]\n";
    assert_eq!(dependencies(manifest).into_iter().collect::<Vec<_>>(), ["a", "b", "e", "f"]);
}

#[test]
fn every_crate_has_a_floor() {
    for name in crates().keys() {
        assert!(floor(name).is_some(), "{name} has no floor: give it one, here and in ARCHITECTURE.md");
    }
}

#[test]
fn crates_look_only_down() {
    for (name, dependencies) in crates() {
        let Some(own) = floor(&name) else { continue };
        for other in dependencies.iter().filter(|other| floor(other).is_some()) {
            let theirs = floor(other).unwrap();
            // The test kit is for the tests of whoever uses it: nothing that ships stands on it.
            assert!(theirs < own, "{name} (floor {own}) must not depend on {other} (floor {theirs})");
            assert_ne!(other, "authstile-testkit", "{name} ships the test kit");
        }
    }
}

#[test]
fn the_engine_and_the_provider_meet_only_in_tests_and_in_the_binary() {
    for (name, dependencies) in crates() {
        let meets = dependencies.contains("authstile-idp")
            && dependencies
                .iter()
                .any(|other| other.starts_with("authstile") && other != "authstile-idp" && other != "authstile-oauth");
        assert!(!meets || name == "authstile-server", "{name} joins the engine and the provider");
    }
    let all = crates();
    assert!(!all["authstile-idp"].contains("authstile") && !all["authstile"].contains("authstile-idp"));
}

#[test]
fn the_lower_floors_know_no_runtime_no_framework_and_no_database() {
    const UPSTAIRS: [&str; 10] =
        ["tokio", "reqwest", "hyper", "hyper-util", "axum", "actix-web", "sqlx", "redis", "tower", "async-std"];
    for (name, dependencies) in crates() {
        if floor(&name).is_some_and(|floor| floor < 3) {
            for upstairs in UPSTAIRS {
                assert!(!dependencies.contains(upstairs), "{name} depends on {upstairs}");
            }
        }
    }
    for (name, _) in FLOORS.iter().filter(|(_, floor)| *floor < 3) {
        for (path, code) in sources(name) {
            for upstairs in UPSTAIRS {
                let path_of_it = format!("{}::", upstairs.replace('-', "_"));
                let is_whole = |at: usize| !code[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
                let named = code.match_indices(&path_of_it).any(|(at, _)| is_whole(at));
                assert!(!named, "{name}/src/{path} names {upstairs}");
            }
        }
    }
}

/// The files below `src` of a crate, without comments and without their tests.
fn sources(krate: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, found),
                false if path.extension().is_some_and(|extension| extension == "rs") => found.push(path),
                false => {}
            }
        }
    }
    let src = root().join("crates").join(krate).join("src");
    let mut found = Vec::new();
    walk(&src, &mut found);
    found.sort();
    let name = |path: &PathBuf| path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
    found.iter().map(|path| (name(path), code(&read(path)))).collect()
}

fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    // A `//` in a text is not a comment; it is enough to keep addresses.
    let line = |line: &str| match line.find("//") {
        Some(at) if !line[..at].ends_with(':') => line[..at].to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_provider_is_named_below_its_card() {
    const NAMES: [&str; 12] = [
        "scalekit",
        "github",
        "gitlab",
        "google",
        "apple",
        "microsoft",
        "entra",
        "okta",
        "auth0",
        "keycloak",
        "facebook",
        "linkedin",
    ];
    for krate in ["authstile-oauth", "authstile"] {
        for (path, code) in sources(krate) {
            if (krate, path.as_str()) == ("authstile", "provider/shelf.rs") {
                continue;
            }
            for text in code.split('"').skip(1).step_by(2) {
                let lower = text.to_ascii_lowercase();
                let named = NAMES
                    .iter()
                    .find(|name| lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == **name));
                assert!(
                    named.is_none(),
                    "{krate}/src/{path} names a provider: {text:?}; say it with a value on the card"
                );
            }
        }
    }
    // On the shelf there is GitHub, to show what plain OAuth looks like.
    let (_, shelf) = sources("authstile").into_iter().find(|(path, _)| path == "provider/shelf.rs").unwrap();
    for name in NAMES.iter().filter(|name| **name != "github") {
        assert!(!shelf.to_ascii_lowercase().contains(name), "provider/shelf.rs names {name}");
    }
}

/// The order that ARCHITECTURE.md draws: the rooms of the engine, lowest first.
fn rooms() -> Vec<String> {
    let text = read(&root().join("ARCHITECTURE.md"));
    let block = text
        .split("## The rooms of the engine")
        .nth(1)
        .and_then(|rest| rest.split("```").nth(1))
        .expect("the drawing of the rooms");
    let mut rooms = Vec::new();
    for line in block.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        match line.split_once('{').and_then(|(folder, rest)| Some((folder, rest.split_once('}')?.0))) {
            Some((folder, files)) => rooms.extend(files.split(',').map(|file| format!("{folder}{}", file.trim()))),
            None => rooms.extend(line.split("  ").next().unwrap().split(' ').map(str::to_owned)),
        }
    }
    rooms
}

/// The room of a file; all of `page` is one room, as are files with a folder of their own.
fn room(path: &str) -> Option<String> {
    let stem = path.trim_end_matches(".rs").trim_end_matches("/mod");
    match stem.split_once('/') {
        _ if stem == "lib" || stem == "flow" => None,
        Some(("flow", file)) => Some(format!("flow/{file}")),
        Some((folder, _)) => Some(folder.to_owned()),
        None => Some(stem.to_owned()),
    }
}

/// The rooms that a file names.
fn named(path: &str, code: &str, rooms: &BTreeSet<String>) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    let mut named = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let first = word(rest);
        match first.as_str() {
            "flow" => {
                let inside = rest.trim_start_matches("flow::");
                let list = inside.strip_prefix('{').and_then(|list| list.split('}').next()).unwrap_or(inside);
                named.extend(list.split(',').map(|file| format!("flow/{}", word(file.trim()))));
            }
            "" => panic!("{path}: write `use crate::a::…` on a line of its own, not `use crate::{{…}}`"),
            _ => {
                named.insert(first);
            }
        }
    }
    if path.starts_with("flow/") {
        named.extend(code.split("super::").skip(1).map(|rest| format!("flow/{}", word(rest))));
    }
    named.into_iter().filter(|name| rooms.contains(name)).collect()
}

#[test]
fn files_of_the_engine_name_only_files_below_them() {
    let order = rooms();
    let all: BTreeSet<String> = order.iter().cloned().collect();
    assert_eq!(order.len(), all.len(), "a room is drawn twice in ARCHITECTURE.md");
    let place = |room: &str| order.iter().position(|other| other == room);
    let mut standing = BTreeSet::new();
    for (path, code) in sources("authstile") {
        let Some(own) = room(&path) else { continue };
        let mine =
            place(&own).unwrap_or_else(|| panic!("{path} is not drawn in ARCHITECTURE.md: give it a place there"));
        for other in named(&path, &code, &all).into_iter().filter(|other| *other != own) {
            assert!(place(&other).unwrap() < mine, "{path} names {other}, which is drawn above it in ARCHITECTURE.md");
            assert!(
                !(own.starts_with("flow/") && other.starts_with("flow/")),
                "{path} names {other}: flows do not name each other"
            );
        }
        standing.insert(own);
    }
    assert_eq!(standing, all, "what is drawn stands, and what stands is drawn");
}

#[test]
fn only_one_file_reads_the_environment_and_one_the_clock() {
    for krate in
        ["authstile-oauth", "authstile", "authstile-scalekit", "authstile-axum", "authstile-reqwest", "authstile-mail"]
    {
        for (path, code) in sources(krate) {
            for (call, place) in [
                ("env::var", "env.rs"),
                ("SystemTime::now", "clock.rs"),
                ("Instant::now", "clock.rs"),
                ("Timestamp::now", "clock.rs"),
                ("rand::fill", "random.rs"),
            ] {
                assert!(
                    !code.contains(call) || path == place,
                    "{krate}/src/{path} calls {call}: take it as an argument"
                );
            }
        }
    }
}
