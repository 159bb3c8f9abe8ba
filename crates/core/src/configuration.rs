//! What decides for a connection: layers of JSON objects, the most specific last.
//!
//! The effective configuration is their fold: objects merge deeply, everything else (arrays and `null`, too) is replaced
//! by the more specific layer.

use crate::{document::Document, effect::Effect, sealed};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Where a part of an effective configuration comes from, from general to specific.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// The defaults in the integration's schema.
    Schema,
    /// The integration's own defaults.
    Integration,
    /// The connection's metadata.
    Connection,
}

/// Where functions declare types of which no value can have both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// JSON Pointer.
    pub path: String,
    /// Who declares what, at least two.
    pub places: Vec<Declared>,
}

/// What one function declares at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// Kind and name of the function: `sync contacts`.
    pub function: String,
    /// The types, as JSON Schema calls them.
    pub types: BTreeSet<String>,
}

/// What `config.ts` says beside the schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConfigDefinition {
    /// The version of the schema, from 1.
    pub version: i64,
    /// Values for what nobody set: over the defaults of the schema, below those that the server keeps.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub defaults: Map<String, Value>,
    /// The versions that a step of `migrate` leads to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub migrate: BTreeSet<i64>,
    /// What a change of a path does to data, by JSON Pointer or dotted path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub on_change: BTreeMap<String, Effect>,
    /// How people are shown it; nobody here reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ui: Option<Value>,
    /// The schema has checks that JSON Schema cannot say: the code itself has to be asked.
    #[serde(default)]
    pub refines: bool,
}

impl ConfigDefinition {
    /// Whether a step of `migrate` is due for a document of `version`; one that was never judged counts as the first.
    pub fn migrates(&self, version: i64) -> bool {
        self.migrate.range(version.max(1) + 1..).any(|step| *step <= self.version)
    }

    /// What changes of these paths (JSON Pointers) do to data: the strongest of what is said of the nearest path above each,
    /// and of all below it.
    pub fn effect<'a>(&self, changed: impl IntoIterator<Item = &'a str>) -> Effect {
        let rules: Vec<(String, Effect)> =
            self.on_change.iter().map(|(path, effect)| (pointer(path), *effect)).collect();
        let of = |path: &str| {
            let above = rules.iter().filter(|(rule, _)| is_within(path, rule));
            let nearest = above.max_by_key(|(rule, _)| rule.len()).map(|(_, effect)| *effect);
            let below = rules.iter().filter(|(rule, _)| is_within(rule, path)).map(|(_, effect)| *effect);
            below.chain(nearest).max().unwrap_or_default()
        };
        changed.into_iter().map(of).max().unwrap_or_default()
    }
}

/// `fieldMapping.internal_id` as a JSON Pointer; what is one already stays.
fn pointer(path: &str) -> String {
    if path.is_empty() || path.starts_with('/') {
        return path.to_owned();
    }
    path.split('.').fold(String::new(), |above, key| below(&above, key))
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It does not fit the schema: refused where the integration enforces it.
    Error,
    /// It may be a mistake.
    Warn,
}

/// One thing that is wrong with a configuration. Never with a value of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// How bad it is.
    pub level: Level,
    /// JSON Pointer to the place; empty for the whole configuration.
    pub path: String,
    /// Its kind: the keyword of JSON Schema that says so (`required`, `type`, `enum`, …), `unknown_key`, or zod's word.
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// What the schema allows there, in the words of JSON Schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Value>,
    /// What was probably meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// What a new version of the schema is to the configuration of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MigrationOutcome {
    /// It fits as it is.
    Valid,
    /// `migrate` makes it fit.
    Fixed,
    /// It does not fit, or `migrate` failed.
    Broken,
    /// It does not fit, and did not fit before.
    InvalidAlready,
}

/// What a new version does to one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionMigration {
    /// The connection's id.
    pub connection_id: String,
    /// What it comes to.
    pub outcome: MigrationOutcome,
    /// The version that its document is of; `None` where it was never judged, which counts as 1.
    pub schema_version: Option<i64>,
    /// JSON Patch from the document to the migrated one.
    pub diff: Value,
    /// What is wrong with the migrated one.
    pub problems: Vec<Problem>,
}

/// A layer and what it says.
pub type Layered = (Layer, Map<String, Value>);

/// A leaf of an effective configuration: a path to something that is not an object, or to an empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// JSON Pointer.
    pub path: String,
    /// The layer that it comes from.
    pub layer: Layer,
}

/// Lays `over` over `base`. Keys keep their place, new ones come last.
pub fn overlay(base: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        match (base.get_mut(key), value) {
            (Some(Value::Object(below)), Value::Object(above))
                if !sealed::is_token_object(below) && !sealed::is_token_object(above) =>
            {
                overlay(below, above);
            }
            (Some(below), value) => *below = value.clone(),
            (None, value) => {
                base.insert(key.clone(), value.clone());
            }
        }
    }
}

/// The effective configuration of a connection with the metadata `own`, over the layers `below`, most general first.
///
/// With nothing below it is the very document that was stored, or none.
pub fn effective(below: &[Layered], own: Option<&Document>) -> Option<Document> {
    let mut layers = below.iter().map(|(_, object)| object).filter(|object| !object.is_empty()).peekable();
    if layers.peek().is_none() {
        return own.cloned();
    }
    let mut object = Map::new();
    layers.for_each(|layer| overlay(&mut object, layer));
    if let Some(own) = own {
        overlay(&mut object, &own.to_object());
    }
    // Nobody stores it: it may be larger than what may be stored.
    Some(Document::from_stored(Value::Object(object).to_string()))
}

/// Every leaf of the effective configuration and its layer, in the order of the document.
pub fn leaves(below: &[Layered], own: Option<&Document>) -> Vec<Leaf> {
    let Some(effective) = effective(below, own) else { return Vec::new() };
    let layers: Vec<(Layer, Value)> = below
        .iter()
        .map(|(layer, object)| (*layer, Value::Object(object.clone())))
        .chain(own.map(|own| (Layer::Connection, Value::Object(own.to_object()))))
        .collect();
    let mut paths = Vec::new();
    leaf_paths("", &Value::Object(effective.to_object()), &mut paths);
    // The most specific layer that says anything about a leaf is the one that counts there.
    let layer_of = |path: &str| {
        layers.iter().rev().find(|(_, object)| object.pointer(path).is_some()).map(|(layer, _)| *layer)
    };
    paths.into_iter().filter_map(|path| Some(Leaf { layer: layer_of(&path)?, path })).collect()
}

fn leaf_paths(at: &str, value: &Value, paths: &mut Vec<String>) {
    match value {
        Value::Object(object) if !object.is_empty() && !sealed::is_token_object(object) => {
            object.iter().for_each(|(key, value)| leaf_paths(&below(at, key), value, paths));
        }
        Value::Object(_) if at.is_empty() => {}
        _ => paths.push(at.to_owned()),
    }
}

/// Whether a JSON Pointer is `above` or leads to something inside of it.
pub fn is_within(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The JSON Pointer to `key` in the object at `path`.
pub fn below(path: &str, key: &str) -> String {
    format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// The keys that a JSON Pointer goes through.
pub fn steps(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection, prelude::*};
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn objects_merge_deeply_and_all_else_is_replaced() {
        let below = [
            (Layer::Schema, object(json!({ "a": { "x": 1, "y": [1, 2] }, "b": true, "n": { "deep": {} } }))),
            (Layer::Integration, object(json!({ "a": { "y": [3] }, "c": null, "n": 5 }))),
        ];
        let own = Document::parse(r#"{"a":{"z/~":0},"b":null,"n":{"more":1}}"#).unwrap();
        let merged = effective(&below, Some(&own)).unwrap();
        assert_eq!(merged.as_str(), r#"{"a":{"x":1,"y":[3],"z/~":0},"b":null,"n":{"more":1},"c":null}"#);
        let leaves = leaves(&below, Some(&own));
        let shown: Vec<(&str, Layer)> = leaves.iter().map(|leaf| (leaf.path.as_str(), leaf.layer)).collect();
        assert_eq!(
            shown,
            [
                ("/a/x", Layer::Schema),
                ("/a/y", Layer::Integration),
                ("/a/z~1~0", Layer::Connection),
                ("/b", Layer::Connection),
                ("/n/more", Layer::Connection),
                ("/c", Layer::Integration),
            ]
        );
    }

    #[test]
    fn with_nothing_below_it_is_what_was_stored() {
        let own = Document::from_stored(r#"{"b":1, "a":null}"#.to_owned());
        assert_eq!(effective(&[], Some(&own)), Some(own.clone()));
        assert_eq!(effective(&[(Layer::Integration, Map::new())], None), None);
        let below = [(Layer::Integration, object(json!({ "a": 1 })))];
        assert_eq!(effective(&below, None).unwrap().as_str(), r#"{"a":1}"#);
    }

    #[test]
    fn the_nearest_rule_and_all_below_decide_what_a_change_does() {
        let definition: ConfigDefinition =
            serde_json::from_value(json!({ "version": 3, "migrate": [3], "on_change": {
            "fieldMapping": "resync", "/fieldMapping/label": "none", "filter.status": "run",
        } }))
            .unwrap();
        for (changed, effect) in [
            (vec!["/fieldMapping/id"], Effect::Resync),
            (vec!["/fieldMapping/label"], Effect::None),
            (vec!["/fieldMapping"], Effect::Resync),
            (vec!["/filter"], Effect::Run),
            (vec!["/filter/limit", "/other", "/fieldMappings"], Effect::None),
            (vec!["/filter/status/0", "/fieldMapping/id"], Effect::Resync),
            (vec![""], Effect::Resync),
            (vec![], Effect::None),
        ] {
            assert_eq!(definition.effect(changed.iter().copied()), effect, "{changed:?}");
        }
        assert_eq!([0, 1, 2, 3].map(|version| definition.migrates(version)), [true, true, true, false]);
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3).prop_map(Value::from),
            Just(json!({})),
            Just(json!([{ "a": 1 }])),
        ];
        leaf.prop_recursive(3, 24, 3, |inner| {
            collection::btree_map("[abc]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
        })
    }

    fn layer() -> impl Strategy<Value = Map<String, Value>> {
        collection::btree_map("[abc]", value(), 0..4).prop_map(|map| map.into_iter().collect())
    }

    /// What the definition says of one place, written without looking at `overlay`.
    fn expected(layers: &[&Value]) -> Option<Value> {
        let last = layers.last()?;
        let Value::Object(_) = last else { return Some((*last).clone()) };
        // Layers below the last one that is not an object are hidden by it.
        let hidden = layers.iter().rposition(|value| !value.is_object()).map_or(0, |at| at + 1);
        let seen = &layers[hidden..];
        let keys = seen.iter().flat_map(|value| value.as_object().unwrap().keys());
        let entry = |key: &String| {
            let parts: Vec<&Value> = seen.iter().filter_map(|value| value.get(key)).collect();
            Some((key.clone(), expected(&parts)?))
        };
        Some(Value::Object(keys.filter_map(entry).collect()))
    }

    proptest! {
        #[test]
        fn the_effective_configuration_is_the_fold_of_its_layers(
            schema in layer(), integration in layer(), own in proptest::option::of(layer())
        ) {
            let below = [(Layer::Schema, schema), (Layer::Integration, integration)];
            let document = own.as_ref().map(|own| Document::from_object(own).unwrap());
            let effective = effective(&below, document.as_ref());
            let all: Vec<Value> =
                below.iter().map(|(_, object)| object.clone().into()).chain(own.map(Value::Object)).collect();
            let fold = expected(&all.iter().collect::<Vec<_>>()).unwrap();
            let found = effective.as_ref().map_or(json!({}), |document| document.to_object().into());
            prop_assert_eq!(&found, &fold);
            for Leaf { path, layer } in leaves(&below, document.as_ref()) {
                let of_layer = &all[layer as usize];
                prop_assert_eq!(fold.pointer(&path), of_layer.pointer(&path));
            }
        }
    }
}
