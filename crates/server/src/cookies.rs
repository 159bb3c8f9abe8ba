//! The cookies of the dashboard.

use axum::http::{HeaderMap, HeaderValue, header};
use bespoke_core::token::Token;
use cookie::{Cookie, SameSite, time::Duration};

/// Holds the token of a session.
pub const SESSION: &str = "bespoke_session";

/// Holds the token of a sign-in at an issuer that has begun.
pub const DEPARTURE: &str = "bespoke_oidc";

/// Where that one is sent.
const OIDC_PATH: &str = "/session/oidc";

/// How long a browser keeps the cookie of a session; the server decides how long the session holds.
const KEPT: Duration = Duration::days(90);

/// The token in the cookie `name`, where it can be one.
pub fn token(headers: &HeaderMap, name: &str) -> Option<Token> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(Cookie::split_parse).filter_map(Result::ok);
    cookies.find(|cookie| cookie.name() == name).and_then(|cookie| Token::parse(cookie.value()))
}

/// The `Set-Cookie` of a new session. `public_url` says whether it may travel in the open.
pub fn session(token: &Token, public_url: &str) -> HeaderValue {
    shown(SESSION, token.expose().to_owned(), "/", KEPT, public_url)
}

/// The `Set-Cookie` that makes a browser forget the session.
pub fn no_session(public_url: &str) -> HeaderValue {
    shown(SESSION, String::new(), "/", Duration::ZERO, public_url)
}

/// The `Set-Cookie` of a sign-in at an issuer that has begun.
pub fn departure(token: &Token, public_url: &str) -> HeaderValue {
    shown(DEPARTURE, token.expose().to_owned(), OIDC_PATH, Duration::minutes(10), public_url)
}

/// The `Set-Cookie` that ends it.
pub fn no_departure(public_url: &str) -> HeaderValue {
    shown(DEPARTURE, String::new(), OIDC_PATH, Duration::ZERO, public_url)
}

fn shown(
    name: &'static str,
    value: String,
    path: &'static str,
    kept: Duration,
    public_url: &str,
) -> HeaderValue {
    let cookie = Cookie::build((name, value))
        .path(path)
        .max_age(kept)
        .http_only(true)
        // Lax and not Strict: who follows a link to a connection from elsewhere is signed in there.
        .same_site(SameSite::Lax)
        .secure(public_url.starts_with("https://"));
    // A token and our own words: always a header.
    HeaderValue::from_str(&cookie.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""))
}
