//! Where a write of metadata comes from, as its request tells: the key or the user, and three optional headers.

use crate::{
    auth::{Caller, Principal},
    error::{ApiError, Code, Issue},
    state::AppState,
};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
};
use bespoke_core::revision::{Actor, Provenance, Source};
use std::sync::Arc;

/// Why, in the writer's words: UTF-8, at most 500 characters.
pub const REASON: &str = "bespoke-reason";
/// By which way, where it is not the API itself: `cli`.
pub const SOURCE: &str = "bespoke-source";
/// The client's own id of the request, at most 200 characters; made up where it is missing.
pub const REQUEST_ID: &str = "x-request-id";

const MAX_REASON: usize = 500;
const MAX_REQUEST_ID: usize = 200;

/// Who writes metadata, by which way, and why.
pub struct Writer(pub Provenance);

impl Writer {
    /// The same by another way, and for the reason in the body where there is one.
    pub fn by(self, source: Source, reason: Option<String>) -> Result<Provenance, ApiError> {
        if reason.as_ref().is_some_and(|reason| reason.chars().count() > MAX_REASON) {
            return Err(ApiError::body(
                "too_big",
                &["reason"],
                format!("Must have at most {MAX_REASON} characters"),
            ));
        }
        Ok(Provenance { source, reason: reason.or(self.0.reason), ..self.0 })
    }
}

impl FromRequestParts<AppState> for Writer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let caller =
            parts.extensions.get::<Arc<Caller>>().cloned().ok_or(ApiError::new(Code::MissingAuthHeader))?;
        let request_id = text(&parts.headers, REQUEST_ID, MAX_REQUEST_ID)?;
        let source = match text(&parts.headers, SOURCE, 10)?.as_deref() {
            None | Some("api") => Source::Api,
            Some("cli") => Source::Cli,
            Some(_) => return Err(refused("invalid_value", SOURCE, "Must be cli or missing")),
        };
        let (actor, source) = match &caller.principal {
            Principal::Key(key) => (Actor::ApiKey { id: key.id, name: key.display_name.clone() }, source),
            Principal::User(user, _) => {
                let (email, name) = (user.email.clone(), user.name.clone());
                (Actor::User { id: user.id, email, name }, Source::Dashboard)
            }
        };
        Ok(Self(Provenance {
            actor,
            source,
            reason: text(&parts.headers, REASON, MAX_REASON)?,
            request_id: Some(request_id.unwrap_or_else(|| app.engine.new_id().to_string())),
        }))
    }
}

/// A header's text without spaces around it, where it has any.
fn text(headers: &HeaderMap, name: &str, most: usize) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = std::str::from_utf8(value.as_bytes())
        .map_err(|_| refused("invalid_format", name, "Must be UTF-8"))?
        .trim();
    if text.chars().count() > most {
        return Err(refused("too_big", name, format!("Must have at most {most} characters")));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

fn refused(code: &'static str, header: &str, message: impl Into<String>) -> ApiError {
    ApiError::new(Code::InvalidHeaders).issue(Issue::new(code, [header], message))
}
