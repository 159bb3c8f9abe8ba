//! Asking a deployed `config.ts`: what zod says of configurations that JSON Schema cannot, and what `migrate` makes of them.
//!
//! It runs in a runner like any function, can do nothing but answer, and has a deadline.

use super::{ConfigFile, Configuration, is_invalid};
use crate::{Engine, Error, Failure, Result, functions::LoadedFunction};
use bespoke_core::{
    configuration::{Level, Problem, is_within},
    document::Document,
    sealed,
};
use bespoke_runtime::{Limits, code};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{sync::Arc, time::Duration};

/// Documents that are asked about at once.
const BATCH: usize = 50;
/// Time for them.
const DEADLINE: Duration = Duration::from_secs(5);

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    problems: Vec<Issue>,
    document: Option<Map<String, Value>>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Issue {
    path: String,
    code: String,
    message: String,
}

impl Engine {
    /// What is wrong with the effective configuration of a connection with the metadata `own`.
    pub async fn metadata_problems(
        &self,
        configuration: &Configuration,
        own: Option<&Document>,
    ) -> Result<Vec<Problem>> {
        Ok(self.problems_of_all(configuration, &[own]).await?.pop().unwrap_or_default())
    }

    /// The same of many, in their order.
    pub(crate) async fn problems_of_all(
        &self,
        configuration: &Configuration,
        all: &[Option<&Document>],
    ) -> Result<Vec<Vec<Problem>>> {
        let mut problems: Vec<Vec<Problem>> = all.iter().map(|own| configuration.problems(*own)).collect();
        let Some(file) = configuration.file().filter(|_| configuration.refines()) else {
            return Ok(problems);
        };
        // zod does not look further either where a value has another type.
        let open: Vec<usize> = (0..all.len()).filter(|index| !is_invalid(&problems[*index])).collect();
        // Nobody looks into a secret: the code is given a mask.
        let mut secrets = Vec::with_capacity(open.len());
        let mut documents = Vec::with_capacity(open.len());
        for index in &open {
            let effective = configuration.effective(all[*index]).unwrap_or_default();
            let mut effective = Value::Object(effective.to_object());
            let mut places = Vec::new();
            sealed::each_token(&mut effective, &mut |path, token| {
                places.push(path.to_owned());
                *token = sealed::MASK.into();
            });
            secrets.push(places);
            documents.push(effective);
        }
        let answers = self.ask(file, "check", documents, &[]).await?;
        for ((index, answer), secrets) in open.into_iter().zip(answers).zip(secrets) {
            let is_seen = |issue: &Issue| !secrets.iter().any(|secret| is_within(&issue.path, secret));
            let told = answer
                .problems
                .into_iter()
                .filter(is_seen)
                .map(|Issue { path, code, message }| (path, code, message));
            let failed = answer.error.map(|error| {
                (String::new(), "check_failed".to_owned(), format!("The schema could not be asked: {error}"))
            });
            problems[index].extend(told.chain(failed).map(|(path, code, message)| Problem {
                level: Level::Error,
                path,
                code,
                message,
                allowed: None,
                suggestion: None,
            }));
        }
        Ok(problems)
    }

    /// What `migrate` makes of documents of these versions, in their order; where it fails, why.
    pub(crate) async fn migrated(
        &self,
        file: &ConfigFile,
        documents: &[(i64, &Document)],
    ) -> Result<Vec<Result<Document, Problem>>> {
        let versions: Vec<i64> = documents.iter().map(|(version, _)| (*version).max(1)).collect();
        let objects: Vec<Value> = documents.iter().map(|(_, document)| document.to_object().into()).collect();
        let answers = self.ask(file, "migrate", objects.clone(), &versions).await?;
        let migrated =
            answers.into_iter().zip(objects).zip(documents).map(|((answer, object), (_, before))| {
                let made = match (answer.document, answer.error) {
                    (Some(document), _) if Value::Object(document.clone()) == object => {
                        return Ok((*before).clone());
                    }
                    (Some(document), _) => {
                        Document::from_object(&document).map_err(|error| error.to_string())
                    }
                    (None, error) => Err(error.unwrap_or_default()),
                };
                made.map_err(|error| Problem {
                    level: Level::Error,
                    path: String::new(),
                    code: "migration_failed".to_owned(),
                    message: format!("`migrate` failed: {error}"),
                    allowed: None,
                    suggestion: None,
                })
            });
        Ok(migrated.collect())
    }

    async fn ask(
        &self,
        file: &ConfigFile,
        op: &str,
        documents: Vec<Value>,
        versions: &[i64],
    ) -> Result<Vec<Answer>> {
        let loaded = match &file.draft {
            Some(draft) => Arc::clone(draft),
            None => self.loaded_function(&file.function).await?,
        };
        let mut answers = Vec::with_capacity(documents.len());
        for (index, batch) in documents.chunks(BATCH).enumerate() {
            let versions = versions.get(index * BATCH..).unwrap_or_default();
            answers.extend(self.ask_batch(&loaded, op, batch, versions).await?);
        }
        Ok(answers)
    }

    fn ask_batch<'a>(
        &'a self,
        loaded: &'a LoadedFunction,
        op: &'a str,
        documents: &'a [Value],
        versions: &'a [i64],
    ) -> BoxFuture<'a, Result<Vec<Answer>>> {
        Box::pin(async move {
            let versions = versions.get(..documents.len()).unwrap_or_default();
            let question = json!({ "op": op, "documents": documents, "versions": versions }).to_string();
            let limits = Limits {
                memory: self.settings.run_memory,
                wall: DEADLINE,
                cpu: DEADLINE,
                ..Limits::default()
            };
            let environment = loaded.function.environment;
            let outcome = self
                .runtime
                .ask_config(environment, Arc::clone(&loaded.modules), Bytes::from(question), limits)
                .await;
            let failure = match outcome.result {
                Ok(output) => {
                    return serde_json::from_slice(&output).map_err(|error| {
                        tracing::error!(%error, "the answer of a configuration cannot be read");
                        Error::Damaged("the answer of a configuration")
                    });
                }
                Err(failure) => failure,
            };
            // The process of another run took it along, or nothing can be started.
            if failure.code == code::RUNNER_LOST {
                return Err(Error::Failed(Box::new(crate::failures::told(failure))));
            }
            let middle = documents.len() / 2;
            if middle == 0 {
                return Ok(vec![failed(loaded, failure)]);
            }
            // One of them takes too much: the others are answered without it.
            let (some, others) = documents.split_at(middle);
            let mut answers = self.ask_batch(loaded, op, some, versions).await?;
            answers.extend(
                self.ask_batch(loaded, op, others, versions.get(middle..).unwrap_or_default()).await?,
            );
            Ok(answers)
        })
    }
}

fn failed(loaded: &LoadedFunction, failure: Failure) -> Answer {
    let stack = failure.stack.map(|stack| loaded.maps.apply(&stack));
    let place = stack.as_deref().and_then(|stack| stack.lines().next()).unwrap_or_default();
    let error = format!("{} {}", failure.message, place.trim()).trim_end().to_owned();
    Answer { problems: Vec::new(), document: None, error: Some(error) }
}
