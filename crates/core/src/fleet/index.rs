//! What all connections of an integration have in their documents, as numbers.

use super::{
    Condition, DEVIANTS, Deviant, FleetFacts, PathFacts, TOP, USUAL, ValueCount,
    condition::{Hint, is_below},
    leaves::{Leaves, TYPES},
};
use crate::id::ConnectionId;
use std::collections::{BTreeMap, HashSet};

/// The leaves of every connection of an integration, as of some revision of each.
///
/// A connection takes some 100 bytes, 4 for each of its leaves and some 100 for each that no other connection has.
#[derive(Debug, Default)]
pub struct FleetIndex {
    members: BTreeMap<ConnectionId, Member>,
    leaves: Leaves,
}

/// What is known of one connection.
#[derive(Debug)]
struct Member {
    name: Box<str>,
    revision: i64,
    leaves: Box<[u32]>,
    /// Paths where its effective configuration does not fit.
    invalid: Box<[u32]>,
    has_metadata: bool,
    /// Some leaves were left out.
    is_cut: bool,
}

impl Member {
    fn is_invalid(&self) -> bool {
        !self.invalid.is_empty()
    }

    /// Forgets what it is made of.
    fn leave(self, leaves: &mut Leaves) {
        leaves.remove(&self.leaves);
        self.invalid.iter().for_each(|path| leaves.leave_path(*path));
    }
}

/// The connections for which a condition holds.
#[derive(Clone, Debug, Default)]
pub struct Selected {
    /// It holds for these, in order.
    pub certain: Vec<ConnectionId>,
    /// Of these only the documents know.
    pub uncertain: Vec<ConnectionId>,
}

impl FleetIndex {
    /// Forgets who is not among `revisions` (all connections that there are, each with its newest revision), and tells
    /// of whom something else is known, or nothing.
    pub fn compare(&mut self, revisions: &[(ConnectionId, i64)]) -> Vec<ConnectionId> {
        let is_other = |(id, revision): &&(ConnectionId, i64)| {
            self.members.get(id).is_none_or(|member| member.revision != *revision)
        };
        let outdated: Vec<ConnectionId> = revisions.iter().filter(is_other).map(|(id, _)| *id).collect();
        let new = outdated.iter().filter(|id| !self.members.contains_key(id)).count();
        if self.members.len() + new > revisions.len() {
            let there: HashSet<ConnectionId> = revisions.iter().map(|(id, _)| *id).collect();
            let gone = self.members.extract_if(.., |id, _| !there.contains(id));
            gone.for_each(|(_, member)| member.leave(&mut self.leaves));
        }
        outdated
    }

    /// Looks at a connection's document (JSON text), if it has one, as of this revision; `invalid` are the paths where its
    /// effective configuration does not fit.
    pub fn put(
        &mut self,
        id: ConnectionId,
        name: &str,
        (revision, document): (i64, Option<&str>),
        invalid: &[String],
    ) {
        // The new leaves first: most are those that it had, which are not forgotten in between.
        let (leaves, is_cut) = document.map(|document| self.leaves.add(document)).unwrap_or_default();
        let invalid = invalid.iter().filter_map(|path| self.leaves.use_path(path)).collect();
        let has_metadata = document.is_some();
        let member = Member { name: name.into(), revision, leaves, invalid, has_metadata, is_cut };
        if let Some(before) = self.members.insert(id, member) {
            before.leave(&mut self.leaves);
        }
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// All connections, in order.
    pub fn ids(&self) -> Vec<ConnectionId> {
        self.members.keys().copied().collect()
    }

    /// Those of `ids` whose effective configuration does not fit.
    pub fn invalid(&self, ids: Vec<ConnectionId>) -> Vec<ConnectionId> {
        let is_invalid = |id: &ConnectionId| self.members.get(id).is_some_and(Member::is_invalid);
        ids.into_iter().filter(is_invalid).collect()
    }

    /// The ids by which users know these connections; those that there are.
    pub fn names(&self, ids: &[ConnectionId]) -> Vec<String> {
        ids.iter().filter_map(|id| Some(self.members.get(id)?.name.to_string())).collect()
    }

    /// Memory that it takes, in bytes, roughly.
    pub fn bytes(&self) -> usize {
        let of = |member: &Member| member.name.len() + size_of_val::<[u32]>(&member.leaves) + 120;
        self.members.values().map(of).sum::<usize>() + self.leaves.bytes()
    }

    /// For which of `ids` the condition holds.
    pub fn select(&self, ids: &[ConnectionId], condition: &Condition) -> Selected {
        let hints: Vec<Hint> = self
            .leaves
            .all()
            .iter()
            .map(|leaf| {
                if !leaf.is_used() {
                    return Hint::Elsewhere;
                }
                condition.hint(self.leaves.path(leaf.path), leaf)
            })
            .collect();
        let mut selected = Selected::default();
        for id in ids {
            let Some(member) = self.members.get(id) else { continue };
            let found = member.leaves.iter().map(|leaf| hints[*leaf as usize]).max();
            // The whole document is nobody's leaf, and a leaf that was left out says nothing.
            let is_unknown = condition.path.is_empty() || (member.is_cut && found < Some(Hint::Other));
            let found = if is_unknown { Hint::Unknown } else { found.unwrap_or(Hint::Elsewhere) };
            match condition.decide(found) {
                Some(true) => selected.certain.push(*id),
                Some(false) => {}
                None => selected.uncertain.push(*id),
            }
        }
        selected
    }

    /// What these connections have in common, all where `ids` is `None`; only of `path` and what is below it, where one
    /// is given.
    pub fn facts(&self, ids: Option<&[ConnectionId]>, path: Option<&str>) -> FleetFacts {
        match ids {
            None => self.facts_of(|| self.members.values(), path),
            Some(ids) => self.facts_of(|| ids.iter().filter_map(|id| self.members.get(id)), path),
        }
    }

    fn facts_of<'a, M>(&'a self, members: impl Fn() -> M, path: Option<&str>) -> FleetFacts
    where
        M: Iterator<Item = &'a Member>,
    {
        let (leaves, paths) = self.leaves.sizes();
        let (mut counts, mut invalid) = (vec![0_u32; leaves], vec![0_usize; paths]);
        let mut fleet = FleetFacts::default();
        for member in members() {
            fleet.connections += 1;
            fleet.with_metadata += usize::from(member.has_metadata);
            fleet.invalid += usize::from(member.is_invalid());
            fleet.are_paths_cut |= member.is_cut;
            member.leaves.iter().for_each(|leaf| counts[*leaf as usize] += 1);
            member.invalid.iter().for_each(|path| invalid[*path as usize] += 1);
        }
        let mut by_path: Vec<Vec<u32>> = vec![Vec::new(); paths];
        for (leaf, _) in (0..).zip(&counts).filter(|(_, count)| **count > 0) {
            by_path[self.leaves.leaf(leaf).path as usize].push(leaf);
        }
        let is_wanted = |found: &str| path.is_none_or(|path| found == path || is_below(found, path));
        let mut usual = vec![None; paths];
        let mut facts = Vec::new();
        for ((number, leaves), invalid) in (0_u32..).zip(by_path).zip(invalid) {
            if (!leaves.is_empty() || invalid > 0) && is_wanted(self.leaves.path(number)) {
                let (of_path, most) = self.path_facts(number, leaves, &counts);
                let (leaf, count) = most.unwrap_or_default();
                let is_usual = count < of_path.set && count * USUAL.1 >= of_path.set * USUAL.0;
                usual[number as usize] = is_usual.then_some((leaf, facts.len()));
                facts.push(PathFacts { invalid, ..of_path });
            }
        }
        let deviants_of = |facts: &PathFacts| (facts.set - facts.values[0].count).min(DEVIANTS);
        let mut missing: usize = usual.iter().flatten().map(|(_, place)| deviants_of(&facts[*place])).sum();
        let mut members = members();
        while missing > 0
            && let Some(member) = members.next()
        {
            for &leaf in &member.leaves {
                let found = self.leaves.leaf(leaf);
                let Some((most, place)) = usual[found.path as usize] else { continue };
                let deviants = &mut facts[place].deviants;
                if leaf != most && deviants.len() < DEVIANTS {
                    missing -= 1;
                    deviants.push(Deviant { connection_id: member.name.to_string(), value: found.shown() });
                }
            }
        }
        facts.sort_by(|one, other| other.set.cmp(&one.set).then_with(|| one.path.cmp(&other.path)));
        FleetFacts { paths: facts, ..fleet }
    }

    /// What is known of a path from the leaves at it, without the deviants; and the most common leaf with its count.
    fn path_facts(
        &self,
        number: u32,
        mut leaves: Vec<u32>,
        counts: &[u32],
    ) -> (PathFacts, Option<(u32, usize)>) {
        let count = |leaf: u32| counts[leaf as usize] as usize;
        let set = leaves.iter().map(|leaf| count(*leaf)).sum();
        let mut types = [0; TYPES.len()];
        for leaf in &leaves {
            types[self.leaves.leaf(*leaf).type_index()] += count(*leaf);
        }
        let distinct = leaves.len();
        let by_count = |one: &u32, other: &u32| {
            let text = |leaf: u32| &self.leaves.leaf(leaf).text;
            count(*other).cmp(&count(*one)).then_with(|| text(*one).cmp(text(*other)))
        };
        if distinct > TOP {
            leaves.select_nth_unstable_by(TOP, by_count);
            leaves.truncate(TOP);
        }
        leaves.sort_unstable_by(by_count);
        let value = |leaf: &u32| ValueCount { value: self.leaves.leaf(*leaf).shown(), count: count(*leaf) };
        let values: Vec<ValueCount> = leaves.iter().map(value).collect();
        let facts = PathFacts {
            path: self.leaves.path(number).to_owned(),
            set,
            types: TYPES.into_iter().zip(types).filter(|(_, count)| *count > 0).collect(),
            distinct,
            others: set - values.iter().map(|value| value.count).sum::<usize>(),
            values,
            invalid: 0,
            deviants: Vec::new(),
        };
        (facts, leaves.first().map(|leaf| (*leaf, count(*leaf))))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{MAX_PATHS, Test},
        *,
    };
    use serde_json::{Value, json};

    fn of(documents: &[Value]) -> FleetIndex {
        let mut index = FleetIndex::default();
        for (number, document) in (1..).zip(documents) {
            let text = (!document.is_null()).then(|| document.to_string());
            index.put(ConnectionId(number), &format!("c{number}"), (1, text.as_deref()), &[]);
        }
        index
    }

    #[test]
    fn a_path_tells_how_many_set_it_to_what_and_who_deviates() {
        let mut documents = vec![json!({"filter": "active", "map": {"a/b": 1, "none": {}}}); 19];
        documents.push(json!({"filter": ["x"], "map": {"a/b": "1"}, "ü\n": null}));
        documents.push(Value::Null);
        let index = of(&documents);
        let facts = index.facts(None, None);
        assert_eq!((facts.connections, facts.with_metadata, facts.are_paths_cut), (21, 20, false));
        let told: Vec<_> = facts.paths.iter().map(|path| (path.path.as_str(), path.set)).collect();
        assert_eq!(told, [("/filter", 20), ("/map/a~1b", 20), ("/map/none", 19), ("/ü\n", 1)]);
        let filter = &facts.paths[0];
        assert_eq!(filter.types, BTreeMap::from([("array", 1), ("string", 19)]));
        assert_eq!(filter.values[0], ValueCount { value: json!("active"), count: 19 });
        assert_eq!(filter.deviants, [Deviant { connection_id: "c20".to_owned(), value: json!(["x"]) }]);
        assert!(facts.paths[2].deviants.is_empty(), "all agree");
        let some = index.facts(Some(&[ConnectionId(20), ConnectionId(21), ConnectionId(99)]), Some("/map"));
        assert_eq!((some.connections, some.with_metadata, some.paths.len()), (2, 1, 1));
    }

    #[test]
    fn what_changes_is_known_anew_and_what_goes_is_forgotten() {
        let mut index = of(&[json!({"a": 1, "only": "x"}), json!({"a": 2}), json!({"a": 1})]);
        let now = [(1, 2), (3, 1), (4, 1)].map(|(id, revision)| (ConnectionId(id), revision));
        assert_eq!(index.compare(&now), [ConnectionId(1), ConnectionId(4)]);
        index.put(ConnectionId(1), "c1", (2, Some(r#"{"a":1,"b":true}"#)), &[]);
        index.put(ConnectionId(4), "c4", (1, Some(r#"{"a":9}"#)), &[]);
        assert!(index.compare(&now).is_empty());
        let facts = index.facts(None, None);
        let told: Vec<_> =
            facts.paths.iter().map(|path| (path.path.as_str(), path.set, path.distinct)).collect();
        assert_eq!(told, [("/a", 3, 2), ("/b", 1, 1)]);
        assert_eq!(index.names(&index.ids()), ["c1", "c3", "c4"]);
        assert_eq!((index.leaves.sizes(), index.compare(&[]).len(), index.is_empty()), ((3, 3), 0, true));
        // The memory is used again.
        index.put(ConnectionId(5), "c5", (1, Some(r#"{"x":1,"y":2}"#)), &[]);
        assert_eq!(index.leaves.sizes(), (3, 3));
    }

    #[test]
    fn what_does_not_fit_is_counted_where_it_should_be() {
        let mut index = of(&[json!({"a": 1}), json!({"a": "x"}), json!({})]);
        let paths = |paths: &[&str]| paths.iter().map(|&path| path.to_owned()).collect::<Vec<_>>();
        index.put(ConnectionId(1), "c1", (2, Some(r#"{"a":1}"#)), &paths(&["/a", "/b/c"]));
        index.put(ConnectionId(3), "c3", (2, Some("{}")), &paths(&["/b/c"]));
        let facts = index.facts(None, None);
        let told: Vec<_> =
            facts.paths.iter().map(|path| (path.path.as_str(), path.set, path.invalid)).collect();
        assert_eq!((facts.invalid, told), (2, vec![("/a", 2, 1), ("/b/c", 0, 2)]));
        assert_eq!(index.invalid(index.ids()), [ConnectionId(1), ConnectionId(3)]);
        index.put(ConnectionId(1), "c1", (3, Some(r#"{"a":1}"#)), &[]);
        index.put(ConnectionId(3), "c3", (3, None), &[]);
        let facts = index.facts(None, None);
        assert_eq!((facts.invalid, facts.paths.len()), (0, 1));
    }

    #[test]
    fn a_condition_is_decided_by_leaves_as_by_documents() {
        let long = "x".repeat(300);
        let documents = [
            json!({"a": {"b": [1, {"c": null}]}, "n": null, "e": {}}),
            json!({"a": {"b": [], "d": 2}, "long": [long, {"z": 1, "y": 2}], "n": 1.0}),
            json!({"a": 5, "a/b": true, "long": "y"}),
            json!({}),
            Value::Null,
        ];
        let index = of(&documents);
        let paths = [
            "", "/a", "/a/b", "/a/b/0", "/a/b/1", "/a/b/1/c", "/a/b/x", "/a~1b", "/n", "/e", "/long",
            "/long/0", "/x", "/a/d",
        ];
        let values = [
            json!(null),
            json!(1),
            json!(1.0),
            json!(5),
            json!([]),
            json!({}),
            json!([1, {"c": null}]),
            json!({"c": null}),
            json!({"d": 2, "b": []}),
            json!([long, {"y": 2, "z": 1}]),
            json!("y"),
            json!(true),
        ];
        for path in paths {
            let of_values =
                values.iter().flat_map(|value| [Test::Is(value.clone()), Test::IsNot(value.clone())]);
            for test in of_values.chain([Test::Set, Test::Unset]) {
                let condition = Condition { path: path.to_owned(), test };
                let selected = index.select(&index.ids(), &condition);
                for (id, document) in (1..).map(ConnectionId).zip(&documents) {
                    if selected.uncertain.contains(&id) {
                        continue;
                    }
                    let text = (!document.is_null()).then(|| document.to_string());
                    let holds = condition.holds(text.as_deref());
                    assert_eq!(selected.certain.contains(&id), holds, "{condition:?} {document}");
                }
            }
        }
        let uncertain = |path: &str, test| {
            let condition = Condition { path: path.to_owned(), test };
            index.select(&index.ids(), &condition).uncertain.len()
        };
        assert_eq!(uncertain("/a/b/0", Test::Is(json!(1))), 0);
        assert_eq!(uncertain("/long/0", Test::Set), 1, "a part of a list whose end is not kept");
        assert_eq!(uncertain("/a", Test::Is(json!({"b": [], "d": 2}))), 2, "whole objects");
    }

    #[test]
    fn what_has_any_number_of_paths_or_values_has_an_end() {
        let documents: Vec<_> =
            (0..3_000).map(|number| json!({"id": number, format!("key-{number}"): true})).collect();
        let index = of(&documents);
        let facts = index.facts(None, None);
        assert!(facts.are_paths_cut && facts.paths.len() == MAX_PATHS);
        let id = &facts.paths[0];
        assert_eq!((id.path.as_str(), id.set, id.distinct, id.others), ("/id", 3_000, 3_000, 2_990));
        assert!(id.deviants.is_empty() && id.values.len() == TOP);
        let left_out = Condition { path: "/key-2999".to_owned(), test: Test::Set };
        assert_eq!(index.select(&index.ids(), &left_out).uncertain.len(), 1_001);
        assert!(index.bytes() / 3_000 < 400, "{} bytes", index.bytes() / 3_000);

        let (one, other) = ("ü".repeat(300), format!("{}!", "ü".repeat(299)));
        let facts = of(&[json!({"a": one}), json!({"a": other}), json!({"a": {"b": 1}, "ab": 1})])
            .facts(None, Some("/a"));
        let told: Vec<_> = facts.paths.iter().map(|path| (path.path.as_str(), path.distinct)).collect();
        assert_eq!(told, [("/a", 2), ("/a/b", 1)]);
        let shown = facts.paths[0].values[0].value.as_str().unwrap();
        assert!(shown.starts_with("\"üü") && shown.ends_with("ü…"));
    }
}
