//! The functions under test, bundled and compiled.

use bespoke_bundler::{Bundle, Diagnostic, FunctionFile, Project, Selection};
use bespoke_core::{function::FunctionKind, provider::Provider};
use bespoke_fixtures::{AUTHOR, Subject};
use bespoke_runtime::{Kind, Module, Runtime, SourceModule};
use std::{collections::HashMap, sync::Arc};

/// Functions by their files: compiled, or why not.
pub(super) struct Bundles(HashMap<String, Result<Compiled, String>>);

/// A function that can run.
pub(super) struct Compiled {
    modules: Arc<[Module]>,
    /// Source maps by module.
    pub(super) maps: Vec<(String, String)>,
}

impl Bundles {
    /// The function of `file`, or why it cannot run.
    pub(super) fn of(&self, file: &FunctionFile) -> Result<&Compiled, String> {
        match self.0.get(&file.path) {
            Some(compiled) => compiled.as_ref().map_err(Clone::clone),
            None => Err("the bundler made no module of it".to_owned()),
        }
    }
}

impl Compiled {
    pub(super) fn subject(&self, file: &FunctionFile, provider: Option<Arc<Provider>>) -> Subject {
        Subject {
            integration: file.integration.clone(),
            kind: match file.kind {
                FunctionKind::Sync => Kind::Sync,
                FunctionKind::Action => Kind::Action,
                FunctionKind::OnEvent => Kind::OnEvent,
                FunctionKind::Config => Kind::Config,
            },
            name: file.name.clone(),
            modules: Arc::clone(&self.modules),
            provider,
        }
    }
}

/// Bundles `files` together; where that fails, each alone, so that one bad file does not hide the others.
pub(super) async fn make(runtime: &Runtime, project: &Arc<Project>, files: Vec<FunctionFile>) -> Bundles {
    let mut compiled = HashMap::new();
    let mut files = files;
    let mut result = bundle(project, &files).await;
    if let Err(message) = &result {
        // The errors name the files that they are of, or that import what they are of.
        let (named, rest): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| message.contains(&file.path));
        let errors_of = |path: &str| {
            let errors = message.split('\u{0}').filter(|error| error.contains(path));
            errors.collect::<Vec<_>>().join("\n")
        };
        compiled.extend(named.into_iter().map(|file| (file.path.clone(), Err(errors_of(&file.path)))));
        files = rest;
        result = bundle(project, &files).await;
    }
    let together = match result {
        Ok(bundle) => compile(runtime, bundle).await.ok(),
        Err(_) => None,
    };
    if let Some(together) = together {
        compiled.extend(together.into_iter().map(|(path, function)| (path, Ok(function))));
        return Bundles(compiled);
    }
    for file in files {
        let alone = match bundle(project, std::slice::from_ref(&file)).await {
            Ok(bundle) => compile(runtime, bundle).await,
            Err(message) => Err(message),
        };
        match alone {
            Ok(functions) => {
                compiled.extend(functions.into_iter().map(|(path, function)| (path, Ok(function))));
            }
            Err(message) => drop(compiled.insert(file.path, Err(message.replace('\u{0}', "\n")))),
        }
    }
    Bundles(compiled)
}

/// Errors are separated by NUL.
async fn bundle(project: &Arc<Project>, files: &[FunctionFile]) -> Result<Bundle, String> {
    let project = Arc::clone(project);
    let paths = files.iter().map(|file| file.path.clone()).collect();
    let selection = Selection { files: Some(paths), ..Selection::default() };
    let bundled = tokio::task::spawn_blocking(move || bespoke_bundler::bundle(&project, &selection)).await;
    match bundled {
        Ok(bundled) => bundled.map_err(|diagnostics| {
            diagnostics.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\u{0}")
        }),
        Err(error) => Err(format!("the bundler failed: {error}")),
    }
}

/// Compiles every module once; functions that share one share its bytes.
async fn compile(runtime: &Runtime, bundle: Bundle) -> Result<Vec<(String, Compiled)>, String> {
    let sources = bundle
        .modules
        .iter()
        .map(|(name, module)| SourceModule { name: name.clone(), code: module.code.clone() });
    let modules = runtime.compile(AUTHOR, sources.collect()).await.map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        format!("{error}{cause}")
    })?;
    let modules: HashMap<String, Module> = modules
        .into_iter()
        .map(|module| (module.name.clone(), Module { name: module.name, bytecode: module.bytecode }))
        .collect();
    let functions = bundle.functions.into_iter().map(|function| {
        let map = |name: &String| Some((name.clone(), bundle.modules.get(name)?.map.clone()?));
        let compiled = Compiled {
            modules: function.modules.iter().filter_map(|name| modules.get(name).cloned()).collect(),
            maps: function.modules.iter().filter_map(map).collect(),
        };
        (function.file.path, compiled)
    });
    Ok(functions.collect())
}
