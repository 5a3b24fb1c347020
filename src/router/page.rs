//! The server's own pages: short texts that say what is wrong.

use std::error::Error;

use crate::{
    exchange::{ExchangeId, FieldSection, ResponseWriter},
    site::Refusal,
};

/// Answers with plain text, and one more field if the status asks for it. A peer that is gone by now misses nothing.
pub(super) async fn respond(response: &mut ResponseWriter, status: u16, field: Option<(&str, &str)>, text: &str) {
    let length = text.len().to_string();
    let lines = [("content-type", "text/plain; charset=utf-8"), ("content-length", &length)];
    let lines = lines.into_iter().chain(field).map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    let _ = response.send_head(status, &FieldSection::from_lines(lines), false).await;
    let _ = response.send_data(text.to_owned().into(), true).await;
}

/// Answers with the page for a refusal of the site; returns the cause for the access line.
pub(super) async fn refuse(response: &mut ResponseWriter, id: ExchangeId, refusal: &Refusal) -> String {
    let status = refusal.status();
    let cause = match refusal.source() {
        Some(source) => format!("{refusal}: {source}"),
        None => refusal.to_string(),
    };
    let field = refusal.field();
    let field = field.as_ref().map(|(name, value)| (*name, value.as_str()));
    let text = if status < 500 {
        format!("{status}: {refusal}\n")
    } else {
        tracing::warn!(exchange = %id, "the site failed: {cause}");
        format!("{status}: {refusal}\nexchange {id}, see the server's log\n")
    };
    respond(response, status, field, &text).await;
    cause
}
