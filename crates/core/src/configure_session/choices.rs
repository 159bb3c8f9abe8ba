//! What a customer may choose from, as an action lists it in whatever shape its provider has.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// So many choices are shown.
const MOST: usize = 5_000;
/// So many sample values of each.
const SAMPLES: usize = 5;

/// Something that can be chosen: a field of the customer's, most often.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What is stored.
    pub value: String,
    /// What people are shown.
    pub label: String,
    /// Its type, in the provider's words.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Whether the customer made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom: Option<bool>,
    /// Some values that it has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<String>,
    /// How many records have a value there, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filled: Option<f64>,
}

/// The choices in an action's output: a list of texts or of objects, or an object with such a list. Empty where there is none.
pub fn choices(output: &Value) -> Vec<Choice> {
    const LISTS: [&str; 8] =
        ["options", "fields", "properties", "data", "results", "items", "values", "records"];
    let list = match output {
        Value::Array(list) => Some(list),
        Value::Object(object) => {
            let named = LISTS.iter().find_map(|name| object.get(*name)?.as_array());
            named.or_else(|| object.values().find_map(Value::as_array))
        }
        _ => None,
    };
    list.into_iter().flatten().filter_map(choice).take(MOST).collect()
}

fn choice(item: &Value) -> Option<Choice> {
    let Value::Object(object) = item else {
        let value = text(item)?;
        return Some(Choice { label: value.clone(), value, ..Choice::default() });
    };
    let value = first(object, &["value", "key", "id", "name", "apiName", "api_name"])?;
    let label = first(object, &["label", "title", "displayName", "display_name", "name"]);
    let samples = ["samples", "examples", "sampleValues", "sample_values"];
    let samples = samples.iter().find_map(|name| object.get(*name)?.as_array()).into_iter().flatten();
    let is_custom = ["custom", "isCustom", "is_custom"].iter().find_map(|name| object.get(*name)?.as_bool());
    let filled = ["filled", "fillRate", "fill_rate"].iter().find_map(|name| object.get(*name)?.as_f64());
    Some(Choice {
        label: label.unwrap_or_else(|| value.clone()),
        value,
        kind: first(object, &["type", "dataType", "data_type", "fieldType", "field_type"]),
        custom: is_custom,
        samples: samples.filter_map(text).take(SAMPLES).collect(),
        filled: filled.filter(|share| (0.0..=1.0).contains(share)),
    })
}

fn first(object: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(object.get(*name)?))
}

/// A text, number or truth value as a text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn choices_are_found_in_the_shapes_that_actions_have() {
        let shown = |output: Value| serde_json::to_value(choices(&output)).unwrap();
        assert_eq!(
            shown(json!(["a", 2, null])),
            json!([{"value": "a", "label": "a"}, {"value": "2", "label": "2"}])
        );
        let fields = json!({"count": 1, "fields": [{"name": "cf_1", "label": "Stage", "type": "enumeration", "custom": true,
            "samples": ["won", 3, {}], "fill_rate": 0.5}, {"label": "without a value"}]});
        assert_eq!(
            shown(fields),
            json!([{"value": "cf_1", "label": "Stage", "type": "enumeration", "custom": true,
            "samples": ["won", "3"], "filled": 0.5}])
        );
        assert_eq!(
            shown(json!({"x": [{"id": 7, "name": "Seven"}]})),
            json!([{"value": "7", "label": "Seven"}])
        );
        assert_eq!(shown(json!("nothing")), json!([]));
    }
}
