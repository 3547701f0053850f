//! What the customers' directories say, as it arrives here: by webhook.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long a webhook is waited for. They come within a second; should one not come, the page shows that too.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who is deactivated, by e-mail address.
#[derive(Debug, Clone, Default)]
pub(super) struct Deactivated(watch::Sender<BTreeSet<String>>);

impl Deactivated {
    /// Takes an event. The engine has ended the sessions concerned before the application hears of it.
    pub(super) fn hear(&self, event: &Value) {
        let data = |name| event.get("data")?.get(name);
        let email = data("email").and_then(Value::as_str);
        let active = data("active").and_then(Value::as_bool);
        if let (Some(email), Some(active)) = (email, active) {
            self.0.send_modify(|people| {
                if active {
                    people.remove(email);
                } else {
                    people.insert(email.to_owned());
                }
            });
        }
    }

    pub(super) fn people(&self) -> Vec<String> {
        self.0.borrow().iter().cloned().collect()
    }

    /// Until the news about somebody has arrived.
    pub(super) async fn heard(&self, email: &str, deactivated: bool) {
        let mut people = self.0.subscribe();
        let arrived = people.wait_for(|people| people.contains(&email.to_lowercase()) == deactivated);
        if timeout(PATIENCE, arrived).await.is_err() {
            tracing::warn!("no webhook has arrived");
        }
    }
}
