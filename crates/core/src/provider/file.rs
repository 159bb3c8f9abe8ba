//! Reads definition files.
//!
//! A file holds either one definition, named after the file, or a map of names to definitions (the shape of Nango's
//! `providers.yaml`). Which one it is shows at its top level: a lone definition has `auth_mode` or `alias` there as text.
//! Unknown fields are allowed and reported, so that a user's file of another version still loads, and ours are checked strictly.

use super::{Definition, Provider};
use crate::template::{self, Template};
use regex::Regex;
use serde::de::IntoDeserializer;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A mistake in a definition file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {}{problem}", place(provider, field))]
pub struct Error {
    /// The file's path.
    pub file: String,
    /// The provider in it; empty where the file as a whole is wrong.
    pub provider: String,
    /// Dotted path of the field; empty where the definition as a whole is wrong.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

fn place(provider: &str, field: &str) -> String {
    match (provider, field) {
        ("", _) => String::new(),
        (provider, "") => format!("provider `{provider}`: "),
        (provider, field) => format!("provider `{provider}`: `{field}`: "),
    }
}

/// A definition as a file has it, before aliases are resolved.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The file's path, for messages.
    pub file: String,
    /// The provider's name.
    pub name: String,
    /// The definition as written.
    pub raw: Map<String, Value>,
}

/// Splits a file into its definitions. `file` is its path: messages name it, and it names a lone definition.
pub fn read(file: &str, text: &str) -> Result<Vec<Entry>, Error> {
    let wrong = |provider: &str, problem: String| Error {
        file: file.to_owned(),
        provider: provider.to_owned(),
        field: String::new(),
        problem,
    };
    let document: Value =
        serde_saphyr::from_str_with_options(text, reading()).map_err(|error| wrong("", error.to_string()))?;
    let Value::Object(top) = document else {
        return Err(wrong("", "it must hold a definition or a map of definitions".to_owned()));
    };
    let entry =
        |name: &str, raw: Map<String, Value>| Entry { file: file.to_owned(), name: name.to_owned(), raw };
    if is_definition(&top) {
        let base = file.rsplit('/').next().unwrap_or(file);
        let name = base.rsplit_once('.').map_or(base, |(name, _)| name);
        return Ok(vec![entry(name, top)]);
    }
    top.into_iter()
        .map(|(name, value)| match value {
            Value::Object(raw) => Ok(entry(&name, raw)),
            _ => Err(wrong(&name, "it must be a map".to_owned())),
        })
        .collect()
}

/// `y`, `no` and `007` are text, as their authors mean them.
fn reading() -> serde_saphyr::Options {
    serde_saphyr::options! { strict_booleans: true, leading_zero_numbers_as_strings: true }
}

fn is_definition(top: &Map<String, Value>) -> bool {
    ["auth_mode", "alias"].iter().any(|key| top.get(*key).is_some_and(Value::is_string))
}

/// What belongs to one auth mode's flow: an alias with another mode does not take it over.
const FLOW_FIELDS: [&str; 25] = [
    "additional_steps",
    "authorization_method",
    "authorization_params",
    "authorization_url",
    "body_format",
    "credentials",
    "default_scopes",
    "disable_pkce",
    "redirect_uri_metadata",
    "refresh_params",
    "refresh_url",
    "request_params",
    "request_url",
    "scope_separator",
    "signature",
    "signature_method",
    "token",
    "token_expiration_buffer",
    "token_expires_in_ms",
    "token_headers",
    "token_params",
    "token_request_auth_method",
    "token_response",
    "token_response_metadata",
    "token_url",
];

/// Turns entries into providers: later entries replace earlier ones of the same name, an `alias` takes over the fields of the
/// provider it names (without the token flow where it has another auth mode) and merges its own over them.
pub fn resolve(entries: Vec<Entry>) -> Result<BTreeMap<String, Provider>, Error> {
    let by_name: BTreeMap<String, Entry> =
        entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
    by_name.values().map(|entry| Ok((entry.name.clone(), provider(entry, &by_name)?.0))).collect()
}

/// As [`resolve`], for our own catalogue: unknown fields are mistakes too, and templates may only use declared names.
pub fn resolve_strictly(entries: Vec<Entry>) -> Result<BTreeMap<String, Provider>, Error> {
    let by_name: BTreeMap<String, Entry> =
        entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
    let strict = |entry: &Entry| {
        let (provider, unknown) = provider(entry, &by_name)?;
        if let Some(field) = unknown.first() {
            return Err(mistake(entry, field, "there is no such field"));
        }
        check_names(entry, &provider)?;
        Ok((entry.name.clone(), provider))
    };
    by_name.values().map(strict).collect()
}

fn mistake(entry: &Entry, field: &str, problem: impl ToString) -> Error {
    Error {
        file: entry.file.clone(),
        provider: entry.name.clone(),
        field: field.to_owned(),
        problem: problem.to_string(),
    }
}

/// The provider, and the paths of the fields that nobody knows.
fn provider(entry: &Entry, all: &BTreeMap<String, Entry>) -> Result<(Provider, Vec<String>), Error> {
    let mut raw = entry.raw.clone();
    if let Some(alias) = raw.remove("alias") {
        let target = alias.as_str().and_then(|name| all.get(name));
        let target =
            target.ok_or_else(|| mistake(entry, "alias", format!("there is no provider {alias}")))?;
        if target.raw.contains_key("alias") {
            return Err(mistake(entry, "alias", format!("{alias} is an alias itself")));
        }
        let mut merged = target.raw.clone();
        if raw.get("auth_mode").is_some_and(|mode| merged.get("auth_mode") != Some(mode)) {
            merged.retain(|field, _| !FLOW_FIELDS.contains(&field.as_str()));
        }
        merge(&mut merged, raw);
        raw = merged;
    }
    let mut unknown = Vec::new();
    let mut collect = |path: serde_ignored::Path<'_>| unknown.push(path.to_string().replace(".?", ""));
    let value = Value::Object(raw.clone());
    let reader = serde_ignored::Deserializer::new(value.into_deserializer(), &mut collect);
    let definition: Definition = serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        mistake(entry, if path == "." { "" } else { &path }, error.inner())
    })?;
    check_values(entry, &definition)?;
    Ok((Provider { name: entry.name.clone(), raw, definition }, unknown))
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// What the types alone do not tell: templates and regular expressions can be read.
fn check_values(entry: &Entry, definition: &Definition) -> Result<(), Error> {
    for (field, text) in templates(definition) {
        for alternative in template::alternatives(text) {
            Template::parse(alternative).map_err(|error| mistake(entry, &field, error))?;
        }
    }
    for (index, rule) in definition.proxy.retry.in_body.iter().enumerate() {
        let pattern = rule.pattern.as_deref().unwrap_or_default();
        Regex::new(pattern)
            .map_err(|error| mistake(entry, &format!("proxy.retry.in_body.{index}.pattern"), error))?;
    }
    Ok(())
}

/// The definition's templates of requests, each with its path.
fn templates(definition: &Definition) -> Vec<(String, &str)> {
    let proxy = &definition.proxy;
    let mut found: Vec<(String, &str)> =
        proxy.base_url.iter().map(|text| ("proxy.base_url".to_owned(), text.as_str())).collect();
    found.extend(proxy.headers.iter().map(|(name, text)| (format!("proxy.headers.{name}"), text.as_str())));
    found.extend(proxy.query.iter().map(|(name, text)| (format!("proxy.query.{name}"), text.as_str())));
    if let Some(verification) = &proxy.verification {
        let headers = verification.headers.iter();
        found.extend(
            headers.map(|(name, text)| (format!("proxy.verification.headers.{name}"), text.as_str())),
        );
        found.extend(
            verification
                .endpoints
                .iter()
                .map(|text| ("proxy.verification.endpoints".to_owned(), text.as_str())),
        );
        found.extend(
            verification
                .base_url_override
                .iter()
                .map(|text| ("proxy.verification.base_url_override".to_owned(), text.as_str())),
        );
    }
    found
}

/// Every name in a template is declared: a field of the connection config or of the credentials. `metadata` is the customer's own.
fn check_names(entry: &Entry, provider: &Provider) -> Result<(), Error> {
    let definition = &provider.definition;
    let declared = |name: &str| match name.split_once('.') {
        Some(("connectionConfig", key)) => definition.connection_config.contains_key(key),
        Some(("credentials", key)) => {
            definition.credentials.contains_key(key)
                || definition.auth_mode.credential_fields().contains(&key)
        }
        Some(("metadata", _)) => true,
        Some(_) => false,
        None => name == "accessToken" || definition.auth_mode.credential_fields().contains(&name),
    };
    let mut urls: Vec<(String, &str)> = templates(definition);
    urls.extend(
        definition.authorization_url.iter().map(|text| ("authorization_url".to_owned(), text.as_str())),
    );
    for (field, value) in [("refresh_url", &definition.refresh_url), ("token_url", &definition.token_url)] {
        urls.extend(value.iter().filter_map(Value::as_str).map(|text| (field.to_owned(), text)));
    }
    for (field, text) in urls {
        for alternative in template::alternatives(text) {
            let template = Template::parse(alternative).map_err(|error| mistake(entry, &field, error))?;
            if let Some(name) = template.names().into_iter().find(|name| !declared(name)) {
                return Err(mistake(entry, &field, format!("`{name}` is not declared")));
            }
        }
    }
    for (name, input) in definition.connection_config.iter().chain(&definition.credentials) {
        if let Some(pattern) = &input.pattern {
            Regex::new(pattern).map_err(|error| mistake(entry, &format!("{name}.pattern"), error))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
