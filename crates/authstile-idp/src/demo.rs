//! A ready-made environment with friendly people.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::builder::IdpBuilder;
use crate::directory::{Directory, DirectoryGroup, DirectoryUser};
use crate::model::{Connection, Organization};
use crate::user::User;

/// The client of [`Idp::demo`](crate::Idp::demo).
pub const DEMO_CLIENT_ID: &str = "skc_demo";

/// The secret of [`DEMO_CLIENT_ID`].
pub const DEMO_CLIENT_SECRET: &str = "test_demo_secret";

/// At Globex's identity provider and in its directory.
const LINUS: &str = "e964d135-35c7-4a13-a3b4-2579a1cdf4e6";

pub(crate) fn furnish(builder: IdpBuilder) -> IdpBuilder {
    builder
        .organization(
            Organization::new("org_acme", "Acme")
                .domain("acme.example")
                .connection(Connection::new("conn_acme_okta", "Acme Okta").provider("OKTA"))
                .directory(
                    Directory::new("dir_acme", "Acme Okta")
                        .group(DirectoryGroup::new("dirgroup_engineering", "Engineering"))
                        .user(
                            DirectoryUser::new("diruser_ada", "ada@acme.example")
                                .dp_id("00u1ada")
                                .name("Ada", "Lovelace")
                                .group("dirgroup_engineering"),
                        )
                        .user(
                            DirectoryUser::new("diruser_grace", "grace@acme.example")
                                .dp_id("00u2grace")
                                .name("Grace", "Hopper"),
                        ),
                ),
        )
        .organization(
            Organization::new("org_globex", "Globex")
                .domain("globex.example")
                .connection(Connection::new("conn_globex_entra", "Globex Entra ID").provider("MICROSOFT_AD"))
                .directory(
                    Directory::new("dir_globex", "Globex Entra ID")
                        .provider("MICROSOFT_AD")
                        .user(
                            DirectoryUser::new("diruser_linus", "linus@globex.example")
                                .dp_id(LINUS)
                                .name("Linus", "Pauling"),
                        )
                        // The connection knows her by her address, the directory by an id of its own (§3.7).
                        .user(
                            DirectoryUser::new("diruser_radia", "radia@globex.example")
                                .dp_id("6a1f7c52-0c6e-4d0a-9b57-3d2f8f0b1c44"),
                        ),
                ),
        )
        .social("google", "conn_google")
        .user(
            person("ada@acme.example", "Ada", "Lovelace", "org_acme")
                .id("00u1ada")
                .role("admin")
                .picture(portrait("AL", "#8250df")),
        )
        .user(person("grace@acme.example", "Grace", "Hopper", "org_acme").id("00u2grace"))
        .user(
            person("linus@globex.example", "Linus", "Pauling", "org_globex")
                .id(LINUS)
                .role("admin")
                .picture(portrait("LP", "#1a7f37")),
        )
        // A SAML NameID that is the e-mail address, and no name at all: both happen (§3.2).
        .user(User::new("radia@globex.example").id("radia@globex.example").organization("org_globex"))
}

fn person(email: &str, given_name: &str, family_name: &str, organization: &str) -> User {
    User::new(email)
        .name(format!("{given_name} {family_name}"))
        .given_name(given_name)
        .family_name(family_name)
        .organization(organization)
}

/// Initials on a coloured square, as a `data:` URL: nothing is fetched from anywhere.
fn portrait(initials: &str, colour: &str) -> String {
    let svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 64'><rect width='64' height='64' fill='{colour}'/>\
         <text x='32' y='41' font-family='sans-serif' font-size='26' fill='#fff' text-anchor='middle'>{initials}</text></svg>"
    );
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg))
}
