//! Every statement, written once and put into each database's dialect when a store is opened.

use std::sync::Arc;

use sqlx::AssertSqlSafe;

use crate::gather::BATCH;
use crate::shape::{Ids, Shape};

/// A statement in the dialect of a database. It holds no value that somebody gave us, only parameters.
#[derive(Debug, Clone)]
pub(crate) struct Sql(Arc<str>);

impl Sql {
    /// For sqlx, without a copy.
    pub(crate) fn get(&self) -> AssertSqlSafe<Arc<str>> {
        AssertSqlSafe(self.0.clone())
    }
}

/// What is said differently in each database.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// Parameters are `$1`, `$2` instead of `?`.
    pub(crate) numbered: bool,
    /// What stands around names: `"`.
    pub(crate) quote: &'static str,
    /// An id as text; `_` is the column.
    pub(crate) id_text: fn(Ids) -> &'static str,
    /// An id that is given as text.
    pub(crate) id_value: fn(Ids) -> &'static str,
    /// A new id, where a table has no default for it.
    pub(crate) new_id: &'static str,
    /// A moment, so that the driver understands it; `_` is the column.
    pub(crate) moment: &'static str,
    /// A whole number that may be a small one; `_` is the column.
    pub(crate) number: &'static str,
    /// After a query: nobody may delete these rows before the transaction ends.
    pub(crate) share: &'static str,
    /// After a query: nobody may lock these rows before the transaction ends.
    pub(crate) update: &'static str,
    /// What `INSERT INTO users` returns.
    pub(crate) returning: fn(Ids) -> &'static str,
    /// In which order people came.
    pub(crate) first: fn(Ids) -> &'static str,
    /// Deletes some of the rows of the table `@` that have expired before a moment.
    pub(crate) delete_expired: &'static str,
    /// After an `INSERT INTO authstile_passwords`: a row of the same person is changed instead.
    pub(crate) or_password: &'static str,
    pub(crate) consume: &'static str,
    pub(crate) revoke: &'static str,
    pub(crate) revoke_in_order: &'static str,
    pub(crate) refuse: &'static str,
    pub(crate) first_time: &'static str,
    pub(crate) take: &'static str,
    pub(crate) take_lease: &'static str,
}

macro_rules! statements {
    ($dialect:ident; $($name:ident: $template:expr;)*) => {
        /// The statements. `{…}` is filled in by [`Words`], `?` is a parameter.
        #[derive(Debug)]
        pub(crate) struct Statements {
            $(pub(crate) $name: Sql,)*
            /// Keys of a session: as many at once as the place in this list.
            pub(crate) add_keys: Vec<Sql>,
            /// Sessions by their tokens, [`TOKENS`] at once.
            pub(crate) find_sessions: [Sql; TOKENS.len()],
        }

        impl Statements {
            pub(crate) fn new($dialect: &Dialect, shape: &Shape) -> Self {
                let words = Words::new($dialect, shape);
                $(let $name = words.fill($template);)*
                let add_keys = (1..=KEYS).map(|count| words.fill(&add_keys(count))).collect();
                let find_sessions = TOKENS.map(|count| words.fill(&find_sessions(count)));
                Self { $($name,)* add_keys, find_sessions }
            }
        }
    };
}

statements! { dialect;
    find_user: "SELECT {user} FROM users u WHERE u.id = {id}";
    find_user_by_email: "SELECT {user} FROM users u WHERE u.email = ? ORDER BY {first} LIMIT 1";
    find_user_by_account: "SELECT {user} FROM accounts a JOIN users u ON u.id = a.\"userId\" \
        WHERE a.provider = ? AND a.\"providerAccountId\" = ? ORDER BY {first} LIMIT 1";
    accounts_of: "SELECT provider, \"providerAccountId\", type, access_token, id_token, refresh_token, token_type, scope, \
        session_state, {expires_at} FROM accounts WHERE \"userId\" = {id} ORDER BY provider, \"providerAccountId\"";
    list_users: "SELECT {user} FROM users u ORDER BY u.id LIMIT ?";
    list_users_after: "SELECT {user} FROM users u WHERE u.id > {id} ORDER BY u.id LIMIT ?";
    insert_user: "INSERT INTO users (name, email, \"emailVerified\", image{user_more}) VALUES (?, ?, ?, ?{user_values})\
        {returning}";
    update_user: "UPDATE users SET name = COALESCE(?, name), email = COALESCE(?, email), \
        \"emailVerified\" = COALESCE(?, \"emailVerified\"), image = COALESCE(?, image) WHERE id = {id}";
    lock_user: "SELECT 1 FROM users WHERE id = {id}{update}";
    delete_user: "DELETE FROM users WHERE id = {id}";
    delete_accounts_of: "DELETE FROM accounts WHERE \"userId\" = {id}";
    email_taken: "SELECT COUNT(*) FROM users WHERE email = ?";
    email_taken_by_another: "SELECT COUNT(*) FROM users WHERE email = ? AND id <> {id}";
    account_taken: "SELECT COUNT(*) FROM accounts WHERE provider = ? AND \"providerAccountId\" = ?";
    link: "INSERT INTO accounts (provider, \"providerAccountId\", type, access_token, id_token, refresh_token, \
        token_type, scope, session_state, expires_at, \"userId\"{account_id}) \
        SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, u.id{account_id_value} FROM users u WHERE u.id = {id}{share}";
    unlink: "DELETE FROM accounts WHERE \"userId\" = {id} AND provider = ? AND \"providerAccountId\" = ?";
    update_tokens: "UPDATE accounts SET access_token = COALESCE(?, access_token), id_token = COALESCE(?, id_token), \
        refresh_token = COALESCE(?, refresh_token), token_type = COALESCE(?, token_type), scope = COALESCE(?, scope), \
        session_state = COALESCE(?, session_state), expires_at = COALESCE(?, expires_at) \
        WHERE provider = ? AND \"providerAccountId\" = ?";

    sessions_of: "SELECT {session}, {user}, s.\"sessionToken\" FROM sessions s JOIN users u ON u.id = s.\"userId\" \
        WHERE s.\"userId\" = {id} ORDER BY s.expires DESC";
    session_taken: "SELECT COUNT(*) FROM sessions WHERE \"sessionToken\" = ?";
    create_session: "INSERT INTO sessions (\"sessionToken\", expires{session_more}, \"userId\"{session_id}) \
        SELECT ?, ?{session_values}, u.id{session_id_value} FROM users u WHERE u.id = {id}{share}";
    extend_session: "UPDATE sessions SET expires = ?{session_seen} WHERE \"sessionToken\" = ?";
    delete_session: "DELETE FROM sessions WHERE \"sessionToken\" = ?";
    delete_sessions_of: "DELETE FROM sessions WHERE \"userId\" = {id}";
    delete_sessions_of_except: "DELETE FROM sessions WHERE \"userId\" = {id} AND \"sessionToken\" <> ?";
    delete_sessions_by_key: "DELETE FROM sessions WHERE \"sessionToken\" IN \
        (SELECT session FROM authstile_session_keys WHERE \"key\" = ? AND begun <= ?)";
    delete_keys_of: "DELETE FROM authstile_session_keys WHERE session = ?";
    delete_expired_sessions: &dialect.delete_expired.replace('@', "sessions");

    password_of: "SELECT p.hash FROM authstile_passwords p JOIN users u ON u.id = p.\"userId\" WHERE p.\"userId\" = {id}";
    set_password: "INSERT INTO authstile_passwords (hash, changed, \"userId\") \
        SELECT ?, CURRENT_TIMESTAMP, u.id FROM users u WHERE u.id = {id}{share}{or_password}";
    replace_password: "UPDATE authstile_passwords SET hash = ? WHERE \"userId\" = {id} AND hash = ?";
    delete_password: "DELETE FROM authstile_passwords WHERE \"userId\" = {id}";

    create_value: "INSERT INTO verification_token (identifier, token, expires) VALUES (?, ?, ?)";
    consume_value: dialect.consume;
    delete_expired_values: &dialect.delete_expired.replace('@', "verification_token");

    revoke: dialect.revoke;
    revoke_in_order: dialect.revoke_in_order;
    count_revocation: "UPDATE authstile_counters SET number = number + 1 WHERE name = 'revocations'";
    news: "SELECT c.number, r.\"key\", r.revoked, r.forget FROM authstile_counters c \
        LEFT JOIN authstile_revocations r ON r.number > ? WHERE c.name = 'revocations'";
    revoked_at: "SELECT MAX(revoked) FROM authstile_revocations WHERE \"key\" IN (?, ?, ?, ?, ?, ?, ?, ?)";
    refuse: dialect.refuse;
    refused: "SELECT MAX(refused) FROM authstile_refusals WHERE \"key\" IN (?, ?, ?, ?, ?, ?, ?, ?)";
    first_time: dialect.first_time;
    forget_seen: "DELETE FROM authstile_seen WHERE \"key\" = ?";
    take: dialect.take;
    arrival: "SELECT arrival FROM authstile_throttle WHERE \"key\" = ?";
    find_lease: "SELECT outcome, held, forget FROM authstile_leases WHERE \"key\" = ?";
    take_lease: dialect.take_lease;
    renew_lease: "UPDATE authstile_leases SET held = ?, forget = ? WHERE \"key\" = ? AND fence = ? AND outcome IS NULL";
    publish_lease: "UPDATE authstile_leases SET outcome = ?, forget = ? \
        WHERE \"key\" = ? AND fence = ? AND outcome IS NULL";
    release_lease: "UPDATE authstile_leases SET held = 0 WHERE \"key\" = ? AND fence = ? AND outcome IS NULL";

    sweep_revocations: "DELETE FROM authstile_revocations WHERE forget < ?";
    sweep_seen: "DELETE FROM authstile_seen WHERE forget < ?";
    sweep_throttle: "DELETE FROM authstile_throttle WHERE arrival < ?";
    sweep_leases: "DELETE FROM authstile_leases WHERE forget < ?";
}

/// How many keys one statement names, at most.
pub(crate) const KEYS: usize = 8;

/// How many tokens one statement names: those that are missing are named twice.
pub(crate) const TOKENS: [usize; 3] = [1, 4, BATCH];

fn find_sessions(count: usize) -> String {
    let tokens = vec!["?"; count].join(", ");
    format!(
        "SELECT {{session}}, {{user}}, s.\"sessionToken\" FROM sessions s JOIN users u ON u.id = s.\"userId\" \
         WHERE s.\"sessionToken\" IN ({tokens})"
    )
}

fn add_keys(count: usize) -> String {
    let rows = vec!["(?, ?, ?)"; count].join(", ");
    format!("INSERT INTO authstile_session_keys (\"key\", session, begun) VALUES {rows}")
}

/// The parts of statements that depend on the dialect and on the shape.
struct Words<'a> {
    dialect: &'a Dialect,
    words: Vec<(&'static str, String)>,
}

impl<'a> Words<'a> {
    fn new(dialect: &'a Dialect, shape: &Shape) -> Self {
        let text = |flag: bool, text: &'static str| if flag { text } else { "" }.to_owned();
        let own_ids = shape.users != Ids::Integer;
        let id_value = (dialect.id_value)(shape.users);
        let user = [
            (dialect.id_text)(shape.users).replace('_', "u.id"),
            "u.name, u.email".to_owned(),
            dialect.moment.replace('_', "u.\"emailVerified\""),
            "u.image".to_owned(),
            if shape.attributes { "u.attributes" } else { "NULL" }.to_owned(),
        ];
        let session = [
            dialect.moment.replace('_', "s.expires"),
            if shape.data { "s.data, s.seen" } else { "NULL, NULL" }.to_owned(),
        ];
        let is_text = |ids: Option<Ids>| ids.is_some_and(|ids| ids != Ids::Integer);
        let new_id = |ids: Option<Ids>| match ids {
            Some(Ids::Text) => format!(", {}", dialect.new_id),
            Some(Ids::Uuid) => format!(", {}", id_value_of(dialect, Ids::Uuid, dialect.new_id)),
            Some(Ids::Integer) | None => String::new(),
        };
        let words = vec![
            ("{user}", user.join(", ")),
            ("{session}", session.join(", ")),
            ("{id}", id_value.to_owned()),
            ("{first}", (dialect.first)(shape.users).to_owned()),
            ("{expires_at}", dialect.number.replace('_', "expires_at")),
            ("{user_more}", text(shape.attributes, ", attributes") + &text(own_ids, ", id")),
            (
                "{user_values}",
                text(shape.attributes, ", ?") + &if own_ids { format!(", {id_value}") } else { String::new() },
            ),
            ("{returning}", (dialect.returning)(shape.users).to_owned()),
            ("{share}", dialect.share.to_owned()),
            ("{update}", dialect.update.to_owned()),
            ("{or_password}", dialect.or_password.to_owned()),
            ("{account_id}", text(is_text(shape.accounts), ", id")),
            ("{account_id_value}", new_id(shape.accounts)),
            ("{session_id}", text(is_text(shape.sessions), ", id")),
            ("{session_id_value}", new_id(shape.sessions)),
            ("{session_more}", text(shape.data, ", data")),
            ("{session_values}", text(shape.data, ", ?")),
            ("{session_seen}", text(shape.data, ", seen = ?")),
        ];
        Self { dialect, words }
    }

    fn fill(&self, template: &str) -> Sql {
        let mut sql = template.to_owned();
        for (word, text) in &self.words {
            sql = sql.replace(word, text);
        }
        sql = sql.replace('"', self.dialect.quote);
        if self.dialect.numbered {
            let mut parts = sql.split('?');
            let mut numbered = parts.next().unwrap_or_default().to_owned();
            for (index, part) in parts.enumerate() {
                numbered.push_str(&format!("${}{part}", index + 1));
            }
            sql = numbered;
        }
        Sql(sql.into())
    }
}

/// A value of the database's own making, as an id.
fn id_value_of(dialect: &Dialect, ids: Ids, value: &str) -> String {
    (dialect.id_value)(ids).replace('?', &format!("({value})"))
}
