//! Previews: what a deployed function would do with another configuration. A dry run of it, told by what differs.

use crate::{
    Engine, Result,
    configuration::Problem,
    dry_runs::{
        Bounds, DryFunction, DryRun,
        report::{BlockedCall, ChangeCounts, DryRunReport, Event, HttpCall, ModelChanges},
        writes::AllowedWrites,
    },
    metadata::MetadataChange,
};
use bespoke_core::{
    document::{Document, Write},
    environment::Environment,
    function::FunctionKind,
    record::ChangeKind,
    revision::{Actor, Provenance, Source},
};
use bespoke_runtime::Failure;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc;

/// What a preview may use where its caller does not say.
pub const BOUNDS: Bounds =
    Bounds { records: Some(10_000), calls: Some(500), time: Some(Duration::from_secs(120)) };
/// What its caller can ask for at most.
pub const MOST: Bounds =
    Bounds { records: Some(100_000), calls: Some(10_000), time: Some(Duration::from_secs(900)) };

/// What to preview.
#[derive(Debug)]
pub struct Preview {
    /// The caller's environment.
    pub environment: Environment,
    /// The integration's `unique_key`.
    pub integration: String,
    /// The connection.
    pub connection_id: String,
    /// Sync or action.
    pub kind: FunctionKind,
    /// The deployed function.
    pub name: String,
    /// An action's input as JSON; empty where none was given.
    pub input: Bytes,
    /// The configuration to run it with.
    pub candidate: Candidate,
    /// What it may use.
    pub bounds: Bounds,
    /// Hears what happens while it happens.
    pub events: Option<mpsc::UnboundedSender<Event>>,
}

/// The configuration of a preview.
#[derive(Debug)]
pub enum Candidate {
    /// The connection's own after a write, which is not done.
    Write(Write),
    /// That of an earlier revision.
    Revision(i64),
    /// The connection's own.
    Current,
}

/// What a function would do.
#[derive(Debug, Serialize, Deserialize)]
pub struct PreviewReport {
    /// Whether it came to its end.
    pub succeeded: bool,
    /// How it failed, or that it was stopped at a limit.
    pub error: Option<Failure>,
    /// How many records would differ, of all models. Removed are also those that a run over everything did not save: a
    /// re-sync deletes them. Where it did not come to its end, those only that the function itself deletes.
    pub counts: ChangeCounts,
    /// Those that would differ, at most 1,000 of each model.
    pub records: Vec<PreviewRecord>,
    /// How many more would differ.
    pub records_left_out: u64,
    /// The requests that were sent.
    pub calls: Vec<HttpCall>,
    /// The requests that were not sent because they could write.
    pub blocked_calls: Vec<BlockedCall>,
    /// What is wrong with the configuration; where the integration enforces its schema, nothing was run because of it.
    #[serde(default)]
    pub problems: Vec<Problem>,
    /// Data that does not fit the declared schemas where the integration only warns.
    pub warnings: Vec<String>,
    /// What an action answered.
    pub output: Option<Box<RawValue>>,
    /// From start to end, in milliseconds.
    pub duration_ms: u64,
}

/// A record that would differ.
#[derive(Debug, Serialize, Deserialize)]
pub struct PreviewRecord {
    /// Its model.
    pub model: String,
    /// Its id.
    pub id: String,
    /// What would become of it.
    pub change: ChangeKind,
    /// The stored content; null where there is none.
    pub before: Option<Box<RawValue>>,
    /// The new content; null where it is removed.
    pub after: Option<Box<RawValue>>,
}

impl Engine {
    /// Runs a deployed function with a candidate configuration and writes nothing. A sync runs over everything, as if for the
    /// first time: what it last saw was seen with another configuration.
    ///
    /// Dropping the future stops the run. A candidate that does not fit the schema is in the report. Fails with
    /// [`crate::Error::NotFound`] (connection, function, revision), [`crate::Error::NotPatched`] and
    /// [`crate::Error::MetadataTooLarge`].
    pub async fn preview(self: &Arc<Self>, preview: Preview) -> Result<PreviewReport> {
        let metadata = self.previewed_document(&preview).await?;
        let Preview { environment, integration, connection_id, kind, name, input, bounds, events, .. } =
            preview;
        let report = self
            .dry_run(DryRun {
                environment,
                function: DryFunction::Deployed { integration, kind, name },
                connection_id,
                input,
                payload: None,
                metadata,
                checkpoint: None,
                variant: None,
                allowed: AllowedWrites::default(),
                afresh: true,
                bounds,
                record: false,
                events,
            })
            .await?;
        Ok(report.into())
    }

    async fn previewed_document(&self, preview: &Preview) -> Result<Option<Document>> {
        let Preview { environment, integration, connection_id, .. } = preview;
        Ok(match &preview.candidate {
            Candidate::Write(write) => {
                let provenance = Provenance::of(Actor::System, Source::Api);
                let change = MetadataChange::new(write.clone(), provenance);
                Some(self.try_write(environment.id, integration, connection_id, &change).await?.document)
            }
            Candidate::Revision(number) => {
                Some(self.metadata_revision(environment.id, integration, connection_id, *number).await?.1)
            }
            Candidate::Current => {
                // It says what is missing.
                self.metadata(environment.id, integration, connection_id).await?;
                None
            }
        })
    }
}

impl From<DryRunReport> for PreviewReport {
    fn from(report: DryRunReport) -> Self {
        let mut counts = ChangeCounts::default();
        let (mut records, mut records_left_out) = (Vec::new(), 0);
        for ModelChanges { model, counts: of_model, changes, left_out } in report.records {
            counts.added += of_model.added;
            counts.changed += of_model.changed;
            counts.removed += of_model.removed;
            counts.unchanged += of_model.unchanged;
            records_left_out += left_out;
            records.extend(changes.into_iter().map(|change| PreviewRecord {
                model: model.clone(),
                id: change.id,
                change: change.change,
                before: change.before,
                after: change.after,
            }));
        }
        Self {
            succeeded: report.succeeded,
            error: report.error,
            counts,
            records,
            records_left_out,
            calls: report.calls,
            blocked_calls: report.blocked_calls,
            warnings: report.warnings,
            problems: report.problems,
            output: report.output,
            duration_ms: report.duration_ms,
        }
    }
}
