//! Checks what goes into a function and what comes out of it, as strictly as its integration says.

use super::Execution;
use crate::{
    Failure,
    schemas::{Schemas, Violation},
};
use bespoke_core::{record::NewRecord, run::RunKind, validation::Mode};
use bespoke_runtime::host::Refusal;
use bytes::Bytes;
use serde_json::{Value, json, value::RawValue};

/// Records of a batch that are looked at where it only warns. Reading a record costs more than judging it, and what is
/// wrong with one is mostly wrong with all.
const SAMPLE: usize = 100;

/// What a check has to say.
pub(crate) enum Verdict<T> {
    /// Nothing, or nothing new.
    Good,
    /// It goes on, and these lines go to the log.
    Warn(Vec<String>),
    /// It ends here.
    Refused(T),
}

/// Checks an action's input before it runs.
pub(crate) fn input(execution: &Execution) -> Verdict<Failure> {
    let Some(name) = action_schema(execution, |definition| definition.input.as_deref()) else {
        return Verdict::Good;
    };
    // A function sees `{}` where it is called with nothing; one that takes nothing may be called with either.
    let value = match parsed(&execution.input) {
        Value::Null => json!({}),
        value => value,
    };
    let schemas = &execution.function.schemas;
    let is_nothing = value.as_object().is_some_and(serde_json::Map::is_empty);
    if is_nothing && schemas.check(name, &Value::Null).is_ok_and(|violations| violations.is_empty()) {
        return Verdict::Good;
    }
    judged(execution, "input", "invalid_action_input", name, schemas.check(name, &value))
}

/// Checks an action's output after it ran.
pub(crate) fn output(execution: &Execution, output: &Bytes) -> Verdict<Failure> {
    let Some(name) = action_schema(execution, |definition| definition.output.as_deref()) else {
        return Verdict::Good;
    };
    let checked = execution.function.schemas.check(name, &parsed(output));
    judged(execution, "output", "invalid_action_output", name, checked)
}

/// Checks a batch of records before it is saved.
pub(crate) fn records(execution: &Execution, model: &str, records: &[NewRecord]) -> Verdict<Refusal> {
    let mode = execution.connection.data_validation;
    let schemas = &execution.function.schemas;
    let sample = match mode {
        Mode::Off => return Verdict::Good,
        Mode::Warn if !schemas.has_news() => return Verdict::Good,
        Mode::Warn => &records[..records.len().min(SAMPLE)],
        Mode::Enforce => records,
    };
    let mut lines = Vec::new();
    for (index, record) in sample.iter().enumerate() {
        let value: Value = serde_json::from_str(&record.payload).unwrap_or_default();
        let checked = schemas.check(model, &value);
        match checked {
            Ok(violations) if violations.is_empty() => {}
            checked if mode == Mode::Enforce => {
                let (problem, errors) = told(checked);
                let message = format!(
                    "The record with the id {:?} (number {} of the batch) is not a {model}: {problem}",
                    record.external_id,
                    index + 1
                );
                let mut refusal = Refusal::new("invalid_sync_record", message);
                let payload =
                    json!({ "model": model, "index": index, "id": record.external_id, "errors": errors });
                refusal.payload = serde_json::value::to_raw_value(&payload).ok();
                return Verdict::Refused(refusal);
            }
            checked => lines.extend(news(schemas, "record", model, checked)),
        }
    }
    if lines.is_empty() { Verdict::Good } else { Verdict::Warn(lines) }
}

/// Checks a checkpoint before it is saved.
pub(crate) fn checkpoint(execution: &Execution, value: &Value) -> Verdict<Refusal> {
    let mode = execution.connection.data_validation;
    let name = execution.function.function.definition.checkpoint.as_deref();
    let Some(name) = name.filter(|_| mode != Mode::Off) else { return Verdict::Good };
    let schemas = &execution.function.schemas;
    match schemas.check(name, value) {
        Ok(violations) if violations.is_empty() => Verdict::Good,
        checked if mode == Mode::Enforce => {
            let (problem, errors) = told(checked);
            let message = format!("The checkpoint is not what the function declares: {problem}");
            let mut refusal = Refusal::new("invalid_checkpoint", message);
            let payload = json!({ "schema": name, "errors": errors });
            refusal.payload = serde_json::value::to_raw_value(&payload).ok();
            Verdict::Refused(refusal)
        }
        checked => {
            let lines = news(schemas, "checkpoint", name, checked);
            if lines.is_empty() { Verdict::Good } else { Verdict::Warn(lines) }
        }
    }
}

fn action_schema(
    execution: &Execution,
    name: impl Fn(&bespoke_core::function::Definition) -> Option<&str>,
) -> Option<&str> {
    let is_checked = execution.kind == RunKind::Action && execution.connection.data_validation != Mode::Off;
    name(&execution.function.function.definition).filter(|_| is_checked)
}

fn parsed(json: &[u8]) -> Value {
    serde_json::from_slice(json).unwrap_or_default()
}

type Checked = Result<Vec<Violation>, String>;

fn judged(execution: &Execution, what: &str, code: &str, name: &str, checked: Checked) -> Verdict<Failure> {
    if checked.as_ref().is_ok_and(Vec::is_empty) {
        return Verdict::Good;
    }
    if execution.connection.data_validation == Mode::Enforce {
        let (problem, errors) = told(checked);
        let payload = json!({ "schema": name, "errors": errors });
        return Verdict::Refused(Failure {
            code: code.to_owned(),
            status: 400,
            message: format!("The {what} is not what the action declares: {problem}"),
            payload: serde_json::value::to_raw_value(&payload).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            upstream: None,
            stack: None,
        });
    }
    let lines = news(&execution.function.schemas, what, name, checked);
    if lines.is_empty() { Verdict::Good } else { Verdict::Warn(lines) }
}

/// The first violation in words, and all of them as data.
fn told(checked: Checked) -> (String, Value) {
    match checked {
        Ok(violations) => {
            let first = violations.first().map(ToString::to_string).unwrap_or_default();
            let more = match violations.len() {
                0 | 1 => String::new(),
                several => format!(" (and {} more)", several - 1),
            };
            (first + &more, json!(violations))
        }
        Err(unusable) => (format!("its schema cannot be used: {unusable}"), json!([])),
    }
}

/// A line for everything that nobody was told of yet.
fn news(schemas: &Schemas, what: &str, name: &str, checked: Checked) -> Vec<String> {
    match checked {
        Ok(violations) => violations
            .iter()
            .filter(|violation| schemas.is_news(name, &violation.path))
            .map(|violation| format!("The {what} does not fit the schema {name} {violation}"))
            .collect(),
        Err(unusable) if schemas.is_news(name, "") => {
            vec![format!("The schema {name} cannot be used, so nothing is checked against it: {unusable}")]
        }
        Err(_) => Vec::new(),
    }
}
