//! Merges what a provider wants in every body.

use super::{Error, names::Lookup};
use crate::http::Body;
use bespoke_core::{provider::Provider, template};
use serde_json::{Map, Value};

/// Adds the definition's fields to a JSON object that is sent; the caller's own fields stay. Bodies that are no JSON object, or are
/// streamed, pass as they are.
pub(super) fn merge(body: Body, provider: &Provider, names: &Lookup<'_>) -> Result<Body, Error> {
    let fields = &provider.definition.proxy.body;
    if fields.is_empty() {
        return Ok(body);
    }
    let mut object: Map<String, Value> = match &body {
        Body::Empty => Map::new(),
        Body::Bytes(bytes) => match serde_json::from_slice(bytes) {
            Ok(object) => object,
            Err(_) => return Ok(body),
        },
        Body::Stream { .. } => return Ok(body),
    };
    for (name, value) in fields {
        if object.contains_key(name) {
            continue;
        }
        let value = match value {
            Value::String(text) => {
                template::render(text, &|name| names.find(name)).map_err(Error::template(text))?.into()
            }
            other => other.clone(),
        };
        object.insert(name.clone(), value);
    }
    Ok(Body::Bytes(Value::Object(object).to_string().into()))
}
