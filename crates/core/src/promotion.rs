//! A value that nearly all connections have becomes the default of their integration, and no effective configuration
//! changes by that.
//!
//! Who has the value as its own, has it from the default then. Who has another one, keeps it. Who has none, but something
//! counted there, gets that as its own. Only where nothing counted at all there is nothing that a document could say: a
//! promotion that would change such a connection is not done.

use crate::configuration::{overlay, steps};
use serde_json::{Map, Value};
use std::{fmt, sync::Arc};

type Object = Map<String, Value>;

/// What counts for a connection with the second object as its metadata, where the integration's defaults are the first.
#[derive(Clone)]
pub struct Fold(Arc<Function>);

type Function = dyn Fn(&Object, &Object) -> Object + Send + Sync;

impl Fold {
    /// By this function.
    pub fn new(fold: impl Fn(&Object, &Object) -> Object + Send + Sync + 'static) -> Self {
        Self(Arc::new(fold))
    }

    /// Of these two layers alone.
    pub fn of_layers() -> Self {
        Self::new(|defaults, own| {
            let mut effective = defaults.clone();
            overlay(&mut effective, own);
            effective
        })
    }
}

impl fmt::Debug for Fold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fold")
    }
}

/// A value that is to become a default.
#[derive(Clone, Debug)]
pub struct Promotion {
    /// The keys that lead to it.
    keys: Vec<String>,
    value: Value,
    fold: Fold,
}

/// Why a value cannot become a default, whoever has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The path is none, or leads nowhere.
    #[error("Must be a JSON pointer to a part of the metadata, such as /filterStatus")]
    Path,
    /// The value is an object, which would not replace but merge.
    #[error("Must not be an object: promote what is in it, part by part")]
    Object,
}

/// A promotion over the defaults that there are.
#[derive(Clone, Debug)]
pub struct Promoting {
    promotion: Promotion,
    before: Object,
    after: Object,
}

/// What a promotion means for one connection.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// Its own value is the promoted one, and goes: this is its metadata then.
    Removed(Object),
    /// What counted for it is written as its own: this is its metadata then.
    Pinned(Object),
    /// It stays as it is.
    Kept,
    /// The promoted value would be new to it.
    Changed,
}

/// Connections that are told by some of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many there are.
    pub count: usize,
    /// The ids of the first ones.
    pub examples: Vec<String>,
}

/// What a promotion means for all connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Effects {
    /// Their own value goes.
    pub removed: Tally,
    /// What counted for them becomes their own.
    pub pinned: Tally,
    /// They stay as they are.
    pub kept: Tally,
    /// The value would be new to them.
    pub changed: Tally,
}

/// Ids that a tally has.
const EXAMPLES: usize = 10;

impl Effects {
    /// Counts one more connection.
    pub fn add(&mut self, fate: &Fate, connection_id: &str) {
        let tally = match fate {
            Fate::Removed(_) => &mut self.removed,
            Fate::Pinned(_) => &mut self.pinned,
            Fate::Kept => &mut self.kept,
            Fate::Changed => &mut self.changed,
        };
        tally.count += 1;
        if tally.examples.len() < EXAMPLES {
            tally.examples.push(connection_id.to_owned());
        }
    }
}

impl Promotion {
    /// Of `value` at `path`, a JSON pointer through objects.
    pub fn new(path: &str, value: Value, fold: Fold) -> Result<Self, Unfit> {
        if value.is_object() {
            return Err(Unfit::Object);
        }
        if !path.starts_with('/') {
            return Err(Unfit::Path);
        }
        Ok(Self { keys: steps(path), value, fold })
    }

    /// Over these defaults of the integration.
    pub fn over(self, defaults: Object) -> Promoting {
        let after = with(&defaults, &self.keys, self.value.clone());
        Promoting { promotion: self, before: defaults, after }
    }
}

impl Promoting {
    /// The defaults with the value.
    pub fn defaults(&self) -> &Object {
        &self.after
    }

    /// What it means for a connection with the metadata `own`, if it has any.
    pub fn fate(&self, own: Option<&Object>) -> Fate {
        let Self { promotion: Promotion { keys, value, fold }, before, after } = self;
        let nothing = Object::new();
        let own = own.unwrap_or(&nothing);
        let effective = fold.0(before, own);
        let fate = match (reach(own, keys), reach(&effective, keys)) {
            (Reach::There(found), _) if found == value => Fate::Removed(without(own, keys)),
            (Reach::There(found), _) if !found.is_object() => Fate::Kept,
            (Reach::Hidden(..), _) => Fate::Kept,
            (Reach::Nothing, Reach::There(found)) if found == value => Fate::Kept,
            (_, Reach::There(found)) => pinned(own, keys, found),
            (_, Reach::Hidden(depth, found)) => pinned(own, &keys[..depth], found),
            (_, Reach::Nothing) => Fate::Changed,
        };
        let then = match &fate {
            Fate::Removed(document) | Fate::Pinned(document) => document,
            Fate::Kept | Fate::Changed => own,
        };
        if fold.0(after, then) == effective { fate } else { Fate::Changed }
    }
}

fn pinned(own: &Object, keys: &[String], value: &Value) -> Fate {
    let document = with(own, keys, value.clone());
    if document == *own { Fate::Kept } else { Fate::Pinned(document) }
}

/// How far keys lead into an object.
enum Reach<'a> {
    /// To this value.
    There(&'a Value),
    /// So many of them lead to this value, which is no object.
    Hidden(usize, &'a Value),
    /// To a place where nothing is.
    Nothing,
}

fn reach<'a>(object: &'a Object, keys: &[String]) -> Reach<'a> {
    let mut object = object;
    for (depth, key) in (1..).zip(keys) {
        match object.get(key) {
            None => return Reach::Nothing,
            Some(value) if depth == keys.len() => return Reach::There(value),
            Some(Value::Object(inner)) => object = inner,
            Some(value) => return Reach::Hidden(depth, value),
        }
    }
    Reach::Nothing
}

/// The object with `value` where the keys lead. What is in the way is replaced.
fn with(object: &Object, keys: &[String], value: Value) -> Object {
    let mut object = object.clone();
    if let [key, rest @ ..] = keys {
        let value = match (rest, object.get(key)) {
            ([], _) => value,
            (_, Some(Value::Object(inner))) => with(inner, rest, value).into(),
            _ => with(&Object::new(), rest, value).into(),
        };
        object.insert(key.clone(), value);
    }
    object
}

/// The object without what the keys lead to, and without the objects that are empty then.
fn without(object: &Object, keys: &[String]) -> Object {
    let mut object = object.clone();
    if let [key, rest @ ..] = keys {
        let inner = object.get(key).and_then(Value::as_object).map(|inner| without(inner, rest));
        match inner.filter(|inner| !rest.is_empty() && !inner.is_empty()) {
            Some(inner) => drop(object.insert(key.clone(), inner.into())),
            None => drop(object.shift_remove(key)),
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{collection, prelude::*};
    use serde_json::json;

    fn object(value: Value) -> Object {
        value.as_object().unwrap().clone()
    }

    fn promoting(path: &str, value: Value, defaults: Value) -> Promoting {
        Promotion::new(path, value, Fold::of_layers()).unwrap().over(object(defaults))
    }

    #[test]
    fn each_connection_keeps_what_counts_for_it() {
        let promoting = promoting("/a/b", json!("x"), json!({"a": {"b": "old", "c": 1}}));
        let fate = |own: Value| promoting.fate(own.as_object());
        assert_eq!(
            fate(json!({"k": 1, "a": {"b": "x"}, "l": 2})),
            Fate::Removed(object(json!({"k": 1, "l": 2})))
        );
        assert_eq!(fate(json!({"a": {"b": "x", "d": 0}})), Fate::Removed(object(json!({"a": {"d": 0}}))));
        assert_eq!(fate(json!({"a": {"b": null}})), Fate::Kept);
        assert_eq!(fate(json!({"a": ["x"]})), Fate::Kept, "it has no such place");
        assert_eq!(fate(json!({"a": {"d": 0}})), Fate::Pinned(object(json!({"a": {"d": 0, "b": "old"}}))));
        assert_eq!(fate(json!(null)), Fate::Pinned(object(json!({"a": {"b": "old"}}))));
        assert_eq!(Value::from(promoting.defaults().clone()), json!({"a": {"b": "x", "c": 1}}));
    }

    #[test]
    fn what_lies_in_the_way_of_the_default_is_pinned_and_what_cannot_be_said_is_told() {
        let over_a_text = promoting("/a/b", json!(1), json!({"a": "text"}));
        assert_eq!(over_a_text.fate(None), Fate::Pinned(object(json!({"a": "text"}))));
        let over_an_object = promoting("/a", json!(1), json!({"a": {"x": 1}}));
        let merged = object(json!({"a": {"x": 1, "y": 2}}));
        assert_eq!(over_an_object.fate(json!({"a": {"y": 2}}).as_object()), Fate::Pinned(merged));
        let over_nothing = promoting("/a/0", json!(1), json!({}));
        assert_eq!(
            over_nothing.fate(json!({"a": [1]}).as_object()),
            Fate::Kept,
            "an element of a list is no default"
        );
        assert_eq!(over_nothing.fate(json!({"a": {}}).as_object()), Fate::Changed);
        assert_eq!(over_nothing.fate(None), Fate::Changed);
        let unfit = |path: &str, value| Promotion::new(path, value, Fold::of_layers()).unwrap_err();
        assert_eq!(
            [unfit("", json!(1)), unfit("a", json!(1)), unfit("/a", json!({}))],
            [Unfit::Path, Unfit::Path, Unfit::Object]
        );
        let escaped = promoting("/a~1b/~0", json!(null), json!({}));
        assert_eq!(Value::from(escaped.defaults().clone()), json!({"a/b": {"~": null}}));
    }

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![Just(Value::Null), (0..3).prop_map(Value::from), Just(json!([{"a": 1}]))]
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![3 => leaf(), 1 => Just(json!({}))].prop_recursive(3, 16, 2, |inner| {
            collection::btree_map("[ab]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect()))
        })
    }

    fn layer() -> impl Strategy<Value = Object> {
        collection::btree_map("[ab]", value(), 0..3).prop_map(|map| map.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn no_effective_configuration_changes_and_refused_is_only_what_cannot_be_said(
            schema in layer(), defaults in layer(), own in layer(),
            keys in collection::vec("[ab]", 1..4), value in leaf()
        ) {
            // A layer that looks at the ones above it, as defaults of schemas do: `b` counts only where there is an `a`.
            let fold = Fold::new(move |defaults, own| {
                let mut upper = defaults.clone();
                overlay(&mut upper, own);
                let mut effective = schema.clone();
                if !upper.contains_key("a") {
                    effective.remove("b");
                }
                overlay(&mut effective, &upper);
                effective
            });
            let path = format!("/{}", keys.join("/"));
            let promoting = Promotion::new(&path, value.clone(), fold.clone()).unwrap().over(defaults.clone());
            let after = Value::from(promoting.defaults().clone());
            prop_assert_eq!(after.pointer(&path), Some(&value));
            let effective = fold.0(&defaults, &own);
            let then = |own: &Object| fold.0(promoting.defaults(), own);
            let found = Value::from(own.clone()).pointer(&path).cloned();
            match promoting.fate(Some(&own)) {
                Fate::Removed(document) => {
                    prop_assert_eq!(found, Some(value));
                    prop_assert!(!matches!(reach(&document, &keys), Reach::There(_)));
                    prop_assert_eq!(then(&document), effective);
                }
                Fate::Pinned(document) => prop_assert_eq!(then(&document), effective),
                Fate::Kept => prop_assert_eq!(then(&own), effective),
                Fate::Changed => {
                    // Nothing counted there, or what other layers give depends on what is set.
                    let nothing = matches!(reach(&effective, &keys), Reach::Nothing);
                    prop_assert!(nothing || then(&own) != effective);
                }
            }
        }
    }
}
