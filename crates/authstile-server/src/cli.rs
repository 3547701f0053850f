//! The command line, and the help that teaches it.

use std::path::PathBuf;

use authstile::provider::{Group, Protocol};
use clap::{Args, Parser, Subcommand, ValueEnum};

mod stores;

pub(crate) use stores::{KeyOption, ListUsers, MigrateOptions, RevokeSessions, SessionsCommand, UsersCommand};

/// Authentication for Rust, compatible with Auth.js
#[derive(Debug, Parser)]
#[command(
    name = "authstile",
    version,
    long_about = "Authentication for Rust, compatible with Auth.js.

Without a command it starts the demo: a small application and its identity provider, both on this machine, to click
through.",
    args_conflicts_with_subcommands = true,
    after_long_help = "Examples:
  authstile                                  start the demo, then open http://localhost:3000
  authstile secret                           make a secret
  AUTH_SECRET=\"$(authstile secret)\" \\
  AUTH_SCALEKIT_ID=skc_123 \\
  AUTH_SCALEKIT_SECRET=test_456 \\
  AUTH_SCALEKIT_ISSUER=https://acme.scalekit.com \\
    authstile serve                          sign-in with Scalekit at http://localhost:3000/api/auth/signin

`authstile help <command>` tells more about each command."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) demo: DemoOptions,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a small application and its identity provider on this machine [default]
    #[command(
        long_about = "Starts a small application and its identity provider on this machine.

The application signs people in with Scalekit's provider card; the identity provider behaves like a Scalekit
environment with two organizations and four people. Both listen on loopback only, nothing leaves the machine, and
every session ends with the process, whose secret is new each time.",
        after_long_help = "Examples:
  authstile demo                             open http://localhost:3000
  authstile demo --port 8080 --idp-port 8081
  authstile demo --port 0 --idp-port 0       on any two free ports"
    )]
    Demo(DemoOptions),

    /// Serve sign-in, sign-out and sessions, configured by environment variables
    #[command(long_about = SERVE_ABOUT, after_long_help = SERVE_EXAMPLES)]
    Serve,

    /// Bring the database up to date
    #[command(long_about = stores::MIGRATE_ABOUT, after_long_help = stores::MIGRATE_EXAMPLES)]
    Migrate(MigrateOptions),

    /// List, show and delete the people in the database
    #[command(long_about = stores::USERS_ABOUT)]
    Users {
        #[command(subcommand)]
        command: UsersCommand,
    },

    /// List and end sessions
    #[command(long_about = stores::SESSIONS_ABOUT)]
    Sessions {
        #[command(subcommand)]
        command: SessionsCommand,
    },

    /// Print a new secret
    #[command(
        long_about = "Prints a new secret, 32 random bytes in base64, and nothing else: the value for AUTH_SECRET.",
        after_long_help = "Examples:
  echo \"AUTH_SECRET=$(authstile secret)\" >> .env

To replace a secret without signing anybody out, keep the old one behind the new one:
  AUTH_SECRET_1=<new>                        seals every new session, and opens it
  AUTH_SECRET=<old>                          only opens; remove it when the old sessions have ended (30 days)"
    )]
    Secret,

    /// Start the development identity provider alone
    #[command(
        long_about = "Starts the development identity provider alone, for any OpenID Connect application in any language.

It behaves like a Scalekit environment with the organizations, connections, people and clients of a seed file, listens on
loopback only, signs in anybody, and forgets everything when it stops. What it has to say to applications, back-channel
logouts and webhooks, it sends.",
        after_long_help = "Examples:
  authstile idp --seed seed.toml --port 4000
  curl http://127.0.0.1:4000/.well-known/openid-configuration

crates/authstile-idp/seed.example.toml shows everything that a seed file can say."
    )]
    Idp(IdpOptions),

    /// List the providers, show a card, try out a mapping, check a provider
    #[command(long_about = PROVIDERS_ABOUT, after_long_help = PROVIDERS_EXAMPLES, args_conflicts_with_subcommands = true)]
    Providers(ProvidersOptions),

    /// Verify a webhook
    Webhook {
        #[command(subcommand)]
        command: WebhookCommand,
    },

    /// Open, seal and verify tokens
    #[command(
        long_about = "Opens and seals session tokens, as `serve` and Auth.js make them, and verifies a provider's tokens.

For session tokens the secrets come from the environment as `serve` takes them: AUTH_SECRET, and for rotation AUTH_SECRET_1 to
AUTH_SECRET_3. A weak secret is only warned about."
    )]
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ProvidersOptions {
    #[command(subcommand)]
    pub(crate) command: Option<ProvidersCommand>,
    #[command(flatten)]
    pub(crate) list: ListOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Only those with this text in their id or name
    pub(crate) text: Option<String>,
    /// Only those of this group: enterprise, common, developer, social, work, games, media, commerce, national, other
    #[arg(long, value_parser = crate::providers_command::group)]
    pub(crate) group: Option<Group>,
    /// Only those that speak this: oidc or oauth2
    #[arg(long, value_parser = crate::providers_command::kind)]
    pub(crate) kind: Option<Protocol>,
    /// As one JSON array, with the environment variables of each
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProvidersCommand {
    /// Print a card as TOML
    #[command(
        long_about = "Prints a card as TOML, ready to be changed. Comments say where to register an application, which
environment variables there are, and what one has to know.

Exit code 0; or 2 when there is no such provider, and standard error names the nearest.",
        after_long_help = "Examples:
  authstile providers show github
  authstile providers show github > providers.toml
  AUTHSTILE_PROVIDERS=providers.toml authstile serve"
    )]
    Show {
        /// The provider's id
        id: String,
    },
    /// Print the user that a card makes of a profile
    #[command(
        long_about = "Prints the user that a card makes of a profile, as one line of JSON: `id`, and where they are found
`name`, `email`, `image`, `email_verified` and what else the card maps.

The profile is the claims of the ID token, or the answer of the userinfo endpoint. Exit code 0; or 2 when nobody is
named in it or a file cannot be used, and standard error says why. One FILE may be - for standard input.",
        after_long_help = "Examples:
  curl -sH \"Authorization: Bearer $TOKEN\" https://api.github.com/user | authstile providers map github --profile -
  authstile providers map withings --profile empty.json --token token.json
  authstile providers map gitea --profile me.json --options options.json   ({\"issuer\":\"https://git.example.com\"})
  authstile providers map acme --profile me.json --card providers.toml"
    )]
    Map(MapOptions),
    /// Compare a card with what the provider says about itself
    #[command(
        long_about = "Fetches the provider's discovery document and says line by line what fits its card and what does not:
issuer, endpoints, PKCE, client authentication, algorithms, scopes, end of session. Options come from the environment,
as `serve` takes them, or from the command line. Nobody is signed in, and no credential is sent.

Exit code 0; or 2 when something does not fit.",
        after_long_help = "Examples:
  authstile providers check google
  AUTH_KEYCLOAK_ISSUER=https://id.example.com/realms/main authstile providers check keycloak
  authstile providers check okta --issuer https://acme.okta.com"
    )]
    Check(CheckOptions),
}

#[derive(Debug, Args)]
pub(crate) struct MapOptions {
    /// The provider's id
    pub(crate) id: String,
    /// The profile, a JSON object
    #[arg(long, value_name = "FILE")]
    pub(crate) profile: PathBuf,
    /// The token answer, a JSON object, for cards that look at it
    #[arg(long, value_name = "FILE")]
    pub(crate) token: Option<PathBuf>,
    /// Values of the card's options, a JSON object
    #[arg(long, value_name = "FILE")]
    pub(crate) options: Option<PathBuf>,
    /// A file of cards, as AUTHSTILE_PROVIDERS names one, in which the card is
    #[arg(long, value_name = "FILE")]
    pub(crate) card: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckOptions {
    /// The provider's id
    pub(crate) id: String,
    /// Its issuer [default: AUTH_<ID>_ISSUER, or the card's]
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// A value for another option of the card [default: AUTH_<ID>_<NAME>]
    #[arg(long = "option", value_name = "NAME=VALUE")]
    pub(crate) options: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// Port of the application; the next free one if it is taken, any free one for 0
    #[arg(long, default_value_t = 3000)]
    pub(crate) port: u16,
    /// Port of the identity provider; the next free one if it is taken, any free one for 0
    #[arg(long, default_value_t = 4000)]
    pub(crate) idp_port: u16,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Read a session token on standard input and print its claims
    #[command(
        long_about = "Reads a session token on standard input and prints its claims as one line of JSON.

Exit code 0; or 2 when it is no valid token, and standard error says why.",
        after_long_help = "Examples:
  pbpaste | authstile token open --cookie-name authjs.session-token
  authstile token open --cookie-name __Secure-authjs.session-token --now 1767225600 < token.txt

A session that was too large for one cookie is in several, with names that end in .0, .1 and so on: give their values
one after another, and the name without that end."
    )]
    Open(OpenOptions),
    /// Read claims as JSON on standard input and print a session token
    #[command(
        long_about = "Reads claims as a JSON object on standard input and prints a session token with them.

`iat`, `exp` and `jti` are set, whatever the object says about them. Exit code 0; or 2 when the input is no JSON
object, and standard error says why. Whoever has this token is signed in: it is for tests and migrations.",
        after_long_help = "Examples:
  echo '{\"sub\":\"1\",\"email\":\"ada@acme.example\"}' | authstile token seal --cookie-name authjs.session-token
  authstile token seal --cookie-name authjs.session-token --max-age 3600 < claims.json"
    )]
    Seal(SealOptions),
    /// Read a provider's token on standard input, verify it, and print its claims
    #[command(
        long_about = "Reads a provider's token on standard input, verifies it as the engine does, and prints its claims as one line of JSON.

Exit code 0; or 2 when it breaks a rule, and standard error says which.",
        after_long_help = "Examples:
  curl -s https://acme.scalekit.com/keys > keys.json
  authstile token verify --kind id --issuer https://acme.scalekit.com --audience skc_123 --jwks keys.json < id-token.txt
  authstile token verify --kind access --issuer https://acme.scalekit.com --audience skc_123 --jwks keys.json < token.txt

Without --nonce an ID token must have one, whichever it is."
    )]
    Verify(VerifyTokenOptions),
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Read a webhook's body on standard input, verify its signature, and print the event
    #[command(
        long_about = "Reads a webhook's raw body on standard input, verifies its signature as the receiver does, and prints the event as one
line of JSON.

Exit code 0; or 2 when it is not believed, and standard error says why. Give the body as it came, byte for byte.",
        after_long_help = "Examples:
  authstile webhook verify --secret whsec_… --id msg_1 --timestamp 1758692838 --signature 'v1,…' < body.json"
    )]
    Verify(VerifyWebhookOptions),
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokenKind {
    /// An ID token
    Id,
    /// An access token, presented to an API
    Access,
    /// The token with which Scalekit begins a sign-in
    IdpInitiated,
    /// A back-channel logout token
    Logout,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyTokenOptions {
    /// What the token is for
    #[arg(long)]
    pub(crate) kind: TokenKind,
    /// Who must have issued it
    #[arg(long)]
    pub(crate) issuer: String,
    /// Whom it must be made for: the client id, or the audience of an API. Not for --kind idp-initiated
    #[arg(long, value_name = "CLIENT_ID")]
    pub(crate) audience: Option<String>,
    /// The issuer's keys, as its jwks_uri has them
    #[arg(long, value_name = "FILE")]
    pub(crate) jwks: PathBuf,
    /// The nonce of the sign-in, for an ID token
    #[arg(long)]
    pub(crate) nonce: Option<String>,
    /// The organization that was asked for
    #[arg(long)]
    pub(crate) organization: Option<String>,
    /// The connection that was asked for
    #[arg(long)]
    pub(crate) connection: Option<String>,
    /// The authorization code that an ID token came for, which c_hash binds
    #[arg(long)]
    pub(crate) code: Option<String>,
    /// The access token that an ID token came with, which at_hash binds
    #[arg(long, value_name = "T")]
    pub(crate) access_token: Option<String>,
    /// Check times as if it were this moment, in seconds since 1970 [default: now]
    #[arg(long, value_name = "UNIX_SECONDS", allow_negative_numbers = true)]
    pub(crate) now: Option<i64>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyWebhookOptions {
    /// The endpoint's secret, whsec_…
    #[arg(long, value_name = "S")]
    pub(crate) secret: String,
    /// The header webhook-id
    #[arg(long)]
    pub(crate) id: String,
    /// The header webhook-timestamp
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub(crate) timestamp: String,
    /// The header webhook-signature
    #[arg(long, value_name = "SIG", allow_hyphen_values = true)]
    pub(crate) signature: String,
    /// Check the time as if it were this moment, in seconds since 1970 [default: now]
    #[arg(long, value_name = "UNIX_SECONDS", allow_negative_numbers = true)]
    pub(crate) now: Option<i64>,
}

#[derive(Debug, Args)]
pub(crate) struct IdpOptions {
    /// Organizations, connections, people and clients, as TOML
    #[arg(long, value_name = "FILE")]
    pub(crate) seed: PathBuf,
    /// Port on 127.0.0.1
    #[arg(long, default_value_t = 4000)]
    pub(crate) port: u16,
    /// The issuer, where a proxy gives it another address [default: http://127.0.0.1:<port>]
    #[arg(long)]
    pub(crate) issuer: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct OpenOptions {
    /// Name of the session cookie: `authjs.session-token` under http, `__Secure-authjs.session-token` under https
    #[arg(long, value_name = "NAME")]
    pub(crate) cookie_name: String,
    /// Check times as if it were this moment, in seconds since 1970 [default: now]
    #[arg(long, value_name = "UNIX_SECONDS", allow_negative_numbers = true)]
    pub(crate) now: Option<i64>,
}

#[derive(Debug, Args)]
pub(crate) struct SealOptions {
    /// Name of the session cookie: `authjs.session-token` under http, `__Secure-authjs.session-token` under https
    #[arg(long, value_name = "NAME")]
    pub(crate) cookie_name: String,
    /// How long the session lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 2_592_000, allow_negative_numbers = true)]
    pub(crate) max_age: i64,
    /// Seal as if it were this moment, in seconds since 1970 [default: now]
    #[arg(long, value_name = "UNIX_SECONDS", allow_negative_numbers = true)]
    pub(crate) now: Option<i64>,
}

const SERVE_ABOUT: &str = "Serves sign-in, sign-out and sessions, configured by Auth.js's environment variables.

Put it behind the proxy that serves your application, and send it everything below /api/auth: the session cookie it
sets is one that Auth.js reads, and the reverse. /healthz answers `ok`, and /readyz too, or 503 while a store does not
answer. SIGTERM and Ctrl-C let the requests in flight finish, for 10 seconds at most.

Environment variables:
  AUTH_SECRET              what sessions are sealed with; make one with `authstile secret`
  AUTH_SECRET_1 … _3       newer secrets, for rotation: the highest number seals, all of them open
  AUTH_URL                 the public address, such as https://app.example.com; a path in it replaces /api/auth. Several
                           with commas, also https://*.tenant.app; other hosts get 421, and each has its own sessions
  AUTH_TRUST_HOST          true: believe X-Forwarded-Host and X-Forwarded-Proto; only behind a proxy that sets them.
                           With neither of the two, only requests to localhost are answered
  AUTHSTILE_TRUSTED_PROXIES         addresses and networks such as 127.0.0.1,10.0.0.0/8: believe only their Forwarded
                                    and X-Forwarded-For, -Host, -Proto, -Port and -Prefix
  AUTH_REDIRECT_PROXY_URL           for previews: the engine with the registered callbacks, https://host/api/auth
  AUTHSTILE_REDIRECT_PROXY_ORIGINS  there: the previews that get answers passed on, https://*.preview.example.com
  AUTH_<ID>_ID             client id at a provider; this is what registers the provider
  AUTH_<ID>_SECRET         client secret there
  AUTH_<ID>_PRIVATE_KEY    private key in PEM, in place of the secret; _PRIVATE_KEY_1 … _3 are newer ones, for rotation
  AUTH_<ID>_CERTIFICATE    TLS certificate and its private key in PEM, in place of the secret or beside it
  AUTH_<ID>_ISSUER         its issuer, where every customer has one, and for every id that has no card
  AUTH_<ID>_<OPTION>       other options of its card
  AUTHSTILE_PROVIDERS      a file with cards of your own, see `authstile providers --help`
  HOST, PORT               where to listen; 127.0.0.1 and 3000 unless set
  RUST_LOG                 how much is logged, such as debug or authstile=debug; warn,authstile=info unless set

Stores, without which sessions live in cookies and nobody is remembered:
  DATABASE_URL             sqlite:, postgres:, postgresql:, mysql: or mariadb: people, accounts, sessions and the rest
  REDIS_URL                redis: or rediss:, several of a cluster with commas: sessions and the rest, but for people
  AUTHSTILE_SESSIONS       store or cookie; store unless set, where there is one
  AUTHSTILE_SESSION_TOKENS       hashed, or shared-with-authjs for the database of a running Auth.js
  AUTHSTILE_SESSION_MAX_AGE      seconds after the last use, 2592000; _UPDATE_AGE (86400) and _ABSOLUTE (never)
  AUTHSTILE_LINK_POLICY    never, verified or ask: when a new account has a known person's address
  AUTHSTILE_REVOCATIONS_WITHIN   seconds until a session in a cookie is refused that was ended elsewhere, 0
  AUTHSTILE_SWEEP_SECONDS  how often what has expired is taken away, 300; 0: never

Signing in by mail, which needs a store:
  AUTH_<SERVICE>_KEY       RESEND, SENDGRID, POSTMARK, FORWARDEMAIL, MAILGUN (and AUTH_MAILGUN_REGION), LOOPS (and
                           AUTH_LOOPS_TRANSACTIONAL_ID)
  EMAIL_SERVER             smtp:// or smtps:// with user and password, in place of a service
  EMAIL_FROM               the sender: Example <no-reply@example.com>
  AUTHSTILE_EMAIL_PROOF    link or code; link unless set

Providers:
  scalekit                 Scalekit; AUTH_SCALEKIT_ISSUER is the URL of your environment
  github, google, …        `authstile providers` lists them, `authstile providers show github` names their variables
  any other id             OpenID Connect with everything discovered from its issuer; AUTH_MY_IDP_ID registers my-idp

At each provider, register <public address>/api/auth/callback/<id> as redirect URI; the line printed at the start shows
them as they are.";

const PROVIDERS_ABOUT: &str = "Lists the providers that there are cards for, with id, protocol, group and name.

Those of the file that AUTHSTILE_PROVIDERS names are among them. It has one [[provider]] table for each card: an id of
this list changes what is given and keeps the rest; a new id is a new provider, with protocol = \"oidc\" or
protocol = \"oauth2\". Client ids and secrets stay in the environment: AUTH_<ID>_ID and AUTH_<ID>_SECRET.";

const PROVIDERS_EXAMPLES: &str = "Examples:
  authstile providers
  authstile providers git                    those with \"git\" in their id or name
  authstile providers --group enterprise --kind oidc
  authstile providers --json
  authstile providers show github            the card as TOML, ready to be changed
  authstile providers map github --profile me.json
  authstile providers check google";

const SERVE_EXAMPLES: &str = "Examples:
  AUTH_SECRET=\"$(authstile secret)\" AUTH_SCALEKIT_ID=skc_123 AUTH_SCALEKIT_SECRET=test_456 \\
    AUTH_SCALEKIT_ISSUER=https://acme.scalekit.com authstile serve
  AUTH_URL=https://app.example.com HOST=0.0.0.0 PORT=8080 authstile serve
  AUTH_KEYCLOAK_ID=app AUTH_KEYCLOAK_SECRET=… AUTH_KEYCLOAK_ISSUER=https://id.example.com/realms/main authstile serve";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn the_demo_is_the_default_and_its_options_need_no_command() {
        let cli = Cli::parse_from(["authstile", "--port", "8080"]);
        assert!(cli.command.is_none());
        assert_eq!((cli.demo.port, cli.demo.idp_port), (8080, 4000));
        assert!(Cli::try_parse_from(["authstile", "--port", "8080", "secret"]).is_err());
    }
}
