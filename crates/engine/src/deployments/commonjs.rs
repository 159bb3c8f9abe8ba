//! Functions that arrive as CommonJS, as the official CLI bundles them.
//!
//! They become modules like any other, and the rest of the program does not know where they came from. That bundler
//! sends some of a definition beside the code; what it does not send (the schemas of checkpoints and of the metadata of
//! actions) is read from the function itself, in a runner, the way `bespoke deploy` reads it. So a function that
//! cannot be loaded, because it needs a package that is not there, is refused at once.

use crate::{Engine, Error, Result};
use bespoke_core::{
    function::{Definition, DeployedFunction, Deployment, FunctionKind},
    id::EnvironmentId,
};
use bespoke_runtime::{Failure, SourceMaps, SourceModule, code, commonjs};
use serde::Deserialize;
use serde_json::{Map, Value, json, value::RawValue};
use std::fmt::Write as _;

/// The program that reads definitions from live functions: the same that `bespoke deploy` bundles.
const DESCRIBE: &str = include_str!("../../../bundler/src/js/definitions.js");

// In a folder of their own, so that no module of a function has their names.
const PROGRAM_MODULE: &str = "definitions/program.js";
const DESCRIBE_MODULE: &str = "definitions/describe.js";

/// What a function says of itself.
#[derive(Deserialize)]
struct Described {
    #[serde(default)]
    problems: Vec<Problem>,
    /// `sync`, `action` or `onEvent`; absent for the older kind of function, which says nothing.
    #[serde(default, rename = "type")]
    kind: Option<String>,
    /// Whether there is something to run.
    runs: bool,
    #[serde(default)]
    input: Option<String>,
    #[serde(default)]
    output: Option<String>,
    #[serde(default)]
    metadata: Option<String>,
    #[serde(default)]
    checkpoint: Option<String>,
    #[serde(default)]
    sync_type: Option<String>,
    #[serde(default)]
    preview_reads: Vec<String>,
    #[serde(default)]
    runs_unconfigured: bool,
    #[serde(default)]
    json_schema: Option<Value>,
}

#[derive(Deserialize)]
struct Problem {
    property: String,
    message: String,
}

impl Engine {
    /// Makes ES modules of the CommonJS modules of a deployment and completes the definitions of their functions.
    ///
    /// [`Error::Invalid`] names the function that cannot be loaded or is of another kind than the deployment says.
    pub(super) async fn adopt_commonjs(
        &self,
        environment: EnvironmentId,
        deployment: &mut Deployment,
    ) -> Result<()> {
        for (name, module) in &mut deployment.modules {
            if name.ends_with(commonjs::EXTENSION) {
                let commonjs::Wrapped { code, map } = commonjs::wrap(&module.code);
                module.code = code;
                module.map = module.map.take().or(map);
            }
        }
        for DeployedFunction { modules, source, .. } in &deployment.functions {
            let entry = modules.first().filter(|name| name.ends_with(commonjs::EXTENSION));
            if let Some(module) = entry.and_then(|name| deployment.modules.get_mut(name)) {
                let lead = |map| commonjs::lead_to_source(map, &source.path, &source.code);
                module.map = module.map.take().map(lead);
            }
        }
        let functions: Vec<usize> = (0..deployment.functions.len())
            .filter(|&index| entry(deployment, index).is_some_and(|name| name.ends_with(commonjs::EXTENSION)))
            .collect();
        if functions.is_empty() {
            return Ok(());
        }
        let described = self.describe(environment, deployment, &functions).await?;
        for (index, described) in functions.into_iter().zip(described) {
            complete(&mut deployment.functions[index].definition, described).map_err(
                |(field, message)| {
                    Error::invalid(&["functions", &index.to_string(), field], "custom", message)
                },
            )?;
        }
        Ok(())
    }

    async fn describe(
        &self,
        environment: EnvironmentId,
        deployment: &Deployment,
        functions: &[usize],
    ) -> Result<Vec<Described>> {
        let own = [(PROGRAM_MODULE, program(deployment, functions)), (DESCRIBE_MODULE, DESCRIBE.to_owned())];
        let own = own.map(|(name, code)| SourceModule { name: name.to_owned(), code });
        let theirs = deployment
            .modules
            .iter()
            .filter(|(name, _)| name.ends_with(commonjs::EXTENSION))
            .map(|(name, module)| SourceModule { name: name.clone(), code: module.code.clone() });
        let read = self.runtime.read_definitions(environment, own.into_iter().chain(theirs).collect()).await;
        let outcome = read.map_err(|error| match error {
            bespoke_runtime::Error::Compile(error) => super::rejected(&error, deployment),
            bespoke_runtime::Error::Closed => Error::Stopping,
            other => runtime_failed(crate::error::chain(&other)),
        })?;
        let output = outcome.result.map_err(|failure| not_loaded(&failure, deployment, functions))?;
        serde_json::from_slice(&output).map_err(|error| {
            tracing::error!(%error, "the definitions of functions cannot be read");
            Error::Damaged("the definitions of functions")
        })
    }
}

/// The name of the module that a function begins with.
fn entry(deployment: &Deployment, function: usize) -> Option<&str> {
    deployment.functions.get(function)?.modules.first().map(String::as_str)
}

/// The text of a module whose default export gives what each of `functions` says of itself.
fn program(deployment: &Deployment, functions: &[usize]) -> String {
    let mut imports =
        "import { describe } from './describe.js';\nimport { toJSONSchema } from 'zod';\n".to_owned();
    let mut list = String::new();
    for &index in functions {
        let Definition { integration, name, .. } = &deployment.functions[index].definition;
        let module = Value::from(format!("../{}", entry(deployment, index).unwrap_or_default()));
        // Writing to a String cannot fail.
        let _ = writeln!(imports, "import * as exports{index} from {module};");
        let (integration, name) = (Value::from(integration.as_str()), Value::from(name.as_str()));
        let _ =
            writeln!(list, "    {{ integration: {integration}, name: {name}, exports: exports{index} }},");
    }
    format!(
        "{imports}const functions = [\n{list}];\nexport default () => describe(toJSONSchema, functions).map((described, at) => \
         ({{ ...described, runs: typeof functions[at].exports.default?.exec === 'function' }}));\n"
    )
}

/// Adds what the function says of itself; a refusal is a field and a message.
fn complete(
    definition: &mut Definition,
    described: Described,
) -> std::result::Result<(), (&'static str, String)> {
    if !described.runs {
        let message = described
            .problems
            .into_iter()
            .find(|problem| matches!(problem.property.as_str(), "default" | "exec"));
        let message = message.map_or_else(|| "It has no exec function".to_owned(), |problem| problem.message);
        return Err(("modules", message));
    }
    let Some(kind) = described.kind else { return Ok(()) };
    let expected = match definition.kind {
        FunctionKind::Sync => "sync",
        FunctionKind::Action => "action",
        FunctionKind::OnEvent => "onEvent",
        FunctionKind::Config => "config",
    };
    if kind != expected {
        return Err(("kind", format!("The code is a function of type {kind}, not {expected}")));
    }
    if definition.kind == FunctionKind::Action {
        definition.input = described.input.or(definition.input.take());
        definition.output = described.output.or(definition.output.take());
    }
    definition.metadata = described.metadata.or(definition.metadata.take());
    definition.checkpoint = described.checkpoint;
    definition.preview_reads = described.preview_reads;
    definition.runs_unconfigured = described.runs_unconfigured;
    // The other CLI states `full` where the author states nothing.
    definition.sync_type = described.sync_type;
    let described = described.json_schema.as_ref().and_then(|schema| schema.get("definitions"));
    if let Some(described) = described.and_then(Value::as_object) {
        definitions(definition).extend(described.iter().map(|(name, schema)| (name.clone(), schema.clone())));
    }
    Ok(())
}

/// The named schemas of a definition, to add to.
fn definitions(definition: &mut Definition) -> &mut Map<String, Value> {
    let schema = definition.json_schema.get_or_insert_with(|| json!({}));
    if !schema.is_object() {
        *schema = json!({});
    }
    let inner = schema.as_object_mut().expect("made an object above");
    let definitions = inner.entry("definitions").or_insert_with(|| json!({}));
    if !definitions.is_object() {
        *definitions = json!({});
    }
    definitions.as_object_mut().expect("made an object above")
}

/// The runtime could not do its part, which is not the author's mistake.
fn runtime_failed(cause: String) -> Error {
    tracing::error!(error = cause, "the definitions of functions could not be read");
    Error::Failed(Box::new(Failure {
        code: "function_runtime_other".to_owned(),
        status: 500,
        message: "The runtime could not load the functions.".to_owned(),
        payload: RawValue::NULL.to_owned(),
        upstream: None,
        stack: None,
    }))
}

/// A module threw while it was loaded, or took too much: says which, in the author's file.
fn not_loaded(failure: &Failure, deployment: &Deployment, functions: &[usize]) -> Error {
    if failure.code == code::RUNNER_LOST {
        return runtime_failed(failure.message.clone());
    }
    let stack = failure.stack.as_deref().unwrap_or_default();
    let function = functions
        .iter()
        .copied()
        .find(|&index| entry(deployment, index).is_some_and(|module| stack.contains(&format!("{module}:"))));
    let maps = deployment
        .modules
        .iter()
        .filter_map(|(name, module)| Some((name.as_str(), module.map.as_deref()?.as_bytes())));
    let mapped = SourceMaps::new(maps).apply(stack);
    let place = mapped.lines().find(|line| line.contains(".ts:")).map(str::trim).unwrap_or_default();
    Error::invalid(
        &["functions", &function.unwrap_or(functions[0]).to_string(), "modules"],
        "compilation_error",
        format!("Loading the function failed: {} {place}", failure.message).trim_end().to_owned(),
    )
}
