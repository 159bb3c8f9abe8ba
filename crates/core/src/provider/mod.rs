//! Providers: how an external API is reached. One YAML definition each, in the shape of http-api.md §6.4.
//!
//! A [`Provider`] keeps its definition twice: as written (the API shows it so, key order included) and as the typed
//! [`Definition`] that the proxy and the auth flows read. [`mod@file`] reads files, resolves aliases and finds mistakes.

pub mod file;
mod values;
pub mod webhook;

use crate::auth::AuthMode;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
pub use values::StatusPattern;

/// One external API.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name in the catalogue and in integrations, `hubspot`.
    pub name: String,
    /// The definition as written, aliases resolved.
    pub raw: Map<String, Value>,
    /// The same, typed.
    pub definition: Definition,
}

impl Provider {
    /// How its lists are paged, as written.
    pub fn paginate(&self) -> Option<&Value> {
        self.raw.get("proxy")?.get("paginate")
    }

    /// The places of connections' metadata that its definition takes values from, as JSON pointers.
    pub fn metadata_paths(&self) -> BTreeSet<String> {
        let text = serde_json::to_string(&self.raw).unwrap_or_default();
        let parts = text.split(|char: char| !(char.is_ascii_alphanumeric() || "._-".contains(char)));
        let names = parts.filter_map(|part| part.strip_prefix("metadata."));
        names.map(|name| format!("/{}", name.trim_end_matches('.').replace('.', "/"))).collect()
    }

    /// The content type that it wants for bodies, where its definition names one.
    pub fn content_type(&self) -> Option<&str> {
        let mut headers = self.definition.proxy.headers.iter();
        headers.find(|(name, _)| name.eq_ignore_ascii_case("content-type")).map(|(_, value)| value.as_str())
    }
}

/// A definition's fields. Unknown ones are left to [`Provider::raw`]; what only the token and webhook flows read stays a plain
/// value, which the flow types as far as it uses it, so that a definition for another product's flow still loads.
#[derive(Clone, Debug, Deserialize)]
pub struct Definition {
    /// Its name for people, `HubSpot`.
    pub display_name: String,
    /// How a connection proves who it is.
    pub auth_mode: AuthMode,
    /// Groups it is listed under, `crm`.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Where its documentation is.
    #[serde(default)]
    pub docs: Option<String>,
    /// Where the page is that tells a customer how to find the credentials.
    #[serde(default)]
    pub docs_connect: Option<String>,
    /// Where the guide is that tells a developer how to register an app.
    #[serde(default)]
    pub setup_guide_url: Option<String>,
    /// How requests are sent.
    #[serde(default)]
    pub proxy: Proxy,
    /// What a connection needs besides credentials, by name.
    #[serde(default)]
    pub connection_config: BTreeMap<String, Field>,
    /// The fields of the credentials, by name.
    #[serde(default)]
    pub credentials: BTreeMap<String, Field>,
    /// What an integration may set, by name. Where there are any, its `baseUrl` replaces the base URL.
    #[serde(default)]
    pub integration_config: BTreeMap<String, Field>,
    /// Where the customer grants access; may hold `${connectionConfig.…}`.
    #[serde(default)]
    pub authorization_url: Option<String>,
    /// Query parameters of `authorization_url`.
    #[serde(default)]
    pub authorization_params: Option<Value>,
    /// How the client authenticates at the token URL: `header` or `body`.
    #[serde(default)]
    pub authorization_method: Option<Value>,
    /// Where a token is requested: text, or one per auth mode.
    #[serde(default)]
    pub token_url: Option<Value>,
    /// Fields of the token request.
    #[serde(default)]
    pub token_params: Option<Value>,
    /// Headers of the token request.
    #[serde(default)]
    pub token_headers: Option<Value>,
    /// Where in the answer the token and its end are.
    #[serde(default)]
    pub token_response: Option<Value>,
    /// Names in the token response that become connection config.
    #[serde(default)]
    pub token_response_metadata: Option<Value>,
    /// Names in the redirect's query that become connection config.
    #[serde(default)]
    pub redirect_uri_metadata: Option<Value>,
    /// How long before its end a token is renewed, in seconds.
    #[serde(default)]
    pub token_expiration_buffer: Option<Value>,
    /// How long a token lives where the provider does not say, in milliseconds.
    #[serde(default)]
    pub token_expires_in_ms: Option<Value>,
    /// How the client authenticates at the token URL, `basic` or `custom`.
    #[serde(default)]
    pub token_request_auth_method: Option<Value>,
    /// How a token is signed.
    #[serde(default)]
    pub token: Option<Value>,
    /// Where a token is renewed; `token_url` where missing.
    #[serde(default)]
    pub refresh_url: Option<Value>,
    /// Fields of the refresh request.
    #[serde(default)]
    pub refresh_params: Option<Value>,
    /// What stands between scopes; a space where missing.
    #[serde(default)]
    pub scope_separator: Option<String>,
    /// Scopes that are asked for always.
    #[serde(default)]
    pub default_scopes: Vec<String>,
    /// Encoding of the token request: `form` or `json`.
    #[serde(default)]
    pub body_format: Option<Value>,
    /// No PKCE: the provider refuses it.
    #[serde(default)]
    pub disable_pkce: Option<Value>,
    /// OAuth 1: where the temporary token comes from.
    #[serde(default)]
    pub request_url: Option<Value>,
    /// OAuth 1: fields of the temporary token's request.
    #[serde(default)]
    pub request_params: Option<Value>,
    /// OAuth 1: how requests are signed, `HMAC-SHA1`.
    #[serde(default)]
    pub signature_method: Option<Value>,
    /// SIGNATURE: how tokens are signed.
    #[serde(default)]
    pub signature: Option<Value>,
    /// More requests that a `TWO_STEP` flow makes.
    #[serde(default)]
    pub additional_steps: Option<Value>,
    /// What its webhooks look like.
    #[serde(default)]
    pub webhook: Option<webhook::Webhook>,
    /// Nango's name for a routing rule; [`Definition::webhook`] is ours.
    #[serde(default)]
    pub webhook_routing_script: Option<Value>,
    /// The customer makes up the secret that signs webhooks.
    #[serde(default)]
    pub webhook_user_defined_secret: Option<Value>,
}

/// How requests to a provider are sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Proxy {
    /// What every endpoint is appended to; a template, with `a || b` for a fallback.
    pub base_url: Option<String>,
    /// Headers of every request; templates.
    #[serde(deserialize_with = "values::texts")]
    pub headers: BTreeMap<String, String>,
    /// Query parameters of every request; templates. Those that have no value are left out.
    #[serde(deserialize_with = "values::texts")]
    pub query: BTreeMap<String, String>,
    /// Fields merged into every JSON object that is sent.
    pub body: Map<String, Value>,
    /// Which answers are asked again, and when.
    pub retry: Retry,
    /// How lists are paged through where a function does not say. Handed to functions as written.
    pub paginate: Option<Map<String, Value>>,
    /// How to check that credentials work.
    pub verification: Option<Verification>,
    /// Decompress answers though the caller did not ask.
    pub decompress: bool,
    /// Keep credentials when the provider redirects to another origin.
    pub forward_headers_on_redirect: bool,
}

/// Which answers are asked again, and when. All header names are case-insensitive.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Retry {
    /// Headers that say when to ask again: epoch seconds, epoch milliseconds, or a date.
    #[serde(deserialize_with = "values::list")]
    pub at: Vec<String>,
    /// Headers that say after how many seconds to ask again.
    #[serde(deserialize_with = "values::list")]
    pub after: Vec<String>,
    /// Headers that count the requests left; `0` makes any error retryable.
    #[serde(deserialize_with = "values::list")]
    pub remaining: Vec<String>,
    /// Statuses to retry *instead of* the usual ones.
    #[serde(deserialize_with = "values::list")]
    pub error_code: Vec<StatusPattern>,
    /// Where the body of an answer tells the wait.
    #[serde(deserialize_with = "values::list")]
    pub in_body: Vec<InBody>,
}

/// A place in a body that tells a wait.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct InBody {
    /// Dotted path of a JSON body, `error.message`; the whole text where missing.
    pub path: Option<String>,
    /// Regular expression whose first group is the wait; the whole text where missing.
    pub pattern: Option<String>,
    /// What the found text means.
    pub strategy: WaitStrategy,
}

/// What a wait found in a body means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WaitStrategy {
    /// A number of seconds.
    #[default]
    After,
    /// A point in time.
    At,
}

/// A request that succeeds with working credentials.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Verification {
    /// `GET` where missing.
    pub method: Option<String>,
    /// The endpoints to ask; one success is enough.
    #[serde(alias = "endpoint", deserialize_with = "values::list")]
    pub endpoints: Vec<String>,
    /// Headers besides those of the proxy.
    #[serde(deserialize_with = "values::texts")]
    pub headers: BTreeMap<String, String>,
    /// Another base URL than the proxy's.
    pub base_url_override: Option<String>,
    /// The body to send.
    pub data: Option<Value>,
}

/// One input of a connection, of credentials or of an integration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Field {
    /// `string`, `hostname`, `number`, `boolean` …; `string` where missing.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Its label.
    pub title: Option<String>,
    /// Its explanation.
    pub description: Option<String>,
    /// Regular expression that a value must match.
    pub pattern: Option<String>,
    /// `hostname`, `uri`, `uuid`, `email` …
    pub format: Option<String>,
    /// A value as an example.
    pub example: Option<Value>,
    /// It may be missing.
    pub optional: bool,
    /// It is filled in by a flow, not by a person.
    pub automated: bool,
    /// It is not shown.
    pub hidden: bool,
    /// It is entered like a password.
    pub secret: bool,
    /// Its place in the form, counted from 1.
    pub order: Option<i64>,
    /// Text shown before the input, not part of the value.
    pub prefix: Option<String>,
    /// Text shown after the input, not part of the value.
    pub suffix: Option<String>,
    /// The value where none is given.
    pub default_value: Option<Value>,
    /// The values to choose from.
    #[serde(rename = "enum")]
    pub choices: Option<Vec<Value>>,
    /// The part of the connect guide that explains it.
    pub doc_section: Option<String>,
}

impl Provider {
    /// The base URL for the endpoints of this provider, as written.
    pub fn base_url(&self) -> Option<&str> {
        self.definition.proxy.base_url.as_deref()
    }
}
