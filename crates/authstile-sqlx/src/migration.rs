//! Bringing a database up to date.

use std::fmt;

/// What was done to a database. `Display` is for the one who ran it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migration {
    /// The migrations that were applied, in their order; none when there was nothing to do.
    pub applied: Vec<&'static str>,
    /// What could not be done because of the rows that are there. Sign-in works all the same, only slower; the next run
    /// tries again.
    pub warnings: Vec<String>,
}

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.applied {
            writeln!(f, "applied {name}")?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        if self.applied.is_empty() && self.warnings.is_empty() {
            writeln!(f, "nothing to do")?;
        }
        Ok(())
    }
}

/// The migrations of a database: number, name, text.
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
macro_rules! migrations {
    ($folder:literal) => {
        crate::migration::numbered([
            ("0001_auth_js_tables", include_str!(concat!("../migrations/", $folder, "/0001_auth_js_tables.sql"))),
            ("0002_columns", include_str!(concat!("../migrations/", $folder, "/0002_columns.sql"))),
            ("0003_indexes", include_str!(concat!("../migrations/", $folder, "/0003_indexes.sql"))),
            ("0004_own_tables", include_str!(concat!("../migrations/", $folder, "/0004_own_tables.sql"))),
            ("0005_passwords", include_str!(concat!("../migrations/", $folder, "/0005_passwords.sql"))),
            ("0006_replicas", include_str!(concat!("../migrations/", $folder, "/0006_replicas.sql"))),
        ])
    };
}
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(crate) use migrations;

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
pub(crate) use steps::*;

#[cfg(any(feature = "sqlite", feature = "postgres", feature = "mysql"))]
mod steps {
    /// A file of SQL.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct File {
        pub(crate) number: i64,
        pub(crate) name: &'static str,
        text: &'static str,
    }

    pub(crate) fn numbered<const N: usize>(files: [(&'static str, &'static str); N]) -> [File; N] {
        // What a name begins with.
        let number = |name: &str| name.split('_').next().and_then(|digits| digits.parse().ok()).unwrap_or_default();
        files.map(|(name, text)| File { number: number(name), name, text })
    }

    impl File {
        /// Its statements, without comments.
        pub(crate) fn statements(self) -> Vec<String> {
            let lines = self.text.lines().filter(|line| !line.trim_start().starts_with("--"));
            let text = lines.collect::<Vec<_>>().join("\n");
            text.split(';').map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
        }
    }

    /// The plain index that is made where rows contradict a unique one; `None` for other statements.
    pub(crate) fn plain_index(statement: &str) -> Option<String> {
        statement.strip_prefix("CREATE UNIQUE INDEX").map(|rest| format!("CREATE INDEX{}", rest.replace("_unique", "")))
    }

    /// Whether a statement only makes things faster.
    pub(crate) fn is_index(statement: &str) -> bool {
        statement.starts_with("CREATE INDEX") || statement.starts_with("CREATE UNIQUE INDEX")
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn files_fall_into_statements() {
            let file =
                File { number: 1, name: "x", text: "-- a; b\nCREATE TABLE a (\n    b text\n);\n-- c\nDROP TABLE d;\n" };
            assert_eq!(file.statements(), ["CREATE TABLE a (\n    b text\n)", "DROP TABLE d"]);
        }

        #[test]
        fn a_unique_index_has_a_plain_one_in_its_place() {
            let unique = "CREATE UNIQUE INDEX IF NOT EXISTS authstile_users_email_unique ON users (email)";
            let plain = "CREATE INDEX IF NOT EXISTS authstile_users_email ON users (email)";
            assert_eq!(plain_index(unique).as_deref(), Some(plain));
            assert_eq!(plain_index(plain), None);
            assert!(is_index(unique) && is_index(plain) && !is_index("CREATE TABLE a (b text)"));
        }
    }
}
