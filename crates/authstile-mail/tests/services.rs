//! Every service is asked as Auth.js asks it, and says what is wrong in its own words.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::sync::{Arc, Mutex};

use authstile::TransportError;
use authstile::mail::{MailError, MailProof, Mailer, SignInMail};
use authstile_mail::{HttpMailer, Region, Service};
use authstile_testkit::{FakeTransport, SeededRandom};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};

const KEY: &str = "k3y-0123456789";
const FROM: &str = "Acme Notes <no-reply@acme.example>";
const LINK: &str = "https://app.example.com/api/auth/callback/x?callbackUrl=https%3A%2F%2Fapp.example.com%2F&token=0123456789abcdef0123456789abcdef&email=ada%40example.com";

fn link() -> SignInMail {
    SignInMail::new("ada@example.com", "app.example.com", 86_400, MailProof::Link(LINK.to_owned()))
}

fn code() -> SignInMail {
    SignInMail::new("ada@example.com", "app.example.com", 600, MailProof::Code("48210597".to_owned()))
}

fn all() -> [Service; 7] {
    [
        Service::Resend,
        Service::SendGrid,
        Service::Postmark,
        Service::Mailgun(Region::Us),
        Service::Mailgun(Region::Eu),
        Service::ForwardEmail,
        Service::Loops { transactional_id: "cl1".to_owned() },
    ]
}

/// What the service is asked.
async fn asked(service: Service, from: &str, mail: &SignInMail) -> Request<Bytes> {
    let seen = Arc::new(Mutex::new(None));
    let transport = FakeTransport::new({
        let seen = Arc::clone(&seen);
        move |request| {
            *seen.lock().unwrap() = Some(request);
            Response::new(Bytes::from("{}"))
        }
    });
    let mailer = HttpMailer::new(service, KEY, from).unwrap().random(SeededRandom::new(7));
    mailer.send(mail, &transport).await.unwrap();
    assert_eq!(transport.asked().len(), 1);
    let request = seen.lock().unwrap().take().unwrap();
    assert_eq!(request.method(), Method::POST);
    request
}

fn header<'a>(request: &'a Request<Bytes>, name: &str) -> &'a str {
    request.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn json_of(request: &Request<Bytes>) -> Value {
    assert_eq!(header(request, "content-type"), "application/json");
    serde_json::from_slice(request.body()).unwrap()
}

/// The names of the members, in their order.
fn members(json: &Value) -> Vec<&str> {
    json.as_object().unwrap().keys().map(String::as_str).collect()
}

const SUBJECT: &str = "Sign in to app.example.com";

fn is_the_mail(text: &Value, html: &Value) {
    assert!(text.as_str().unwrap().starts_with(&format!("{SUBJECT}\n{LINK}\n")), "{text}");
    assert!(html.as_str().unwrap().starts_with("<!doctype html>"), "{html}");
    assert!(html.as_str().unwrap().contains(&LINK.replace('&', "&#38;")), "{html}");
}

#[tokio::test]
async fn resend() {
    let request = asked(Service::Resend, FROM, &link()).await;
    assert_eq!(request.uri(), "https://api.resend.com/emails");
    assert_eq!(header(&request, "authorization"), format!("Bearer {KEY}"));
    let body = json_of(&request);
    assert_eq!(members(&body), ["from", "to", "subject", "html", "text"]);
    assert_eq!([&body["from"], &body["to"], &body["subject"]], [FROM, "ada@example.com", SUBJECT]);
    is_the_mail(&body["text"], &body["html"]);
}

#[tokio::test]
async fn sendgrid() {
    let request = asked(Service::SendGrid, "no-reply@acme.example", &link()).await;
    assert_eq!(request.uri(), "https://api.sendgrid.com/v3/mail/send");
    assert_eq!(header(&request, "authorization"), format!("Bearer {KEY}"));
    let body = json_of(&request);
    assert_eq!(members(&body), ["personalizations", "from", "subject", "content"]);
    assert_eq!(body["personalizations"], json!([{ "to": [{ "email": "ada@example.com" }] }]));
    assert_eq!(body["from"], json!({ "email": "no-reply@acme.example" }));
    assert_eq!(body["subject"], SUBJECT);
    assert_eq!([&body["content"][0]["type"], &body["content"][1]["type"]], ["text/plain", "text/html"]);
    is_the_mail(&body["content"][0]["value"], &body["content"][1]["value"]);

    let named = json_of(&asked(Service::SendGrid, FROM, &link()).await);
    assert_eq!(named["from"], json!({ "email": "no-reply@acme.example", "name": "Acme Notes" }));
}

#[tokio::test]
async fn postmark() {
    let request = asked(Service::Postmark, FROM, &link()).await;
    assert_eq!(request.uri(), "https://api.postmarkapp.com/email");
    assert_eq!(header(&request, "accept"), "application/json");
    assert_eq!(header(&request, "x-postmark-server-token"), KEY);
    assert_eq!(header(&request, "authorization"), "");
    let body = json_of(&request);
    assert_eq!(members(&body), ["From", "To", "Subject", "TextBody", "HtmlBody", "MessageStream"]);
    assert_eq!([&body["From"], &body["To"], &body["Subject"]], [FROM, "ada@example.com", SUBJECT]);
    assert_eq!(body["MessageStream"], "outbound");
    is_the_mail(&body["TextBody"], &body["HtmlBody"]);
}

/// The fields of a form, in their order.
fn fields(request: &Request<Bytes>) -> Vec<(String, String)> {
    let boundary = header(request, "content-type").strip_prefix("multipart/form-data; boundary=").unwrap();
    let body = std::str::from_utf8(request.body()).unwrap();
    let inside = body.strip_prefix(&format!("--{boundary}\r\n")).unwrap();
    let inside = inside.strip_suffix(&format!("\r\n--{boundary}--\r\n")).unwrap();
    let field = |part: &str| {
        let rest = part.strip_prefix("Content-Disposition: form-data; name=\"").unwrap();
        let (name, value) = rest.split_once("\"\r\n\r\n").unwrap();
        (name.to_owned(), value.to_owned())
    };
    inside.split(&format!("\r\n--{boundary}\r\n")).map(field).collect()
}

#[tokio::test]
async fn mailgun() {
    let request = asked(Service::Mailgun(Region::Us), FROM, &link()).await;
    // The domain ends where the address ends: Auth.js would ask for `acme.example>`.
    assert_eq!(request.uri(), "https://api.mailgun.net/v3/acme.example/messages");
    // Basic api:k3y-0123456789
    assert_eq!(header(&request, "authorization"), "Basic YXBpOmszeS0wMTIzNDU2Nzg5");
    let fields = fields(&request);
    let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["from", "to", "subject", "html", "text"]);
    assert_eq!((fields[0].1.as_str(), fields[1].1.as_str(), fields[2].1.as_str()), (FROM, "ada@example.com", SUBJECT));
    is_the_mail(&json!(fields[4].1), &json!(fields[3].1));

    let request = asked(Service::Mailgun(Region::Eu), "no-reply@mg.acme.example", &link()).await;
    assert_eq!(request.uri(), "https://api.eu.mailgun.net/v3/mg.acme.example/messages");
    assert_eq!(self::fields(&request)[0].1, "Mailgun <no-reply@mg.acme.example>");
}

#[tokio::test]
async fn forward_email() {
    let request = asked(Service::ForwardEmail, FROM, &link()).await;
    assert_eq!(request.uri(), "https://api.forwardemail.net/v1/emails");
    // Basic k3y-0123456789:
    assert_eq!(header(&request, "authorization"), "Basic azN5LTAxMjM0NTY3ODk6");
    let body = json_of(&request);
    assert_eq!(members(&body), ["from", "to", "subject", "html", "text"]);
    assert_eq!([&body["from"], &body["to"], &body["subject"]], [FROM, "ada@example.com", SUBJECT]);
    is_the_mail(&body["text"], &body["html"]);
}

#[tokio::test]
async fn loops() {
    let service = || Service::Loops { transactional_id: "cl1".to_owned() };
    let request = asked(service(), "", &link()).await;
    assert_eq!(request.uri(), "https://app.loops.so/api/v1/transactional");
    assert_eq!(header(&request, "authorization"), format!("Bearer {KEY}"));
    let expected =
        |variables: Value| json!({ "transactionalId": "cl1", "email": "ada@example.com", "dataVariables": variables });
    assert_eq!(json_of(&request), expected(json!({ "url": LINK })));
    assert_eq!(json_of(&asked(service(), "", &code()).await), expected(json!({ "code": "48210597" })));
}

#[tokio::test]
async fn keys_are_marked_as_secret_for_the_transport() {
    for service in all() {
        let request = asked(service.clone(), FROM, &link()).await;
        let secret = request.headers().values().filter(|value| value.is_sensitive()).count();
        assert_eq!(secret, 1, "{service:?}");
    }
}

/// Sends to a service that answers like this.
async fn answered(service: Service, status: StatusCode, body: String) -> MailError {
    let transport = FakeTransport::new(move |_| {
        let mut response = Response::new(Bytes::from(body.clone()));
        *response.status_mut() = status;
        response
    });
    HttpMailer::new(service, KEY, FROM).unwrap().send(&link(), &transport).await.unwrap_err()
}

#[tokio::test]
async fn a_refusal_has_status_and_words_and_no_secret() {
    for service in all() {
        let basic = ["YXBpOmszeS0wMTIzNDU2Nzg5", "azN5LTAxMjM0NTY3ODk6"];
        let said = format!(
            "the sender is not verified {KEY} {} {} {LINK} ada@example.com {}",
            basic[0],
            basic[1],
            "and so on ".repeat(100)
        );
        let body = json!({ "message": said }).to_string();
        let error = answered(service.clone(), StatusCode::FORBIDDEN, body).await;
        let MailError::Refused(text) = &error else { panic!("{error:?}") };
        assert!(text.starts_with(service.name()), "{text}");
        assert!(text.contains("answered 403 Forbidden: the sender is not verified"), "{text}");
        let own = match service {
            Service::Mailgun(_) => basic[0],
            Service::ForwardEmail => basic[1],
            _ => KEY,
        };
        for secret in [KEY, own, "0123456789abcdef", "ada@example.com"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.len() < 300, "{text}");
    }
}

#[tokio::test]
async fn what_may_work_later_is_told_apart() {
    for (status, later) in [
        (200, None),
        (202, None),
        (301, Some(false)),
        (400, Some(false)),
        (401, Some(false)),
        (422, Some(false)),
        (408, Some(true)),
        (429, Some(true)),
        (500, Some(true)),
        (503, Some(true)),
    ] {
        let transport = FakeTransport::new(move |_| {
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        });
        let sent = HttpMailer::new(Service::Resend, KEY, FROM).unwrap().send(&link(), &transport).await;
        let found = sent.err().map(|error| matches!(error, MailError::Unreachable(_)));
        assert_eq!(found, later, "{status}");
    }
    for error in [
        TransportError::Timeout,
        TransportError::Unreachable("no route".into()),
        TransportError::Broken("reset".into()),
    ] {
        let transport = FakeTransport::fallible(move |_| Err(error.clone()));
        let sent = HttpMailer::new(Service::Resend, KEY, FROM).unwrap().send(&link(), &transport).await;
        assert!(matches!(&sent, Err(MailError::Unreachable(text)) if text.starts_with("Resend: ")), "{sent:?}");
    }
}

// Advisories: CVE-2022-35924.
#[tokio::test]
async fn a_second_recipient_is_never_asked_for() {
    let transport = FakeTransport::new(|_| Response::new(Bytes::new()));
    for service in all() {
        let mailer = HttpMailer::new(service, KEY, FROM).unwrap();
        for to in [
            "ada@example.com,eve@evil.example",
            "\"a@evil.example\"@example.com",
            "a@b@c",
            "a b@c",
            "a@c\r\nBcc: e@f",
            "<a@c>",
        ] {
            let mut mail = link();
            mail.to = to.to_owned();
            assert!(matches!(mailer.send(&mail, &transport).await, Err(MailError::Unwritable(_))), "{to:?}");
        }
        let mut mail = link();
        mail.proof = MailProof::Link("javascript:alert(1)".to_owned());
        assert!(matches!(mailer.send(&mail, &transport).await, Err(MailError::Unwritable(_))));
    }
    assert_eq!(transport.asked().len(), 0);
}

#[test]
fn no_key_is_printed() {
    for service in all() {
        let mailer = HttpMailer::new(service, KEY, FROM).unwrap();
        assert!(!format!("{mailer:?}").contains("k3y"), "{mailer:?}");
    }
}
