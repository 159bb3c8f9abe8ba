//! Places in a configuration, as people write them.

use crate::failure::{Failure, Result};
use serde_json::{Map, Value};

/// The keys of a path: `a.b` or the JSON pointer `/a/b`.
pub(crate) fn parse(text: &str) -> Result<Vec<String>> {
    let keys: Vec<String> = match text.strip_prefix('/') {
        Some(pointer) => pointer.split('/').map(|key| key.replace("~1", "/").replace("~0", "~")).collect(),
        None => text.split('.').map(str::to_owned).collect(),
    };
    if keys.iter().any(String::is_empty) {
        return Err(Failure::usage(format!(
            "`{text}` is no path: it is a.b, or /a/b where keys have dots in them"
        )));
    }
    Ok(keys)
}

/// The path that [`parse`] reads as these keys.
pub(crate) fn show<K: AsRef<str>>(keys: &[K]) -> String {
    let is_plain = |key: &str| !key.is_empty() && !key.contains(['.', '/', '=', ' ']);
    if keys.iter().all(|key| is_plain(key.as_ref())) {
        return keys.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(".");
    }
    let escaped = |key: &K| key.as_ref().replace('~', "~0").replace('/', "~1");
    keys.iter().flat_map(|key| ["/".to_owned(), escaped(key)]).collect()
}

/// A JSON pointer as [`show`] writes it.
pub(crate) fn of_pointer(pointer: &str) -> String {
    parse(pointer).map_or_else(|_| pointer.to_owned(), |keys| show(&keys))
}

/// What is there.
pub(crate) fn get<'a>(document: &'a Value, keys: &[String]) -> Option<&'a Value> {
    keys.iter().try_fold(document, |at, key| match at {
        Value::Object(object) => object.get(key),
        Value::Array(list) => list.get(key.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Sets a value. Objects on the way to it are made where there is nothing; the number behind the last of a list, and `-`,
/// add to it.
pub(crate) fn set(document: &mut Value, keys: &[String], value: Value) -> Result {
    let mut at = document;
    for (depth, key) in keys.iter().enumerate() {
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        at = match at {
            Value::Object(object) => object.entry(key).or_insert(Value::Null),
            Value::Array(list) => {
                let index = if key == "-" { Some(list.len()) } else { key.parse().ok() };
                let Some(index) = index.filter(|index| *index <= list.len()) else {
                    let (place, length) = (show(&keys[..depth]), list.len());
                    return Err(Failure::usage(format!(
                        "`{place}` is a list of {length}: `{key}` is no place in it; `-` adds at its end"
                    )));
                };
                if index == list.len() {
                    list.push(Value::Null);
                }
                &mut list[index]
            }
            other => {
                return Err(Failure::usage(format!(
                    "`{}` is {other}, which has no `{key}` in it",
                    show(&keys[..depth])
                )));
            }
        };
    }
    *at = value;
    Ok(())
}

/// Removes what is there; false where there was nothing.
pub(crate) fn unset(document: &mut Value, keys: &[String]) -> bool {
    let Some((last, parents)) = keys.split_last() else { return false };
    let parent = parents.iter().try_fold(document, |at, key| match at {
        Value::Object(object) => object.get_mut(key),
        Value::Array(list) => list.get_mut(key.parse::<usize>().ok()?),
        _ => None,
    });
    match parent {
        Some(Value::Object(object)) => object.shift_remove(last).is_some(),
        Some(Value::Array(list)) => {
            let index = last.parse().ok().filter(|index| *index < list.len());
            index.map(|index: usize| list.remove(index)).is_some()
        }
        _ => false,
    }
}

/// A `PATH=VALUE` of the command line: the value is JSON where it can be read as such, unless `as_text`.
pub(crate) fn assignment(text: &str, as_text: bool) -> Result<(Vec<String>, Value)> {
    let (path, value) = text
        .split_once('=')
        .ok_or_else(|| Failure::usage(format!("`{text}` is not PATH=VALUE, as in fieldMapping.id=cf_1")))?;
    let text = || Value::String(value.to_owned());
    let value = if as_text { text() } else { serde_json::from_str(value).unwrap_or_else(|_| text()) };
    Ok((parse(path)?, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn keys(text: &str) -> Vec<String> {
        parse(text).unwrap()
    }

    #[test]
    fn paths_are_dotted_or_pointers() {
        assert_eq!(keys("a.b.0"), ["a", "b", "0"]);
        assert_eq!(keys("/a.b/c~1d~0"), ["a.b", "c/d~"]);
        for text in ["a.b.0", "/a.b/c~1d~0"] {
            assert_eq!(show(&keys(text)), text);
        }
        assert!(parse("a..b").is_err() && parse("").is_err() && parse("/").is_err());
    }

    #[test]
    fn values_are_set_where_the_path_leads() {
        let mut document = json!({"list": [1, {"x": 1}], "none": null, "text": "t"});
        for text in ["map.new.deep=1", "list.1.x=true", "list.-=\"9\"", "none.a=01067", "text=[1,2]"] {
            let (path, value) = assignment(text, false).unwrap();
            set(&mut document, &path, value).unwrap();
        }
        let expected = json!({"list": [1, {"x": true}, "9"], "none": {"a": "01067"}, "text": [1, 2], "map": {"new": {"deep": 1}}});
        assert_eq!(document, expected);
        assert_eq!(assignment("a=1", true).unwrap().1, json!("1"));
        assert_eq!(assignment("a=b=c", false).unwrap().1, json!("b=c"));
        assert!(assignment("a", false).is_err());
        assert!(set(&mut document, &keys("list.9"), json!(1)).is_err());
        assert!(set(&mut document, &keys("list.0.x"), json!(1)).is_err());
        assert_eq!(get(&document, &keys("list.1.x")), Some(&json!(true)));
    }

    #[test]
    fn values_are_removed_and_the_rest_keeps_its_order() {
        let mut document = json!({"a": 1, "b": {"c": [1, 2]}, "d": 2});
        assert!(unset(&mut document, &keys("b.c.0")) && unset(&mut document, &keys("a")));
        assert!(!unset(&mut document, &keys("b.x")) && !unset(&mut document, &keys("d.x")));
        assert_eq!(document.to_string(), r#"{"b":{"c":[2]},"d":2}"#);
    }
}
