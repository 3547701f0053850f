//! Addresses of servers, which may have passwords: what is wrong with one is said without it.

use std::fmt;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use url::Url;

use crate::mistake::Mistake;

/// Which database an address leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    MySql,
}

impl Kind {
    /// Its name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::MySql => "MySQL",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Sqlite => "DATABASE_URL=sqlite:authstile.db",
            Self::Postgres => "DATABASE_URL=postgres://user:password@db.example.com:5432/app",
            Self::MySql => "DATABASE_URL=mysql://user:password@db.example.com:3306/app",
        }
    }
}

/// What `DATABASE_URL` says.
#[derive(Clone)]
pub(crate) struct DatabaseAddress {
    pub(crate) kind: Kind,
    /// As the driver reads it.
    pub(crate) url: String,
    /// For people.
    pub(crate) place: String,
    pub(crate) passwords: Passwords,
}

impl fmt::Debug for DatabaseAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseAddress").field(&self.kind).field(&self.place).finish()
    }
}

impl DatabaseAddress {
    pub(crate) fn parse(text: &str) -> Result<Self, Mistake> {
        let text = text.trim();
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        let scheme = scheme.to_ascii_lowercase();
        let kind = match scheme.as_str() {
            "sqlite" => Kind::Sqlite,
            "postgres" | "postgresql" => Kind::Postgres,
            "mysql" | "mariadb" => Kind::MySql,
            _ => return Err(unknown_scheme(&scheme, rest)),
        };
        if kind == Kind::Sqlite {
            return Self::sqlite(rest);
        }
        let driver = if kind == Kind::Postgres { "postgres" } else { "mysql" };
        let (url, passwords) = server(&format!("{driver}:{rest}"), "DATABASE_URL", kind.example())?;
        let url = if kind == Kind::Postgres { known_parameters(url) } else { url };
        let place = place(&url, kind.name());
        let read = match kind {
            Kind::Postgres => url.as_str().parse::<PgConnectOptions>().map(drop),
            _ => url.as_str().parse::<MySqlConnectOptions>().map(drop),
        };
        read.map_err(|error| {
            let why = passwords.hide(&error.to_string());
            Mistake::new(format!("DATABASE_URL ({place}) cannot be understood: {why}"), kind.example())
        })?;
        Ok(Self { kind, url: url.into(), place, passwords })
    }

    fn sqlite(rest: &str) -> Result<Self, Mistake> {
        let url = format!("sqlite:{rest}");
        let example = Kind::Sqlite.example();
        let path = rest.trim_start_matches('/');
        if path.is_empty() || path.starts_with('?') {
            return Err(Mistake::new("DATABASE_URL is \"sqlite:\" without a file", example));
        }
        match url.parse::<SqliteConnectOptions>() {
            Ok(_) => Ok(Self { kind: Kind::Sqlite, place: url.clone(), url, passwords: Passwords::default() }),
            Err(error) => {
                Err(Mistake::new(format!("DATABASE_URL is {url:?}, which cannot be understood: {error}"), example))
            }
        }
    }

    /// A mistake about this address, with a line that is right for its kind.
    pub(crate) fn mistake(&self, what: impl fmt::Display, comment: &str) -> Mistake {
        let what = self.passwords.hide(&format!("{} ({}) {what}", self.kind.name(), self.place));
        Mistake::new(what, format!("{}    ({comment})", self.kind.example()))
    }
}

/// Nothing behind the scheme is shown: it may be anything, also a password.
fn unknown_scheme(scheme: &str, rest: &str) -> Mistake {
    let known = "it must begin with sqlite:, postgres:, postgresql:, mysql: or mariadb:";
    let is_word = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if scheme == "file" {
        let what = format!("DATABASE_URL begins with file:, but {known}");
        return Mistake::new(what, format!("DATABASE_URL=sqlite:{rest}"));
    }
    let begins = if is_word && rest.starts_with("//") { format!("begins with {scheme}:") } else { "is no URL".into() };
    Mistake::new(format!("DATABASE_URL {begins}, but {known}"), Kind::Sqlite.example())
}

/// What `REDIS_URL` says: one server, or some of a cluster.
#[derive(Clone)]
pub(crate) struct RedisAddress {
    pub(crate) urls: Vec<String>,
    pub(crate) is_cluster: bool,
    /// For people.
    pub(crate) place: String,
    pub(crate) passwords: Passwords,
}

impl fmt::Debug for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisAddress").field(&self.place).finish()
    }
}

impl RedisAddress {
    const EXAMPLE: &str = "REDIS_URL=redis://:password@redis.example.com:6379";

    pub(crate) fn parse(text: &str) -> Result<Self, Mistake> {
        let (mut urls, mut places, mut passwords) = (Vec::new(), Vec::new(), Passwords::default());
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let scheme = part.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
            if !matches!(scheme.as_deref(), Some("redis" | "rediss")) {
                let what = "REDIS_URL must begin with redis://, or rediss:// for TLS; the addresses of a cluster are \
                            separated by commas, and a comma in a password is written %2C";
                return Err(Mistake::new(what, Self::EXAMPLE));
            }
            let (url, more) = server(part, "REDIS_URL", Self::EXAMPLE)?;
            places.push(place(&url, "redis"));
            passwords.0.extend(more.0);
            urls.push(url.into());
        }
        if urls.is_empty() {
            return Err(Mistake::new("REDIS_URL has no address", Self::EXAMPLE));
        }
        Ok(Self { is_cluster: text.contains(','), place: places.join(", "), urls, passwords })
    }

    pub(crate) fn mistake(&self, what: impl fmt::Display, comment: &str) -> Mistake {
        let what = self.passwords.hide(&format!("Redis ({}) {what}", self.place));
        Mistake::new(what, format!("{}    ({comment})", Self::EXAMPLE))
    }
}

/// The URL of a server. One in which a password may have run into something else is refused, and not shown.
fn server(text: &str, variable: &str, example: &str) -> Result<(Url, Passwords), Mistake> {
    let unclear = || {
        let what = format!(
            "{variable} cannot be read as a URL: in user and password, write %40 for @, %3A for :, %2F for /, %23 for #, \
             %3F for ? and %25 for %"
        );
        Mistake::new(what, example)
    };
    let url = Url::parse(text).map_err(|_| unclear())?;
    let beyond = [url.path(), url.query().unwrap_or_default()];
    if url.cannot_be_a_base() || url.fragment().is_some() || beyond.iter().any(|part| part.contains('@')) {
        return Err(unclear());
    }
    let mut passwords = Passwords::default();
    passwords.add(url.password().unwrap_or_default());
    let named = url.query_pairs().filter(|(name, _)| name.to_ascii_lowercase().contains("pass"));
    named.for_each(|(_, value)| passwords.add(&value));
    Ok((url, passwords))
}

/// Leaves out what the driver does not know: it would write the value into the log.
fn known_parameters(mut url: Url) -> Url {
    const KNOWN: [&str; 17] = [
        "sslmode",
        "ssl-mode",
        "sslrootcert",
        "ssl-root-cert",
        "ssl-ca",
        "sslcert",
        "ssl-cert",
        "sslkey",
        "ssl-key",
        "statement-cache-capacity",
        "host",
        "hostaddr",
        "port",
        "dbname",
        "user",
        "password",
        "application_name",
    ];
    let is_known = |name: &str| KNOWN.contains(&name) || name == "options" || name.starts_with("options[");
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    if pairs.iter().all(|(name, _)| is_known(name)) {
        return url;
    }
    url.set_query(None);
    for (name, value) in pairs {
        if is_known(&name) {
            url.query_pairs_mut().append_pair(&name, &value);
        } else {
            tracing::warn!("DATABASE_URL has a parameter {name:?}, which is not known here and left out");
        }
    }
    url
}

/// `db.example.com:5432/app`: neither user nor password.
fn place(url: &Url, name: &str) -> String {
    let from_query = || url.query_pairs().find(|(name, _)| name == "host").map(|(_, host)| host.into_owned());
    let host = url.host_str().filter(|host| !host.is_empty()).map(str::to_owned).or_else(from_query);
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = host.unwrap_or_else(|| format!("{} on this machine", name));
    format!("{host}{port}{}", url.path().trim_end_matches('/'))
}

/// What must not be shown.
#[derive(Clone, Default)]
pub(crate) struct Passwords(Vec<String>);

impl Passwords {
    /// As it is in the URL, and as it is meant.
    fn add(&mut self, password: &str) {
        // `a=…` decodes what is behind it as a form does, but for plus signs, which are none here.
        let pair = format!("a={}", password.replace('+', "%2B"));
        let decoded = Url::parse("x:/").ok().map(|mut url| {
            url.set_query(Some(&pair));
            url.query_pairs().next().map(|(_, value)| value.into_owned()).unwrap_or_default()
        });
        let both = [Some(password.to_owned()), decoded];
        self.0.extend(both.into_iter().flatten().filter(|password| !password.is_empty()));
    }

    /// A text without them.
    pub(crate) fn hide(&self, text: &str) -> String {
        let mut longest_first = self.0.clone();
        longest_first.sort_by_key(|password| std::cmp::Reverse(password.len()));
        longest_first.iter().fold(text.to_owned(), |text, password| text.replace(password.as_str(), "…"))
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passwords(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_leads_to_its_database() {
        for (text, kind, place) in [
            ("sqlite:people.db", Kind::Sqlite, "sqlite:people.db"),
            ("sqlite::memory:", Kind::Sqlite, "sqlite::memory:"),
            ("postgres://u:p4ss@db.example:5433/app", Kind::Postgres, "db.example:5433/app"),
            ("postgresql://db.example/app?sslmode=require", Kind::Postgres, "db.example/app"),
            ("postgres:///app?host=/run/pg", Kind::Postgres, "/run/pg/app"),
            ("mysql://u:p4ss@db.example/app", Kind::MySql, "db.example/app"),
            ("mariadb://u:p4ss@db.example/app", Kind::MySql, "db.example/app"),
        ] {
            let address = DatabaseAddress::parse(text).unwrap();
            assert_eq!((address.kind, address.place.as_str()), (kind, place), "{text}");
            assert!(!format!("{address:?}").contains("p4ss"));
        }
        assert!(DatabaseAddress::parse("mariadb://h/a").unwrap().url.starts_with("mysql://h/a"));
    }

    #[test]
    fn a_wrong_address_is_explained_without_its_password() {
        for (text, says) in [
            ("s3cret", "is no URL"),
            ("user:s3cret@db/app", "is no URL"),
            ("mongodb://u:s3cret@h/a", "begins with mongodb:"),
            ("sqlite:", "without a file"),
            ("sqlite:?mode=rwc", "without a file"),
            ("sqlite:a.db?x=1", "unknown query parameter"),
            ("file:./dev.db", "DATABASE_URL=sqlite:./dev.db"),
            ("postgres://u:s3cret#4@h/a", "%23 for #"),
            ("postgres://u:12#s3cret@h/a", "%23 for #"),
            ("postgres://u:12/s3cret@h/a", "%2F for /"),
            ("postgres://u:12?s3cret@h/a", "%3F for ?"),
            ("postgres:u:s3cret@h/a", "%40 for @"),
            ("postgres://u:s3cret@h/a?sslmode=perhaps", "cannot be understood"),
            ("mysql://u:s3cret@h/a?ssl-mode=s3cret", "cannot be understood"),
        ] {
            let mistake = DatabaseAddress::parse(text).unwrap_err().to_string();
            assert!(mistake.contains(says) && !mistake.contains("s3cret"), "{text}: {mistake}");
        }
        for text in
            ["h:6379", "unix:///s3cret", "redis://:s3cret#@h", "redis://:1@h,s3cret", ",", "redis://:1/s3cret@h"]
        {
            let mistake = RedisAddress::parse(text).unwrap_err().to_string();
            assert!(mistake.contains("\n    REDIS_URL=redis://") && !mistake.contains("s3cret"), "{mistake}");
        }
    }

    #[test]
    fn several_addresses_of_redis_are_a_cluster() {
        let single = RedisAddress::parse("rediss://u:p@h:6380/2").unwrap();
        assert_eq!((single.is_cluster, single.place.as_str()), (false, "h:6380/2"));
        let cluster = RedisAddress::parse("redis://a:1, redis://b:2").unwrap();
        assert_eq!((cluster.is_cluster, cluster.place.as_str()), (true, "a:1, b:2"));
        assert!(RedisAddress::parse("redis://a:1,").unwrap().is_cluster);
    }

    #[test]
    fn passwords_are_hidden_as_they_are_written_and_as_they_are_meant() {
        let (_, passwords) = server("postgres://u:a%2Bb+c%40d@h/x?password=q%20r", "X", "X=").unwrap();
        assert_eq!(passwords.hide("a%2Bb+c%40d, a+b+c@d, q r"), "…, …, …");
    }

    #[test]
    fn unknown_parameters_do_not_reach_the_driver_which_would_log_them() {
        let address = DatabaseAddress::parse("postgres://h/a?sslmode=disable&pass=s3cret&schema=public").unwrap();
        assert_eq!(address.url, "postgres://h/a?sslmode=disable");
    }
}
