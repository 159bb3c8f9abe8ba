//! The rules that definitions obey, judged where the author can still be shown the line.

use crate::{Diagnostic, FunctionFile, Project};
use bespoke_core::{
    function::{Definition, FunctionKind},
    limits::Limits,
    schedule::Frequency,
};
use serde_json::Value;
use std::{
    collections::{HashMap, hash_map},
    fs,
};

const EVENTS: [&str; 3] = ["post-connection-creation", "pre-connection-deletion", "validate-connection"];

/// Collects the problems of one function.
pub(super) struct Report<'a> {
    file: &'a FunctionFile,
    source: String,
    problems: &'a mut Vec<Diagnostic>,
}

impl<'a> Report<'a> {
    pub(super) fn new(project: &Project, file: &'a FunctionFile, problems: &'a mut Vec<Diagnostic>) -> Self {
        // The text only serves to find lines; without it problems name the file alone.
        let source = fs::read_to_string(project.root.join(&file.path)).unwrap_or_default();
        Self { file, source, problems }
    }

    /// Adds a problem with `property` of the definition, at the line that sets it.
    pub(super) fn problem(&mut self, property: &str, kind: &str, message: impl Into<String>) {
        let (line, column) = position(&self.source, property).unwrap_or((0, 0));
        self.problems.push(Diagnostic::of_file(&self.file.path, kind, message).at(line, column));
    }

    /// Whether the helper that made the definition is the one for the folder that the file is in.
    pub(super) fn kind_fits_folder(&mut self, made_as: &str) -> bool {
        let helper = |kind| match kind {
            FunctionKind::Sync => ("sync", "createSync"),
            FunctionKind::Action => ("action", "createAction"),
            FunctionKind::OnEvent => ("onEvent", "createOnEvent"),
            FunctionKind::Config => ("config", "createConfig"),
        };
        let (expected, expected_helper) = helper(self.file.kind);
        if made_as == expected {
            return true;
        }
        let used = FunctionKind::ALL
            .into_iter()
            .map(helper)
            .find(|(made, _)| *made == made_as)
            .map_or(made_as, |(_, name)| name);
        let files = match self.file.kind {
            FunctionKind::Config => "`config.ts` uses".to_owned(),
            kind => format!("files in `{}` use", kind.folder()),
        };
        let message = format!("{files} {expected_helper}, not {used}");
        self.problem("default", "WRONG_KIND", message);
        false
    }

    /// Checks what can be judged of one definition alone.
    pub(super) fn check(&mut self, definition: &Definition) {
        if let Some(declared) = &definition.limits
            && let Err(problem) = Limits::read(declared, definition.kind)
        {
            let property = problem.field.last().copied().unwrap_or("limits");
            self.problem(property, "INVALID_LIMITS", problem.to_string());
        }
        match definition.kind {
            FunctionKind::Sync => self.check_sync(definition),
            FunctionKind::OnEvent => self.check_event(definition),
            FunctionKind::Action | FunctionKind::Config => {}
        }
    }

    fn check_sync(&mut self, definition: &Definition) {
        match definition.frequency.as_deref().map(Frequency::parse) {
            None => {
                self.problem(
                    "default",
                    "INVALID_FREQUENCY",
                    "a sync needs a frequency, such as `every hour`",
                );
            }
            Some(Err(error)) => self.problem("frequency", "INVALID_FREQUENCY", error.to_string()),
            Some(Ok(_)) => {}
        }
        if definition.sync_type.as_deref() == Some("incremental") && definition.track_deletes {
            let message =
                "trackDeletes compares full runs; it does nothing sensible with syncType `incremental`";
            self.problem("trackDeletes", "INVALID_DEFINITION", message);
        }
        for model in &definition.models {
            if !is_model_name(model) {
                let message =
                    format!("`{model}` is not a model name: a capital letter, then letters, digits and `_`");
                self.problem(model, "INVALID_MODEL", message);
            }
            let schemas = definition.json_schema.as_ref();
            let schema = schemas.and_then(|schemas| schemas.pointer(&format!("/definitions/{model}")));
            // A model without a schema was reported when it was read.
            if schema
                .is_some_and(|schema| schema.pointer("/properties/id/type") != Some(&Value::from("string")))
            {
                let message =
                    format!("the model `{model}` needs `id: z.string()`, by which its records are known");
                self.problem(model, "INVALID_MODEL", message);
            }
        }
    }

    fn check_event(&mut self, definition: &Definition) {
        let event = definition.event.as_deref().unwrap_or_default();
        if !EVENTS.contains(&event) {
            let events = EVENTS.map(|event| format!("`{event}`")).join(", ");
            self.problem("event", "INVALID_EVENT", format!("`{event}` is not an event; there are {events}"));
        }
    }
}

/// Records are stored by model: two syncs of an integration that saved the same one would overwrite each other.
pub(super) fn duplicate_models(
    project: &Project,
    definitions: &[Definition],
    files: &[&FunctionFile],
    problems: &mut Vec<Diagnostic>,
) {
    let mut owners = HashMap::new();
    for definition in definitions {
        let is_it = |file: &&&FunctionFile| {
            (&file.integration, file.kind, &file.name)
                == (&definition.integration, definition.kind, &definition.name)
        };
        let Some(file) = files.iter().find(is_it) else { continue };
        for model in &definition.models {
            match owners.entry((&definition.integration, model)) {
                hash_map::Entry::Vacant(free) => {
                    free.insert(file);
                }
                hash_map::Entry::Occupied(taken) => {
                    let message = format!("the model `{model}` is already saved by `{}`", taken.get().path);
                    Report::new(project, file, problems).problem(model, "DUPLICATE_MODEL", message);
                }
            }
        }
    }
}

fn is_model_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|first| first.is_ascii_uppercase())
        && name.len() > 1
        && characters.all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// Line and column, from 1, where `source` sets `property`: the first time that it stands as a word before `:`, `,` or `(`.
fn position(source: &str, property: &str) -> Option<(u32, u32)> {
    let word = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$');
    let sets = |line: &str, start: usize| {
        let after = line[start + property.len()..].trim_start();
        !line[..start].ends_with(word)
            && (property == "default" || after.starts_with([':', ',', '(', '}']))
            && !line.trim_start().starts_with("import")
    };
    (1..).zip(source.lines()).find_map(|(number, line)| {
        let (start, _) = line.match_indices(property).find(|(start, _)| sets(line, *start))?;
        Some((number, 1 + line[..start].encode_utf16().count() as u32))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_found_where_it_is_set() {
        let source = "import { frequency } from './x.js';\nexport default createSync({\n  // frequency matters\n  frequency: 'every hour',\n  models: { Contact },\n});\n";
        assert_eq!(position(source, "frequency"), Some((4, 3)));
        assert_eq!(position(source, "Contact"), Some((5, 13)));
        assert_eq!(position(source, "default"), Some((2, 8)));
        assert_eq!(position(source, "event"), None);
    }

    #[test]
    fn model_names_are_as_the_contract_has_them() {
        for good in ["Contact", "Contact_2", "AB"] {
            assert!(is_model_name(good), "{good}");
        }
        for bad in ["", "A", "contact", "Con-tact", "2Contact", "Çontact"] {
            assert!(!is_model_name(bad), "{bad}");
        }
    }
}
