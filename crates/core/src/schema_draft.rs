//! A schema drafted from documents that are there: what nearly everybody's configuration looks like, for somebody who is
//! about to write a schema down and does not want to start from nothing.

use crate::sealed;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Different keys of an object above which its keys are taken for data, as in `{"cf_1": …, "cf_2": …}`.
const MAX_KEYS: usize = 40;
/// Keys of an object from which on they may be taken for data where few documents share any of them.
const SOME_KEYS: usize = 8;
/// Different texts that may be all there are.
const MAX_CHOICES: usize = 8;
/// So often must each of them have been seen, on average.
const SEEN_EACH: u64 = 5;
/// Texts that are longer are no choice.
const LONGEST_CHOICE: usize = 60;

/// What was seen of documents so far.
#[derive(Debug, Default)]
pub struct SchemaDraft {
    documents: u64,
    root: Objects,
}

/// What was seen at one place.
#[derive(Debug, Default)]
struct Shape {
    seen: u64,
    nulls: u64,
    booleans: u64,
    integers: u64,
    numbers: u64,
    texts: Texts,
    lists: u64,
    items: Option<Box<Shape>>,
    objects: Objects,
}

#[derive(Debug, Default)]
struct Texts {
    seen: u64,
    /// The different ones; `None` where they are too many to be a choice.
    choices: Option<BTreeSet<String>>,
}

#[derive(Debug, Default)]
struct Objects {
    seen: u64,
    keys: BTreeMap<String, Shape>,
    /// The order in which the keys were seen first.
    order: Vec<String>,
    /// What is behind the keys, where they are too many: then `keys` is empty.
    values: Option<Box<Shape>>,
}

impl SchemaDraft {
    /// Looks at one more document.
    pub fn observe(&mut self, document: &Map<String, Value>) {
        self.documents += 1;
        self.root.observe(document);
    }

    /// How many documents it has seen.
    pub fn documents(&self) -> u64 {
        self.documents
    }

    /// A JSON Schema, draft 7, that all of the documents fit. It holds no value of a document but texts that are one of a
    /// few in many of them.
    pub fn schema(&self) -> Value {
        let mut schema = json!({ "$schema": "http://json-schema.org/draft-07/schema#" });
        if let (Some(schema), Value::Object(root)) = (schema.as_object_mut(), self.root.schema()) {
            schema.extend(root);
        }
        schema
    }
}

impl Shape {
    fn observe(&mut self, value: &Value) {
        self.seen += 1;
        match value {
            Value::Null => self.nulls += 1,
            Value::Bool(_) => self.booleans += 1,
            Value::Number(number) if number.is_f64() => self.numbers += 1,
            Value::Number(_) => self.integers += 1,
            Value::String(text) => self.texts.observe(text),
            Value::Array(list) => {
                self.lists += 1;
                let items = self.items.get_or_insert_default();
                for item in list {
                    items.observe(item);
                }
            }
            Value::Object(object) if sealed::is_token_object(object) => self.texts.observe(sealed::MASK),
            Value::Object(object) => self.objects.observe(object),
        }
    }

    /// Takes what `other` has seen.
    fn absorb(&mut self, other: Self) {
        self.seen += other.seen;
        self.nulls += other.nulls;
        self.booleans += other.booleans;
        self.integers += other.integers;
        self.numbers += other.numbers;
        self.texts.absorb(other.texts);
        self.lists += other.lists;
        if let Some(items) = other.items {
            self.items.get_or_insert_default().absorb(*items);
        }
        self.objects.absorb(other.objects);
    }

    fn schema(&self) -> Value {
        let mut kinds = Vec::new();
        if self.objects.seen > 0 {
            kinds.push(self.objects.schema());
        }
        if self.lists > 0 {
            let items = self.items.as_ref().filter(|items| items.seen > 0);
            kinds.push(match items {
                Some(items) => json!({ "type": "array", "items": items.schema() }),
                None => json!({ "type": "array" }),
            });
        }
        if self.texts.seen > 0 {
            kinds.push(self.texts.schema());
        }
        if self.numbers > 0 {
            kinds.push(json!({ "type": "number" }));
        } else if self.integers > 0 {
            kinds.push(json!({ "type": "integer" }));
        }
        if self.booleans > 0 {
            kinds.push(json!({ "type": "boolean" }));
        }
        if self.nulls > 0 {
            kinds.push(json!({ "type": "null" }));
        }
        match kinds.len() {
            0 => json!({}),
            1 => kinds.remove(0),
            _ => json!({ "anyOf": kinds }),
        }
    }
}

impl Texts {
    fn observe(&mut self, text: &str) {
        let is_first = self.seen == 0;
        self.seen += 1;
        if is_first {
            self.choices = Some(BTreeSet::new());
        }
        let Some(choices) = &mut self.choices else { return };
        if text.len() > LONGEST_CHOICE {
            self.choices = None;
        } else if !choices.contains(text) {
            choices.insert(text.to_owned());
            if choices.len() > MAX_CHOICES {
                self.choices = None;
            }
        }
    }

    fn absorb(&mut self, other: Self) {
        if other.seen == 0 {
            return;
        }
        self.choices = match (self.choices.take(), other.choices) {
            (Some(mut ours), Some(theirs)) => {
                ours.extend(theirs);
                (ours.len() <= MAX_CHOICES).then_some(ours)
            }
            (None, theirs) if self.seen == 0 => theirs,
            _ => None,
        };
        self.seen += other.seen;
    }

    fn schema(&self) -> Value {
        let is_choice = |choices: &&BTreeSet<String>| choices.len() as u64 * SEEN_EACH <= self.seen;
        match self.choices.as_ref().filter(is_choice) {
            Some(choices) => json!({ "type": "string", "enum": choices }),
            None => json!({ "type": "string" }),
        }
    }
}

impl Objects {
    fn observe(&mut self, object: &Map<String, Value>) {
        self.seen += 1;
        for (key, value) in object {
            self.at(key).observe(value);
        }
        self.fold_if_data();
    }

    fn at(&mut self, key: &str) -> &mut Shape {
        if let Some(values) = &mut self.values {
            return values;
        }
        if !self.keys.contains_key(key) {
            self.order.push(key.to_owned());
        }
        self.keys.entry(key.to_owned()).or_default()
    }

    fn absorb(&mut self, other: Self) {
        self.seen += other.seen;
        if let Some(values) = other.values {
            self.fold();
            if let Some(ours) = &mut self.values {
                ours.absorb(*values);
            }
        }
        let Self { mut keys, order, .. } = other;
        for key in order {
            if let Some(shape) = keys.remove(&key) {
                self.at(&key).absorb(shape);
            }
        }
        self.fold_if_data();
    }

    fn fold_if_data(&mut self) {
        if self.keys.len() > MAX_KEYS {
            self.fold();
        }
    }

    /// Takes the keys for data.
    fn fold(&mut self) {
        let mut values = self.values.take().unwrap_or_default();
        for (_, shape) in std::mem::take(&mut self.keys) {
            values.absorb(shape);
        }
        self.order.clear();
        self.values = Some(values);
    }

    /// Whether few objects share any of the keys.
    fn has_data_keys(&self) -> bool {
        let most = self.keys.values().map(|shape| shape.seen).max().unwrap_or_default();
        self.keys.len() >= SOME_KEYS && most * 3 < self.seen
    }

    fn schema(&self) -> Value {
        if let Some(values) = &self.values {
            return json!({ "type": "object", "additionalProperties": values.schema() });
        }
        if self.has_data_keys() {
            let kinds: Vec<Value> = self.keys.values().map(Shape::schema).collect();
            if kinds.windows(2).all(|pair| pair[0] == pair[1]) {
                return json!({ "type": "object", "additionalProperties": kinds[0] });
            }
        }
        let mut properties = Map::new();
        let mut required = Vec::new();
        for key in &self.order {
            if let Some(shape) = self.keys.get(key) {
                properties.insert(key.clone(), shape.schema());
                if shape.seen == self.seen {
                    required.push(key.clone());
                }
            }
        }
        let mut schema = Map::from_iter([("type".to_owned(), json!("object"))]);
        schema.insert("properties".to_owned(), Value::Object(properties));
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        Value::Object(schema)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(documents: &[Value]) -> Value {
        let mut draft = SchemaDraft::default();
        for document in documents {
            draft.observe(document.as_object().unwrap());
        }
        let mut schema = draft.schema();
        schema.as_object_mut().unwrap().remove("$schema");
        schema
    }

    #[test]
    fn what_all_have_is_required_and_what_differs_is_either() {
        let documents = [
            json!({ "map": { "id": "cf_1" }, "limit": 5, "tags": ["a"], "note": null }),
            json!({ "map": { "id": "cf_2", "name": "cf_3" }, "limit": 2.5, "tags": [], "note": "x", "on": true }),
        ];
        let expected = json!({
            "type": "object",
            "properties": {
                "map": {
                    "type": "object",
                    "properties": { "id": { "type": "string" }, "name": { "type": "string" } },
                    "required": ["id"],
                },
                "limit": { "type": "number" },
                "tags": { "type": "array", "items": { "type": "string" } },
                "note": { "anyOf": [{ "type": "string" }, { "type": "null" }] },
                "on": { "type": "boolean" },
            },
            "required": ["map", "limit", "tags", "note"],
        });
        assert_eq!(draft(&documents), expected);
        assert_eq!(draft(&[]), json!({ "type": "object", "properties": {} }));
    }

    #[test]
    fn a_few_texts_in_many_documents_are_a_choice() {
        let of = |number: usize| json!({ "status": if number.is_multiple_of(2) { "all" } else { "active" }, "name": format!("n{number}") });
        let many: Vec<Value> = (0..20).map(of).collect();
        let schema = draft(&many);
        assert_eq!(schema["properties"]["status"], json!({ "type": "string", "enum": ["active", "all"] }));
        assert_eq!(schema["properties"]["name"], json!({ "type": "string" }));
        assert_eq!(draft(&many[..5])["properties"]["status"], json!({ "type": "string" }));
    }

    #[test]
    fn keys_that_differ_from_document_to_document_are_data() {
        let few: Vec<Value> =
            (0..10).map(|number| json!({ "map": { format!("cf_{number}"): number } })).collect();
        let many: Vec<Value> =
            (0..100).map(|number| json!({ "map": { format!("cf_{number}"): number } })).collect();
        for documents in [few, many] {
            let map = &draft(&documents)["properties"]["map"];
            assert_eq!(*map, json!({ "type": "object", "additionalProperties": { "type": "integer" } }));
        }
    }
}
