//! Secret values in connections' metadata and in integrations' defaults: sealed when they are written, opened for runs.
//!
//! A token says who it belongs to and is bound to that row and to its place in the document, so it opens nowhere else. A
//! value that was stored before its path became secret is *hidden*, not sealed, where it is read: a token that holds the
//! value itself, which nobody shows. It is sealed with the next write.

use crate::{
    Store,
    error::{Error, Result},
    vault::{Place, Vault},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use bespoke_core::{
    document::Document,
    id::{ConnectionId, IntegrationId},
    sealed::{self, SecretPaths},
};
use serde_json::Value;
use std::{collections::HashMap, fmt};

/// Begins the content of a token that is not sealed.
const HIDDEN: &str = "hidden:";

/// Whose document it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Connection(ConnectionId),
    Integration(IntegrationId),
}

impl Owner {
    fn prefix(self) -> &'static str {
        match self {
            Self::Connection(_) => "connection:",
            Self::Integration(_) => "integration:",
        }
    }

    fn column(self) -> &'static str {
        match self {
            Self::Connection(_) => "connections.metadata",
            Self::Integration(_) => "integrations.metadata_defaults",
        }
    }
}

/// A place in a document.
struct Spot<'a> {
    owner: Owner,
    path: &'a str,
}

impl fmt::Display for Spot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.owner {
            Owner::Connection(id) => write!(f, "{id}{}", self.path),
            Owner::Integration(id) => write!(f, "{id}{}", self.path),
        }
    }
}

impl Spot<'_> {
    fn seal(&self, vault: &Vault, value: &Value) -> Result<Value> {
        let place = Place { column: self.owner.column(), row: self };
        let sealed = vault.seal(place, value.to_string().as_bytes())?;
        Ok(sealed::token(&format!("{}{}", self.owner.prefix(), BASE64_STANDARD.encode(sealed))))
    }

    /// The value of a token; `None` where it is not one of this place.
    fn open(&self, vault: &Vault, token: &Value) -> Option<Value> {
        let content = sealed::content(token)?;
        if let Some(hidden) = content.strip_prefix(HIDDEN) {
            return serde_json::from_slice(&BASE64_STANDARD.decode(hidden).ok()?).ok();
        }
        let sealed = BASE64_STANDARD.decode(content.strip_prefix(self.owner.prefix())?).ok()?;
        let place = Place { column: self.owner.column(), row: self };
        serde_json::from_slice(vault.open(place, &sealed).ok()?.expose()).ok()
    }
}

/// A document that is about to be stored behind `before`: masks are what is there already, so that whoever sends back what
/// was shown changes nothing. Fails with [`Error::Refused`] where a mask stands for nothing, and where somebody made up a
/// token or moved one.
pub(crate) fn unmasked(
    vault: &Vault,
    owner: Owner,
    paths: &SecretPaths,
    before: Option<&Document>,
    document: Document,
) -> Result<Document> {
    if paths.is_empty() && !document.may_have_token() && before.is_none_or(|before| !before.may_have_token())
    {
        return Ok(document);
    }
    let known = tokens(before);
    let mut object = Value::Object(document.to_object());
    let mut problem = None;
    for (path, token) in &known {
        if let Some(value) = object.pointer_mut(path).filter(|value| **value == sealed::MASK) {
            *value = token.clone();
        }
    }
    sealed::each_token(&mut object, &mut |path, token| {
        let spot = Spot { owner, path };
        if known.get(path) != Some(token) && spot.open(vault, token).is_none() {
            problem.get_or_insert_with(|| format!("has a secret at `{path}` that belongs elsewhere"));
        }
    });
    if let Value::Object(object) = &mut object {
        paths.each(object, &mut |path, value| {
            if *value == sealed::MASK {
                problem.get_or_insert_with(|| format!("has a mask at `{path}`, where no secret is stored"));
            }
        });
    }
    match problem {
        Some(problem) => Err(Error::Refused(problem)),
        None => document_of(object),
    }
}

/// The document with its secrets sealed. One that is what it was in `before` stays the same token.
pub(crate) fn sealed(
    vault: &Vault,
    owner: Owner,
    paths: &SecretPaths,
    before: Option<&Document>,
    document: Document,
) -> Result<Document> {
    if paths.is_empty() && !document.may_have_token() {
        return Ok(document);
    }
    let known = tokens(before);
    let mut object = Value::Object(document.to_object());
    let mut failed = None;
    // What is hidden only is a plain value again, and sealed below.
    sealed::each_token(&mut object, &mut |path, token| {
        if sealed::content(token).is_some_and(|content| content.starts_with(HIDDEN)) {
            *token = Spot { owner, path }.open(vault, token).unwrap_or_default();
        }
    });
    if let Value::Object(object) = &mut object {
        paths.each(object, &mut |path, value| {
            if sealed::is_token(value) {
                return;
            }
            let spot = Spot { owner, path };
            let same = known
                .get(path)
                .filter(|token| !is_hidden(token) && spot.open(vault, token).as_ref() == Some(value));
            match same.map_or_else(|| spot.seal(vault, value), |token| Ok(token.clone())) {
                Ok(token) => *value = token,
                Err(error) => failed = Some(error),
            }
        });
    }
    match failed {
        Some(error) => Err(error),
        None => document_of(object),
    }
}

/// The document as it may be given out: what is stored in the open although its path is secret is hidden.
pub(crate) fn hidden(paths: &SecretPaths, document: Document) -> Document {
    if paths.is_empty() {
        return document;
    }
    let mut object = document.to_object();
    let mut is_changed = false;
    paths.each(&mut object, &mut |_, value| {
        if !sealed::is_token(value) {
            is_changed = true;
            *value = sealed::token(&format!("{HIDDEN}{}", BASE64_STANDARD.encode(value.to_string())));
        }
    });
    if is_changed { Document::from_stored(Value::Object(object).to_string()) } else { document }
}

/// As [`hidden`], for the text of a document.
pub(crate) fn hidden_text(paths: &SecretPaths, document: Option<String>) -> Option<String> {
    if paths.is_empty() {
        return document;
    }
    document.map(|text| hidden(paths, Document::from_stored(text)).as_str().to_owned())
}

/// The paths as a row of `integrations` has them.
pub(crate) fn paths(text: Option<&str>) -> Result<SecretPaths> {
    text.map_or_else(
        || Ok(SecretPaths::default()),
        |text| {
            serde_json::from_str(text).map_err(|error| {
                Error::Corrupt(format!("the secret paths of an integration cannot be read: {error}"))
            })
        },
    )
}

fn is_hidden(token: &Value) -> bool {
    sealed::content(token).is_some_and(|content| content.starts_with(HIDDEN))
}

fn tokens(document: Option<&Document>) -> HashMap<String, Value> {
    let mut found = HashMap::new();
    if let Some(document) = document.filter(|document| document.may_have_token()) {
        let mut object = Value::Object(document.to_object());
        sealed::each_token(&mut object, &mut |path, token| {
            found.insert(path.to_owned(), token.clone());
        });
    }
    found
}

fn document_of(value: Value) -> Result<Document> {
    match value {
        Value::Object(object) => Ok(Document::from_object(&object)?),
        _ => Ok(Document::empty()),
    }
}

impl Store {
    /// The document with its secrets in the open, for a run of this connection. A secret that cannot be opened (it was
    /// sealed with a key that this server does not have) is `null`.
    pub fn open_metadata(
        &self,
        connection: ConnectionId,
        integration: IntegrationId,
        document: &Document,
    ) -> Document {
        self.opened(connection, integration, document).0
    }

    /// The secret values of a document: what must not be shown of a run.
    pub fn secret_values(
        &self,
        connection: ConnectionId,
        integration: IntegrationId,
        document: &Document,
    ) -> Vec<Value> {
        self.opened(connection, integration, document).1
    }

    fn opened(
        &self,
        connection: ConnectionId,
        integration: IntegrationId,
        document: &Document,
    ) -> (Document, Vec<Value>) {
        if !document.may_have_token() {
            return (document.clone(), Vec::new());
        }
        let mut object = Value::Object(document.to_object());
        let mut values = Vec::new();
        sealed::each_token(&mut object, &mut |path, token| {
            let owners = [Owner::Connection(connection), Owner::Integration(integration)];
            let value = owners.iter().find_map(|owner| Spot { owner: *owner, path }.open(&self.vault, token));
            if value.is_none() {
                tracing::error!(
                    connection.id = connection.0,
                    path,
                    "a secret of a configuration cannot be opened"
                );
            }
            *token = value.unwrap_or_default();
            values.push(token.clone());
        });
        (Document::from_stored(object.to_string()), values)
    }

    /// A document that would be written behind `before`, where masks are what is there already. Fails as the write would.
    pub fn unmask_metadata(
        &self,
        connection: ConnectionId,
        paths: &SecretPaths,
        before: Option<&Document>,
        document: Document,
    ) -> Result<Document> {
        unmasked(&self.vault, Owner::Connection(connection), paths, before, document)
    }

    /// The document with its secrets out of sight, without their being sealed: it is not stored.
    pub fn hide_metadata(&self, paths: &SecretPaths, document: Document) -> Document {
        hidden(paths, document)
    }
}

/// Whether a document that the store has given out has a secret that is not sealed.
pub fn has_open_secret(text: &str) -> bool {
    sealed::may_have_token(text) && text.contains(&format!("\"{HIDDEN}"))
}

/// Hides secrets in the text of a JSON Patch.
pub(crate) fn hidden_patch(paths: &SecretPaths, patch: String) -> String {
    if paths.is_empty() {
        return patch;
    }
    let Ok(mut operations) = serde_json::from_str::<Vec<Value>>(&patch) else { return patch };
    paths.mask_patch(&mut operations);
    Value::Array(operations).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Key;
    use serde_json::json;

    fn vault() -> Vault {
        Vault::new(&[Key::new([7; 32])]).unwrap()
    }

    fn document(value: &Value) -> Document {
        Document::parse(&value.to_string()).unwrap()
    }

    fn secret() -> SecretPaths {
        let mut paths = SecretPaths::default();
        paths.insert(vec![Some("token".to_owned())]);
        paths
    }

    fn shown(document: &Document) -> Value {
        serde_json::to_value(document).unwrap()
    }

    #[test]
    fn secrets_are_sealed_to_their_place_and_masks_mean_what_is_there() {
        let (vault, paths, owner) = (vault(), secret(), Owner::Connection(ConnectionId(1)));
        let store = |before: Option<&Document>, written: &Value| {
            let unmasked = unmasked(&vault, owner, &paths, before, document(written))?;
            sealed(&vault, owner, &paths, before, unmasked)
        };
        let first = store(None, &json!({ "token": "s3cret", "a": 1 })).unwrap();
        assert!(!first.as_str().contains("s3cret"), "{}", first.as_str());
        assert_eq!(shown(&first), json!({ "token": sealed::MASK, "a": 1 }));
        assert_eq!(
            store(Some(&first), &json!({ "token": "s3cret", "a": 1 })).unwrap(),
            first,
            "the same secret"
        );
        let back = store(Some(&first), &json!({ "token": sealed::MASK, "a": 2 })).unwrap();
        assert_eq!(back.to_object()["token"], first.to_object()["token"]);
        assert_ne!(store(Some(&first), &json!({ "token": "other", "a": 1 })).unwrap(), first);
        let nothing = store(None, &json!({ "token": sealed::MASK })).unwrap_err().to_string();
        assert!(nothing.contains("`/token`, where no secret is stored"), "{nothing}");
        let token = first.to_object()["token"].clone();
        assert!(
            store(Some(&first), &json!({ "elsewhere": token }))
                .unwrap_err()
                .to_string()
                .contains("belongs elsewhere")
        );
        assert!(store(None, &json!({ "token": token })).is_ok(), "an earlier revision is restored");
        let other = Owner::Connection(ConnectionId(2));
        assert!(unmasked(&vault, other, &paths, None, document(&json!({ "token": token }))).is_err());
    }

    #[test]
    fn what_was_stored_before_it_was_secret_is_hidden_and_then_sealed() {
        let (vault, paths, owner) = (vault(), secret(), Owner::Connection(ConnectionId(1)));
        let old = document(&json!({ "token": "s3cret" }));
        let read = hidden(&paths, old.clone());
        assert_eq!(shown(&read), json!({ "token": sealed::MASK }));
        let again = unmasked(&vault, owner, &paths, Some(&read), document(&shown(&read))).unwrap();
        let stored = sealed(&vault, owner, &paths, Some(&read), again).unwrap();
        assert!(!is_hidden(&stored.to_object()["token"]));
        assert_eq!(hidden(&paths, stored.clone()), stored);
        let patch = serde_json::to_string(&old.diff(&stored)).unwrap();
        assert!(!patch.contains("s3cret") && patch.contains("/token"), "{patch}");
    }
}
