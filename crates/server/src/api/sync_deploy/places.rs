//! Where in the CLI's request a function of the deployment is.

use crate::error::{ApiError, Code, Issue};
use bespoke_engine::Error;

/// Where each function was, in the order of the deployment.
#[derive(Default)]
pub(super) struct Places(Vec<Place>);

struct Place {
    /// Path of the function's object.
    path: Vec<String>,
    /// Path of its integration's key.
    integration: Vec<String>,
    /// What the object calls the function's name.
    name: &'static str,
    /// The module that has its code.
    module: String,
}

impl Places {
    /// The flow at `index`.
    pub(super) fn flow(&mut self, index: usize, module: String) {
        let path = vec!["flowConfigs".to_owned(), index.to_string()];
        let integration = [path.as_slice(), &["providerConfigKey".to_owned()]].concat();
        self.0.push(Place { path, integration, name: "syncName", module });
    }

    /// The script at `index` of the integration at `provider` in the list `list`.
    pub(super) fn script(&mut self, list: &str, provider: usize, index: usize, module: String) {
        let above = [list.to_owned(), provider.to_string()];
        let path = [above.as_slice(), &["scripts".to_owned(), index.to_string()]].concat();
        let integration = [above.as_slice(), &["providerConfigKey".to_owned()]].concat();
        self.0.push(Place { path, integration, name: "name", module });
    }

    /// The engine's refusal, speaking of this request.
    pub(super) fn translate(&self, error: Error) -> ApiError {
        let Error::Invalid { path, code, message } = error else { return error.into() };
        let at = self.translated(&path).unwrap_or(path);
        let answer = match Code::from_wire(code) {
            Some(code) => ApiError::new(code),
            None => ApiError::new(Code::InvalidBody),
        };
        answer.issue(Issue { code, message, path: at })
    }

    fn translated(&self, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let (key, rest) = rest.split_first()?;
        let field = rest.first().map_or("modules", String::as_str);
        let (place, field) = match first.as_str() {
            "functions" => (self.0.get(key.parse::<usize>().ok()?)?, field),
            "modules" => (self.0.iter().find(|place| place.module == *key)?, "modules"),
            _ => return None,
        };
        let below: &[&str] = match field {
            "integration" => return Some(place.integration.clone()),
            "name" => &[place.name],
            "kind" => &["type"],
            "frequency" => &["runs"],
            "output" => &["models"],
            "modules" => &["fileBody", "js"],
            "source" => &["fileBody", "ts"],
            "description" => &["metadata", "description"],
            // A sync's schema of its metadata is sent as its input.
            "metadata" => &["input"],
            other => &[other],
        };
        Some(place.path.iter().cloned().chain(below.iter().map(|&part| part.to_owned())).collect())
    }
}
