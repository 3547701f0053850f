//! What a database looks like that is there already.

/// What users are numbered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ids {
    /// The database counts them, as Auth.js's documented schema does.
    Integer,
    Text,
    Uuid,
}

impl Ids {
    /// What a column's type, as the database calls it, is used for.
    pub(crate) fn of_type(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        match () {
            () if name.contains("int") || name.contains("serial") => Self::Integer,
            () if name == "uuid" => Self::Uuid,
            () => Self::Text,
        }
    }

    /// An id that can be asked for, in the place of one that cannot.
    pub(crate) fn nobody(self) -> &'static str {
        match self {
            Self::Integer | Self::Text => "0",
            Self::Uuid => "00000000-0000-0000-0000-000000000000",
        }
    }

    /// Whether somebody can have this id. `007`, `+7` and `7 ` are not `7`: databases are less strict.
    pub(crate) fn accepts(self, id: &str) -> bool {
        match self {
            Self::Integer => id.parse::<i64>().is_ok_and(|number| number.to_string() == id),
            Self::Text => !id.contains('\0'),
            Self::Uuid => {
                let is_right = |(at, byte): (usize, u8)| match at {
                    8 | 13 | 18 | 23 => byte == b'-',
                    _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
                };
                id.len() == 36 && id.bytes().enumerate().all(is_right)
            }
        }
    }
}

/// The tables as they are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Whether Auth.js's tables are there at all.
    pub(crate) tables: bool,
    /// `users.id`.
    pub(crate) users: Ids,
    /// `accounts.id` and `sessions.id`; `None` where there is no such column.
    pub(crate) accounts: Option<Ids>,
    pub(crate) sessions: Option<Ids>,
    /// `users.attributes`.
    pub(crate) attributes: bool,
    /// `sessions.data` and `sessions.seen`.
    pub(crate) data: bool,
    /// The tables that begin with `authstile_`.
    pub(crate) own: bool,
    /// `authstile_passwords`, which came later.
    pub(crate) passwords: bool,
    /// `authstile_leases`.
    pub(crate) leases: bool,
    /// `authstile_counters`, and `number` of revocations.
    pub(crate) order: bool,
    /// Whether the database itself sees to it that there is only one of each.
    pub(crate) unique_email: bool,
    pub(crate) unique_account: bool,
    pub(crate) unique_session: bool,
}

/// A column: table, name, type.
pub(crate) type Column = (String, String, String);

/// Unique indexes from their columns: table, index, column, in the order of each index.
pub(crate) fn indexes(columns: Vec<Column>) -> Vec<(String, Vec<String>)> {
    let mut last = None;
    let mut indexes: Vec<(String, Vec<String>)> = Vec::new();
    for (table, index, column) in columns {
        let place = Some((table.clone(), index));
        match indexes.last_mut() {
            Some((_, columns)) if last == place => columns.push(column),
            _ => indexes.push((table, vec![column])),
        }
        last = place;
    }
    indexes
}

impl Shape {
    /// From what a database says about itself: its columns, and the columns of its unique indexes, in their order.
    pub(crate) fn new(columns: &[Column], unique: &[(String, Vec<String>)]) -> Self {
        let kind = |table: &str, name: &str| {
            columns.iter().find(|(of, is, _)| of == table && is == name).map(|(_, _, kind)| kind.to_ascii_lowercase())
        };
        let id = |table| kind(table, "id").as_deref().map(Ids::of_type);
        let has = |table: &str, name: &str, of: &str| kind(table, name).is_some_and(|kind| kind.contains(of));
        let is_unique = |table: &str, names: &[&str]| unique.iter().any(|(of, index)| of == table && index == names);
        Self {
            tables: ["users", "accounts", "sessions", "verification_token"]
                .iter()
                .all(|table| columns.iter().any(|(of, ..)| of == table)),
            users: id("users").unwrap_or(Ids::Text),
            accounts: id("accounts"),
            sessions: id("sessions"),
            attributes: has("users", "attributes", "text"),
            data: has("sessions", "data", "text") && has("sessions", "seen", "int"),
            own: ["session_keys", "revocations", "refusals", "seen", "throttle"]
                .iter()
                .all(|name| columns.iter().any(|(of, ..)| of.strip_prefix("authstile_") == Some(name))),
            passwords: ["userId", "hash", "changed"].iter().all(|name| kind("authstile_passwords", name).is_some()),
            leases: has("authstile_leases", "fence", "int"),
            order: has("authstile_counters", "number", "int") && has("authstile_revocations", "number", "int"),
            unique_email: is_unique("users", &["email"]),
            unique_account: is_unique("accounts", &["provider", "providerAccountId"]),
            unique_session: is_unique("sessions", &["sessionToken"]),
        }
    }

    /// Says once, when the store is opened, what is missing.
    pub(crate) fn warn(&self) {
        if !self.tables {
            tracing::warn!("this database has no tables of Auth.js: run `authstile migrate`");
        } else if !(self.attributes && self.data && self.own) {
            tracing::warn!(
                "this database has no place for what Authstile adds to Auth.js's tables: people sign in and out, but until \
                 `authstile migrate` has run and this is started again, sessions remember nothing beside their person, \
                 nothing can be revoked or refused, attempts are not counted here, and nobody has a password"
            );
        } else if !self.passwords {
            tracing::warn!(
                "this database has no place for passwords: run `authstile migrate` if people shall have some"
            );
        } else if !self.leases {
            tracing::warn!(
                "this database has no place for leases: until `authstile migrate` has run, no access token is refreshed"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_strict() {
        assert!([Ids::Integer, Ids::Text, Ids::Uuid].into_iter().all(|ids| ids.accepts(ids.nobody())));
        for id in ["7", "0", "-1", "9223372036854775807"] {
            assert!(Ids::Integer.accepts(id), "{id}");
        }
        for id in ["", "07", "+7", " 7", "7 ", "7x", "1e3", "9223372036854775808", "٧"] {
            assert!(!Ids::Integer.accepts(id), "{id}");
        }
        let uuid = "0190163d-8694-739b-aea5-966c26f8ad91";
        assert!(Ids::Uuid.accepts(uuid));
        for id in ["", &uuid.to_uppercase(), &uuid.replace('-', ""), &format!("{{{uuid}}}"), &format!("{uuid} ")] {
            assert!(!Ids::Uuid.accepts(id), "{id}");
        }
    }
}
