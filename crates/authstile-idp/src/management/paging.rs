//! Pages behind opaque tokens (§7.1).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::error::ApiError;
use crate::http_text::Call;

/// One page of `all`, as `{<name>:[…], total_size, next_page_token, prev_page_token}`. Documented are the largest sizes;
/// that small pages are allowed everywhere is a guess, and so is the size when none is asked for.
pub(super) fn page(call: &Call, name: &str, all: Vec<Value>, largest: usize) -> Result<Value, ApiError> {
    let size = match call.query.get("page_size").map(str::parse::<usize>) {
        None => largest.min(10),
        Some(Ok(size)) if (1..=largest).contains(&size) => size,
        Some(_) => return Err(ApiError::invalid("page_size", "out of range")),
    };
    let start = match call.query.get("page_token") {
        None => 0,
        Some(token) => position(token).ok_or(ApiError::invalid("page_token", "not a page token"))?,
    };
    let total = all.len();
    let end = start.saturating_add(size);
    let next = if end < total { token(end) } else { String::new() };
    let previous = if start > 0 { token(start.saturating_sub(size)) } else { String::new() };
    let mut body = Map::new();
    body.insert(name.to_owned(), all.into_iter().skip(start).take(size).collect());
    body.insert("total_size".to_owned(), json!(total));
    body.insert("next_page_token".to_owned(), json!(next));
    body.insert("prev_page_token".to_owned(), json!(previous));
    Ok(Value::Object(body))
}

fn token(position: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("position:{position}"))
}

fn position(token: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix("position:")?.parse().ok()
}
