//! The rules that a deployment obeys, whoever made it. Every refusal names the place in the request.

use crate::{Error, Result, dry_runs::writes::CallPattern};
use bespoke_core::{
    function::{Definition, DeployScope, DeployedFunction, Deployment, EVENTS, FunctionKind},
    limits::{self, Limits},
    schedule::Frequency,
};
use std::collections::{HashMap, HashSet};

/// Most characters of a name.
const MAX_NAME: usize = 255;
/// Most characters of a description.
const MAX_DESCRIPTION: usize = 2_000;
/// Most bytes of a module, a source map or a source file.
const MAX_TEXT: usize = 16 << 20;

/// A refusal below `functions.<index>` or `modules.<name>`.
struct Problem {
    path: Vec<String>,
    code: &'static str,
    message: String,
}

type Checked = Result<(), Problem>;

fn problem(field: &str, code: &'static str, message: impl Into<String>) -> Checked {
    Err(Problem { path: vec![field.to_owned()], code, message: message.into() })
}

/// Refuses the first thing that is wrong.
pub(crate) fn check(deployment: &Deployment) -> Result<()> {
    let below = |parent: &str, key: String, checked: Checked| {
        checked.map_err(|Problem { path, code, message }| Error::Invalid {
            path: [parent.to_owned(), key].into_iter().chain(path).collect(),
            code,
            message,
        })
    };
    let mut names = HashSet::new();
    let mut models = HashMap::new();
    for (index, function) in deployment.functions.iter().enumerate() {
        let definition = &function.definition;
        let checked = check_function(function, deployment)
            .and_then(|()| {
                let is_new = names.insert((&definition.integration, definition.kind, &definition.name));
                if is_new { Ok(()) } else { problem("name", "custom", "The function is there twice") }
            })
            .and_then(|()| models_are_its_own(definition, &mut models));
        below("functions", index.to_string(), checked)?;
    }
    for (name, module) in &deployment.modules {
        let map = module.map.as_deref().unwrap_or_default();
        let checked =
            module_name(name).and_then(|()| size("code", &module.code)).and_then(|()| size("map", map));
        below("modules", name.clone(), checked)?;
    }
    Ok(())
}

fn check_function(function: &DeployedFunction, deployment: &Deployment) -> Checked {
    let definition = &function.definition;
    integration_key(&definition.integration)?;
    if let DeployScope::Integration(scope) = &deployment.scope
        && *scope != definition.integration
    {
        return problem(
            "integration",
            "custom",
            format!("The deployment is limited to the integration `{scope}`"),
        );
    }
    name("name", &definition.name)?;
    match definition.kind {
        FunctionKind::Sync => sync(definition)?,
        FunctionKind::OnEvent => event(definition)?,
        FunctionKind::Action => {}
        FunctionKind::Config => config(definition)?,
    }
    if definition.config.is_some() && definition.kind != FunctionKind::Config {
        return problem("config", "custom", "Only a configuration has this");
    }
    limits(definition)?;
    preview_reads(definition)?;
    schemas(definition)?;
    for (field, text, most) in [
        ("description", definition.description.as_deref(), MAX_DESCRIPTION),
        ("version", definition.version.as_deref(), MAX_NAME),
    ] {
        if text.is_some_and(|text| text.chars().count() > most) {
            return problem(field, "too_big", format!("Must have at most {most} characters"));
        }
    }
    if function.modules.is_empty() {
        return problem("modules", "too_small", "A function needs its entry module");
    }
    if let Some(missing) = function.modules.iter().find(|name| !deployment.modules.contains_key(*name)) {
        return problem("modules", "custom", format!("The module `{missing}` is not in the deployment"));
    }
    if function.modules.iter().collect::<HashSet<_>>().len() < function.modules.len() {
        return problem("modules", "custom", "A module is named twice");
    }
    size("source", &function.source.path)?;
    size("source", &function.source.code)
}

fn sync(definition: &Definition) -> Checked {
    let Some(frequency) = &definition.frequency else {
        return problem("frequency", "invalid_type", "A sync needs a frequency such as `every hour`");
    };
    if let Err(error) = Frequency::parse(frequency) {
        return problem("frequency", "custom", error.to_string());
    }
    if definition.sync_type.as_deref() == Some("incremental") && definition.track_deletes {
        return problem("track_deletes", "custom", "An incremental sync cannot track deletes");
    }
    match definition.models.iter().find(|model| !is_model(model)) {
        Some(model) => {
            let message =
                format!("`{model}` is not a model name: a capital letter, then letters, digits, `_` or `-`");
            problem("models", "invalid_format", message)
        }
        None => Ok(()),
    }
}

fn event(definition: &Definition) -> Checked {
    match definition.event.as_deref() {
        Some(event) if EVENTS.contains(&event) => Ok(()),
        _ => problem("event", "invalid_value", format!("Must be one of {}", EVENTS.join(", "))),
    }
}

/// An integration has one configuration, with a version and a schema.
fn config(definition: &Definition) -> Checked {
    if definition.name != FunctionKind::CONFIG {
        return problem("name", "custom", "A configuration is called `config`");
    }
    if definition.config.as_ref().is_none_or(|config| config.version < 1) {
        return problem("config", "custom", "A configuration needs its version, 1 or more");
    }
    if definition.metadata.is_none() {
        return problem("metadata", "custom", "A configuration needs its schema");
    }
    Ok(())
}

fn preview_reads(definition: &Definition) -> Checked {
    match definition.preview_reads.iter().find(|text| CallPattern::parse(text).is_none()) {
        Some(text) => {
            let message = format!("`{text}` is not a method and a path, as in `POST /contacts/search`");
            problem("preview_reads", "invalid_format", message)
        }
        None => Ok(()),
    }
}

fn limits(definition: &Definition) -> Checked {
    let Some(declared) = &definition.limits else { return Ok(()) };
    match Limits::read(declared, definition.kind) {
        Ok(_) => Ok(()),
        Err(limits::Problem { field, message }) => {
            Err(Problem { path: field.into_iter().map(str::to_owned).collect(), code: "custom", message })
        }
    }
}

/// Every schema that the definition names must be there.
fn schemas(definition: &Definition) -> Checked {
    let Some(schema) = &definition.json_schema else { return Ok(()) };
    let named = [
        ("input", &definition.input),
        ("output", &definition.output),
        ("metadata", &definition.metadata),
        ("checkpoint", &definition.checkpoint),
    ];
    let models = definition.models.iter().map(|model| ("models", model));
    let all = named.into_iter().filter_map(|(field, name)| Some((field, name.as_ref()?))).chain(models);
    for (field, name) in all {
        if schema.get("definitions").and_then(|definitions| definitions.get(name)).is_none() {
            return problem(
                field,
                "deploy_missing_json_schema_model",
                format!("json_schema has no definition `{name}`"),
            );
        }
    }
    Ok(())
}

/// Records are stored by model: two syncs of an integration that saved the same one would overwrite each other.
fn models_are_its_own<'a>(
    definition: &'a Definition,
    owners: &mut HashMap<(&'a str, &'a str), &'a str>,
) -> Checked {
    for model in &definition.models {
        if let Some(owner) = owners.insert((&definition.integration, model), &definition.name) {
            return problem(
                "models",
                "custom",
                format!("The model `{model}` is already saved by the sync `{owner}`"),
            );
        }
    }
    Ok(())
}

fn size(field: &str, text: &str) -> Checked {
    if text.len() > MAX_TEXT {
        return problem(field, "too_big", format!("Must have at most {} MiB", MAX_TEXT >> 20));
    }
    // PostgreSQL cannot keep it.
    if text.contains('\0') { problem(field, "custom", "Must not contain the character NUL") } else { Ok(()) }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_NAME
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn name(field: &str, text: &str) -> Checked {
    if is_name(text) {
        return Ok(());
    }
    problem(field, "invalid_format", format!("Must have 1 to {MAX_NAME} letters, digits, `_` or `-`"))
}

fn is_model(text: &str) -> bool {
    is_name(text) && text.len() > 1 && text.starts_with(|first: char| first.is_ascii_uppercase())
}

fn integration_key(text: &str) -> Checked {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"~:.@ _-".contains(&byte);
    if !text.is_empty() && text.len() <= MAX_NAME && text.bytes().all(allowed) {
        return Ok(());
    }
    problem("integration", "invalid_format", "Is not an integration's key")
}

/// The suffix keeps modules apart from those that the runtime has built in.
fn module_name(text: &str) -> Checked {
    let stem = [".js", ".cjs"].iter().find_map(|suffix| text.strip_suffix(suffix)).unwrap_or_default();
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"~.@ _-".contains(&byte);
    if !stem.is_empty()
        && !stem.starts_with('.')
        && text.len() <= 2 * MAX_NAME + 64
        && stem.bytes().all(allowed)
    {
        return Ok(());
    }
    Err(Problem {
        path: Vec::new(),
        code: "invalid_format",
        message: "A module's name is a file name that ends in `.js`, or in `.cjs` where it is CommonJS"
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn sync() -> Value {
        json!({
            "integration": "hubspot", "kind": "sync", "name": "contacts", "frequency": "every hour", "models": ["Contact"],
            "modules": ["a.js"], "source": { "path": "hubspot/syncs/contacts.ts", "code": "" },
        })
    }

    fn with(field: &str, value: Value) -> Value {
        let mut sync = sync();
        sync[field] = value;
        sync
    }

    fn checked(functions: &[Value]) -> Result<()> {
        let deployment = json!({ "functions": functions, "modules": { "a.js": { "code": "" } } });
        check(&serde_json::from_value(deployment).unwrap())
    }

    #[test]
    fn a_good_deployment_passes() {
        checked(&[sync()]).unwrap();
        checked(&[]).unwrap();
        checked(&[with("integration", json!("my crm: 2.0@eu"))]).unwrap();
    }

    #[test]
    fn every_refusal_names_its_place() {
        let two = |second: Value| vec![sync(), second];
        let cases: [(Vec<Value>, &str, &str); 13] = [
            (vec![with("name", json!("a b"))], "functions.0.name", "letters"),
            (vec![with("integration", json!("a/b"))], "functions.0.integration", "key"),
            (vec![with("frequency", json!("now and then"))], "functions.0.frequency", "not a frequency"),
            (vec![with("frequency", json!("every 5 seconds"))], "functions.0.frequency", "minimum"),
            (vec![with("frequency", Value::Null)], "functions.0.frequency", "needs a frequency"),
            (
                vec![with("limits", json!({ "timeout": "2d" }))],
                "functions.0.limits.timeout",
                "from 1s to 1day",
            ),
            (vec![with("models", json!(["contact"]))], "functions.0.models", "model name"),
            (vec![with("modules", json!(["b.js"]))], "functions.0.modules", "`b.js`"),
            (vec![with("modules", json!([]))], "functions.0.modules", "entry"),
            (vec![with("kind", json!("on-event"))], "functions.0.event", "post-connection-creation"),
            (vec![with("json_schema", json!({}))], "functions.0.models", "`Contact`"),
            (two(sync()), "functions.1.name", "twice"),
            (two(with("name", json!("people"))), "functions.1.models", "`contacts`"),
        ];
        for (functions, place, message) in cases {
            let error = checked(&functions).unwrap_err().to_string();
            assert!(error.starts_with(place) && error.contains(message), "{place}: {error}");
        }
    }

    #[test]
    fn a_module_is_a_plain_file() {
        for name in ["a", "../a.js", "a/b.js", ".js", "bespoke:x.js", "crypto"] {
            let deployment = json!({ "functions": [], "modules": { name: { "code": "" } } });
            let error = check(&serde_json::from_value(deployment).unwrap()).unwrap_err().to_string();
            assert!(error.starts_with(&format!("modules.{name}: ")), "{error}");
        }
    }
}
