//! A record as readers get it.

use super::{METADATA_KEY, Record};
use crate::time::Timestamp;
use std::fmt::Write as _;

impl Record {
    /// Appends the JSON array of records, each as [`Record::write_json`] writes it.
    pub fn write_json_list(records: &[Self], json: &mut String) {
        json.push('[');
        for (index, record) in records.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            record.write_json(json);
        }
        json.push(']');
    }

    /// Appends its JSON: what was saved, as it is stored, and [`METADATA_KEY`]. A pruned one has its id only.
    pub fn write_json(&self, json: &mut String) {
        match self.payload.as_deref().and_then(|payload| payload.trim_end().strip_suffix('}')) {
            Some(payload) => json.push_str(payload),
            None => {
                push(json, format_args!(r#"{{"id":{}"#, serde_json::Value::from(self.external_id.as_str())));
            }
        }
        if !json.ends_with('{') {
            json.push(',');
        }
        push(
            json,
            format_args!(
                r#""{METADATA_KEY}":{{"first_seen_at":{},"last_modified_at":{},"last_action":"{}","deleted_at":{},"pruned_at":{},"cursor":"{}""#,
                time(Some(self.created_at)),
                time(Some(self.updated_at)),
                self.last_action().as_str(),
                time(self.deleted_at),
                time(self.pruned_at),
                self.cursor().encode()
            ),
        );
        if let Some(revision) = self.metadata_revision {
            push(json, format_args!(r#","metadata_revision":{revision}"#));
        }
        json.push_str("}}");
    }
}

fn time(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "null".to_owned(), |time| format!("\"{}\"", time.micros_offset()))
}

fn push(json: &mut String, text: std::fmt::Arguments<'_>) {
    json.write_fmt(text).expect("writing to a String cannot fail");
}
