//! Telling applications in frames of the logout page that a session has ended (OpenID Connect Front-Channel Logout 1.0).

use crate::http_text::with_query;
use crate::idp::Idp;
use crate::sabotage;
use crate::session::Record;

/// The frames for the applications that took part in the session and have registered a page. `iss` and `sid` are always
/// sent, as if every client required them (§3).
pub(crate) fn frames(idp: &Idp, session: &Record) -> Vec<String> {
    let environment = idp.environment();
    let took_part = |id: &str| session.clients.iter().any(|(client, _)| client == id);
    let clients = environment.clients.iter().filter(|client| took_part(&client.id));
    let frame = |uri: &str| {
        let mut pairs = vec![("iss", environment.issuer.clone()), ("sid", session.sign_in.sid.clone())];
        sabotage::front_channel(idp.misbehaviour(), &mut pairs);
        with_query(uri, &pairs)
    };
    clients.filter_map(|client| client.front_channel_logout_uri.as_deref()).map(frame).collect()
}
