//! Builds the URL of a request.

use super::{Error, Params, names::Lookup, params};
use bespoke_core::{provider::Provider, template};
use serde_json::{Map, Value};
use url::Url;

/// What a URL is built of.
pub(super) struct Parts<'a> {
    pub(super) provider: &'a Provider,
    pub(super) integration_config: &'a Map<String, Value>,
    pub(super) base_url_override: Option<&'a str>,
    pub(super) endpoint: &'a str,
    pub(super) params: &'a Params,
    pub(super) names: &'a Lookup<'a>,
}

pub(super) fn build(parts: &Parts<'_>) -> Result<Url, Error> {
    let base = base(parts)?;
    let find = |name: &str| parts.names.find(name);
    let endpoint = template::render(parts.endpoint, &find).map_err(Error::template(parts.endpoint))?;
    let endpoint = below(&endpoint, &base, parts)?;
    let text = join(&base, endpoint);
    let mut url: Url = text.parse().map_err(|_| Error::InvalidUrl(shown(&text)))?;
    match parts.params {
        Params::None => {}
        Params::Text(_) if endpoint.contains('?') => return Err(Error::InvalidQuery),
        Params::Text(query) => url.set_query(Some(query)),
        Params::Pairs(pairs) => pairs.iter().for_each(|(name, value)| params::set(&mut url, name, value)),
    }
    for (name, value) in &parts.provider.definition.proxy.query {
        if let Ok(value) = template::render(value, &find) {
            params::set(&mut url, name, &value);
        }
    }
    Ok(url)
}

/// The base URL without its last `/`: the override's, else the integration's, else the provider's.
fn base(parts: &Parts<'_>) -> Result<String, Error> {
    let integration = || {
        let declared = !parts.provider.definition.integration_config.is_empty();
        parts
            .integration_config
            .get("baseUrl")
            .and_then(Value::as_str)
            .filter(|base| declared && !base.is_empty())
    };
    let chosen = parts.base_url_override.filter(|base| !base.is_empty()).or_else(integration);
    match chosen.or_else(|| parts.provider.base_url()) {
        Some(text) => render_base(text, parts.names),
        None if parts.endpoint.is_empty() => Err(Error::MissingUrl),
        None => Err(Error::UnsupportedProvider(parts.provider.name.clone())),
    }
}

fn render_base(text: &str, names: &Lookup<'_>) -> Result<String, Error> {
    render(text, names).map(|base| base.trim_end_matches('/').to_owned())
}

/// A URL of a definition that no endpoint is appended to, filled in as a base URL is.
pub(crate) fn filled(text: &str, names: &Lookup<'_>) -> Result<Url, Error> {
    let url = render(text, names)?;
    url.parse().map_err(|_| Error::InvalidUrl(shown(&url)))
}

/// Takes the first alternative that can be filled in.
fn render(text: &str, names: &Lookup<'_>) -> Result<String, Error> {
    let mut result = Err(Error::MissingUrl);
    for alternative in template::alternatives(text) {
        result = render_one(alternative, names);
        if result.is_ok() {
            break;
        }
    }
    result
}

/// Fills in a base URL. Values within the host part may only hold what hosts hold: a customer who enters `evil.example/` as their
/// subdomain must not get another customer's, or our, credentials sent there.
fn render_one(text: &str, names: &Lookup<'_>) -> Result<String, Error> {
    let find = |name: &str| names.find(name);
    let fill = |part: &str| template::render(part, &find).map_err(Error::template(text));
    let Some((scheme, rest)) = text.split_once("://").filter(|(scheme, _)| !scheme.contains("${")) else {
        return fill(text);
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = fill(host)?;
    if host.is_empty()
        || !host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'))
    {
        return Err(Error::InvalidHost(text.to_owned()));
    }
    Ok(format!("{scheme}://{host}{}", fill(path)?))
}

/// The endpoint as a path below the base URL. A full URL must be the base URL or go on after it at a real border:
/// `https://api.example.com.evil.example` is not below `https://api.example.com`.
fn below<'e>(endpoint: &'e str, base: &str, parts: &Parts<'_>) -> Result<&'e str, Error> {
    let is_full = ["http://", "https://"]
        .iter()
        .any(|scheme| endpoint.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    if !is_full {
        return Ok(endpoint);
    }
    // With an override, links of the provider itself still lead to its own base URL.
    let own = parts.provider.base_url().and_then(|text| render_base(text, parts.names).ok());
    [Some(base.to_owned()), own]
        .into_iter()
        .flatten()
        .find_map(|base| endpoint.strip_prefix(base.as_str()))
        .filter(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
        .ok_or_else(|| Error::OutsideBaseUrl(shown(endpoint)))
}

fn join(base: &str, endpoint: &str) -> String {
    if endpoint.is_empty() || endpoint.starts_with(['?', '#']) {
        return format!("{base}{endpoint}");
    }
    format!("{base}/{}", endpoint.trim_start_matches('/'))
}

/// A URL for a message: its query may be secret.
fn shown(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{connection, provider};
    use super::*;
    use bespoke_core::auth::Credentials;
    use serde_json::json;

    /// The URL, or the error's code.
    fn built(provider: &Provider, base: Option<&str>, endpoint: &str, params: &Value) -> String {
        let connection = connection(
            json!({"subdomain": "acme", "evil": "x.example/", "at": "a@b", "port": 8443, "empty": ""}),
        );
        let credentials = Credentials::from_json(json!({"type": "API_KEY", "apiKey": "k 1"})).unwrap();
        let names = Lookup::new(provider, &connection, &credentials);
        let custom = json!({"baseUrl": "https://custom.example/v9"});
        let parts = Parts {
            provider,
            integration_config: custom.as_object().unwrap(),
            base_url_override: base,
            endpoint,
            params: &Params::from_json(params),
            names: &names,
        };
        build(&parts).map_or_else(|error| error.code().to_owned(), |url| url.to_string())
    }

    #[test]
    fn the_endpoint_is_appended_to_the_base() {
        let provider = provider(json!({"base_url": "https://api.example.com/v1/"}));
        let check = |endpoint: &str, expected: &str| {
            assert_eq!(built(&provider, None, endpoint, &json!(null)), expected, "{endpoint}");
        };
        check("/a/b?c=1&d=%20x", "https://api.example.com/v1/a/b?c=1&d=%20x");
        check("a", "https://api.example.com/v1/a");
        check("", "https://api.example.com/v1");
        check("?q=1", "https://api.example.com/v1?q=1");
        check("/contacts/${connectionConfig.subdomain}/x", "https://api.example.com/v1/contacts/acme/x");
        check("@evil.example/a", "https://api.example.com/v1/@evil.example/a");
        check("https://api.example.com/v1/a?b=1", "https://api.example.com/v1/a?b=1");
        check("https://api.example.com/v1", "https://api.example.com/v1");
        check("https://api.example.com/v10/a", "endpoint_outside_base_url");
        check("https://api.example.com.evil.example/v1", "endpoint_outside_base_url");
        check("HTTPS://evil.example/", "endpoint_outside_base_url");
        check("/a/${nobody}", "missing_template_value");
    }

    #[test]
    fn the_base_is_the_overrides_or_the_integrations_or_the_providers() {
        let plain = provider(json!({"base_url": "https://api.example.com"}));
        let check = |provider: &Provider, base: Option<&str>, endpoint: &str, expected: &str| {
            assert_eq!(built(provider, base, endpoint, &json!(null)), expected, "{base:?} {endpoint}");
        };
        check(&plain, Some(""), "/a", "https://api.example.com/a");
        check(&plain, Some("https://other.example/x/"), "/a", "https://other.example/x/a");
        check(&plain, Some("https://other.example"), "https://api.example.com/a", "https://other.example/a");
        check(&plain, Some("https://other.example"), "https://other.example/a", "https://other.example/a");
        check(&plain, Some("https://${connectionConfig.subdomain}.example"), "/a", "https://acme.example/a");
        check(&plain, Some("nonsense"), "/a", "invalid_url");

        let mut configurable = provider(json!({"base_url": "https://api.example.com"}));
        configurable.definition.integration_config.insert("baseUrl".to_owned(), Default::default());
        check(&configurable, None, "/a", "https://custom.example/v9/a");
        check(&configurable, Some("https://other.example"), "/a", "https://other.example/a");

        let none = provider(json!({}));
        check(&none, None, "/a", "unsupported_provider");
        check(&none, None, "", "missing_api_url");
        check(&none, Some("https://other.example"), "", "https://other.example/");
    }

    #[test]
    fn templates_fill_the_base_but_cannot_change_the_host() {
        let check = |base: &str, expected: &str| {
            let provider = provider(json!({"base_url": base}));
            assert_eq!(built(&provider, None, "/a", &json!(null)), expected, "{base}");
        };
        check("https://${connectionConfig.subdomain}.example.com/api", "https://acme.example.com/api/a");
        check(
            "https://${connectionConfig.subdomain}.example.com:${connectionConfig.port}",
            "https://acme.example.com:8443/a",
        );
        check("https://${connectionConfig.evil}.example.com", "invalid_host");
        check("https://${connectionConfig.at}.example.com", "invalid_host");
        check("https://${connectionConfig.missing}.example.com", "missing_template_value");
        check("https://${connectionConfig.empty}.example.com", "missing_template_value");
        check("https://${connectionConfig.empty} || https://fallback.example", "https://fallback.example/a");
        check("https://${metadata.region.code}.example.com", "https://eu-1.example.com/a");
    }

    #[test]
    fn parameters_are_set_and_the_providers_come_last() {
        let plain = provider(json!({"base_url": "https://api.example.com"}));
        let check = |provider: &Provider, endpoint: &str, params: Value, expected: &str| {
            assert_eq!(built(provider, None, endpoint, &params), expected, "{endpoint} {params}");
        };
        check(
            &plain,
            "/a?x=1&y=%7E",
            json!({"x": 2, "z": ["p", "q"]}),
            "https://api.example.com/a?x=2&y=%7E&z=p%2Cq",
        );
        check(&plain, "/a", json!("x=1&y=2"), "https://api.example.com/a?x=1&y=2");
        check(&plain, "/a?z=1", json!("x=1"), "invalid_query_params");
        let keyed = provider(
            json!({"base_url": "https://api.example.com", "query": {"key": "${apiKey}", "no": "${metadata.none}"}}),
        );
        check(&keyed, "/a?b=1", json!(null), "https://api.example.com/a?b=1&key=k+1");
    }
}
