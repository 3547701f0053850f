//! The services that send mail over HTTP, with the requests of Auth.js.

use std::fmt;
use std::sync::Arc;

use authstile::mail::{MailError, Mailer, SignInMail};
use authstile::random::{Random, SystemRandom};
use authstile::{BoxFuture, Transport};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::address::{Mailbox, Sender};
use crate::error::SetupError;
use crate::letter::{Letter, Proof};
use crate::refusal;

/// A service that sends mail over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// resend.com
    Resend,
    /// sendgrid.com
    SendGrid,
    /// postmarkapp.com
    Postmark,
    /// mailgun.com. It sends for the domain of the sender's address.
    Mailgun(Region),
    /// forwardemail.net
    ForwardEmail,
    /// loops.so. The mail is a template there, which gets the variable `url`, or `code`.
    Loops {
        /// The id of that template.
        transactional_id: String,
    },
}

/// Where an account lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Region {
    /// The United States.
    #[default]
    Us,
    /// The European Union.
    Eu,
}

impl Service {
    /// The provider's id in Auth.js, which is in the path of the callback.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::SendGrid => "sendgrid",
            Self::Postmark => "postmark",
            Self::Mailgun(_) => "mailgun",
            Self::ForwardEmail => "forwardemail",
            Self::Loops { .. } => "loops",
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Resend => "Resend",
            Self::SendGrid => "SendGrid",
            Self::Postmark => "Postmark",
            Self::Mailgun(_) => "Mailgun",
            Self::ForwardEmail => "Forward Email",
            Self::Loops { .. } => "Loops",
        }
    }

    fn url(&self, from: Option<&Sender>) -> String {
        match self {
            Self::Resend => "https://api.resend.com/emails".to_owned(),
            Self::SendGrid => "https://api.sendgrid.com/v3/mail/send".to_owned(),
            Self::Postmark => "https://api.postmarkapp.com/email".to_owned(),
            Self::Mailgun(region) => {
                let host = match region {
                    Region::Us => "api.mailgun.net",
                    Region::Eu => "api.eu.mailgun.net",
                };
                let domain = from.map(|from| from.mailbox().ascii_domain()).unwrap_or_default();
                format!("https://{host}/v3/{domain}/messages")
            }
            Self::ForwardEmail => "https://api.forwardemail.net/v1/emails".to_owned(),
            Self::Loops { .. } => "https://app.loops.so/api/v1/transactional".to_owned(),
        }
    }

    /// The header that carries the key.
    fn key_header(&self, key: &str) -> (HeaderName, SecretString) {
        let basic = |pair: String| format!("Basic {}", BASE64_STANDARD.encode(pair));
        let (name, value) = match self {
            Self::Resend | Self::SendGrid | Self::Loops { .. } => (AUTHORIZATION, format!("Bearer {key}")),
            Self::Postmark => (HeaderName::from_static("x-postmark-server-token"), key.to_owned()),
            Self::Mailgun(_) => (AUTHORIZATION, basic(format!("api:{key}"))),
            Self::ForwardEmail => (AUTHORIZATION, basic(format!("{key}:"))),
        };
        (name, SecretString::from(value))
    }
}

/// Sends through one of the services.
///
/// ```
/// use authstile_mail::{HttpMailer, Service};
///
/// let mailer = HttpMailer::new(Service::Resend, "re_123456789", "Acme Notes <no-reply@acme.example>")?;
/// # Ok::<(), authstile_mail::SetupError>(())
/// ```
pub struct HttpMailer {
    service: Service,
    key: SecretString,
    from: Option<Sender>,
    random: Arc<dyn Random>,
}

impl HttpMailer {
    /// With the service's key and a sender that it knows: `no-reply@example.com` or `Example <no-reply@example.com>`. Loops
    /// takes the sender from its template; there it may be empty.
    ///
    /// # Errors
    /// When the key cannot stand in a header, the sender is no address, or Loops has no template.
    pub fn new(service: Service, key: impl Into<String>, from: &str) -> Result<Self, SetupError> {
        let key = SecretString::from(key.into());
        let wrong = |problem| SetupError::Key { service: service.name(), problem };
        if key.expose_secret().is_empty() {
            return Err(wrong("is empty"));
        }
        if !key.expose_secret().chars().all(|c| c.is_ascii_graphic()) {
            return Err(wrong("holds blanks, line breaks or characters beyond ASCII; copy it again"));
        }
        let from = match &service {
            Service::Loops { transactional_id } if transactional_id.is_empty() => {
                return Err(SetupError::Missing { service: "Loops", what: "the id of a transactional mail" });
            }
            Service::Loops { .. } => None,
            _ => Some(Sender::parse(from)?),
        };
        Ok(Self { service, key, from, random: Arc::new(SystemRandom) })
    }

    /// Takes its random bytes from elsewhere, for tests.
    #[must_use]
    pub fn random(mut self, random: impl Random + 'static) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// The service.
    #[must_use]
    pub fn service(&self) -> &Service {
        &self.service
    }

    fn request(&self, mail: &SignInMail) -> Result<Request<Bytes>, MailError> {
        let to = Mailbox::recipient(&mail.to)?;
        let body = match &self.service {
            Service::Loops { transactional_id } => Body::Json(loops(transactional_id, to.as_str(), Proof::of(mail)?)),
            service => self.body(service, to.as_str(), Letter::write(mail)?)?,
        };
        let (content_type, body) = body.into_bytes();
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.service.url(self.from.as_ref()).parse().map_err(unwritable)?;
        let (name, value) = self.service.key_header(self.key.expose_secret());
        let mut value = HeaderValue::from_str(value.expose_secret()).map_err(unwritable)?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_str(&content_type).map_err(unwritable)?);
        if self.service == Service::Postmark {
            request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        }
        Ok(request)
    }

    fn body(&self, service: &Service, to: &str, letter: Letter) -> Result<Body, MailError> {
        let Letter { subject, text, html } = letter;
        let Some(from) = &self.from else {
            return Err(MailError::Unwritable("it has no sender".to_owned()));
        };
        Ok(match service {
            Service::SendGrid => {
                let mut sender = json!({ "email": from.mailbox().as_str() });
                if let (Some(name), Some(sender)) = (from.name(), sender.as_object_mut()) {
                    sender.insert("name".to_owned(), name.into());
                }
                Body::Json(json!({
                    "personalizations": [{ "to": [{ "email": to }] }],
                    "from": sender,
                    "subject": subject,
                    "content": [
                        { "type": "text/plain", "value": text },
                        { "type": "text/html", "value": html },
                    ],
                }))
            }
            Service::Postmark => Body::Json(json!({
                "From": from.to_string(),
                "To": to,
                "Subject": subject,
                "TextBody": text,
                "HtmlBody": html,
                "MessageStream": "outbound",
            })),
            Service::Mailgun(_) => Body::Form {
                boundary: self.boundary()?,
                fields: vec![
                    // Auth.js puts the provider's name in front of an address that has none.
                    ("from", from.or_named(service.name()).to_string()),
                    ("to", to.to_owned()),
                    ("subject", subject),
                    ("html", html),
                    ("text", text),
                ],
            },
            _ => Body::Json(json!({
                "from": from.to_string(),
                "to": to,
                "subject": subject,
                "html": html,
                "text": text,
            })),
        })
    }

    /// Between the parts of a form; nobody who chooses a part of the link can guess it.
    fn boundary(&self) -> Result<String, MailError> {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes).map_err(unwritable)?;
        Ok(format!("authstile-{:032x}", u128::from_be_bytes(bytes)))
    }

    async fn deliver(&self, mail: &SignInMail, transport: &dyn Transport) -> Result<(), MailError> {
        let request = self.request(mail)?;
        let service = self.service.name();
        let answer = transport.send(request).await.map_err(|error| refusal::of_network(service, &error))?;
        if answer.status().is_success() {
            return Ok(());
        }
        let key = self.key.expose_secret();
        let (_, header) = self.service.key_header(key);
        let header = header.expose_secret();
        let encoded = header.strip_prefix("Basic ").unwrap_or(header);
        Err(refusal::of_answer(service, answer.status(), answer.body(), mail, &[header, encoded, key]))
    }
}

/// Without the key.
impl fmt::Debug for HttpMailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpMailer").field(&self.service.id()).finish()
    }
}

impl Mailer for HttpMailer {
    fn send<'a>(&'a self, mail: &'a SignInMail, transport: &'a dyn Transport) -> BoxFuture<'a, Result<(), MailError>> {
        Box::pin(self.deliver(mail, transport))
    }
}

fn loops(transactional_id: &str, to: &str, proof: Proof<'_>) -> Value {
    let variables = match proof {
        Proof::Link(link) => json!({ "url": link }),
        Proof::Code(code) => json!({ "code": code }),
    };
    json!({ "transactionalId": transactional_id, "email": to, "dataVariables": variables })
}

enum Body {
    Json(Value),
    /// `multipart/form-data` (RFC 7578).
    Form {
        boundary: String,
        fields: Vec<(&'static str, String)>,
    },
}

impl Body {
    /// Content type and bytes.
    fn into_bytes(self) -> (String, Bytes) {
        match self {
            Self::Json(json) => ("application/json".to_owned(), json.to_string().into()),
            Self::Form { boundary, fields } => {
                let mut body = String::new();
                for (name, value) in fields {
                    for piece in [
                        "--",
                        &boundary,
                        "\r\nContent-Disposition: form-data; name=\"",
                        name,
                        "\"\r\n\r\n",
                        &value,
                        "\r\n",
                    ] {
                        body.push_str(piece);
                    }
                }
                body.push_str(&format!("--{boundary}--\r\n"));
                (format!("multipart/form-data; boundary={boundary}"), body.into())
            }
        }
    }
}

fn unwritable(error: impl fmt::Display) -> MailError {
    MailError::Unwritable(error.to_string())
}
