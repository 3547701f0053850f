//! Auth.js with its adapter for PostgreSQL, as the one with whom a database is shared.

use std::sync::{Arc, Mutex};

use authstile_testkit::TEST_SECRET;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};

use crate::peers::Peer;
use crate::{APP, CLIENT_ID, CLIENT_SECRET};

/// Auth.js, in a process of its own (`tests/compat/pg-adapter.mjs`). Its questions block.
#[derive(Debug, Clone)]
pub struct AuthJs(Arc<Mutex<Peer>>);

impl AuthJs {
    /// Starts it on a server, and makes a database with its tables there. Returns where that is, too.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(server: &str, issuer: &str) -> (Self, String) {
        let environment = [
            ("POSTGRES_URL", server),
            ("AUTH_SECRET", TEST_SECRET),
            ("AUTH_SCALEKIT_ID", CLIENT_ID),
            ("AUTH_SCALEKIT_SECRET", CLIENT_SECRET),
            ("AUTH_SCALEKIT_ISSUER", issuer),
        ];
        let mut peer = Peer::node("pg-adapter.mjs", &environment);
        let ready: Value = serde_json::from_str(&peer.wait_for("url")).expect("JSON");
        (Self(Arc::new(Mutex::new(peer))), ready["url"].as_str().expect("an address").to_owned())
    }

    fn ask(&self, question: &Value) -> Value {
        let mut answer = self.0.lock().unwrap().ask(question);
        assert_eq!(answer["error"], Value::Null, "{question}");
        answer["result"].take()
    }

    /// A method of the adapter.
    pub fn adapter(&self, method: &str, argument: Value) -> Value {
        self.ask(&json!({ "op": "adapter", "method": method, "argument": argument }))
    }

    /// What a statement returns.
    #[must_use]
    pub fn rows(&self, sql: &str) -> Value {
        self.ask(&json!({ "op": "sql", "text": sql }))
    }

    /// The link in the last mail that Auth.js sent.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn link(&self) -> String {
        let mails = self.ask(&json!({ "op": "mails" }));
        mails.as_array().and_then(|mails| mails.last()).expect("a mail")["url"].as_str().unwrap().to_owned()
    }

    /// Drops the database; nothing can be asked any more.
    pub fn end(&self) {
        self.ask(&json!({ "op": "end" }));
    }

    /// What Auth.js itself answers, as the site [`APP`].
    ///
    /// # Panics
    /// When request or answer are no text.
    #[must_use]
    pub fn serve(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let headers: Vec<_> =
            parts.headers.iter().map(|(name, value)| [name.as_str(), value.to_str().unwrap()]).collect();
        let answer = self.ask(&json!({
            "op": "request", "method": parts.method.as_str(), "url": format!("{APP}{}", parts.uri), "headers": headers,
            "body": std::str::from_utf8(&body).unwrap(),
        }));
        let mut response = Response::builder().status(u16::try_from(answer["status"].as_u64().unwrap()).unwrap());
        for header in answer["headers"].as_array().unwrap() {
            response = response.header(header[0].as_str().unwrap(), header[1].as_str().unwrap());
        }
        response.body(Bytes::from(answer["body"].as_str().unwrap().to_owned())).unwrap()
    }
}
