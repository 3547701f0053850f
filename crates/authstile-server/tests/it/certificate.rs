//! `serve` with a certificate of its own (RFC 8705), at an identity provider behind TLS.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use authstile_idp::{Client, ClientCertificate, Connection, Feature, Idp, Organization, User};
use bytes::Bytes;
use http::{Request, Response};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, Stream};

use crate::program::{SECRET, Server, browser, client, free_port, run};

const ADA: &str = "ada@acme.example";

/// An authority that both sides believe.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { issuer: Issuer::new(params, key), certificate }
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// The provider's side of TLS, where certificates of this authority may be presented.
    fn config(&self) -> Arc<ServerConfig> {
        let (certificate, key) = self.issue("localhost");
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let crypto = Arc::new(default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto.clone());
        let verifier = verifier.allow_unauthenticated().build().unwrap();
        let config = ServerConfig::builder_with_provider(crypto).with_safe_default_protocol_versions().unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Arc::new(
            config.with_client_cert_verifier(verifier).with_single_cert(vec![certificate.der().clone()], key).unwrap(),
        )
    }
}

/// What comes next; `None` at the end.
fn more(stream: &mut impl std::io::Read) -> Option<Vec<u8>> {
    let mut chunk = vec![0; 4096];
    let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
    chunk.truncate(count);
    Some(chunk)
}

/// One request a connection, for the provider to answer, who is told whose certificate it was.
fn answer(config: Arc<ServerConfig>, idp: &Idp, mut socket: TcpStream) -> Option<()> {
    let mut connection = ServerConnection::new(config).ok()?;
    let mut stream = Stream::new(&mut connection, &mut socket);
    let mut read = Vec::new();
    let (head, length) = loop {
        read.extend(more(&mut stream)?);
        let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(read.drain(..end + 4).collect()).ok()?;
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        break (head, length.unwrap_or(0));
    };
    while read.len() < length {
        read.extend(more(&mut stream)?);
    }
    let mut words = head.split_whitespace();
    let mut request = Request::builder().method(words.next()?).uri(words.next()?);
    for (name, value) in head.lines().filter_map(|line| line.split_once(": ")) {
        request = request.header(name, value);
    }
    if let Some([certificate, ..]) = stream.conn.peer_certificates() {
        request = request.extension(ClientCertificate(Bytes::copy_from_slice(certificate)));
    }
    let answer: Response<Bytes> = idp.handle(request.body(read.into()).ok()?);
    let mut text = format!("HTTP/1.1 {}\r\nconnection: close\r\n", answer.status()).into_bytes();
    for (name, value) in answer.headers().iter().filter(|(name, _)| *name != "content-length") {
        text.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    text.extend(format!("content-length: {}\r\n\r\n", answer.body().len()).bytes());
    text.extend(answer.body());
    stream.write_all(&text).ok()?;
    stream.conn.send_close_notify();
    stream.flush().ok()
}

#[tokio::test]
async fn a_certificate_signs_people_in() {
    let authority = Authority::new();
    let (certificate, key) = authority.issue("client");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let issuer = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let origin = format!("http://localhost:{}", free_port());
    let known = ClientCertificate(Bytes::copy_from_slice(certificate.der()));
    let application = Client::new("app", "unused")
        .tls_client_auth(known.thumbprint())
        .redirect_uri(format!("{origin}/api/auth/callback/bank"));
    let idp = Idp::builder(&issuer)
        .client(application)
        .feature(Feature::MutualTls)
        .organization(Organization::new("org_acme", "Acme").connection(Connection::new("conn_acme", "Okta")))
        .user(User::new(ADA).name("Ada Lovelace").organization("org_acme"))
        .build();
    idp.auto_sign_in(Some(ADA));
    let (config, provider) = (authority.config(), idp.clone());
    thread::spawn(move || {
        for socket in listener.incoming().take(40).flatten() {
            let (config, provider) = (config.clone(), provider.clone());
            thread::spawn(move || answer(config, &provider, socket));
        }
    });
    let roots = std::env::temp_dir().join(format!("authstile-roots-{}.pem", free_port()));
    std::fs::write(&roots, authority.certificate.pem()).unwrap();
    let (_, port) = origin.rsplit_once(':').unwrap();
    let own = format!("{}{}", certificate.pem(), key.serialize_pem()).replace('\n', "\\n");
    let environment = [
        ("PORT", port),
        ("AUTH_BANK_ID", "app"),
        ("AUTH_BANK_ISSUER", &issuer),
        ("AUTH_BANK_CERTIFICATE", &own),
        ("SSL_CERT_FILE", roots.to_str().unwrap()),
    ];
    let (mut server, _) = Server::serve(&environment);
    let log = server.listen();

    let mut browser = browser(&client(), &[&origin]);
    let people = idp.clone();
    browser.site(&issuer, move |request| std::future::ready(people.handle(request)));
    let base = format!("{origin}/api/auth");
    let away = browser.press_sign_in(&base, "bank?organization_id=org_acme", "/").await;
    let back = browser.follow(away).await;
    let session = browser.session(&base).await;
    server.terminate();
    let _ = server.end();
    assert_eq!(session["user"]["email"], ADA, "{back:?}\n{}", log.join().unwrap());
    std::fs::remove_file(roots).unwrap();
}

#[test]
fn a_certificate_that_cannot_be_read_is_a_mistake_with_its_line() {
    let key = KeyPair::generate().unwrap().serialize_pem();
    for wrong in ["certificate.pem", &key] {
        let environment = [
            ("AUTH_SECRET", SECRET),
            ("AUTH_BANK_ID", "app"),
            ("AUTH_BANK_ISSUER", "https://bank.example"),
            ("AUTH_BANK_CERTIFICATE", wrong),
        ];
        let ended = run(&["serve"], &environment, "");
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.contains("AUTH_BANK_CERTIFICATE=\"$(cat certificate.pem key.pem)\""), "{ended:?}");
        assert!(!ended.err.contains("PRIVATE KEY"), "{ended:?}");
    }
}
