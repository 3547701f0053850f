//! `authstile providers check`: does the provider say about itself what its card says about it?

use std::collections::BTreeMap;

use anyhow::{anyhow, bail};
use authstile::env::Environment;
use authstile::oauth::authorize::ResponseMode;
use authstile::oauth::jose::alg::SignatureAlgorithm;
use authstile::oauth::metadata::ServerMetadata;
use authstile::oauth::word::Issuer;
use authstile::profile::Options;
use authstile::provider::{IssuerCheck, Pkce, ProfileSource, Protocol, Provider, Template, Values};
use authstile::{Claims, Transport};
use authstile_reqwest::ReqwestTransport;
use bytes::Bytes;
use http::header::ACCEPT;
use http::{Request, StatusCode};
use serde_json::Value;

use super::print;
use crate::cards::Cards;
use crate::cli::CheckOptions;

pub(super) async fn run(options: &CheckOptions, cards: &Cards, environment: &Environment) -> anyhow::Result<()> {
    let card = cards.require(&options.id)?;
    let expected = Expected::new(&card, options, environment)?;
    let report = match expected.document_url()? {
        Some(url) => {
            let document = fetch(&url).await?;
            let mut report = Report::default();
            report.fits(format!("the discovery document is at {url}"));
            compare(&mut report, &expected, &document);
            report
        }
        None => without_discovery(&expected),
    };
    print(&report.lines)?;
    match report.misfits {
        0 => Ok(()),
        1 => bail!("one thing does not fit"),
        more => bail!("{more} things do not fit"),
    }
}

/// What the card says, with the values of its options in their places.
struct Expected<'a> {
    card: &'a Provider,
    options: Options,
    client_id: Option<String>,
}

impl<'a> Expected<'a> {
    fn new(card: &'a Provider, given: &CheckOptions, environment: &Environment) -> anyhow::Result<Self> {
        let mut values = BTreeMap::new();
        let names = card.options.iter().map(|option| option.name).chain(["issuer"]);
        for name in names {
            values.extend(environment.get(&card.variable(name)).map(|value| (name.to_owned(), value.to_owned())));
        }
        for pair in &given.options {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| anyhow!("--option {pair:?} is no pair: write --option name=value"))?;
            values.insert(name.to_owned(), value.to_owned());
        }
        values.extend(given.issuer.clone().map(|issuer| ("issuer".to_owned(), issuer)));
        let client_id = environment.get(&card.variable("ID")).map(str::to_owned);
        let options = card.option_values(&values).map_err(|problem| anyhow!("{}: {problem}", card.id))?;
        Ok(Self { card, options, client_id })
    }

    fn fill(&self, field: &str, template: Option<&str>) -> anyhow::Result<Option<String>> {
        let Some(text) = template else { return Ok(None) };
        let values = Values { options: &self.options, client_id: self.client_id.as_deref(), ..Values::NONE };
        let filled = Template::parse(text)?.fill(&values);
        filled.map(Some).ok_or_else(|| match text.contains("{client_id}") && self.client_id.is_none() {
            true => anyhow!("{field} of {} has the client id in it: set {}", self.card.id, self.card.variable("ID")),
            false => anyhow!("{field} of {} needs a value for an option: {text}", self.card.id),
        })
    }

    fn issuer(&self) -> anyhow::Result<Option<String>> {
        let declared = self.card.options.iter().any(|option| option.name == "issuer");
        match self.options.get("issuer") {
            Some(given) if !declared => Ok(Some(given.clone())),
            _ => self.fill("issuer", self.card.issuer),
        }
    }

    /// Where the discovery document is; `None` for plain OAuth without one.
    fn document_url(&self) -> anyhow::Result<Option<String>> {
        if let Some(url) = self.fill("discovery", self.card.discovery)? {
            return Ok(Some(url));
        }
        let issuer = match self.card.protocol {
            Protocol::OAuth2 => None,
            _ => Some(self.issuer()?.ok_or_else(|| anyhow!("{} has no issuer: give --issuer", self.card.id))?),
        };
        issuer.map(|issuer| Ok(ServerMetadata::well_known(&Issuer::parse(&issuer)?).to_string())).transpose()
    }
}

async fn fetch(url: &str) -> anyhow::Result<Claims> {
    let transport = ReqwestTransport::new()?;
    let request = Request::get(url).header(ACCEPT, "application/json").body(Bytes::new())?;
    let answer = transport
        .send(request)
        .await
        .map_err(|error| anyhow!("the discovery document at {url} cannot be had: {error}"))?;
    if answer.status() != StatusCode::OK {
        bail!("the discovery document at {url} cannot be had: the answer is {}", answer.status());
    }
    serde_json::from_slice(answer.body())
        .map_err(|error| anyhow!("what is at {url} is no discovery document: it is no JSON object ({error})"))
}

/// What fits and what does not, one line each.
#[derive(Debug, Default)]
struct Report {
    lines: String,
    misfits: usize,
}

impl Report {
    fn fits(&mut self, text: impl AsRef<str>) {
        self.line("ok    ", text.as_ref());
    }

    fn misfit(&mut self, text: impl AsRef<str>) {
        self.misfits += 1;
        self.line("wrong ", text.as_ref());
    }

    fn note(&mut self, text: impl AsRef<str>) {
        self.line("note  ", text.as_ref());
    }

    fn line(&mut self, verdict: &str, text: &str) {
        // What a document says stays on its line, and cannot move the cursor.
        let plain: String = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
        self.lines.push_str(verdict);
        self.lines.push_str(&plain);
        self.lines.push('\n');
    }
}

/// Plain OAuth has nothing to compare with: what can be said is whether the card is complete.
fn without_discovery(expected: &Expected<'_>) -> Report {
    let mut report = Report::default();
    report.note("plain OAuth 2.0 has no discovery document: only the card itself can be looked at");
    let card = expected.card;
    let mut endpoints = vec![("authorization", card.authorization), ("token", card.token)];
    endpoints.extend(
        [("refresh", card.refresh), ("revocation", card.revocation)].into_iter().filter(|(_, url)| url.is_some()),
    );
    for (name, template) in endpoints {
        match expected.fill(name, template) {
            Ok(Some(url)) => report.fits(format!("{name}: {url}")),
            Ok(None) => report.misfit(format!("{name}: missing")),
            Err(error) => report.misfit(error.to_string()),
        }
    }
    for problem in card.problems() {
        report.misfit(problem.to_string());
    }
    report
}

fn compare(report: &mut Report, expected: &Expected<'_>, document: &Claims) {
    issuer(report, expected, document);
    endpoints(report, expected, document);
    pkce(report, expected.card, document);
    authentication(report, expected.card, document);
    algorithms(report, expected.card, document);
    responses(report, expected.card, document);
    scopes(report, expected, document);
}

fn issuer(report: &mut Report, expected: &Expected<'_>, document: &Claims) {
    let Some(said) = document.get("issuer").and_then(Value::as_str) else {
        return report.misfit("issuer: the document names none");
    };
    let issuer = match expected.issuer() {
        Ok(Some(issuer)) => issuer,
        Ok(None) => return report.note(format!("issuer: {said}, the card has none")),
        Err(error) => return report.misfit(error.to_string()),
    };
    let tenant = expected.card.issuer_check == IssuerCheck::TenantClaim && said.contains("{tenantid}");
    match said == issuer {
        true => report.fits(format!("issuer: {issuer}")),
        false if tenant => report.fits(format!("issuer: {said}, to be compared with the tenant of each ID token")),
        false => report.misfit(format!(
            "issuer: the document says {said}, the card {issuer}; they must be the same byte for byte, a slash at the end \
             counts"
        )),
    }
}

fn endpoints(report: &mut Report, expected: &Expected<'_>, document: &Claims) {
    let card = expected.card;
    let userinfo = card.userinfo.first().filter(|request| !request.url.is_none_or(|url| url.contains("{/")));
    let asks =
        card.profile_source == ProfileSource::UserInfo && card.userinfo.iter().all(|request| request.url.is_none());
    for (member, field, template, needed) in [
        ("authorization_endpoint", "authorization", card.authorization, true),
        ("token_endpoint", "token", card.token, true),
        ("jwks_uri", "jwks", card.jwks, card.protocol == Protocol::Oidc),
        ("userinfo_endpoint", "userinfo", userinfo.and_then(|request| request.url), asks),
        ("revocation_endpoint", "revocation", card.revocation, false),
        ("end_session_endpoint", "end_session", card.end_session, false),
    ] {
        let said = document.get(member).and_then(Value::as_str);
        let ours = match expected.fill(field, template) {
            Ok(ours) => ours,
            Err(error) => {
                report.misfit(error.to_string());
                continue;
            }
        };
        match (said, ours) {
            (Some(said), _) if !is_safe(said) => {
                report.misfit(format!("{member}: {said} is no https address"));
            }
            (Some(said), None) => report.fits(format!("{member}: {said}")),
            (Some(said), Some(ours)) if said == ours => report.fits(format!("{member}: {said}, as on the card")),
            // The profile may well be asked for elsewhere.
            (Some(said), Some(ours)) if member == "userinfo_endpoint" => {
                report.note(format!("{member}: the document says {said}, the card asks {ours}"));
            }
            (Some(said), Some(ours)) => {
                report.misfit(format!("{member}: the document says {said}, the card {ours}"));
            }
            (None, Some(ours)) => report.note(format!("{member}: the document has none, the card {ours}")),
            (None, None) if needed => report.misfit(format!("{member}: neither the document nor the card has one")),
            (None, None) if member == "end_session_endpoint" => {
                report.note(format!("{member}: none, so signing out cannot end the session at the provider"));
            }
            (None, None) => {}
        }
    }
}

fn is_safe(url: &str) -> bool {
    let loopback = ["http://localhost", "http://127.0.0.1", "http://[::1]"];
    url.starts_with("https://")
        || loopback.iter().any(|host| url.strip_prefix(host).is_some_and(|rest| rest.starts_with([':', '/'])))
}

fn pkce(report: &mut Report, card: &Provider, document: &Claims) {
    let ours = match card.pkce {
        Pkce::S256 => "S256",
        Pkce::Plain => "plain",
        _ => {
            if list(document, "code_challenge_methods_supported").is_some_and(|list| list.contains(&"S256")) {
                report.note("PKCE: the provider knows S256, but the card sends none");
            }
            return;
        }
    };
    match list(document, "code_challenge_methods_supported") {
        None => report.note(format!("PKCE: not advertised; {ours} is sent all the same")),
        Some(methods) if methods.contains(&ours) => report.fits(format!("PKCE: {ours}")),
        Some(methods) => {
            report.misfit(format!("PKCE: the card sends {ours}, the provider knows {}", methods.join(", ")));
        }
    }
}

fn authentication(report: &mut Report, card: &Provider, document: &Claims) {
    // OpenID Connect Discovery 1.0 §3: the default.
    let said = list(document, "token_endpoint_auth_methods_supported").unwrap_or_else(|| vec!["client_secret_basic"]);
    let fits = match card.client_authentication {
        Some(method) => said.contains(&method.as_str()).then(|| method.as_str()),
        None => ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt"]
            .into_iter()
            .find(|method| said.contains(method)),
    };
    match (fits, card.client_authentication) {
        (Some(method), _) => report.fits(format!("client authentication: {method}")),
        (None, Some(method)) => {
            let said = said.join(", ");
            report
                .misfit(format!("client authentication: the card says {}, the provider wants {said}", method.as_str()));
        }
        (None, None) => {
            report.misfit(format!("client authentication: none in common, the provider wants {}", said.join(", ")))
        }
    }
}

fn algorithms(report: &mut Report, card: &Provider, document: &Claims) {
    if card.protocol != Protocol::Oidc {
        return;
    }
    let said = list(document, "id_token_signing_alg_values_supported").unwrap_or_else(|| vec!["RS256"]);
    let (known, unknown): (Vec<&str>, Vec<&str>) =
        said.into_iter().partition(|name| SignatureAlgorithm::parse(name).is_some());
    match known.is_empty() {
        false => report.fits(format!("ID token algorithms: {}", known.join(", "))),
        true => report.misfit(format!("ID token algorithms: none that is accepted, only {}", unknown.join(", "))),
    }
    if !known.is_empty() && !unknown.is_empty() {
        report.note(format!("ID tokens signed with {} are refused", unknown.join(", ")));
    }
}

fn responses(report: &mut Report, card: &Provider, document: &Claims) {
    if let Some(types) = list(document, "response_types_supported") {
        match types.contains(&card.response_type) {
            true => report.fits(format!("response type: {}", card.response_type)),
            false => report.misfit(format!(
                "response type: the card says {}, the provider knows {}",
                card.response_type,
                types.join(", ")
            )),
        }
    }
    let mode = card.response_mode;
    if mode != ResponseMode::Query
        && let Some(modes) = list(document, "response_modes_supported")
        && !modes.contains(&mode.as_str())
    {
        let known = modes.join(", ");
        report.misfit(format!("response mode: the card says {}, the provider knows {known}", mode.as_str()));
    }
}

fn scopes(report: &mut Report, expected: &Expected<'_>, document: &Claims) {
    let Ok(Some(scope)) = expected.fill("scope", Some(expected.card.scope)) else {
        return report.note("scope: it depends on an option that has no value");
    };
    let Some(known) = list(document, "scopes_supported") else {
        return report.note(format!("scope: {scope:?} is asked for; the provider does not say which it knows"));
    };
    let strange: Vec<&str> = scope.split_whitespace().filter(|scope| !known.contains(scope)).collect();
    match strange.is_empty() {
        true => report.fits(format!("scope: {scope}")),
        // Discovery 1.0 §3: a provider may leave some out of its list.
        false => report.note(format!("scope: {} is asked for, but not advertised", strange.join(", "))),
    }
}

/// A list of texts of the document.
fn list<'a>(document: &'a Claims, member: &str) -> Option<Vec<&'a str>> {
    Some(document.get(member)?.as_array()?.iter().filter_map(Value::as_str).collect())
}

#[cfg(test)]
mod tests {
    use authstile::provider::OIDC;
    use serde_json::json;

    use super::*;
    use authstile::oauth::client_auth::ClientAuthentication;

    const ACME: Provider = Provider { id: "acme", name: "Acme", issuer: Some("https://a.example"), ..OIDC };

    fn good() -> Value {
        json!({
            "issuer": "https://a.example",
            "authorization_endpoint": "https://a.example/authorize",
            "token_endpoint": "https://a.example/token",
            "jwks_uri": "https://a.example/keys",
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email"],
            "end_session_endpoint": "https://a.example/end",
        })
    }

    fn report(card: &Provider, document: Value) -> Report {
        let expected = Expected { card, options: Options::new(), client_id: None };
        let mut report = Report::default();
        compare(&mut report, &expected, &serde_json::from_value(document).unwrap());
        report
    }

    #[test]
    fn what_fits_is_said_line_by_line() {
        let report = report(&ACME, good());
        assert_eq!(report.misfits, 0, "{}", report.lines);
        assert!(report.lines.lines().all(|line| line.starts_with("ok    ")), "{}", report.lines);
        assert_eq!(report.lines.lines().count(), 10, "{}", report.lines);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (member, value, line) in [
            ("issuer", json!("https://a.example/"), "wrong issuer: the document says https://a.example/, the card"),
            ("issuer", Value::Null, "wrong issuer: the document names none"),
            ("jwks_uri", Value::Null, "wrong jwks_uri: neither"),
            (
                "token_endpoint",
                json!("http://a.example/token"),
                "wrong token_endpoint: http://a.example/token is no https",
            ),
            ("token_endpoint", json!("http://localhost.evil.example/"), "is no https address"),
            (
                "code_challenge_methods_supported",
                json!(["plain"]),
                "wrong PKCE: the card sends S256, the provider knows plain",
            ),
            ("code_challenge_methods_supported", Value::Null, "note  PKCE: not advertised"),
            (
                "token_endpoint_auth_methods_supported",
                json!(["tls_client_auth"]),
                "wrong client authentication: none in common",
            ),
            (
                "id_token_signing_alg_values_supported",
                json!(["HS256", "none"]),
                "wrong ID token algorithms: none that is accepted",
            ),
            (
                "id_token_signing_alg_values_supported",
                json!(["ES256", "HS256"]),
                "note  ID tokens signed with HS256 are refused",
            ),
            ("response_types_supported", json!(["id_token"]), "wrong response type: the card says code"),
            ("scopes_supported", json!(["openid"]), "note  scope: profile, email is asked for"),
            ("end_session_endpoint", Value::Null, "note  end_session_endpoint: none"),
            (
                "issuer",
                json!("https://a.example\u{1b}[2J\nok"),
                "wrong issuer: the document says https://a.example?[2J?ok",
            ),
        ] {
            let mut document = good();
            document[member] = value;
            let report = report(&ACME, document);
            assert!(report.lines.contains(line), "{line}: {}", report.lines);
            assert_eq!(report.misfits, report.lines.matches("wrong ").count());
        }
    }

    #[test]
    fn the_card_may_say_more_than_the_document() {
        let card = Provider {
            token: Some("https://a.example/other"),
            client_authentication: Some(ClientAuthentication::Post),
            issuer_check: IssuerCheck::TenantClaim,
            ..ACME
        };
        let mut document = good();
        document["issuer"] = json!("https://a.example/{tenantid}/v2.0");
        let report = report(&card, document);
        for line in [
            "ok    issuer: https://a.example/{tenantid}/v2.0, to be compared",
            "wrong token_endpoint: the document says https://a.example/token, the card https://a.example/other",
            "wrong client authentication: the card says client_secret_post, the provider wants client_secret_basic",
        ] {
            assert!(report.lines.contains(line), "{line}: {}", report.lines);
        }
    }
}
