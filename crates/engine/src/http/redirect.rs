//! What a redirect makes of a request.

use super::{HeaderMap, HeaderName, Method, StatusCode, header};
use url::Url;

/// How often we follow.
pub(super) const MOST: usize = 5;

/// Headers that never cross the border of an origin unless the caller says so.
const CREDENTIAL_HEADERS: [HeaderName; 3] =
    [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];
/// Headers that describe a body.
const BODY_HEADERS: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING, header::TRANSFER_ENCODING];

/// The next request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Next {
    pub(super) url: Url,
    pub(super) method: Method,
    /// Whether it carries the body again.
    pub(super) with_body: bool,
}

/// The request that an answer asks for; `None` where it asks for none.
pub(super) fn next(method: &Method, url: &Url, status: StatusCode, answer: &HeaderMap) -> Option<Next> {
    let location = answer.get(header::LOCATION)?.to_str().ok()?;
    let mut target = url.join(location).ok()?;
    if target.fragment().is_none() {
        target.set_fragment(url.fragment());
    }
    let becomes_get = match status.as_u16() {
        301 | 302 => *method == Method::POST,
        303 => *method != Method::HEAD,
        307 | 308 => false,
        _ => return None,
    };
    let method = if becomes_get { Method::GET } else { method.clone() };
    Some(Next { url: target, method, with_body: !becomes_get })
}

/// Takes from the headers what the next request must not carry. `own` are the names of the provider's credential headers.
pub(super) fn strip(
    headers: &mut HeaderMap,
    from: &Url,
    next: &Next,
    own: &[HeaderName],
    keep_credentials: bool,
) {
    headers.remove(header::HOST);
    if !next.with_body {
        for name in BODY_HEADERS {
            headers.remove(name);
        }
    }
    if !keep_credentials && from.origin() != next.url.origin() {
        for name in CREDENTIAL_HEADERS.iter().chain(own) {
            headers.remove(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn status_and_method_decide_the_next_request() {
        let check = |method: Method, status: u16, expected: Option<(Method, bool)>| {
            let answer = HeaderMap::from_iter([(header::LOCATION, HeaderValue::from_static("../b?c=1"))]);
            let next =
                next(&method, &url("https://x.example/v1/a"), StatusCode::from_u16(status).unwrap(), &answer);
            assert_eq!(
                next.as_ref().map(|next| (next.method.clone(), next.with_body)),
                expected,
                "{method} {status}"
            );
            assert!(next.is_none_or(|next| next.url == url("https://x.example/b?c=1")));
        };
        check(Method::GET, 301, Some((Method::GET, true)));
        check(Method::POST, 301, Some((Method::GET, false)));
        check(Method::POST, 302, Some((Method::GET, false)));
        check(Method::PUT, 302, Some((Method::PUT, true)));
        check(Method::PUT, 303, Some((Method::GET, false)));
        check(Method::HEAD, 303, Some((Method::HEAD, true)));
        check(Method::POST, 307, Some((Method::POST, true)));
        check(Method::POST, 308, Some((Method::POST, true)));
        check(Method::GET, 304, None);
        check(Method::GET, 200, None);
        assert_eq!(next(&Method::GET, &url("https://x.example"), StatusCode::FOUND, &HeaderMap::new()), None);
    }

    #[test]
    fn credentials_stay_within_their_origin() {
        let own = [HeaderName::from_static("x-api-key")];
        let check = |target: &str, keep: bool, expected: &[&str]| {
            let mut headers = HeaderMap::new();
            for name in ["authorization", "cookie", "x-api-key", "accept"] {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static("v"));
            }
            let next = Next { url: url(target), method: Method::GET, with_body: true };
            strip(&mut headers, &url("https://x.example/a"), &next, &own, keep);
            let left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
            assert_eq!(left, expected, "{target}");
        };
        let all = ["authorization", "cookie", "x-api-key", "accept"];
        check("https://x.example/b", false, &all);
        check("https://x.example:8443/b", false, &["accept"]);
        check("http://x.example/b", false, &["accept"]);
        check("https://files.x.example/b", false, &["accept"]);
        check("https://y.example/b", true, &all);
    }
}
