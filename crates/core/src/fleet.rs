//! The configurations of many customers seen at once: which paths are set, to what, and who does it otherwise.

use serde::{
    Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};
use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fmt,
};

/// Different values of one path that are told apart; whoever comes later counts as another one.
pub const MAX_VALUES: usize = 1_000;
/// Different paths that are looked at. Documents whose keys are data (ids, e-mail addresses) would have any number.
pub const MAX_PATHS: usize = 2_000;
/// The most common values that are told.
const TOP: usize = 10;
/// Deviants that are told.
const DEVIANTS: usize = 20;
/// A value that so many of those share who set it is what is usual: 90 %.
const USUAL: (u64, u64) = (9, 10);
/// A longer value is shown by its beginning.
const SHOWN: usize = 200;

/// What is known of the documents of an integration's connections.
#[derive(Debug, Default)]
pub struct Fleet {
    connections: u64,
    with_metadata: u64,
    paths: usize,
    are_paths_cut: bool,
    root: Node,
}

/// A place in the documents: what is there, and what is below it.
#[derive(Debug, Default)]
struct Node {
    leaf: Option<Box<Leaf>>,
    below: HashMap<Box<str>, Node>,
}

/// What is at one place where it is not an object.
#[derive(Debug, Default)]
struct Leaf {
    set: u64,
    types: BTreeMap<&'static str, u64>,
    values: HashMap<Box<str>, Sharing>,
    others: u64,
    /// Some of those whose value is not among the values that are told apart.
    with_others: Vec<Box<str>>,
}

/// Who has one value.
#[derive(Debug, Default)]
struct Sharing {
    count: u64,
    /// The first of them.
    connections: Vec<Box<str>>,
}

/// What is known of the fleet.
#[derive(Clone, Debug)]
pub struct FleetFacts {
    /// Connections that were looked at.
    pub connections: u64,
    /// How many of them have metadata.
    pub with_metadata: u64,
    /// By path.
    pub paths: Vec<PathFacts>,
    /// There are more than [`MAX_PATHS`] paths; the first ones are told.
    pub are_paths_cut: bool,
}

/// What is known of one path.
#[derive(Clone, Debug)]
pub struct PathFacts {
    /// JSON pointer to it.
    pub path: String,
    /// Connections that set it to anything but an object with keys.
    pub set: u64,
    /// How many values there are of each JSON type.
    pub types: BTreeMap<&'static str, u64>,
    /// Different values, up to [`MAX_VALUES`].
    pub distinct: usize,
    /// The most common values, the most common first.
    pub values: Vec<ValueCount>,
    /// Values that were not told apart any more.
    pub others: u64,
    /// Some of those who have another value than nearly all others; none where no value is usual.
    pub deviants: Vec<Deviant>,
}

/// A value and how many have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueCount {
    /// The value; a long one is a text with its beginning.
    pub value: Value,
    /// How many have it.
    pub count: u64,
}

/// A connection whose value is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviant {
    /// The connection's id.
    pub connection_id: String,
    /// Its value; a long one is a text with its beginning. `None` where it was not kept apart.
    pub value: Option<Value>,
}

/// What a document must have at one path.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// JSON pointer to it.
    pub path: String,
    /// What must be there.
    pub test: Test,
}

/// What must be at a path.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// This value.
    Is(Value),
    /// Anything else, or nothing.
    IsNot(Value),
    /// Anything, null too.
    Set,
    /// Nothing.
    Unset,
}

impl Condition {
    /// Whether it holds for this document (JSON text), or for none.
    pub fn holds(&self, document: Option<&str>) -> bool {
        let document: Value = document.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let found = document.pointer(&self.path);
        match &self.test {
            Test::Is(value) => found == Some(value),
            Test::IsNot(value) => found != Some(value),
            Test::Set => found.is_some(),
            Test::Unset => found.is_none(),
        }
    }
}

impl Fleet {
    /// Looks at one connection's document (JSON text), if it has one.
    pub fn add(&mut self, connection_id: &str, document: Option<&str>) {
        self.connections += 1;
        let Some(document) = document else { return };
        self.with_metadata += 1;
        let mut walk = Walk { connection_id, paths: &mut self.paths, are_cut: &mut self.are_paths_cut };
        walk.object(&mut self.root, document);
    }

    /// What was found; only of `path` and what is below it, where one is given.
    pub fn facts(self, path: Option<&str>) -> FleetFacts {
        let Self { connections, with_metadata, are_paths_cut, root, .. } = self;
        let mut paths = Vec::new();
        root.facts(String::new(), &mut paths);
        let is_wanted = |found: &str| match path {
            None => true,
            Some(path) => {
                found.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        };
        paths.retain(|facts| is_wanted(&facts.path));
        paths.sort_by(|one, other| other.set.cmp(&one.set).then_with(|| one.path.cmp(&other.path)));
        FleetFacts { connections, with_metadata, paths, are_paths_cut }
    }
}

struct Walk<'f> {
    connection_id: &'f str,
    paths: &'f mut usize,
    are_cut: &'f mut bool,
}

impl Walk<'_> {
    /// Looks at the members of an object, straight from its text: no tree of values is made.
    fn object(&mut self, node: &mut Node, text: &str) {
        let mut reader = serde_json::Deserializer::from_str(text);
        // What the database holds is an object; anything else has no members.
        let _ = reader.deserialize_map(Members { walk: self, node });
    }

    fn member(&mut self, node: &mut Node, key: &str, text: &str) {
        if !node.below.contains_key(key) {
            if *self.paths >= MAX_PATHS {
                *self.are_cut = true;
                return;
            }
            *self.paths += 1;
            node.below.insert(key.into(), Node::default());
        }
        let Some(below) = node.below.get_mut(key) else { return };
        let is_empty = || text[1..].trim_start().starts_with('}');
        if text.starts_with('{') && !is_empty() {
            self.object(below, text);
        } else {
            below.leaf.get_or_insert_default().add(self.connection_id, text);
        }
    }
}

struct Members<'w, 'f> {
    walk: &'w mut Walk<'f>,
    node: &'w mut Node,
}

impl<'de> Visitor<'de> for Members<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some((key, value)) = members.next_entry::<Key<'de>, &'de RawValue>()? {
            self.walk.member(self.node, &key.0, value.get());
        }
        Ok(())
    }
}

/// A key, borrowed where it has no escapes.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl Leaf {
    fn add(&mut self, connection_id: &str, text: &str) {
        self.set += 1;
        *self.types.entry(type_of(text)).or_default() += 1;
        if let Some(sharing) = self.values.get_mut(text) {
            sharing.count += 1;
            if sharing.connections.len() < DEVIANTS {
                sharing.connections.push(connection_id.into());
            }
        } else if self.values.len() < MAX_VALUES {
            self.values.insert(text.into(), Sharing { count: 1, connections: vec![connection_id.into()] });
        } else {
            self.others += 1;
            if self.with_others.len() < DEVIANTS {
                self.with_others.push(connection_id.into());
            }
        }
    }

    fn facts(self, path: String) -> PathFacts {
        let Self { set, types, values, others, with_others } = self;
        let mut values: Vec<(Box<str>, Sharing)> = values.into_iter().collect();
        values.sort_by(|(one, a), (other, b)| b.count.cmp(&a.count).then_with(|| one.cmp(other)));
        let is_usual =
            values.first().is_some_and(|(_, most)| most.count < set && most.count * USUAL.1 >= set * USUAL.0);
        let mut deviants = Vec::new();
        if is_usual {
            let rare = values.iter().skip(1).flat_map(|(value, sharing)| {
                sharing.connections.iter().map(|id| (&**id, Some(shown(value))))
            });
            let all = rare.chain(with_others.iter().map(|id| (&**id, None)));
            let deviant = |(id, value): (&str, _)| Deviant { connection_id: id.to_owned(), value };
            deviants = all.take(DEVIANTS).map(deviant).collect();
        }
        let distinct = values.len();
        let count =
            |(value, sharing): &(Box<str>, Sharing)| ValueCount { value: shown(value), count: sharing.count };
        let values = values.iter().take(TOP).map(count).collect();
        PathFacts { path, set, types, distinct, values, others, deviants }
    }
}

impl Node {
    fn facts(self, path: String, found: &mut Vec<PathFacts>) {
        for (key, node) in self.below {
            let part = key.replace('~', "~0").replace('/', "~1");
            node.facts(format!("{path}/{part}"), found);
        }
        found.extend(self.leaf.map(|leaf| leaf.facts(path)));
    }
}

/// The value of a JSON text; of a long one a text with its beginning.
fn shown(text: &str) -> Value {
    if text.len() <= SHOWN {
        return serde_json::from_str(text).unwrap_or_default();
    }
    let mut beginning: String = text.chars().take(SHOWN).collect();
    beginning.push('…');
    beginning.into()
}

/// The type of a JSON text as JSON Schema calls it.
fn type_of(text: &str) -> &'static str {
    match text.as_bytes().first() {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') | None => "null",
        Some(_) => "number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(documents: &[Value]) -> Fleet {
        let mut fleet = Fleet::default();
        for (number, document) in documents.iter().enumerate() {
            fleet.add(&format!("c{number}"), Some(&document.to_string()));
        }
        fleet
    }

    #[test]
    fn a_path_tells_how_many_set_it_to_what_and_who_deviates() {
        let mut documents = vec![json!({"filter": "active", "map": {"a/b": 1, "none": {}}}); 19];
        documents.push(json!({"filter": ["x"], "map": {"a/b": "1"}, "ü\n": null}));
        let mut fleet = of(&documents);
        fleet.add("without", None);
        let facts = fleet.facts(None);
        assert_eq!((facts.connections, facts.with_metadata, facts.are_paths_cut), (21, 20, false));
        let told: Vec<_> = facts.paths.iter().map(|path| (path.path.as_str(), path.set)).collect();
        assert_eq!(told, [("/filter", 20), ("/map/a~1b", 20), ("/map/none", 19), ("/ü\n", 1)]);
        let filter = &facts.paths[0];
        assert_eq!(filter.types, BTreeMap::from([("array", 1), ("string", 19)]));
        assert_eq!(filter.values[0], ValueCount { value: json!("active"), count: 19 });
        assert_eq!(filter.deviants, [Deviant { connection_id: "c19".to_owned(), value: Some(json!(["x"])) }]);
        assert!(facts.paths[2].deviants.is_empty(), "all agree");
    }

    #[test]
    fn a_condition_looks_at_one_path() {
        let document = json!({"a": {"b": [1]}, "n": null}).to_string();
        let holds = |path: &str, test| Condition { path: path.to_owned(), test }.holds(Some(&document));
        assert!(holds("/a/b", Test::Is(json!([1]))) && !holds("/a/b", Test::IsNot(json!([1]))));
        assert!(holds("/n", Test::Set) && holds("/n", Test::Is(Value::Null)) && holds("/x", Test::Unset));
        assert!(holds("/x", Test::IsNot(Value::Null)) && !holds("/x", Test::Is(Value::Null)));
        assert!(Condition { path: "/a".to_owned(), test: Test::Unset }.holds(None));
    }

    #[test]
    fn what_has_any_number_of_paths_or_values_has_an_end() {
        let documents: Vec<_> =
            (0..3_000).map(|number| json!({"id": number, format!("key-{number}"): true})).collect();
        let facts = of(&documents).facts(None);
        assert!(facts.are_paths_cut && facts.paths.len() == MAX_PATHS);
        let id = &facts.paths[0];
        assert_eq!((id.path.as_str(), id.set, id.distinct, id.others), ("/id", 3_000, MAX_VALUES, 2_000));
        assert!(id.deviants.is_empty() && id.values.len() == TOP);
        let long = of(&[json!({"a": "x".repeat(300)}), json!({"a": {"b": 1}, "ab": 1})]);
        let facts = long.facts(Some("/a"));
        let told: Vec<_> = facts.paths.iter().map(|path| path.path.as_str()).collect();
        assert_eq!(told, ["/a", "/a/b"]);
        assert!(facts.paths[0].values[0].value.as_str().unwrap().ends_with('…'));
    }
}
