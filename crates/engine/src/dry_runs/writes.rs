//! Which requests of a dry run reach the provider: those that only read, and those that the caller allows.

use bespoke_runtime::host::Http;

/// Headers by which some providers let a POST, or even a GET, be another method.
const OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

/// The requests that can write and are sent all the same.
#[derive(Clone, Debug, Default)]
pub struct AllowedWrites {
    /// All of them.
    pub all: bool,
    /// Those that one of these patterns fits.
    pub patterns: Vec<CallPattern>,
}

/// A method and a path, as in `POST /crm/v3/objects/*/search`: `*` stands for one part of the path or any method, `**`
/// for any number of parts. The query does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPattern {
    method: String,
    path: String,
}

impl CallPattern {
    /// Reads a pattern; `None` where it is not a method and a path or URL.
    pub fn parse(text: &str) -> Option<Self> {
        let (method, path) = text.trim().split_once(char::is_whitespace)?;
        let (method, path) = (method.to_ascii_uppercase(), path.trim());
        let is_method = method == "*" || method.bytes().all(|byte| byte.is_ascii_alphabetic());
        let is_place = path.starts_with(['/', '*']) || path.contains("://");
        (is_method && is_place && !path.contains(char::is_whitespace))
            .then(|| Self { method, path: path.to_owned() })
    }

    fn fits(&self, method: &str, place: &str) -> bool {
        (self.method == "*" || self.method == method) && fast_glob::glob_match(&self.path, place)
    }
}

impl AllowedWrites {
    /// Whether the request may be sent.
    pub(super) fn allows(&self, request: &Http) -> bool {
        self.permits(method(request).as_str(), &place(request))
    }

    /// Whether a request of this method to this place may be sent.
    pub(super) fn permits(&self, method: &str, place: &str) -> bool {
        reads(method) || self.all || self.patterns.iter().any(|pattern| pattern.fits(method, place))
    }
}

/// The method that the provider will see, in capitals.
pub(super) fn method(request: &Http) -> String {
    effective(&request.method, &request.headers)
}

/// The method that a request has for who gets it, in capitals.
pub(super) fn effective(method: &str, headers: &[(String, String)]) -> String {
    let overridden = headers
        .iter()
        .find(|(name, _)| OVERRIDES.iter().any(|header| name.eq_ignore_ascii_case(header)))
        .map(|(_, value)| value.trim());
    overridden.filter(|value| !value.is_empty()).unwrap_or(method).to_ascii_uppercase()
}

/// Where a request goes, as the function names it: path or URL without query.
pub(super) fn place(request: &Http) -> String {
    let endpoint = request.endpoint.split(['?', '#']).next().unwrap_or_default();
    if endpoint.contains("://") || endpoint.starts_with('/') {
        endpoint.to_owned()
    } else {
        format!("/{endpoint}")
    }
}

/// Whether a method only reads, by what HTTP says of it.
fn reads(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, endpoint: &str) -> Http {
        Http { method: method.to_owned(), endpoint: endpoint.to_owned(), ..Http::default() }
    }

    fn allowed(patterns: &[&str]) -> AllowedWrites {
        let patterns = patterns.iter().map(|text| CallPattern::parse(text).unwrap()).collect();
        AllowedWrites { all: false, patterns }
    }

    #[test]
    fn reading_is_allowed_and_writing_by_pattern_only() {
        let search = allowed(&["post /crm/v3/objects/*/search"]);
        assert!(search.allows(&request("get", "/anything")));
        assert!(search.allows(&request("POST", "/crm/v3/objects/contacts/search?limit=1")));
        assert!(search.allows(&request("POST", "crm/v3/objects/contacts/search")));
        assert!(!search.allows(&request("POST", "/crm/v3/objects/contacts")));
        assert!(!search.allows(&request("POST", "/crm/v3/objects/a/b/search")), "a star is one part");
        assert!(!search.allows(&request("DELETE", "/crm/v3/objects/contacts/search")));
        assert!(allowed(&["* /graphql/**"]).allows(&request("PUT", "/graphql/a/b")));
        assert!(
            allowed(&["POST https://api.example.com/*"])
                .allows(&request("POST", "https://api.example.com/q"))
        );
        assert!(AllowedWrites { all: true, patterns: Vec::new() }.allows(&request("DELETE", "/x")));
    }

    #[test]
    fn a_method_in_a_header_counts() {
        let mut disguised = request("GET", "/x");
        disguised.headers.push(("X-HTTP-Method-Override".to_owned(), "delete".to_owned()));
        assert!(!AllowedWrites::default().allows(&disguised));
        assert_eq!(method(&disguised), "DELETE");
    }

    #[test]
    fn patterns_are_a_method_and_a_place() {
        for bad in ["", "POST", "/x", "POST x", "PO5T /x", "POST /a b"] {
            assert_eq!(CallPattern::parse(bad), None, "{bad}");
        }
    }
}
