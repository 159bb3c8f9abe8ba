//! Ways to break a request: values that nobody sends, things that are gone, code that ends early or has something in its midst.

use proptest::{
    prelude::*,
    sample::{Index, select},
};
use serde_json::{Value, json};

/// Keys whose text is code.
const CODE: [&str; 3] = ["js", "code", "map"];

/// One change of a request that was right.
#[derive(Clone, Debug)]
pub(super) enum Break {
    /// The value there is another one.
    Replace(Index, Value),
    /// The key or element there is gone.
    Remove(Index),
    /// The object there has one key more.
    Add(Index, String, Value),
    /// The code of one function ends early.
    Truncate(Index, Index),
    /// The code of one function has this text in its midst.
    Garble(Index, Index, String),
}

/// Paths of everything in a request but itself.
fn places(value: &Value, above: &[String], found: &mut Vec<Vec<String>>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => return,
    };
    for (key, child) in children {
        let path = [above, &[key]].concat();
        found.push(path.clone());
        places(child, &path, found);
    }
}

fn pointer(path: &[String]) -> String {
    format!("/{}", path.join("/"))
}

/// A value that nobody sends, or that nobody should.
fn odd() -> impl Strategy<Value = Value> {
    let deep = (0..100).fold(json!({}), |inner, _| json!({ "properties": { "a": inner } }));
    let cycle = json!({ "definitions": {
        "Contact": { "$ref": "#/definitions/Input" }, "Input": { "allOf": [{ "$ref": "#/definitions/Contact" }] },
    } });
    let fixed = vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1e308),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!([]),
        json!({}),
        json!([null]),
        json!([[]]),
        json!(["", ""]),
        json!({ "": {} }),
        json!({ "definitions": { "Contact": 7, "Input": [] } }),
        json!({ "definitions": { "Contact": { "type": "nothing" }, "Input": { "pattern": "(" } } }),
        json!({ "definitions": { "Contact": { "$ref": "https://example.com/s.json" }, "Input": { "$ref": "#/nowhere" } } }),
        cycle,
        json!({ "definitions": { "Contact": deep, "Input": true } }),
        json!("n".repeat(100_000)),
        json!("../../etc"),
        json!("a\u{0}b"),
        json!("\u{202e}ab\u{feff}"),
        json!("../x.js"),
        json!("hidden"),
        json!("0".repeat(64)),
        json!("__proto__"),
        json!("constructor"),
        json!("every hour"),
        json!("every 0 seconds"),
        json!("every -1 hours"),
        json!("every 99999999999999999999 days"),
        json!("every 1e9 minutes"),
        json!("every half hour"),
        json!("* * * * *"),
        json!("every hour every hour"),
        json!("every\u{a0}hour"),
    ];
    prop_oneof![
        4 => select(fixed),
        1 => any::<i64>().prop_map(Value::from),
        1 => "\\PC{0,40}".prop_map(Value::from),
        1 => "every [0-9]{0,12} ?(s|m|h|d|w|month|seconds|hours|days)?".prop_map(Value::from),
    ]
}

/// Changes of all kinds.
pub(super) fn broken() -> impl Strategy<Value = Break> {
    let at = any::<Index>;
    let noise = prop_oneof![
        "[{}()\\[\\]`'\"/*;,.=<>\\\\]{1,4}",
        select(vec![
            "\u{2028}",
            "while (true) {}\n",
            "throw 1;\n",
            "throw null;\n",
            "await 0;\n",
            "import('x');\n",
            "require('fs');\n",
            "require();\n",
            "exports = null;\n",
            "module.exports = 7;\n",
            "exports.default = { type: 7, exec: 7 };\n",
            "module.exports = new Proxy({}, { get() { throw 1; } });\n",
            "exports.default.version = {};\n",
            "Object.defineProperty(exports, 'default', { get() { return this.default; } });\n",
            "#!/bin/sh\n",
            "-->\n",
        ])
        .prop_map(str::to_owned),
    ];
    prop_oneof![
        6 => (at(), odd()).prop_map(|(place, value)| Break::Replace(place, value)),
        2 => at().prop_map(Break::Remove),
        1 => (at(), "\\PC{0,8}", odd()).prop_map(|(place, key, value)| Break::Add(place, key, value)),
        2 => (at(), at()).prop_map(|(file, end)| Break::Truncate(file, end)),
        3 => (at(), at(), noise).prop_map(|(file, middle, text)| Break::Garble(file, middle, text)),
    ]
}

/// Breaks the request; where.
pub(super) fn apply(change: &Break, body: &mut Value) -> Vec<String> {
    let mut all = Vec::new();
    places(body, &[], &mut all);
    let (Break::Replace(place, _)
    | Break::Remove(place)
    | Break::Add(place, ..)
    | Break::Truncate(place, _)
    | Break::Garble(place, ..)) = change;
    let candidates: Vec<&Vec<String>> = match change {
        Break::Truncate(..) | Break::Garble(..) => {
            all.iter().filter(|path| path.last().is_some_and(|key| CODE.contains(&key.as_str()))).collect()
        }
        Break::Add(..) => {
            all.iter().filter(|path| body.pointer(&pointer(path)).is_some_and(Value::is_object)).collect()
        }
        Break::Replace(..) | Break::Remove(_) => all.iter().collect(),
    };
    let path = (*place.get(&candidates)).clone();
    let value = body.pointer_mut(&pointer(&path)).expect("is there");
    // The code is ASCII: every position in it is between two letters.
    let mut edit = |middle: &Index, edited: &dyn Fn(&str, &str) -> String| {
        let code = value.as_str().expect("code").to_owned();
        let (before, behind) = code.split_at(middle.index(code.len()));
        *value = json!(edited(before, behind));
    };
    match change {
        Break::Replace(_, odd) => *value = odd.clone(),
        Break::Add(_, key, odd) => value[key] = odd.clone(),
        Break::Truncate(_, end) => edit(end, &|before, _| before.to_owned()),
        Break::Garble(_, middle, text) => edit(middle, &|before, behind| format!("{before}{text}{behind}")),
        Break::Remove(_) => {
            let (key, above) = path.split_last().expect("everything but the request itself");
            match body.pointer_mut(&pointer(above)) {
                Some(Value::Object(fields)) => drop(fields.remove(key)),
                Some(Value::Array(items)) => drop(items.remove(key.parse().expect("an index"))),
                _ => unreachable!("something is above"),
            }
        }
    }
    path
}
