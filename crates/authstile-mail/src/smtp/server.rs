//! The URL of a mail server.

use std::net::IpAddr;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::error::SetupError;

/// Where mails are handed over, and as whom.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    /// `smtps`: TLS before the first word.
    pub(super) wrapped: bool,
    /// The network stays inside this machine.
    pub(super) loopback: bool,
    pub(super) login: Option<Login>,
}

pub(super) struct Login {
    pub(super) user: SecretString,
    pub(super) password: SecretString,
}

impl Login {
    /// The password in each form that a server has seen it in (RFC 4616 for PLAIN).
    pub(super) fn as_sent(&self) -> Vec<SecretString> {
        let (user, password) = (self.user.expose_secret(), self.password.expose_secret());
        let plain = BASE64_STANDARD.encode(format!("\0{user}\0{password}"));
        [plain, BASE64_STANDARD.encode(password), password.to_owned()].map(SecretString::from).into()
    }
}

impl Server {
    /// Reads `smtp://user:password@host:587`, `smtps://…` or `smtp://localhost:25`. Nothing of the URL is in an error: a
    /// password in it may be what is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, SetupError> {
        let wrong = SetupError::Server;
        let text = text.trim();
        let url = match Url::parse(text) {
            Ok(url) if url.has_host() => url,
            _ => return Err(wrong("is not written as a URL")),
        };
        let wrapped = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            _ => return Err(wrong("must begin with smtp:// or smtps://")),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("has something after its port, or a password that is not encoded"));
        }
        let host = url.host_str().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned();
        let address = host.parse::<IpAddr>().ok();
        let named = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
        if address.is_none() && !named {
            return Err(wrong("has a host that is none"));
        }
        let name = host.to_ascii_lowercase();
        let loopback = match address {
            Some(address) => address.is_loopback(),
            None => name == "localhost" || name.ends_with(".localhost"),
        };
        // What a mail server listens on: submission (RFC 6409), submission over TLS (RFC 8314), and the one on this machine.
        let port = url.port().unwrap_or(match (wrapped, loopback) {
            (true, _) => 465,
            (false, false) => 587,
            (false, true) => 25,
        });
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            ("", Some(_)) | (_, None | Some("")) => {
                return Err(wrong("has a user without password, or a password without user"));
            }
            (user, Some(password)) => Some(Login { user: decoded(user)?, password: decoded(password)? }),
        };
        Ok(Self { host, port, wrapped, loopback, login })
    }
}

fn decoded(text: &str) -> Result<SecretString, SetupError> {
    let text = percent_decode_str(text).decode_utf8();
    let text = text.ok().filter(|text| !text.contains('\0'));
    text.map(|text| SecretString::from(text.into_owned()))
        .ok_or(SetupError::Server("has a user or password that is no text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read() {
        for (url, host, port, wrapped, loopback, login) in [
            ("smtp://mail.example.com", "mail.example.com", 587, false, false, None),
            ("smtp://u:p@mail.example.com:2525/", "mail.example.com", 2525, false, false, Some(("u", "p"))),
            (
                "smtps://a%40b.example:p%2F%23%3A+%20@mail.example.com",
                "mail.example.com",
                465,
                true,
                false,
                Some(("a@b.example", "p/#:+ ")),
            ),
            ("smtp://localhost", "localhost", 25, false, true, None),
            ("smtp://127.0.0.1:1025", "127.0.0.1", 1025, false, true, None),
            ("smtp://[::1]:1025", "::1", 1025, false, true, None),
            ("smtp://10.0.0.1", "10.0.0.1", 587, false, false, None),
            ("smtp://localhost.evil.example", "localhost.evil.example", 587, false, false, None),
        ] {
            let server = Server::parse(url).map_err(|error| panic!("{url}: {error}")).unwrap();
            assert_eq!(
                (server.host.as_str(), server.port, server.wrapped, server.loopback),
                (host, port, wrapped, loopback)
            );
            let found = server.login.as_ref().map(|login| (login.user.expose_secret(), login.password.expose_secret()));
            assert_eq!(found, login);
        }
    }

    #[test]
    fn a_mistake_says_what_is_expected_and_no_password() {
        for bad in [
            "",
            "mail.example.com",
            "mail.example.com:587",
            "localhost:25",
            "http://mail.example.com",
            "smtp:mail.example.com",
            "smtp://",
            "smtp://u@mail.example.com",
            "smtp://:hunter2@mail.example.com",
            "smtp://u:@mail.example.com",
            "smtp://u:hunter2/x@mail.example.com",
            "smtp://u:hunter2#x@mail.example.com",
            "smtp://u:hunter2@mail.example.com?secure=false",
            "smtp://u:hunter2@mail.example.com/path",
            "smtp://u:hunter2@mail.example.com:99999",
            "smtp://mail%0d%0a.example.com",
            "smtp://u:hunter2%00@mail.example.com",
            "smtp://u:hunter2%ff@mail.example.com",
        ] {
            let error = Server::parse(bad).err().expect(bad);
            let sentence = format!("{error} {error:?}");
            assert!(sentence.contains("write smtp://user:password@mail.example.com:587"), "{sentence}");
            assert!(!sentence.contains("hunter2"), "{sentence}");
        }
    }
}
