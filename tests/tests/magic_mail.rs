//! Signing in by mail over a real SMTP server, which reads every mail back with a parser that we did not write
//! (`tests/compat/smtp-server.mjs`).
#![cfg(feature = "services")]

use authstile::{EmailProvider, MemoryStore};
use authstile_mail::SmtpMailer;
use authstile_testkit::Page;
use authstile_tests::peers::Peer;
use authstile_tests::{APP, BASE, House};
use serde_json::Value;
use url::Url;

struct Post {
    house: House,
    server: Peer,
}

impl Post {
    fn open(configure: impl FnOnce(EmailProvider) -> EmailProvider) -> Self {
        let mut server = Peer::node("smtp-server.mjs", &[]);
        let port = server.wait_for("listening");
        let url = format!("smtp://127.0.0.1:{}", port.trim().trim_start_matches("listening "));
        let mailer = SmtpMailer::new(&url, "Acme Notes <no-reply@acme.example>").expect("a mailer");
        let provider = configure(EmailProvider::new("nodemailer", mailer));
        Self { house: House::with(|builder| builder.email(provider).store(MemoryStore::new())), server }
    }

    /// Enters an address into the form of the sign-in page.
    async fn ask(&mut self, address: &str) -> Page {
        let browser = &mut self.house.browser;
        let form = browser.get(&format!("{BASE}/signin?callbackUrl=%2Fdash")).await;
        let action = format!("{BASE}/signin/nodemailer");
        assert!(form.body.contains(&format!("action=\"{action}\"")), "{}", form.body);
        let [token, to] = ["csrfToken", "callbackUrl"].map(|name| form.field(name).expect("a hidden field"));
        browser.post(&action, &[("csrfToken", &token), ("callbackUrl", &to), ("email", address)]).await
    }

    /// The next mail that the server took. It is sent when the form is answered.
    fn mail(&mut self) -> Value {
        serde_json::from_str(&self.server.wait_for("\"connection\"")).expect("JSON")
    }

    /// Opens a link as a mail program does, and presses the button.
    async fn open_link(&mut self, link: &Url) -> Page {
        let page = self.house.browser.get(link.as_str()).await;
        assert_eq!(page.status, 200, "{page:?}");
        let names = ["csrfToken", "callbackUrl", "token", "email"];
        let values = names.map(|name| page.field(name).unwrap_or_else(|| panic!("no {name}: {}", page.body)));
        let fields: Vec<_> = names.into_iter().zip(values.iter().map(String::as_str)).collect();
        self.house.browser.post(&format!("{BASE}/callback/nodemailer"), &fields).await
    }
}

fn location(page: &Page) -> String {
    page.location().map(String::from).unwrap_or_default()
}

/// That this mail goes to one address and to nobody else, in the envelope as in the headers.
fn goes_only_to(mail: &Value, address: &str) {
    assert_eq!(mail["to"], serde_json::json!([address]));
    let commands = mail["commands"].as_array().unwrap().iter().filter_map(Value::as_str);
    let recipients: Vec<&str> = commands.filter(|line| line.to_ascii_uppercase().starts_with("RCPT")).collect();
    assert_eq!(recipients, [format!("RCPT TO:<{address}>")]);
    assert_eq!(mail["toHeader"].as_array().map(Vec::len), Some(1));
    assert_eq!(mail["toHeader"][0]["address"], address);
    let names = mail["headerLines"].as_array().unwrap().iter().filter_map(Value::as_str);
    assert!(!names.into_iter().any(|name| ["cc", "bcc", "resent-to"].contains(&name)), "{mail}");
}

/// The link in the text, which stands on a line of its own, after looking that the HTML leads nowhere else.
fn link_of(mail: &Value) -> Url {
    let (text, html) = (mail["text"].as_str().unwrap(), mail["html"].as_str().unwrap());
    let links: Vec<&str> = text.lines().filter(|line| line.starts_with("http")).collect();
    let [link] = links[..] else { panic!("one link: {text}") };
    let hrefs = html.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default());
    let hrefs: Vec<String> = hrefs.map(|href| href.replace("&#38;", "&").replace("&amp;", "&")).collect();
    assert!(!hrefs.is_empty() && hrefs.iter().all(|href| href == link), "{hrefs:?} and {link}");
    Url::parse(link).expect("an address")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_arrives_and_signs_in_once() {
    let mut post = Post::open(|provider| provider);
    let sent = post.ask(" Ada.Lovelace+notes@Mail.Example ").await;
    assert_eq!(location(&sent), format!("{BASE}/verify-request?provider=nodemailer&type=email"));
    let page = post.house.browser.get(&location(&sent)).await;
    assert!(page.body.contains("Check your email") && !page.body.contains("ada.lovelace"), "{}", page.body);
    let (address, mail) = ("ada.lovelace+notes@mail.example", post.mail());
    goes_only_to(&mail, address);
    assert_eq!(mail["from"], "no-reply@acme.example");
    assert_eq!(mail["subject"], "Sign in to localhost:3000");

    let link = link_of(&mail);
    assert!(link.as_str().starts_with(&format!("{BASE}/callback/nodemailer?")), "{link}");
    for _ in 0..2 {
        let mut scanner = post.house.visitor();
        assert_eq!(scanner.browser.get(link.as_str()).await.status, 200, "whoever looks after the mailbox opens it");
        assert_eq!(scanner.session().await, Value::Null);
    }
    assert_eq!(location(&post.open_link(&link).await), format!("{APP}/dash"));
    assert_eq!(post.house.session().await["user"]["email"], address);

    post.house = post.house.visitor();
    assert_eq!(location(&post.open_link(&link).await), format!("{BASE}/error?error=Verification"), "it is used up");
    assert_eq!(post.house.session().await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_arrives_and_signs_in() {
    let mut post = Post::open(EmailProvider::codes);
    let sent = post.ask("ada@mail.example").await;
    let mail = post.mail();
    goes_only_to(&mail, "ada@mail.example");
    let (text, html) = (mail["text"].as_str().unwrap(), mail["html"].as_str().unwrap());
    let is_code = |line: &&str| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit());
    let codes: Vec<&str> = text.lines().filter(is_code).collect();
    let [code] = codes[..] else { panic!("one code: {text}") };
    assert!(html.contains(&format!(">{code}<")) && !html.contains("href") && !text.contains("http"), "{html}");

    let page = post.house.browser.get(&location(&sent)).await;
    let token = page.field("csrfToken").expect("a form for the code");
    let enter = [("csrfToken", token.as_str()), ("code", code)];
    let mut thief = post.house.visitor();
    let stolen = thief.browser.post(&format!("{BASE}/callback/nodemailer"), &enter).await;
    assert!(location(&stolen).contains("error="), "only the browser that asked can enter it: {stolen:?}");
    let back = post.house.browser.post(&format!("{BASE}/callback/nodemailer"), &enter).await;
    assert_eq!(location(&back), format!("{APP}/dash"));
    assert_eq!(post.house.session().await["user"]["email"], "ada@mail.example");
}

/// The corpus of addresses that mail servers and applications have read in two ways.
const HOSTILE: [&str; 20] = [
    "",
    "ada",
    "ada@",
    "@mail.example",
    "a@evil.example@mail.example",
    "a\u{ff20}evil.example@mail.example",
    "\"a@evil.example\"@mail.example",
    "ada@mail.example,eve@evil.example",
    "ada@mail.example\u{ff0c}eve@evil.example",
    "ada@mail.example;eve@evil.example",
    "ada@mail.example eve@evil.example",
    "ada@mail.example\r\nBcc: eve@evil.example",
    "ada@mail.example>\r\nRCPT TO:<eve@evil.example",
    "ada@mail.example\0.evil.example",
    "<ada@mail.example>",
    "Ada <ada@mail.example>",
    "ada(comment)@mail.example",
    "ada%eve@mail.example",
    "evil.example!ada@mail.example",
    "a\u{202e}da@mail.example",
];

#[tokio::test(flavor = "multi_thread")]
async fn hostile_addresses_send_nothing() {
    let mut post = Post::open(|provider| provider);
    for hostile in HOSTILE {
        let refused = post.ask(hostile).await;
        assert!(location(&refused).starts_with(&format!("{BASE}/signin?error=")), "{hostile:?}: {refused:?}");
    }
    // Two fields of the name are one address at most.
    let token = post.house.browser.csrf_token(BASE).await;
    let both = [("csrfToken", token.as_str()), ("email", "ada@mail.example"), ("email", "eve@evil.example")];
    let page = post.house.browser.post(&format!("{BASE}/signin/nodemailer"), &both).await;
    assert!(location(&page).contains("/verify-request"), "the last one counts: {page:?}");
    goes_only_to(&post.mail(), "eve@evil.example");
    post.ask("last@mail.example").await;
    let mail = post.mail();
    goes_only_to(&mail, "last@mail.example");
    assert_eq!(link_of(&mail).query_pairs().find(|(name, _)| name == "email").unwrap().1, "last@mail.example");
}

/// A mail server that does not take the mail: the visitor is told so, and nothing is let in.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_gone_is_an_error_and_no_sign_in() {
    let mut post = Post::open(|provider| provider);
    post.server = Peer::node("smtp-server.mjs", &[]);
    let page = post.ask("ada@mail.example").await;
    assert!(location(&page).contains("error="), "{page:?}");
    assert_eq!(post.house.session().await, Value::Null);
}
