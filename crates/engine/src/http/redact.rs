//! Requests as logs may show them.

use super::{HeaderMap, HeaderName};
use url::Url;

/// What stands in place of a secret.
pub(crate) const HIDDEN: &str = "[secret]";
/// A header whose name holds one of these is taken for a secret.
const SECRET_PARTS: [&str; 8] =
    ["auth", "token", "secret", "key", "password", "cookie", "signature", "session"];

/// The URL without user info, and with its query's names but not its values: many APIs take keys there.
pub fn url(url: &Url) -> String {
    let mut shown = url.clone();
    // Both only fail for URLs without a host, which have no user info.
    let _ = shown.set_password(None);
    let _ = shown.set_username("");
    shown.set_fragment(None);
    shown.set_query(None);
    let names: Vec<String> = url.query_pairs().map(|(name, _)| format!("{name}={HIDDEN}")).collect();
    if names.is_empty() { shown.to_string() } else { format!("{shown}?{}", names.join("&")) }
}

/// A header's value, or `[secret]`.
pub fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    match headers.get(name) {
        Some(value) if value.is_sensitive() || is_secret(name) => HIDDEN,
        Some(value) => value.to_str().unwrap_or("[binary]"),
        None => "",
    }
}

/// All headers as pairs.
pub fn headers(headers: &HeaderMap) -> Vec<(&str, &str)> {
    headers.keys().map(|name| (name.as_str(), header(headers, name))).collect()
}

/// Whether a parameter of a URL, or a variable, is taken for a secret by its name. Places in a list are none.
pub(crate) fn is_secret_parameter(name: &str) -> bool {
    let name = plain_name(name);
    let is_place =
        ["page", "next", "sync", "continuation", "cursor", "delta"].iter().any(|word| name.contains(word));
    let is_secret = |part: &&str| name.contains(*part);
    (SECRET_PARTS.iter().any(&is_secret) || ["jwt", "pwd", "credential"].iter().any(is_secret)) && !is_place
}

/// Whether a field of JSON is taken for a secret by its name. JSON has many names, so this is more exact than for headers.
pub(crate) fn is_secret_name(name: &str) -> bool {
    const ENDS: [&str; 12] = [
        "authorization",
        "apikey",
        "accesstoken",
        "refreshtoken",
        "idtoken",
        "authtoken",
        "bearertoken",
        "secret",
        "secretkey",
        "password",
        "privatekey",
        "cookie",
    ];
    let name = plain_name(name);
    ENDS.iter().any(|end| name.ends_with(end))
        || matches!(name.as_str(), "token" | "jwt" | "passphrase" | "credentials")
}

fn plain_name(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn is_secret(name: &HeaderName) -> bool {
    SECRET_PARTS.iter().any(|part| name.as_str().contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn secrets_are_hidden() {
        let check = |text: &str, expected: &str| assert_eq!(url(&text.parse().unwrap()), expected);
        check("https://u:p@x.example/a?key=k&n=1#f", "https://x.example/a?key=[secret]&n=[secret]");
        check("https://x.example/a", "https://x.example/a");

        let mut map = HeaderMap::new();
        for (name, value) in
            [("authorization", "Bearer t"), ("x-api-key", "k"), ("accept", "a/b"), ("x-plain", "v")]
        {
            map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map.get_mut("x-plain").unwrap().set_sensitive(true);
        let shown =
            [("authorization", HIDDEN), ("x-api-key", HIDDEN), ("accept", "a/b"), ("x-plain", HIDDEN)];
        assert_eq!(headers(&map), shown);
    }
}
