//! On-event functions that somebody waits for: they judge a connection's new credentials, and they clean up before a
//! connection goes. (Those that follow a creation are queued by the store, with the connection itself.)

use crate::{Engine, Error, Failure, Resource, Result, error::chain, run::Execution};
use bespoke_core::{
    connection::Connection,
    environment::Environment,
    function::{BEFORE_DELETION, Function, VALIDATION},
    id::EnvironmentId,
    run::RunKind,
    sync::TriggerOptions,
};
use bespoke_store::{SaveConnection, Trial};
use bytes::Bytes;
use serde_json::Value;
use std::{convert::Infallible, sync::Arc};
use tokio_util::sync::CancellationToken;

/// A function that failed, without stopping what it was part of.
#[derive(Clone, Debug)]
pub struct FailedFunction {
    /// Its name.
    pub function: String,
    /// Why, for people.
    pub message: String,
}

impl Engine {
    /// The functions of an integration that wait for this event and may run, by name.
    pub(crate) async fn functions_waiting_for(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        event: &str,
    ) -> Result<Vec<Function>> {
        let mut functions = self.store.on_event_functions(environment, provider_config_key).await?;
        functions.retain(|function| function.enabled && function.definition.event.as_deref() == Some(event));
        Ok(functions)
    }

    /// Saves a connection; where its integration has functions that judge credentials, only if they agree.
    ///
    /// A new connection that is rejected is deleted again; one that was there before gets its old credentials back, also
    /// where this server dies meanwhile. Whoever asked may go away: it is brought to its end all the same.
    ///
    /// Fails with [`Error::ConnectionRejected`], and with [`Error::Conflict`] where someone authorised it anew meanwhile.
    pub(crate) async fn save_connection(
        self: &Arc<Self>,
        environment: EnvironmentId,
        save: SaveConnection,
    ) -> Result<Connection> {
        let judges = self.functions_waiting_for(environment, &save.provider_config_key, VALIDATION).await?;
        if judges.is_empty() {
            let saved = self.store.save_connection(environment, save).await;
            return saved.map(|(connection, _)| connection).map_err(not_saved);
        }
        let engine = Arc::clone(self);
        let judged = self.actions.spawn(async move { engine.save_judged(environment, save, judges).await });
        judged.await.map_err(|_| Error::Stopping)?
    }

    async fn save_judged(
        self: &Arc<Self>,
        environment: EnvironmentId,
        save: SaveConnection,
        judges: Vec<Function>,
    ) -> Result<Connection> {
        let (token, lease) = (self.ids.next(), self.settings.lease);
        let trial =
            self.store.begin_trial(environment, save.clone(), token, lease).await.map_err(not_saved)?;
        let verdict = tokio::select! {
            verdict = self.judge(&trial.connection, &judges) => verdict,
            never = self.keep_trial(&trial) => match never {},
        };
        let saved = match verdict {
            Ok(()) => self.store.accept_trial(&trial, save).await.map_err(not_saved),
            Err(rejected) => Err(rejected),
        };
        if saved.is_err()
            && let Err(error) = self.store.reject_trial(&trial).await
        {
            tracing::error!(
                error = chain(&error),
                "rejected credentials were not taken back; their trial lapses"
            );
        }
        saved
    }

    /// Extends a trial for as long as somebody waits for this.
    async fn keep_trial(&self, trial: &Trial) -> Infallible {
        let lease = self.settings.lease;
        loop {
            tokio::time::sleep(lease / 3).await;
            if let Err(error) = self.store.extend_trial(trial, lease).await {
                tracing::error!(error = chain(&error), "a trial of credentials could not be extended");
            }
        }
    }

    /// Asks one judge after the other; the first that fails rejects.
    async fn judge(self: &Arc<Self>, connection: &Connection, judges: &[Function]) -> Result<()> {
        let environment = self.environment_of(connection).await?;
        for function in judges {
            match self.run_on_event(&environment, connection, function).await {
                Ok(()) => {}
                Err(Error::Failed(failure)) => {
                    let function = function.definition.name.clone();
                    return Err(Error::ConnectionRejected { function, message: told(&failure) });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Deletes a connection with its syncs and records, after the functions that wait for this have run; those that failed
    /// do not stop it. Whoever asked may go away. Fails with [`Error::NotFound`].
    pub async fn delete_connection(
        self: &Arc<Self>,
        environment: EnvironmentId,
        provider_config_key: &str,
        connection_id: &str,
    ) -> Result<Vec<FailedFunction>> {
        let (key, id) = (provider_config_key.to_owned(), connection_id.to_owned());
        let engine = Arc::clone(self);
        let deleted = self.actions.spawn(async move {
            let failed = engine.clean_up(environment, &key, &id).await?;
            if engine.store.delete_connection(environment, &key, &id).await? {
                Ok(failed)
            } else {
                Err(Error::NotFound(Resource::Connection))
            }
        });
        deleted.await.map_err(|_| Error::Stopping)?
    }

    async fn clean_up(
        self: &Arc<Self>,
        environment: EnvironmentId,
        key: &str,
        connection_id: &str,
    ) -> Result<Vec<FailedFunction>> {
        let functions = self.functions_waiting_for(environment, key, BEFORE_DELETION).await?;
        let mut failed = Vec::new();
        if functions.is_empty() {
            return Ok(failed);
        }
        let connection = self.connection(environment, key, connection_id).await?;
        let environment = self.environment_of(&connection).await?;
        for function in &functions {
            let message = match self.run_on_event(&environment, &connection, function).await {
                Ok(()) => continue,
                Err(Error::Failed(failure)) => told(&failure),
                Err(error) => chain(&error),
            };
            let function = function.definition.name.clone();
            tracing::warn!(
                environment = environment.name,
                connection = connection_id,
                function,
                "{function} failed before the connection {connection_id} was deleted: {message}"
            );
            failed.push(FailedFunction { function, message });
        }
        Ok(failed)
    }

    async fn environment_of(&self, connection: &Connection) -> Result<Environment> {
        let environment = self.store.environment(connection.environment).await?;
        environment.ok_or(Error::NotFound(Resource::Environment))
    }

    /// Runs one function and waits for it. [`Error::Failed`] where it failed.
    async fn run_on_event(
        self: &Arc<Self>,
        environment: &Environment,
        connection: &Connection,
        function: &Function,
    ) -> Result<()> {
        let loaded = self.loaded_function(function).await?;
        let execution = Execution {
            id: self.ids.next(),
            environment: environment.clone(),
            kind: RunKind::OnEvent,
            configuration: self.configuration_of(connection).await?,
            connection: connection.clone(),
            function: loaded,
            input: Bytes::new(),
            sync: None,
            options: TriggerOptions::default(),
            depth: 0,
            cancel: CancellationToken::new(),
            fence: None,
        };
        let now = self.now();
        self.run_directly(execution, now).await.map(drop)
    }
}

fn not_saved(error: bespoke_store::Error) -> Error {
    match error {
        bespoke_store::Error::NotFound(_) => Error::NotFound(Resource::Integration),
        bespoke_store::Error::Conflict(_) => Error::Conflict(Resource::Connection),
        error => error.into(),
    }
}

/// What a failed function says to people: the `message` or `error` of what it threw, else what the runtime says.
fn told(failure: &Failure) -> String {
    let payload: Value = serde_json::from_str(failure.payload.get()).unwrap_or_default();
    let given = ["message", "error"].iter().find_map(|name| payload[*name].as_str());
    match given.unwrap_or(&failure.message) {
        "" => "the function failed without a message".to_owned(),
        text => text.to_owned(),
    }
}
