//! `authstile providers map`: who a profile is, as the engine sees it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use authstile::Claims;
use authstile::profile::{Options, ProfileMapping, Sources};
use authstile::provider::{Need, Provider, ProviderOption};
use serde_json::Value;

use super::{input, print};
use crate::cards::Cards;
use crate::cli::MapOptions;
use crate::say;

pub(super) fn run(options: &MapOptions, cards: Cards) -> anyhow::Result<()> {
    let files = [Some(&options.profile), options.token.as_ref(), options.options.as_ref(), options.card.as_ref()];
    if files.into_iter().flatten().filter(|path| path.as_path() == Path::new("-")).count() > 1 {
        bail!("standard input can be read only once: give `-` for one file only");
    }
    let card = match &options.card {
        Some(path) => {
            let cards = cards.with_file(path, &input(path)?)?;
            match cards.is_own(&options.id) {
                true => cards.require(&options.id)?,
                false => bail!("{} has no card with id {:?}", path.display(), options.id),
            }
        }
        None => cards.require(&options.id)?,
    };
    let profile = object(&options.profile)?;
    let token = options.token.as_deref().map(object).transpose()?.unwrap_or_default();
    let values = options.options.as_deref().map(object).transpose()?.unwrap_or_default();
    let user = user(&card, profile, token, &values)?;
    print(&format!("{}\n", Value::Object(user)))
}

/// The JSON object in a file.
fn object(path: &Path) -> anyhow::Result<Claims> {
    let text = input(path)?;
    serde_json::from_str(&text).with_context(|| format!("{} must hold a JSON object", path.display()))
}

/// The user that the mapping of a card yields, with what else the card maps. Absent fields are absent.
pub(super) fn user(card: &Provider, profile: Claims, token: Claims, values: &Claims) -> anyhow::Result<Claims> {
    let options = options(card, values)?;
    let (profile, token) = (selected(card, profile), token_members(card, token));
    let mapping = ProfileMapping::Map(card.profile).compile().context("the mapping of the card cannot be read")?;
    let sources = Sources { profile: &profile, token: &token, options: &options };
    let mapped = mapping.map(&sources).map_err(|error| {
        anyhow!("{error}: {} looks for it at `{}`, and it must be text or a number", card.id, card.profile.id)
    })?;
    let mut user = Claims::new();
    user.insert("id".to_owned(), mapped.subject.as_str().into());
    let texts = [("name", mapped.user.name), ("email", mapped.user.email), ("image", mapped.user.image)];
    user.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))));
    user.extend(mapped.user.email_verified.map(|verified| ("email_verified".to_owned(), verified.into())));
    user.extend(mapped.extra);
    Ok(user)
}

/// The profile, where the answer is given as the provider sends it: what counts in it lies at a pointer of the card.
fn selected(card: &Provider, profile: Claims) -> Claims {
    let main = card.userinfo.iter().find(|request| request.into.is_empty() && !request.at.is_empty());
    let Some(at) = main.map(|request| request.at) else { return profile };
    let answer = Value::Object(profile.clone());
    answer.pointer(at).and_then(Value::as_object).cloned().unwrap_or(profile)
}

/// The members of the token answer that a mapping may look at, which are never the tokens.
fn token_members(card: &Provider, token: Claims) -> Claims {
    let answer = Value::Object(token);
    let inside = answer.pointer(card.token_answer.at).and_then(Value::as_object).or_else(|| answer.as_object());
    let mut members = inside.cloned().unwrap_or_default();
    for secret in ["access_token", "refresh_token", "id_token"] {
        members.remove(secret);
    }
    members
}

/// The options' values. None has to be given here: a mapping looks at few of them.
fn options(card: &Provider, values: &Claims) -> anyhow::Result<Options> {
    let optional = card.options.iter().map(|option| ProviderOption { need: Need::Optional, ..*option });
    let lenient = Provider { options: Vec::leak(optional.collect()), ..*card };
    let mut given = BTreeMap::new();
    for (name, value) in values {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => bail!("the option `{name}` is {value}, but must be text"),
        };
        // Auth.js writes names in camel case, and has options that are none of a card.
        let plain = |name: &str| name.to_ascii_lowercase().replace(['_', '-'], "");
        if ["clientid", "clientsecret", "redirecturi"].contains(&plain(name).as_str()) {
            say(&format!("`{name}` has no part in the mapping and is passed over"));
            continue;
        }
        let known = card.options.iter().find(|option| plain(option.name) == plain(name));
        given.insert(known.map_or(name.as_str(), |option| option.name).to_owned(), text);
    }
    lenient.option_values(&given).map_err(|problem| anyhow!("{}: {problem}", card.id))
}

#[cfg(test)]
mod tests {
    use authstile::card_file;
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        serde_json::from_value(value).unwrap()
    }

    fn map(id: &str, profile: Value, token: Value, values: Value) -> Result<Value, String> {
        let card = Cards::default().require(id).map_err(|error| error.to_string())?;
        user(&card, claims(profile), claims(token), &claims(values))
            .map(Value::Object)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_profile_may_be_given_as_the_provider_sends_it() {
        let person = json!({"id": "7", "name": "ada", "image": "https://i.example/a"});
        let viewer = json!({"id": 7, "name": "ada", "avatar": {"large": "https://i.example/a"}});
        assert_eq!(map("anilist", viewer.clone(), json!({}), json!({})).unwrap(), person);
        assert_eq!(map("anilist", json!({"data": {"Viewer": viewer}}), json!({}), json!({})).unwrap(), person);
        for token in [json!({"userid": 6}), json!({"status": 0, "body": {"userid": "6", "access_token": "x"}})] {
            assert_eq!(map("withings", json!({}), token, json!({})).unwrap(), json!({"id": "6"}));
        }
    }

    #[test]
    fn options_are_those_of_the_card() {
        let person = json!({"id": 1, "login": "ada"});
        let gitea = |values| map("gitea", person.clone(), json!({}), values);
        assert_eq!(gitea(json!({"issuer": "https://git.example"})).unwrap(), json!({"id": "1", "name": "ada"}));
        assert_eq!(gitea(json!({})).unwrap(), json!({"id": "1", "name": "ada"}), "a mapping needs no address");
        assert!(
            gitea(json!({"isuer": "x"})).unwrap_err().contains("there is no option `isuer`; the card has [\"issuer\"]")
        );
        assert!(gitea(json!({"issuer": "x"})).unwrap_err().contains("https"));
        assert!(gitea(json!({"issuer": {}})).unwrap_err().contains("must be text"));
        let sailpoint = map("sailpoint", json!({"id": "1"}), json!({}), json!({"baseUrl": "https://a.example"}));
        assert_eq!(sailpoint.unwrap(), json!({"id": "1"}), "Auth.js's spelling of base_url");
    }

    #[test]
    fn nobody_is_an_error_that_says_where_it_looked() {
        let error = map("github", json!({"login": "ada"}), json!({}), json!({})).unwrap_err();
        assert!(error.contains("names no subject") && error.contains("`/id`"), "{error}");
    }

    #[test]
    fn what_is_shown_can_be_tried() {
        let shown = super::super::show::text(&Cards::default().require("github").unwrap()).unwrap();
        let cards = Cards::default().with_file(Path::new("x"), &shown.replace("/avatar_url", "/picture")).unwrap();
        let mapped = user(
            &cards.require("github").unwrap(),
            claims(json!({"id": 1, "picture": "https://i.example/a"})),
            Claims::new(),
            &Claims::new(),
        );
        assert_eq!(Value::Object(mapped.unwrap()), json!({"id": "1", "image": "https://i.example/a"}));
        assert!(card_file::read_list(&shown, |_| None).is_ok());
    }

    /// Raw profiles of every provider of Auth.js's, and what it makes of them.
    const VECTORS: &str = include_str!("../../../authstile-providers/tests/vectors/profile.json");

    /// The command adds nothing to what the engine does with a profile, and takes nothing from it.
    #[test]
    fn every_profile_is_mapped_as_the_engine_maps_it() {
        let vectors: Vec<Value> = serde_json::from_str(VECTORS).unwrap();
        let mut people = 0;
        for vector in &vectors {
            let (id, case) = (vector["provider"].as_str().unwrap(), &vector["case"]);
            let card = Cards::default().require(id).unwrap();
            let (profile, token) = (claims(vector["profile"].clone()), claims(vector["tokens"].clone()));
            // Options of Auth.js's that its card has under another name, or not at all, are not what is looked at here.
            let mut values = claims(vector["options"].clone());
            values.retain(|name, _| name == "issuer");
            let engine = {
                let given = values.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()));
                let optional = card.options.iter().map(|option| ProviderOption { need: Need::Optional, ..*option });
                let card = Provider { options: Vec::leak(optional.collect()), ..card };
                let options = card.option_values(&given.collect()).unwrap();
                let sources = Sources { profile: &profile, token: &token, options: &options };
                ProfileMapping::Map(card.profile).compile().unwrap().map(&sources).ok()
            };
            let ours = user(&card, profile.clone(), token.clone(), &values).ok();
            assert_eq!(ours.is_some(), engine.is_some(), "{id} {case}");
            let (Some(ours), Some(engine)) = (ours, engine) else { continue };
            people += 1;
            let text = |name: &str| ours.get(name).and_then(Value::as_str).map(str::to_owned);
            assert_eq!(text("id").as_deref(), Some(engine.subject.as_str()), "{id} {case}");
            assert_eq!(
                (text("name"), text("email"), text("image")),
                (engine.user.name, engine.user.email, engine.user.image),
                "{id} {case}"
            );
            assert_eq!(ours.get("email_verified").and_then(Value::as_bool), engine.user.email_verified, "{id} {case}");
            assert!(ours.values().all(|value| !value.is_null()), "{id} {case}: absent fields are absent");
        }
        assert!(vectors.len() >= 170 && people >= 160, "{people} people in {} vectors", vectors.len());
    }
}
