//! Mutual TLS on loopback: a certificate of ours is presented where it is asked for, and nowhere else.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in tests a panic is a failure"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use authstile::{ClientCertificate, Transport as _, TransportError};
use authstile_reqwest::ReqwestTransport;
use bytes::Bytes;
use http::{Request, Response};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, Stream};

/// An authority that both sides believe.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        Self { certificate: made.der().clone(), pem: made.pem(), issuer: Issuer::new(params, key) }
    }

    /// A certificate for a name, and its key.
    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn identity(&self, name: &str) -> String {
        let (certificate, key) = self.issue(name);
        format!("{}{}", certificate.pem(), key.serialize_pem())
    }
}

/// A server that answers each connection with the length of the certificate that it was shown, or with 0.
fn serve(authority: &Authority, connections: usize) -> String {
    let (certificate, key) = authority.issue("localhost");
    let mut roots = RootCertStore::empty();
    roots.add(authority.certificate.clone()).unwrap();
    let crypto = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto.clone());
    let verifier = verifier.allow_unauthenticated().build().unwrap();
    let config = ServerConfig::builder_with_provider(crypto).with_safe_default_protocol_versions().unwrap();
    let config = config
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap());
    let config = Arc::new(config.unwrap());
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            let (mut stream, mut tls) = (stream.unwrap(), ServerConnection::new(config.clone()).unwrap());
            let mut stream = Stream::new(&mut tls, &mut stream);
            // Who is shown a certificate of somebody else ends the handshake.
            let Ok(_) = stream.read(&mut [0; 4096]) else { continue };
            let shown = stream.conn.peer_certificates().map_or(0, <[_]>::len).to_string();
            let length = shown.len();
            let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{shown}");
            let _ = stream.write_all(answer.as_bytes());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    url
}

async fn get(
    transport: &ReqwestTransport,
    url: &str,
    certificate: Option<&str>,
) -> Result<Response<Bytes>, TransportError> {
    let mut request = Request::get(url).body(Bytes::new()).unwrap();
    if let Some(name) = certificate {
        request.extensions_mut().insert(ClientCertificate::from(name));
    }
    transport.send(request).await
}

#[tokio::test]
async fn a_certificate_is_presented_only_where_it_is_asked_for() {
    let authority = Authority::new();
    let url = serve(&authority, 3);
    let transport = ReqwestTransport::new().unwrap().root_certificate(authority.pem.as_bytes()).unwrap();
    let transport = transport
        .client_certificate("bank", authority.identity("client").as_bytes())
        .unwrap()
        .client_certificate("foreign", Authority::new().identity("client").as_bytes())
        .unwrap();
    assert_eq!(get(&transport, &url, None).await.unwrap().body(), "0");
    assert_eq!(get(&transport, &url, Some("bank")).await.unwrap().body(), "1");
    get(&transport, &url, Some("foreign")).await.unwrap_err();
}

#[tokio::test]
async fn without_the_certificate_nothing_is_sent() {
    let transport = ReqwestTransport::new().unwrap();
    let url = "https://localhost:1/";
    let error = get(&transport, url, Some("bank")).await.unwrap_err();
    assert_eq!(error, TransportError::NoCertificate("bank".to_owned()));
    assert!(!transport.presents(&"bank".into()));
    let identity = Authority::new().identity("client");
    assert!(transport.client_certificate("bank", identity.as_bytes()).unwrap().presents(&"bank".into()));
    ReqwestTransport::new().unwrap().client_certificate("bank", b"no PEM").unwrap_err();
}
