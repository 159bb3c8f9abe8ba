//! Which values of a configuration an end customer sees and sets: paths, and what is cut out of documents by them.

use crate::configuration::{below, steps};
use serde_json::{Map, Value};

/// How people are shown a configuration: `ui` of `config.ts`. Keys are dotted paths or JSON pointers, `*` for any key; what
/// begins with `$` is about the whole.
#[derive(Clone, Debug, Default)]
pub struct Hints {
    by_path: Vec<(Vec<String>, Map<String, Value>)>,
}

impl Hints {
    /// Those of `ui`.
    pub fn of(ui: Option<&Value>) -> Self {
        let entries = ui.and_then(Value::as_object).into_iter().flatten();
        let hint = |(key, hint): (&String, &Value)| Some((steps(&pointer(key)), hint.as_object()?.clone()));
        Self { by_path: entries.filter(|(key, _)| !key.starts_with('$')).filter_map(hint).collect() }
    }

    /// The JSON pointer of a key of `ui`, which may be a dotted path.
    pub fn pointer(key: &str) -> String {
        pointer(key)
    }

    /// Also says this of a path.
    pub fn add(&mut self, path: &str, hint: &Map<String, Value>) {
        self.by_path.push((steps(path), hint.clone()));
    }

    /// The action that lists what may be chosen at a path: what is said of it, or of the nearest path above.
    pub fn options_from(&self, path: &str) -> Option<&str> {
        let here = steps(path);
        let above = |hint: &&(Vec<String>, Map<String, Value>)| {
            hint.0.len() <= here.len()
                && is_same(&hint.0, &here[..hint.0.len()])
                && hint.1.contains_key("optionsFrom")
        };
        self.by_path.iter().filter(above).max_by_key(|hint| hint.0.len())?.1["optionsFrom"].as_str()
    }

    /// The paths that are hidden from end customers.
    fn hidden(&self) -> Vec<Vec<String>> {
        let is_hidden = |hint: &Map<String, Value>| {
            hint.get("hidden") == Some(&Value::Bool(true))
                || hint.get("endCustomer") == Some(&Value::Bool(false))
        };
        self.by_path.iter().filter(|(_, hint)| is_hidden(hint)).map(|(path, _)| path.clone()).collect()
    }
}

fn pointer(key: &str) -> String {
    if key.starts_with('/') || key.is_empty() {
        return key.to_owned();
    }
    key.split('.').fold(String::new(), |path, step| below(&path, step))
}

fn is_same(pattern: &[String], path: &[String]) -> bool {
    pattern.len() == path.len()
        && pattern.iter().zip(path).all(|(one, other)| one == other || one == "*" || other == "*")
}

/// Whether `path` is at or below `above`.
fn is_within(path: &[String], above: &[String]) -> bool {
    path.len() >= above.len() && is_same(above, &path[..above.len()])
}

/// What an end customer may see and set.
#[derive(Clone, Debug, Default)]
pub struct Allowed {
    /// At and below these.
    paths: Vec<Vec<String>>,
    /// But not at and below these.
    hidden: Vec<Vec<String>>,
}

impl Allowed {
    /// At and below exactly these JSON pointers, whatever else is said of them.
    pub fn only(pointers: &[String]) -> Self {
        Self { paths: pointers.iter().map(|path| steps(path)).collect(), hidden: Vec::new() }
    }

    /// At and below these JSON pointers, without what `hints` hide.
    pub fn shown(pointers: &[String], hints: &Hints) -> Self {
        Self { hidden: hints.hidden(), ..Self::only(pointers) }
    }

    /// The JSON pointers at and below which everything is allowed that is not hidden.
    pub fn pointers(&self) -> Vec<String> {
        let all = self.paths.iter().filter(|path| !self.is_hidden(path));
        all.map(|path| path.iter().fold(String::new(), |path, step| below(&path, step))).collect()
    }

    fn is_hidden(&self, path: &[String]) -> bool {
        self.hidden.iter().any(|hidden| is_within(path, hidden))
    }

    /// Whether a value at this path may be seen and set.
    pub fn permits(&self, path: &str) -> bool {
        let path = steps(path);
        self.paths.iter().any(|allowed| is_within(&path, allowed)) && !self.is_hidden(&path)
    }

    /// Whether this path is on the way to something that is allowed, or is allowed itself.
    pub fn shows(&self, path: &str) -> bool {
        let here = steps(path);
        self.permits(path)
            || (!self.is_hidden(&here) && self.paths.iter().any(|allowed| is_within(allowed, &here)))
    }

    /// Whether all below this path is allowed, too.
    fn permits_all(&self, path: &str) -> bool {
        let here = steps(path);
        self.permits(path) && !self.hidden.iter().any(|hidden| is_within(hidden, &here))
    }

    /// What may be seen of a document.
    pub fn cut(&self, document: &Map<String, Value>) -> Map<String, Value> {
        match self.cut_at("", &Value::Object(document.clone())) {
            Some(Value::Object(object)) => object,
            _ => Map::new(),
        }
    }

    /// What may be seen of a value at this path; `None` for nothing.
    pub fn cut_at(&self, path: &str, value: &Value) -> Option<Value> {
        if !self.shows(path) {
            return None;
        }
        if self.permits_all(path) {
            return Some(value.clone());
        }
        match value {
            Value::Object(object) => {
                let seen = |(key, value): (&String, &Value)| {
                    Some((key.clone(), self.cut_at(&below(path, key), value)?))
                };
                let seen: Map<String, Value> = object.iter().filter_map(seen).collect();
                (!seen.is_empty() || self.permits(path)).then_some(Value::Object(seen))
            }
            Value::Array(list) if self.permits(path) => {
                let items = list.iter().enumerate();
                Some(
                    items.filter_map(|(index, item)| self.cut_at(&format!("{path}/{index}"), item)).collect(),
                )
            }
            value => self.permits(path).then(|| value.clone()),
        }
    }

    /// The first path of a merge patch that may not be set; `current` is the document that it is for.
    pub fn refuses(&self, patch: &Map<String, Value>, current: &Map<String, Value>) -> Option<String> {
        patch.iter().find_map(|(key, value)| self.refuses_at(&below("", key), value, current.get(key)))
    }

    fn refuses_at(&self, path: &str, value: &Value, current: Option<&Value>) -> Option<String> {
        if self.permits_all(path) {
            return None;
        }
        match (value, current) {
            // An object is merged into an object; over anything else it is put whole.
            (Value::Object(patch), None | Some(Value::Object(_)))
                if !patch.is_empty() && self.shows(path) =>
            {
                let inside = |key: &String| current.and_then(|current| current.get(key));
                patch.iter().find_map(|(key, value)| self.refuses_at(&below(path, key), value, inside(key)))
            }
            _ => Some(path.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn only_what_is_allowed_comes_out_and_goes_in() {
        let allowed = Allowed::only(&["/map".to_owned(), "/filter/status".to_owned()]);
        let document = object(
            json!({"map": {"a": 1}, "mapping": 2, "filter": {"status": "x", "limit": 5}, "key": "secret"}),
        );
        assert_eq!(
            Value::Object(allowed.cut(&document)),
            json!({"map": {"a": 1}, "filter": {"status": "x"}})
        );
        let refuses = |patch: Value| allowed.refuses(&object(patch), &document);
        assert_eq!(refuses(json!({"map": {"b": {"c": 1}}, "filter": {"status": null}})), None);
        assert_eq!(refuses(json!({"map": null})), None);
        assert_eq!(refuses(json!({"filter": {"limit": 1}})), Some("/filter/limit".to_owned()));
        assert_eq!(refuses(json!({"filter": null})), Some("/filter".to_owned()));
        assert_eq!(refuses(json!({"filter": {}})), Some("/filter".to_owned()));
        assert_eq!(refuses(json!({"mapping": {"a": 1}})), Some("/mapping".to_owned()));
        let scalar = object(json!({"filter": 5}));
        assert_eq!(
            allowed.refuses(&object(json!({"filter": {"status": "x"}})), &scalar),
            Some("/filter".to_owned())
        );
        assert!(!allowed.shows("/key") && allowed.shows("/filter") && !allowed.permits("/filter"));
    }

    #[test]
    fn what_ui_hides_is_neither_seen_nor_swept_away() {
        let ui = json!({"map.inner": {"hidden": true}, "/rows/*/note": {"endCustomer": false}, "$preview": ["x"],
            "map": {"optionsFrom": "list"}});
        let hints = Hints::of(Some(&ui));
        let allowed = Allowed::shown(&["/map".to_owned(), "/rows".to_owned()], &hints);
        let document = object(json!({"map": {"a": 1, "inner": 2}, "rows": [{"x": 1, "note": "n"}]}));
        assert_eq!(Value::Object(allowed.cut(&document)), json!({"map": {"a": 1}, "rows": [{"x": 1}]}));
        let refuses = |patch: Value| allowed.refuses(&object(patch), &document);
        assert_eq!(refuses(json!({"map": {"a": 2}})), None);
        assert_eq!(refuses(json!({"map": {"inner": 3}})), Some("/map/inner".to_owned()));
        assert_eq!(refuses(json!({"map": null})), Some("/map".to_owned()));
        assert_eq!(refuses(json!({"rows": []})), Some("/rows".to_owned()));
        assert_eq!(hints.options_from("/map/a"), Some("list"));
        assert_eq!(hints.options_from("/rows"), None);
    }
}
