//! The HTTP endpoints that functions could once state, in both of their forms.

use crate::error::Issue;
use serde::Deserialize;
use serde_json::{Value, json};

/// `{method, path, group?}`, or the older `{GET: path}`.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Endpoint {
    Stated(Stated),
    Older(Older),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stated {
    method: Method,
    path: String,
    #[serde(default)]
    group: Option<String>,
}

#[derive(Clone, Copy, Deserialize, serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "UPPERCASE")]
pub(super) struct Older {
    #[serde(default)]
    get: Option<String>,
    #[serde(default)]
    post: Option<String>,
    #[serde(default)]
    put: Option<String>,
    #[serde(default)]
    patch: Option<String>,
    #[serde(default)]
    delete: Option<String>,
}

impl Endpoint {
    /// In the newer form. `path` is where it is in the request.
    pub(super) fn stated(self, path: &[&str]) -> Result<Value, Issue> {
        let Stated { method, path: address, group } = match self {
            Self::Stated(stated) => stated,
            Self::Older(Older { get, post, put, patch, delete }) => {
                let given = [
                    (Method::Get, get),
                    (Method::Post, post),
                    (Method::Put, put),
                    (Method::Patch, patch),
                    (Method::Delete, delete),
                ];
                let mut given = given.into_iter().filter_map(|(method, address)| Some((method, address?)));
                match (given.next(), given.next()) {
                    (Some((method, path)), None) => Stated { method, path, group: None },
                    _ => return Err(Issue::new("invalid_union", path, "Must have one method and its path")),
                }
            }
        };
        if group.as_ref().is_some_and(|group| !(1..=64).contains(&group.chars().count())) {
            let place = path.iter().copied().chain(["group"]);
            return Err(Issue::new("custom", place, "Must have 1 to 64 characters"));
        }
        let mut stated = json!({ "method": method, "path": address });
        if let Some(group) = group {
            stated["group"] = group.into();
        }
        Ok(stated)
    }
}
