//! Signing in by mail, as the environment says.

use authstile::env::Environment;
use authstile::{EmailProof, EmailProvider};
use authstile_mail::{Details, KINDS, Kind, SetupError, mailer};

use crate::choice::choice;
use crate::mistake::Mistake;

/// Belongs to a mail service, although it looks like the client id of a provider.
const TEMPLATE: &str = "AUTH_LOOPS_TRANSACTIONAL_ID";
const REGION: &str = "AUTH_MAILGUN_REGION";
const PROOF: &str = "AUTHSTILE_EMAIL_PROOF";

/// One way to sign in for every mail service or server that has a key or an address. They need a store of values that are
/// good once.
pub(crate) fn of(environment: &Environment, has_store: bool) -> Result<Vec<EmailProvider>, Mistake> {
    let words = [("link", EmailProof::Link), ("code", EmailProof::Code)];
    let proof = choice(environment, PROOF, words)?.unwrap_or_default();
    let found = KINDS.iter().filter_map(|kind| Some((kind, environment.get(kind.key_variable)?)));
    let found: Vec<(&Kind, &str)> = found.collect();
    let provider = |(kind, key): &(&Kind, &str)| {
        if !has_store {
            let what = format!(
                "{} is set, but what a mail carries has to be remembered until it is used: that needs a database or Redis",
                kind.key_variable
            );
            return Err(Mistake::new(what, "DATABASE_URL=sqlite:authstile.db"));
        }
        let from = environment.get("EMAIL_FROM").unwrap_or_default();
        let details =
            Details { mailgun_region: environment.get(REGION), loops_transactional_id: environment.get(TEMPLATE) };
        let mailer = mailer(kind.id, key, from, details).map_err(|error| mistake(kind, &error))?;
        let provider = EmailProvider::new(kind.id, mailer);
        // With one of them nobody needs to know which.
        let provider = if found.len() > 1 { provider.name(kind.name) } else { provider };
        Ok(if proof == EmailProof::Code { provider.codes() } else { provider })
    };
    found.iter().map(provider).collect()
}

/// The environment of the providers, in which nothing of the mail services can be mistaken for one.
pub(crate) fn without(environment: &Environment) -> Environment {
    let rest = environment.names().filter(|name| *name != TEMPLATE);
    Environment::from_pairs(rest.filter_map(|name| Some((name, environment.get(name)?))))
}

/// What belongs to mail, where no mail can be sent.
pub(crate) fn strays(environment: &Environment) -> Vec<&'static str> {
    if KINDS.iter().any(|kind| environment.get(kind.key_variable).is_some()) {
        return Vec::new();
    }
    ["EMAIL_FROM", PROOF, TEMPLATE, REGION].into_iter().filter(|name| environment.get(name).is_some()).collect()
}

fn mistake(kind: &Kind, error: &SetupError) -> Mistake {
    let mend = match error {
        SetupError::From { .. } => "EMAIL_FROM=\"Example <no-reply@example.com>\"".to_owned(),
        SetupError::Server(_) => format!("{}=smtp://user:password@mail.example.com:587", kind.key_variable),
        SetupError::Missing { service: "Mailgun", .. } => format!("{REGION}=EU"),
        SetupError::Missing { .. } => format!("{TEMPLATE}=…"),
        _ => format!("{}=…", kind.key_variable),
    };
    Mistake::new(format!("{} is set, but no mail can be sent: {error}", kind.key_variable), mend)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(pairs: &[(&str, &str)], has_store: bool) -> Result<usize, String> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        of(&environment, has_store).map(|ways| ways.len()).map_err(|mistake| mistake.to_string())
    }

    const FROM: (&str, &str) = ("EMAIL_FROM", "Acme <no-reply@acme.example>");

    #[test]
    fn every_service_is_found_by_its_key() {
        for kind in KINDS {
            let key = if kind.id == "nodemailer" { "smtp://127.0.0.1:2525" } else { "k3y" };
            let pairs = [(kind.key_variable, key), FROM, (TEMPLATE, "cl1"), (PROOF, "code")];
            assert_eq!(ways(&pairs, true), Ok(1), "{}", kind.id);
        }
        assert_eq!(ways(&[FROM], false), Ok(0));
        assert_eq!(ways(&[("AUTH_RESEND_KEY", "k"), ("AUTH_POSTMARK_KEY", "k"), FROM], true), Ok(2));
    }

    #[test]
    fn every_mistake_names_the_line_that_mends_it_and_no_key() {
        for (pairs, has_store, mended_by) in [
            (&[("AUTH_RESEND_KEY", "k3y"), FROM][..], false, "\n    DATABASE_URL=sqlite:"),
            (&[("AUTH_RESEND_KEY", "k3y")], true, "\n    EMAIL_FROM=\"Example <no-reply@"),
            (&[("AUTH_RESEND_KEY", "k3y k3y"), FROM], true, "\n    AUTH_RESEND_KEY=…"),
            (&[("AUTH_LOOPS_KEY", "k3y")], true, "\n    AUTH_LOOPS_TRANSACTIONAL_ID=…"),
            (&[("AUTH_MAILGUN_KEY", "k3y"), FROM, (REGION, "mars")], true, "\n    AUTH_MAILGUN_REGION=EU"),
            (&[("EMAIL_SERVER", "mail.example:k3y"), FROM], true, "\n    EMAIL_SERVER=smtp://user:"),
            (&[("AUTH_RESEND_KEY", "k3y"), FROM, (PROOF, "sms")], true, "\n    AUTHSTILE_EMAIL_PROOF=link\n"),
        ] {
            let mistake = ways(pairs, has_store).unwrap_err();
            assert!(mistake.contains(mended_by) && !mistake.contains("k3y"), "{mistake}");
        }
    }

    #[test]
    fn the_id_of_a_template_is_no_provider() {
        let environment = Environment::from_pairs([(TEMPLATE, "cl1"), ("AUTH_GITHUB_ID", "1")]);
        assert_eq!(without(&environment).provider_ids(), ["github"]);
        assert_eq!(strays(&environment), [TEMPLATE]);
    }
}
