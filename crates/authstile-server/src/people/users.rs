//! `authstile users`.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use anyhow::bail;
use authstile::Account;
use authstile::clock::UnixTime;
use authstile::env::Environment;
use authstile::store::StoredUser;
use serde_json::{Value, json};

use super::table::{minute, plain, table};
use super::{Office, called, print};
use crate::cli::{ListUsers, UsersCommand};
use crate::say;

pub(crate) async fn run(command: &UsersCommand, environment: &Environment) -> anyhow::Result<()> {
    let office = Office::open(environment).await?;
    match command {
        UsersCommand::List(options) => list(&office, options).await,
        UsersCommand::Show { user, json } => show(&office, user, *json).await,
        UsersCommand::Delete { id, yes } => delete(&office, id, *yes).await,
    }
}

async fn list(office: &Office, options: &ListUsers) -> anyhow::Result<()> {
    let users = office.accounts()?.list_users(options.after.as_deref(), options.limit).await?;
    if options.json {
        return print(&users.iter().map(|user| format!("{}\n", object(user))).collect::<String>());
    }
    if users.is_empty() {
        say(if options.after.is_some() { "nobody comes behind that id" } else { "nobody has signed in yet" });
        return Ok(());
    }
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let rows: Vec<_> =
        users.iter().map(|user| ([user.id.clone(), text(&user.email), text(&user.name)], None)).collect();
    print(&table(["ID", "E-MAIL", "NAME"], &rows))?;
    if let Some(last) = users.last().filter(|_| u32::try_from(users.len()) == Ok(options.limit)) {
        say(&format!("there may be more: --after {}", last.id));
    }
    Ok(())
}

async fn show(office: &Office, named: &str, as_json: bool) -> anyhow::Result<()> {
    let user = office.person(named).await?;
    let accounts = office.accounts()?.accounts_of(&user.id).await?;
    let sessions = office.settings.keeps_sessions();
    let sessions = if sessions { Some(office.auth.sessions_of(&user.id).await?.len()) } else { None };
    if as_json {
        let mut object = object(&user);
        // Of an account only what names it: its tokens are nobody's business.
        let accounts = accounts.iter().map(|account| {
            json!({ "provider": account.provider, "providerAccountId": account.provider_account_id, "type": account.kind.as_str() })
        });
        if let Some(object) = object.as_object_mut() {
            object.insert("accounts".to_owned(), accounts.collect());
            object.insert("sessions".to_owned(), json!(sessions));
        }
        return print(&format!("{object}\n"));
    }
    let mut text = String::new();
    let mut line = |name: &str, value: &str| text.push_str(&format!("{name:<10}{}\n", plain(value)));
    let or_none = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    line("id", &user.id);
    line("name", &or_none(&user.name));
    line("e-mail", &or_none(&user.email));
    let verified = |at: UnixTime| format!("{} UTC", minute(at));
    line("verified", &user.email_verified.map_or_else(|| "no".to_owned(), verified));
    line("image", &or_none(&user.image));
    if !user.attributes.is_empty() {
        line("more", &Value::Object(user.attributes.clone().into_iter().collect()).to_string());
    }
    for Account { provider, provider_account_id, .. } in &accounts {
        line("account", &format!("{provider} {provider_account_id}"));
    }
    line("sessions", &sessions.map_or_else(|| "in cookies".to_owned(), |count| count.to_string()));
    print(&text)
}

async fn delete(office: &Office, id: &str, yes: bool) -> anyhow::Result<()> {
    let Some(user) = office.accounts()?.find_user(id).await? else {
        // An address may lead to somebody else tomorrow; what is deleted is named by what it is.
        match office.find(id).await? {
            Some(user) => bail!("{id:?} is no id; the id of {} is {}", called(&user), user.id),
            None => bail!("nobody has the id {id:?}"),
        }
    };
    if !yes && !is_confirmed(&user)? {
        bail!("nothing was deleted");
    }
    if !office.auth.delete_user(&user.id).await? {
        bail!("{} was gone already", user.id);
    }
    print(&format!("deleted {}, with all accounts and sessions\n", user.id))
}

fn is_confirmed(user: &StoredUser) -> anyhow::Result<bool> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        bail!("nobody can be asked whether {} is to be deleted: say it with --yes", called(user));
    }
    // Whoever cannot be shown the question does not say yes.
    write!(std::io::stderr().lock(), "Delete {} ({}), with all accounts and sessions? [y/N] ", called(user), user.id)?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

fn object(user: &StoredUser) -> Value {
    json!({
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "emailVerified": user.email_verified.map(UnixTime::iso8601),
        "image": user.image,
        "attributes": user.attributes,
    })
}
