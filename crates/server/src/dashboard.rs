//! The dashboard's files: built by `npm run build` in `dashboard/`, and part of this program.
//!
//! A page is answered with a policy of its own and a fresh nonce; what has its content's hash in its name is kept by
//! browsers for ever.

use crate::{error::ApiError, error::Code, state::AppState};
use axum::{
    Router,
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::{Embed, EmbeddedFile};
use serde::Deserialize;
use std::fmt::Write as _;
use uuid::Uuid;

/// What `npm run build` wrote; empty where it did not run.
#[derive(Embed)]
#[folder = "../../dashboard/dist"]
#[allow_missing = true]
struct Files;

/// Stands in the pages where the nonce of the answer goes.
const NONCE: &str = "__CSP_NONCE__";

/// What a page answers where this program was built without the dashboard.
const NOT_BUILT: &str = "<!doctype html>\n<html lang=\"en\"><title>Bespoke</title>\
    <p>This program was built without the dashboard. <code>make build</code> builds it with everything.</p></html>\n";

/// How a file may be sent: what clients call it, and what is behind its name.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The pages. Their names are not those of the API.
pub fn pages() -> Router<AppState> {
    let app = get(dashboard);
    Router::new()
        .route("/", get(root))
        .route("/app", app.clone())
        .route("/app/", app.clone())
        .route("/app/{*page}", app.clone())
        .route("/setup", app.clone())
        .route("/invite", app.clone())
        .route("/sign-in", app)
        .route("/configure", get(configure))
}

/// A file of the dashboard at this address, and 404 where there is none.
pub async fn file(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    // Pages have addresses of their own, `.vite` is for the build.
    let is_hidden = path.starts_with('.') || [".html", ".br", ".gz"].iter().any(|end| path.ends_with(end));
    let reads = matches!(method, Method::GET | Method::HEAD);
    match Files::get(path) {
        Some(file) if reads && !is_hidden => sent(path, file, &headers),
        _ => ApiError::new(Code::NotFound).into_response(),
    }
}

/// A person at the address of the server wants the dashboard; a client has made a mistake.
async fn root(headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT).and_then(|accepted| accepted.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("text/html")) {
        // 302: where the dashboard is may change.
        return (StatusCode::FOUND, [(header::LOCATION, "/app")]).into_response();
    }
    ApiError::new(Code::NotFound).into_response()
}

async fn dashboard(State(app): State<AppState>) -> Response {
    page(&app, "index.html", "'none'")
}

/// Which environment's page for end customers is shown.
#[derive(Deserialize)]
struct Configure {
    /// The environment's UUID.
    env: Option<Uuid>,
}

/// The page for end customers, which other origins may show where the environment allows them. The session is in the
/// address's fragment, which a server is not told: so the link names the environment, and where it does not, what any
/// environment allows is allowed.
async fn configure(State(app): State<AppState>, Query(query): Query<Configure>) -> Response {
    match app.engine.configure_origins_of(query.env).await {
        Ok(origins) if origins.is_empty() => page(&app, "configure.html", "'none'"),
        Ok(origins) => page(&app, "configure.html", &origins.join(" ")),
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// A page that may be shown within those of `ancestors`.
fn page(app: &AppState, name: &str, ancestors: &str) -> Response {
    let Some(file) = Files::get(name) else {
        let headers =
            [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
        return (StatusCode::NOT_FOUND, headers, NOT_BUILT).into_response();
    };
    let nonce = app.engine.new_id().simple().to_string();
    let html = String::from_utf8_lossy(&file.data).replace(NONCE, &nonce);
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}; \
         require-trusted-types-for 'script'"
    );
    let mut response = (StatusCode::OK, html).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// A file, in the best form that the client takes.
fn sent(path: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let accepted =
        request.get(header::ACCEPT_ENCODING).and_then(|text| text.to_str().ok()).unwrap_or_default();
    let smaller = ENCODINGS.into_iter().filter(|(name, _)| accepts(accepted, name));
    let mut smaller = smaller.filter_map(|(name, end)| Some((name, Files::get(&format!("{path}{end}"))?)));
    let (encoding, file, kind) = match smaller.next() {
        Some((name, copy)) => (Some(name), copy, kind(path)),
        None => (None, file, kind(path)),
    };
    let mut tag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    let known = request.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
    let is_known =
        known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(file.data.into_owned()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let for_ever = path.starts_with("assets/");
    let kept = if for_ever { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// Whether `Accept-Encoding` names this one, and not with a weight of nothing.
fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding))
            && parts.all(|part| !matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// The media type of a file of the build.
fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_is_taken_where_it_is_named() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("gzip;q=0.5", "gzip"));
        assert!(!accepts("gzip;q=0", "gzip"));
        assert!(!accepts("", "br"));
    }
}
