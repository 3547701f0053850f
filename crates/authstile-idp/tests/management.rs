//! The management API (§5.3, §6.6, §7).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    unreachable_pub,
    reason = "in tests a panic is a failure"
)]

mod common;

use std::collections::HashSet;

use authstile_idp::{Client, DirectoryUser, Idp, Mode, Organization};
use bytes::Bytes;
use common::*;
use serde_json::{Value, json};

fn got(idp: &Idp, path: &str) -> Value {
    let response = api(idp, "GET", path);
    assert_eq!(response.status(), 200, "{path}: {response:?}");
    json(&response)
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

/// Status, gRPC code and `error_code`.
fn error(response: &http::Response<Bytes>) -> (u16, i64, String) {
    let body = json(response);
    let detail = &body["details"][0];
    assert_eq!(detail["@type"], "type.googleapis.com/scalekit.v1.errdetails.ErrorInfo");
    let code = detail["error_code"].as_str().unwrap().to_owned();
    (response.status().as_u16(), body["code"].as_i64().unwrap(), code)
}

#[test]
fn answers_have_the_members_of_the_samples() {
    let idp = builder().mode(Mode::FullStack).build();
    tokens(&idp, &[]);
    let sid = idp.session_ids("ada@acme.example").remove(0);
    let vectors: Value = serde_json::from_str(include_str!("data/management_api.json")).unwrap();
    for sample in vectors["samples"].as_array().unwrap() {
        let name = sample["name"].as_str().unwrap();
        let (method, path) = sample["request"].as_str().unwrap().split_once(' ').unwrap();
        let path = path
            .replace("org_1", "org_acme")
            .replace("dir_1", "dir_acme")
            .replace("ses_1", &sid)
            .replace("acmecorp.com", "acme.example");
        if name == "no_token" {
            let response = get(&idp, &path, &[]);
            assert_eq!((response.status().as_u16(), &json(&response)), (401, &sample["response"]));
            continue;
        }
        let response = api(&idp, method, &path);
        assert_eq!(response.status(), 200, "{name}: {response:?}");
        same_shape(&json(&response), &sample["response"], name);
    }
}

/// Same members, same kinds of values. What a device is made of is not emulated.
fn same_shape(got: &Value, sample: &Value, name: &str) {
    match (got, sample) {
        (Value::Object(_), Value::Object(_)) if name.ends_with(".device") || name.ends_with(".user_detail") => {}
        (Value::Object(got), Value::Object(sample)) => {
            let mut keys: [Vec<_>; 2] = [got.keys().collect(), sample.keys().collect()];
            keys.iter_mut().for_each(|keys| keys.sort());
            assert_eq!(keys[0], keys[1], "{name}");
            got.iter().for_each(|(key, value)| same_shape(value, &sample[key], &format!("{name}.{key}")));
        }
        (Value::Array(got), Value::Array(sample)) => {
            assert!(got.is_empty() == sample.is_empty() || name.ends_with(".groups"), "{name}");
            got.iter().for_each(|one| same_shape(one, &sample[0], &format!("{name}[]")));
        }
        (got, sample) => {
            assert_eq!(std::mem::discriminant(got), std::mem::discriminant(sample), "{name}: {got} {sample}");
        }
    }
}

#[test]
fn only_a_clients_own_token_opens_it() {
    let hands = Hands::new();
    let idp = builder().clock(hands.clock()).build();
    let with = |token: &str| get_with(&idp, "/api/v1/organizations", &[], &[("authorization", token)]);
    assert_eq!(error(&with("Bearer x")), (401, 16, "UNAUTHENTICATED".to_owned()));
    let user = format!("Bearer {}", tokens(&idp, &[])["access_token"].as_str().unwrap());
    assert_eq!(error(&with(&user)), (403, 7, "PERMISSION_DENIED".to_owned()));
    let own = api_token(&idp);
    assert_eq!(with(&own).status(), 200);
    hands.wait(86_400);
    assert_eq!(with(&own).status(), 401);
}

#[test]
fn too_many_requests() {
    let idp = builder().build();
    idp.set_rate_limited(Some(17));
    let response = api(&idp, "GET", "/api/v1/organizations");
    assert_eq!(error(&response), (429, 8, "RATE_LIMITED".to_owned()));
    assert_eq!(response.headers()["retry-after"], "17");
    idp.set_rate_limited(None);
    assert_eq!(api(&idp, "GET", "/api/v1/organizations").status(), 200);
}

#[test]
fn organizations_come_in_pages() {
    let many = (0..25).fold(Idp::builder(ISSUER).client(Client::new(CLIENT, SECRET)), |builder, n| {
        builder.organization(Organization::new(format!("org_{n}"), format!("No. {n}")))
    });
    let idp = many.build();
    let first = got(&idp, "/api/v1/organizations");
    assert_eq!((ids(&first["organizations"]).len(), &first["total_size"]), (10, &json!(25)));
    assert_eq!(first["prev_page_token"], "");
    let mut seen = HashSet::new();
    let mut page_token = String::new();
    loop {
        let page = got(&idp, &format!("/api/v1/organizations?page_size=7&page_token={page_token}"));
        seen.extend(ids(&page["organizations"]).into_iter().map(str::to_owned));
        page_token = page["next_page_token"].as_str().unwrap().to_owned();
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen.len(), 25);
    for bad in ["page_size=0", "page_size=101", "page_size=x", "page_token=x"] {
        let response = api(&idp, "GET", &format!("/api/v1/organizations?{bad}"));
        assert_eq!(error(&response), (400, 3, "INVALID_ARGUMENT".to_owned()), "{bad}");
        assert!(json(&response)["details"][0]["validation_error_info"]["field_violations"][0]["field"].is_string());
    }
}

#[test]
fn organizations_are_found_by_external_id() {
    let idp = builder().organization(Organization::new("org_odd", "Odd").external_id("a/b +ä")).build();
    assert_eq!(got(&idp, "/api/v1/organizations:external/acme-7")["organization"]["id"], "org_acme");
    assert_eq!(got(&idp, "/api/v1/organizations:external/a%2Fb%20+%C3%A4")["organization"]["id"], "org_odd");
    for path in
        ["organizations:external/x", "organizations/x", "nothing", "organizations/org_acme/domains/x", "sessions/x"]
    {
        assert_eq!(error(&api(&idp, "GET", &format!("/api/v1/{path}"))), (404, 5, "NOT_FOUND".to_owned()), "{path}");
    }
    assert_eq!(api(&idp, "DELETE", "/api/v1/organizations/org_odd").status(), 200);
    assert_eq!(api(&idp, "DELETE", "/api/v1/organizations/org_odd").status(), 404);
}

#[test]
fn connections_by_domain_and_organization() {
    let idp = hooked().build();
    for (query, expected) in [
        ("domain=ACME.example", &["conn_acme_okta"][..]),
        ("domain=acme.example&include=all", &["conn_acme_off", "conn_acme_okta"]),
        ("organization_id=org_globex", &["conn_globex"]),
        ("organization_id=org_globex&domain=acme.example", &[]),
        ("domain=eu.acme.example", &[]),
        ("include=all", &["conn_acme_off", "conn_acme_okta", "conn_globex"]),
    ] {
        assert_eq!(ids(&got(&idp, &format!("/api/v1/connections?{query}"))["connections"]), expected, "{query}");
    }
    let one = "/api/v1/organizations/org_acme/connections/conn_acme_okta";
    assert_eq!(got(&idp, one)["connection"]["type"], "SAML");
    let switched = json(&api(&idp, "PATCH", &format!("{one}:disable")));
    assert_eq!(switched, json!({ "enabled": false, "error_message": "" }));
    assert_eq!(carried(&authorize(&idp, &[("connection_id", "conn_acme_okta")]), "error"), ["connection_not_active"]);
    assert_eq!(carried(&authorize(&idp, &[("domain", "acme.example")]), "error"), ["no_active_connections"]);
    api(&idp, "PATCH", &format!("{one}:enable"));
    assert_eq!(authorize(&idp, &[("connection_id", "conn_acme_okta")]).status(), 200);
    assert_eq!(api(&idp, "PATCH", "/api/v1/organizations/org_globex/connections/conn_acme_okta:disable").status(), 404);
    assert_eq!(api(&idp, "PATCH", one).status(), 404);
    api(&idp, "DELETE", one);
    assert_eq!(carried(&authorize(&idp, &[("connection_id", "conn_acme_okta")]), "error"), ["invalid_connection_id"]);
    let types: Vec<_> = events(&idp).iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(types, ["organization.sso_disabled", "organization.sso_enabled", "organization.sso_deleted"]);
}

#[test]
fn domains() {
    let idp = builder()
        .organization(Organization::new("org_d", "D").domain("d.example").allowed_email_domain("e.example"))
        .build();
    let all = got(&idp, "/api/v1/organizations/org_d/domains");
    assert_eq!(ids(&all["domains"]), ["dom_d.example", "dom_e.example"]);
    let routing = got(&idp, "/api/v1/organizations/org_d/domains?domain_type=ORGANIZATION_DOMAIN");
    assert_eq!(ids(&routing["domains"]), ["dom_d.example"]);
    assert_eq!(got(&idp, "/api/v1/organizations/org_d/domains/dom_d.example")["domain"]["domain"], "d.example");
}

#[test]
fn directories_for_reconciliation() {
    let hands = Hands::new();
    let idp = hooked().clock(hands.clock()).build();
    let at = "/api/v1/organizations/org_acme/directories";
    let all = got(&idp, at);
    assert_eq!((ids(&all["directories"]), &all["directories"][0]["total_users"]), (vec!["dir_acme"], &json!(2)));
    assert_eq!(got(&idp, &format!("{at}/dir_acme"))["directory"]["directory_type"], "SCIM");
    let groups = got(&idp, &format!("{at}/dir_acme/groups"));
    assert_eq!(
        (&groups["groups"][0]["display_name"], &groups["groups"][0]["total_users"]),
        (&json!("Engineering"), &json!(1))
    );

    let users = |query: &str| got(&idp, &format!("{at}/dir_acme/users?{query}"));
    assert_eq!(ids(&users("")["users"]), ["diruser_ada", "diruser_grace"]);
    assert_eq!(ids(&users("directory_group_id=dirgroup_1")["users"]), ["diruser_ada"]);
    let first = users("page_size=1");
    let next = users(&format!("page_size=1&page_token={}", first["next_page_token"].as_str().unwrap()));
    assert_eq!((ids(&next["users"]), &next["next_page_token"]), (vec!["diruser_grace"], &json!("")));
    assert_eq!(api(&idp, "GET", &format!("{at}/dir_acme/users?page_size=31")).status(), 400);

    hands.wait(3600);
    let since = users("")["users"][0]["updated_at"].as_str().unwrap().to_owned();
    assert!(ids(&users(&format!("updated_after={since}"))["users"]).is_empty());
    assert!(idp.deactivate_directory_user("diruser_grace"));
    let changed = users(&format!("updated_after={since}&include_detail=true"));
    assert_eq!(ids(&changed["users"]), ["diruser_grace"]);
    assert_eq!(changed["users"][0]["user_detail"]["active"], false);
    assert!(idp.put_directory_user("dir_acme", DirectoryUser::new("diruser_new", "new@acme.example")));
    assert_eq!(users("")["total_size"], 3);
    assert_eq!(api(&idp, "GET", &format!("{at}/dir_acme/users?updated_after=yesterday")).status(), 400);

    assert_eq!(json(&api(&idp, "PATCH", &format!("{at}/dir_acme:disable")))["enabled"], false);
    assert_eq!(got(&idp, &format!("{at}/dir_acme"))["directory"]["enabled"], false);
    assert_eq!(events(&idp).last().unwrap()["type"], "organization.directory_disabled");
}

#[test]
fn a_deactivated_person_is_refused_in_full_stack_mode_only() {
    for (mode, error) in [(Mode::Modular, &[][..]), (Mode::FullStack, &["user_not_active"])] {
        let idp = builder().mode(mode).build();
        idp.deactivate_directory_user("diruser_ada");
        idp.auto_sign_in(Some("ada@acme.example"));
        assert_eq!(carried(&authorize(&idp, &[("organization_id", "org_acme")]), "error"), error);
    }
    let idp = builder().user(authstile_idp::User::new("gone@acme.example").inactive()).build();
    idp.auto_sign_in(Some("gone@acme.example"));
    assert_eq!(carried(&authorize(&idp, &[("organization_id", "org_acme")]), "error"), ["user_not_active"]);
}

#[test]
fn portal_links_open_once_and_within_a_minute() {
    let hands = Hands::new();
    let idp = builder().clock(hands.clock()).build();
    let at = "/api/v1/organizations/org_acme/portal_links";
    let link = || json(&api(&idp, "PUT", &format!("{at}?features=sso&features=dir_sync")))["link"].clone();
    let path = |link: &Value| link["location"].as_str().unwrap().strip_prefix(ISSUER).unwrap().to_owned();
    let one = link();
    assert_eq!(path(&one), format!("/magicLink/{}", one["id"].as_str().unwrap()));
    let id = one["id"].as_str().unwrap();
    assert_eq!((id.len(), id.as_bytes()[14], b"89ab".contains(&id.as_bytes()[19])), (36, b'4', true), "{id}");
    let page = get(&idp, &path(&one), &[]);
    assert!(body(&page).contains("administrators of Acme would set up: sso, dir_sync"), "{page:?}");
    assert_eq!(page.headers()["cache-control"], "no-store");
    assert_eq!(get(&idp, &path(&one), &[]).status(), 404);
    let late = link();
    hands.wait(60);
    assert_eq!(get(&idp, &path(&late), &[]).status(), 404);
    assert_eq!(api(&idp, "GET", at).status(), 404, "a sample says GET, and is wrong");
    assert_eq!(api(&idp, "PUT", "/api/v1/organizations/x/portal_links").status(), 404);
    assert_eq!(api(&idp, "PUT", &format!("{at}?features=x")).status(), 400);
}
