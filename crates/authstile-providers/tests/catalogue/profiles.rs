//! Every profile vector: the person that a card finds in a raw profile is the one that Auth.js finds.

use std::collections::{BTreeMap, BTreeSet};

use authstile::profile::{Mapped, ProfileError, ProfileMapping, Sources};
use authstile::{Claims, Provider};
use authstile_providers::find;
use serde_json::{Map, Value, json};

use crate::{PROFILES, facts, only_what_is_listed, option_name, options, read};

/// Where we differ on purpose: provider, case, why.
const DIFFERENCES: &[(&str, &str, &str)] = &[
    ("42-school", "image-missing-fails", "A profile without a picture is a person without one."),
    ("azure-ad", "with-photo", "Auth.js writes a blank into the data URI."),
    ("azure-devops", "avatar-missing-fails", "A profile without a picture is a person without one."),
    ("click-up", "full", "Auth.js maps neither e-mail address nor picture."),
    ("eveonline", "empty", "Auth.js makes everybody without an id the account `undefined`."),
    ("eveonline", "full", "The image server has moved."),
    ("faceit", "minimal", "Without a name the nickname stands for it."),
    ("foursquare", "contact-missing-fails", "A profile without an e-mail address is a person without one."),
    ("foursquare", "no-photo-no-last-name", "Auth.js glues `undefined` to the name."),
    ("gitlab", "no-id", "A profile without an id is an error, not a random account."),
    ("mailru", "full", "The picture is in `image`, where Auth.js does not look."),
    ("mattermost", "empty-username-stays-empty", "An empty user name is none."),
    ("microsoft-entra-id", "photo-network-error-fails", "A failing request for the picture is ignored."),
    ("microsoft-entra-id", "with-photo", "Auth.js writes a blank into the data URI."),
    ("notion", "person-missing-fails", "A profile without an e-mail address is a person without one."),
    ("reddit", "full", "Auth.js maps no picture."),
    ("scalekit", "no-names", "Auth.js glues `undefined` to `undefined`."),
    ("threads", "flat-real-api-shape-fails", "The answers of the API are flat."),
    ("trakt", "private-user-without-images-fails", "A profile without a picture is a person without one."),
    ("wechat", "no-unionid", "Auth.js makes a random account at every sign-in; the `openid` stays."),
    ("workos", "null-names-no-picture", "Auth.js glues `null` to `null`."),
    ("workos", "raw-attributes-missing-fails", "A profile without a picture is a person without one."),
    ("zoho", "missing-last-name", "Auth.js glues `undefined` to the name."),
    ("zoom", "no-picture", "Auth.js leaves a blank at the end of the name."),
];

fn map(
    card: &Provider,
    profile: &Claims,
    token: &Claims,
    given: &BTreeMap<String, String>,
) -> Result<Mapped, ProfileError> {
    let options = options(card, given);
    let mapping = ProfileMapping::Map(card.profile).compile().unwrap();
    mapping.map(&Sources { profile, token, options: &options })
}

/// A person as JSON: what is null or empty is left out, ids are texts, e-mail addresses are lower case, as Auth.js stores
/// them.
fn person(user: &Value) -> Value {
    let fields =
        user.as_object().unwrap().iter().filter(|(_, value)| !matches!(value, Value::Null) && **value != json!(""));
    let shaped = fields.map(|(name, value)| match (name.as_str(), value) {
        ("id", Value::Number(id)) => (name.clone(), json!(id.to_string())),
        ("email", Value::String(email)) => (name.clone(), json!(email.to_lowercase())),
        _ => (name.clone(), value.clone()),
    });
    Value::Object(shaped.collect())
}

fn ours(mapped: Mapped) -> Value {
    let mut fields = Map::from_iter([("id".to_owned(), json!(mapped.subject.as_str()))]);
    let user = mapped.user;
    for (name, value) in [("name", user.name), ("email", user.email), ("image", user.image)] {
        fields.extend(value.map(|value| (name.to_owned(), json!(value))));
    }
    fields.extend(mapped.extra);
    Value::Object(fields)
}

#[test]
fn every_profile_becomes_the_person_that_auth_js_makes_of_it() {
    let vectors = read(PROFILES);
    assert_eq!(vectors.len(), 186);
    let mut differing = BTreeMap::new();
    for vector in &vectors {
        let text = |name: &str| vector[name].as_str().unwrap().to_owned();
        let card = find(&text("provider")).unwrap();
        let mut profile = vector["profile"].as_object().unwrap().clone();
        // A request of its own brings the picture; it stands in the profile when the mapping looks.
        if let Some(bytes) = vector["stub"]["graph_photo"]["base64"].as_str() {
            profile.insert("picture".to_owned(), json!(format!("data:image/jpeg;base64,{bytes}")));
        }
        // What the vectors' options name differently has its own test; here only those of the same meaning count.
        let given =
            vector["options"].as_object().unwrap().iter().map(|(name, value)| {
                (option_name(name), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            });
        let given =
            given.filter(|(name, _)| name == "issuer" || card.options.iter().any(|option| option.name == *name));
        let theirs = (vector["error"] == Value::Null).then(|| person(&vector["user"]));
        let result = map(card, &profile, vector["tokens"].as_object().unwrap(), &given.collect());
        let own = result.ok().map(ours);
        if own != theirs {
            differing.insert(
                (text("provider"), text("case")),
                format!("\n  Auth.js: {}\n  here:    {}", json!(theirs), json!(own)),
            );
        }
    }
    only_what_is_listed(differing, DIFFERENCES);
}

/// People keep their accounts when an application moves here: whatever is listed above, the id is the stored one.
#[test]
fn account_ids_are_those_that_auth_js_stored() {
    for vector in read(PROFILES) {
        let stored = vector["provider_account_id"].clone();
        let usable = match &stored {
            Value::String(id) => !matches!(id.as_str(), "{random_uuid}" | "undefined"),
            other => other.is_number(),
        };
        if !usable {
            continue;
        }
        let card = find(vector["provider"].as_str().unwrap()).unwrap();
        let (profile, token) = (vector["profile"].as_object().unwrap(), vector["tokens"].as_object().unwrap());
        let mapped = map(card, profile, token, &BTreeMap::new()).unwrap();
        assert_eq!(json!(mapped.subject.as_str()), person(&json!({ "id": stored }))["id"], "{}", card.id);
    }
}

#[test]
fn every_provider_has_a_profile_among_the_vectors() {
    let with_vectors: BTreeSet<String> =
        read(PROFILES).iter().map(|vector| vector["provider"].as_str().unwrap().to_owned()).collect();
    let all: BTreeSet<String> = facts().iter().map(|fact| fact["id"].as_str().unwrap().to_owned()).collect();
    // These two are tested below.
    assert_eq!(all.difference(&with_vectors).collect::<Vec<_>>(), ["google", "simplelogin"]);
}

/// Where a provider says whether the address is verified, the card says it too; Auth.js maps none of this.
#[test]
fn verified_addresses_are_known_as_such() {
    for (id, profile, expected) in [
        ("google", json!({"sub": "1", "email_verified": true}), Some(true)),
        ("apple", json!({"sub": "1", "email_verified": "true"}), Some(true)),
        ("apple", json!({"sub": "1", "email_verified": "false"}), Some(false)),
        ("microsoft-entra-id", json!({"sub": "1", "email": "a@b"}), None),
        ("microsoft-entra-id", json!({"sub": "1", "xms_edov": "1"}), Some(true)),
        ("azure-ad-b2c", json!({"sub": "1", "emails": ["a@b"], "email_verified": true}), None),
        ("discord", json!({"id": "1", "verified": false}), Some(false)),
        ("dropbox", json!({"account_id": "1", "email_verified": true}), Some(true)),
        (
            "bitbucket",
            json!({"account_id": "1", "emails": {"values": [{"email": "a@b", "is_primary": true, "is_confirmed": true}]}}),
            Some(true),
        ),
        (
            "eventbrite",
            json!({"id": "1", "emails": [{"email": "a@b", "primary": true, "verified": false}]}),
            Some(false),
        ),
        ("github", json!({"id": 1, "emails": [{"email": "a@b", "primary": true, "verified": true}]}), Some(true)),
        ("gitlab", json!({"id": 1, "email": "a@b", "confirmed_at": "2012-05-23T09:05:22Z"}), Some(true)),
        ("gitlab", json!({"id": 1, "email": "a@b", "confirmed_at": null}), None),
        ("kakao", json!({"id": 1, "kakao_account": {"is_email_valid": true, "is_email_verified": true}}), Some(true)),
        ("kakao", json!({"id": 1, "kakao_account": {"is_email_valid": false, "is_email_verified": true}}), Some(false)),
        ("kakao", json!({"id": 1, "kakao_account": {}}), None),
        ("mattermost", json!({"id": "1", "email_verified": true}), Some(true)),
        ("patreon", json!({"data": {"id": "1", "attributes": {"is_email_verified": true}}}), Some(true)),
        ("twitter", json!({"data": {"id": "1", "confirmed_email": "a@b"}}), Some(true)),
        ("twitter", json!({"data": {"id": "1"}}), None),
        ("wikimedia", json!({"sub": 1, "email": "a@b", "confirmed_email": true}), Some(true)),
        ("wordpress", json!({"ID": 1, "email_verified": true}), Some(true)),
        ("zoom", json!({"id": "1", "verified": 1}), Some(true)),
        ("zoom", json!({"id": "1", "verified": 0}), Some(false)),
        ("facebook", json!({"id": "1", "email": "a@b"}), None),
    ] {
        let user = map(find(id).unwrap(), profile.as_object().unwrap(), &Claims::new(), &BTreeMap::new()).unwrap().user;
        assert_eq!(user.email_verified, expected, "{id} {profile}");
    }
}

/// Shapes that no vector of Auth.js has, because it does not read them.
#[test]
fn further_shapes_are_read() {
    let one = |id: &str, profile: Value, token: Value, given: &[(&str, &str)]| {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mapped = map(find(id).unwrap(), profile.as_object().unwrap(), token.as_object().unwrap(), &given);
        ours(mapped.unwrap())
    };
    let claims = json!({"sub": "1", "name": "Ada", "email": "a@b", "picture": "https://p", "avatar_url": "https://a"});
    let person = |image: &str| json!({"id": "1", "name": "Ada", "email": "a@b", "image": image});
    assert_eq!(one("google", claims.clone(), json!({}), &[]), person("https://p"));
    assert_eq!(one("simplelogin", claims, json!({}), &[]), person("https://a"));
    let pinterest = json!({"id": "27", "username": "ada"});
    assert_eq!(one("pinterest", pinterest.clone(), json!({}), &[]), json!({"id": "ada", "name": "ada"}));
    assert_eq!(one("pinterest", pinterest, json!({}), &[("account_id", "id")]), json!({"id": "27", "name": "ada"}));
    let trakt = json!({"username": "ada", "ids": {"slug": "ada", "uuid": "b6"}});
    assert_eq!(one("trakt", trakt.clone(), json!({}), &[])["id"], "ada");
    assert_eq!(one("trakt", trakt, json!({}), &[("account_id", "uuid")])["id"], "b6");
    assert_eq!(
        one("mailru", json!({"id": "7", "name": "Ada", "image": "https://i"}), json!({}), &[])["image"],
        "https://i"
    );
    assert_eq!(
        one("vk", json!({"id": 7, "first_name": "Ada"}), json!({"email": "A@b"}), &[]),
        json!({"id": "7", "name": "Ada", "email": "a@b"})
    );
    assert_eq!(
        one("nextcloud", json!({"id": "ada"}), json!({}), &[("issuer", "https://cloud.example/")])["image"],
        "https://cloud.example/avatar/ada/512"
    );
    assert_eq!(
        one(
            "bungie",
            json!({"Response": {"bungieNetUser": {"membershipId": "4", "profilePicturePath": "img/a.gif"}}}),
            json!({}),
            &[]
        )["image"],
        "https://www.bungie.net/img/a.gif"
    );
    assert_eq!(
        one("discord", json!({"id": "80351110224678912"}), json!({}), &[])["image"],
        "https://cdn.discordapp.com/embed/avatars/5.png"
    );
}
