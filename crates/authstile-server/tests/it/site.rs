//! `serve` with its stores, an identity provider beside it, and people who sign in over real sockets.

use authstile_idp::{Client, Connection, Idp, Organization, User};
use authstile_testkit::{Browser, Loopback};
use serde_json::Value;

use crate::program::{Ended, Server, browser, client, free_port, run};

pub(crate) const ADA: &str = "ada@acme.example";

/// Everything that a sign-in with stores needs.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) origin: String,
    pub(crate) base: String,
    pub(crate) issuer: String,
    environment: Vec<(String, String)>,
    _idp: Loopback,
}

impl Site {
    /// Starts `serve` with these variables, which say where people and sessions are kept; `{origin}` stands for its own.
    pub(crate) async fn open(stores: &[(&str, &str)]) -> Self {
        let mut loopback = Loopback::bind().await.unwrap();
        let (issuer, port) = (loopback.origin(), free_port());
        let origin = format!("http://localhost:{port}");
        let application = Client::new("skc_1", "test_1").redirect_uri(format!("{origin}/api/auth/callback/scalekit"));
        let connection = Connection::new("conn_acme", "Okta");
        let idp = Idp::builder(&issuer)
            .client(application)
            .organization(Organization::new("org_acme", "Acme").domain("acme.example").connection(connection))
            .user(User::new(ADA).id("00u1ada").name("Ada Lovelace").organization("org_acme"))
            .build();
        idp.auto_sign_in(Some(ADA));
        loopback.serve(move |request| std::future::ready(idp.handle(request)));
        let scalekit =
            [("AUTH_SCALEKIT_ID", "skc_1"), ("AUTH_SCALEKIT_SECRET", "test_1"), ("AUTH_SCALEKIT_ISSUER", &issuer)];
        let environment: Vec<(String, String)> = stores
            .iter()
            .chain(&scalekit)
            .map(|(name, value)| ((*name).to_owned(), value.replace("{origin}", &origin)))
            .collect();
        let port = port.to_string();
        let (server, _) = serve(&environment, &port);
        Self { server, base: format!("{origin}/api/auth"), origin, issuer, environment, _idp: loopback }
    }

    /// Ends the server and starts another one in its place; what it has logged.
    #[cfg(feature = "services")]
    pub(crate) fn restart(&mut self) -> String {
        self.server.terminate();
        let ended = self.server.end();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let (_, port) = self.origin.rsplit_once(':').unwrap();
        self.server = serve(&self.environment, port).0;
        ended.err
    }

    /// Runs a command in the environment of `serve`, but for its secret.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        run(arguments, &pairs(&self.environment), "")
    }

    /// Runs a command that has to go well; what it prints.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}: {ended:?}");
        for line in ended.out.lines().filter(|line| !line.starts_with('{')) {
            assert!(line.chars().count() <= 80, "too wide: {line}");
        }
        ended.out
    }

    /// One object a line.
    pub(crate) fn objects(&self, arguments: &[&str]) -> Vec<Value> {
        self.done(arguments).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// A new browser, in which Ada has signed in.
    pub(crate) async fn sign_in(&self) -> Browser {
        let mut browser = browser(&client(), &[&self.origin, &self.issuer]);
        let away = browser.press_sign_in(&self.base, "scalekit?organization_id=org_acme", "/").await;
        let asked = browser.get(away.location().unwrap().as_str()).await;
        let back = browser.get(asked.location().unwrap().as_str()).await;
        assert_eq!(back.location().unwrap().path(), "/", "{back:?}");
        assert_eq!(browser.session(&self.base).await["user"]["email"], ADA);
        browser
    }

    pub(crate) async fn is_signed_in(&self, browser: &mut Browser) -> bool {
        let page = browser.get(&format!("{}/session", self.base)).await;
        assert_eq!(page.status, 200, "{page:?}");
        page.json() != Value::Null
    }

    /// The ids of Ada's sessions, the latest first.
    pub(crate) fn session_ids(&self, user: &str) -> Vec<String> {
        let sessions = self.objects(&["sessions", "list", "--user", user, "--json"]);
        sessions.iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Ends sessions in every way there is, and sees that they are ended; Ada is named by this.
    pub(crate) async fn end_sessions(&self, user: &str) {
        let (mut laptop, mut phone) = (self.sign_in().await, self.sign_in().await);
        let ids = self.session_ids(user);
        assert_eq!(ids.len(), 2, "{ids:?}");
        let table = self.done(&["sessions", "list", "--user", user]);
        assert!(ids.iter().all(|id| table.contains(id.as_str())) && table.contains("127.0.0.1"), "{table}");

        // The latest is the phone's.
        let said = self.done(&["sessions", "revoke", "--user", user, "--session", &ids[0]]);
        assert!(said.contains(&ids[0]), "{said}");
        assert!(!self.is_signed_in(&mut phone).await && self.is_signed_in(&mut laptop).await);
        let again = self.run(&["sessions", "revoke", "--user", user, "--session", &ids[0]]);
        assert_eq!(again.code, Some(2), "{again:?}");

        let said = self.done(&["sessions", "revoke", "--user", user]);
        assert!(said.contains("the one session"), "{said}");
        assert!(!self.is_signed_in(&mut laptop).await);
        assert!(self.session_ids(user).is_empty());

        for (key, other) in [
            ("organization=org_acme", "organization=org_globex"),
            ("connection=org_acme/conn_acme", "connection=org_globex/conn_acme"),
            ("subject=conn_acme;00u1ada", "subject=conn_acme;nobody"),
        ] {
            let mut browser = self.sign_in().await;
            self.done(&["sessions", "revoke", "--key", other]);
            assert!(self.is_signed_in(&mut browser).await, "{other}");
            self.done(&["sessions", "revoke", "--key", key]);
            assert!(!self.is_signed_in(&mut browser).await, "{key}");
        }
    }

    /// The whole walk where people are stored.
    pub(crate) async fn walk(&self) {
        let ended = self.run(&["users", "list"]);
        assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""), "{ended:?}");
        drop(self.sign_in().await);
        let people = self.objects(&["users", "list", "--json"]);
        assert_eq!(people.len(), 1, "{people:?}");
        assert_eq!(people[0]["email"], ADA);
        let id = people[0]["id"].as_str().unwrap();
        let table = self.done(&["users", "list"]);
        assert!(table.contains(id) && table.contains(ADA) && table.contains("Ada Lovelace"), "{table}");
        assert!(self.objects(&["users", "list", "--json", "--after", id]).is_empty());
        let shown = self.done(&["users", "show", "ADA@acme.example"]);
        assert!(shown.contains("account   scalekit ") && shown.contains("sessions  1\n"), "{shown}");
        self.done(&["sessions", "revoke", "--user", id]);
        self.end_sessions(ADA).await;

        let mut browser = self.sign_in().await;
        let by_address = self.run(&["users", "delete", ADA, "--yes"]);
        assert!(by_address.code == Some(2) && by_address.err.contains(id), "{by_address:?}");
        let unasked = self.run(&["users", "delete", id]);
        assert!(unasked.code == Some(2) && unasked.err.contains("--yes"), "{unasked:?}");
        assert!(self.is_signed_in(&mut browser).await);
        assert!(self.done(&["users", "delete", id, "--yes"]).contains(id));
        assert!(!self.is_signed_in(&mut browser).await);
        assert!(self.objects(&["users", "list", "--json"]).is_empty());
        let gone = self.run(&["users", "show", ADA]);
        assert!(gone.code == Some(2) && gone.err.contains("nobody has"), "{gone:?}");
    }
}

fn serve(environment: &[(String, String)], port: &str) -> (Server, String) {
    let mut all = pairs(environment);
    all.push(("PORT", port));
    Server::serve(&all)
}

fn pairs(environment: &[(String, String)]) -> Vec<(&str, &str)> {
    environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// A folder of one test, gone with it.
pub(crate) struct Folder(std::path::PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// The URL of a database in it.
    pub(crate) fn database(&self) -> String {
        format!("sqlite:{}", self.path("authstile.db"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
