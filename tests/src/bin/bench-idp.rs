//! The development identity provider behind a loopback listener, signing everybody in at once, for the whole logins of `cargo xtask bench`.

use std::convert::Infallible;
use std::net::SocketAddr;

use authstile_idp::{Client, Idp, Mode};
use clap::Parser;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

#[derive(Debug, Parser)]
struct Options {
    #[arg(long, env = "PORT")]
    port: u16,
    #[arg(long, env = "CLIENT_ID")]
    client_id: String,
    #[arg(long, env = "CLIENT_SECRET", hide_env_values = true)]
    client_secret: String,
    /// Where browsers may be sent back to, separated by spaces.
    #[arg(long, env = "REDIRECT_URI", value_delimiter = ' ')]
    redirect_uri: Vec<String>,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let options = Options::parse();
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], options.port))).await?;
    let client = Client::new(options.client_id, options.client_secret);
    let client = options.redirect_uri.into_iter().fold(client, Client::redirect_uri);
    let idp = Idp::builder(format!("http://{}", listener.local_addr()?)).mode(Mode::FullStack).client(client).build();
    idp.auto_sign_in(Some("ada@acme.example"));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let idp = idp.clone();
        let service = service_fn(move |request: http::Request<Incoming>| {
            let idp = idp.clone();
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                Ok::<_, Infallible>(idp.handle(http::Request::from_parts(head, body)).map(Full::new))
            }
        });
        tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}
