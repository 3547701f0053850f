//! The commands about what is stored.

use clap::{Args, Subcommand};

pub(super) const MIGRATE_ABOUT: &str =
    "Brings the database of DATABASE_URL up to date: the tables of Auth.js where there \
are none, and what Authstile
adds to them. Rows stay as they are, and a running Auth.js goes on working. Done again, it does nothing; any number of
machines may do it at once.

Exit code 0; or 2 when the database cannot be reached or does not let us, and standard error says why. SQLite needs no
migrating: `serve` does it. What is done is in crates/authstile-sqlx/migrations as plain SQL.";

pub(super) const MIGRATE_EXAMPLES: &str = "Examples:
  export DATABASE_URL=postgres://app:secret@db.example.com/app
  authstile migrate --dry-run                say what would be done
  authstile migrate                          do it";

pub(super) const USERS_ABOUT: &str = "Lists, shows and deletes the people in the database of DATABASE_URL.

Reads DATABASE_URL and REDIS_URL as `serve` does, and no secret. Exit code 0; or 2, and standard error says why.";

pub(super) const SESSIONS_ABOUT: &str =
    "Lists and ends sessions in the database of DATABASE_URL or the Redis of REDIS_URL.

Reads the environment as `serve` does, but for secrets. Who is signed in by a session that was ended is signed out at
the next request, on every machine. Exit code 0; or 2, and standard error says why.";

#[derive(Debug, Args)]
pub(crate) struct MigrateOptions {
    /// Only say what would be done
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    /// List people in the order of their ids
    #[command(after_long_help = "Examples:
  authstile users list
  authstile users list --limit 1000 --json | jq -r .email
  authstile users list --after 0190163d-8694-739b-aea5-966c26f8ad91")]
    List(ListUsers),
    /// Show a person and their accounts
    #[command(after_long_help = "Examples:
  authstile users show ada@acme.example
  authstile users show 0190163d-8694-739b-aea5-966c26f8ad91 --json")]
    Show {
        /// Id or e-mail address
        #[arg(value_name = "ID|E-MAIL")]
        user: String,
        /// One object on one line
        #[arg(long)]
        json: bool,
    },
    /// Delete a person, their accounts and all their sessions
    #[command(after_long_help = "Examples:
  authstile users delete 0190163d-8694-739b-aea5-966c26f8ad91
  authstile users delete 0190163d-8694-739b-aea5-966c26f8ad91 --yes

It asks first. Without a terminal nobody can answer: then it needs --yes.")]
    Delete {
        /// Id
        id: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ListUsers {
    /// Begin behind this id
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,
    /// List at most so many
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// One object a line
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionsCommand {
    /// List the sessions of a person, the latest first
    #[command(after_long_help = "Examples:
  authstile sessions list --user ada@acme.example
  authstile sessions list --user 0190163d-8694-739b-aea5-966c26f8ad91 --json")]
    List {
        /// Whose: id or e-mail address
        #[arg(long, value_name = "ID|E-MAIL")]
        user: String,
        /// One object a line
        #[arg(long)]
        json: bool,
    },
    /// End one session, all of a person, or all that came from somewhere
    #[command(after_long_help = "Examples:
  authstile sessions revoke --user ada@acme.example --session 3f1c0a52-6d0e-4c7e-9b1f-1f2a4d8c9e10
  authstile sessions revoke --user ada@acme.example
  authstile sessions revoke --key organization=org_123
  authstile sessions revoke --key connection=org_123/conn_456
  authstile sessions revoke --key provider-session=ses_789 --key subject=usr_42 --provider scalekit

Who is signed out can sign in again: to keep somebody out, deactivate them at the provider.")]
    Revoke(RevokeSessions),
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(false).args(["user", "key"]))]
pub(crate) struct RevokeSessions {
    /// Whose: id or e-mail address
    #[arg(long, value_name = "ID|E-MAIL")]
    pub(crate) user: Option<String>,
    /// Only this session of theirs: an id of `sessions list`
    #[arg(long, value_name = "ID", requires = "user", conflicts_with = "key")]
    pub(crate) session: Option<String>,
    /// Every session of organization=ID, connection=ORGANIZATION/ID, provider-session=ID or subject=ID
    #[arg(long, value_name = "KIND=VALUE", value_parser = KeyOption::parse)]
    pub(crate) key: Vec<KeyOption>,
    /// The provider that the keys are of [default: the only one with an issuer; scalekit for organizations]
    #[arg(long, value_name = "ID", requires = "key")]
    pub(crate) provider: Option<String>,
}

/// What sessions can be ended by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyOption {
    Organization(String),
    Connection { organization: String, connection: String },
    ProviderSession(String),
    Subject(String),
}

impl KeyOption {
    fn parse(text: &str) -> Result<Self, String> {
        let (kind, value) = text.split_once('=').unwrap_or((text, ""));
        let value = value.trim().to_owned();
        if value.is_empty() {
            return Err(format!("write {kind}=VALUE"));
        }
        match kind.trim() {
            "organization" => Ok(Self::Organization(value)),
            "connection" => match value.split_once('/') {
                Some((organization, connection)) if !organization.is_empty() && !connection.is_empty() => {
                    Ok(Self::Connection { organization: organization.into(), connection: connection.into() })
                }
                _ => Err("write connection=org_123/conn_456: a connection is one organization's".to_owned()),
            },
            "provider-session" => Ok(Self::ProviderSession(value)),
            "subject" => Ok(Self::Subject(value)),
            _ => Err("the kinds are organization, connection, provider-session and subject".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_or_explained() {
        let key = KeyOption::parse;
        assert_eq!(key("organization=org_1"), Ok(KeyOption::Organization("org_1".into())));
        let connection = KeyOption::Connection { organization: "org_1".into(), connection: "conn_1".into() };
        assert_eq!(key("connection=org_1/conn_1"), Ok(connection));
        assert_eq!(key("provider-session=a=b"), Ok(KeyOption::ProviderSession("a=b".into())));
        assert_eq!(key("subject=conn_1;ada"), Ok(KeyOption::Subject("conn_1;ada".into())));
        for wrong in ["organization", "organization=", "connection=conn_1", "connection=/c", "group=1", ""] {
            assert!(key(wrong).is_err(), "{wrong}");
        }
    }
}
