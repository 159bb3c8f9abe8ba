//! What functions read and write of their connection, its integration and its environment.

use super::{Answer, RunHost, head, refusal};
use crate::{Error, ListedIntegration, Resource, metadata::MetadataChange, run::Execution};
use bespoke_core::{
    document::{Document, Write},
    revision::{Actor, Provenance, Source},
};
use bespoke_runtime::host::{GetConnection, GetIntegration, Refusal};
use bytes::Bytes;
use serde_json::{Value, json};

impl RunHost {
    pub(super) async fn get_connection(&self, which: GetConnection) -> Answer {
        let own = self.connection();
        let key = which.provider_config_key.unwrap_or_else(|| own.provider_config_key.clone());
        let id = which.connection_id.unwrap_or_else(|| own.connection_id.clone());
        let engine = &self.0.engine;
        let connection = engine
            .connection_json(own.environment, &key, &id, which.force_refresh, which.refresh_token)
            .await
            .map_err(refusal)?;
        self.0.log.secrets.add_fields(connection.credentials());
        // Of another customer it sees what everybody sees.
        let is_own = key == own.provider_config_key && id == own.connection_id;
        head(&if is_own {
            connection.map_metadata(|document| engine.open_metadata(own, document))
        } else {
            connection
        })
    }

    pub(super) async fn write_metadata(&self, body: Bytes, write: fn(Document) -> Write) -> Answer {
        let own = self.connection();
        let text = std::str::from_utf8(&body).unwrap_or_default();
        let document = Document::parse(text)
            .map_err(|error| Refusal::new("invalid_body", format!("metadata {error}")))?;
        let written = self
            .0
            .engine
            .write_metadata(
                own.environment,
                &own.provider_config_key,
                vec![own.connection_id.clone()],
                MetadataChange::new(write(document), self.provenance()),
            )
            .await
            .map_err(refusal)?;
        match written.into_iter().next() {
            // What others changed below it is for the next run.
            Some(written) => {
                let effective = self.0.execution.configuration.effective(Some(&written.document));
                self.0.log.secrets.add_values(&self.0.engine.secret_values(own, effective.as_ref()));
                head(&effective.map(|document| self.0.engine.open_metadata(own, &document)))
            }
            None => Err(refusal(Error::NotFound(Resource::Connection))),
        }
    }

    /// Where this run's writes of metadata come from.
    fn provenance(&self) -> Provenance {
        let Execution { id, connection, function, .. } = &self.0.execution;
        let actor = Actor::Function {
            provider_config_key: connection.provider_config_key.clone(),
            name: function.function.definition.name.clone(),
            run: *id,
        };
        Provenance::of(actor, Source::Function)
    }

    pub(super) async fn environment_variables(&self) -> Answer {
        let variables =
            self.0.engine.environment_variables(self.connection().environment).await.map_err(refusal)?;
        for (name, value) in &variables {
            self.0.log.secrets.add_named(name, value.expose());
        }
        let list: Vec<_> = variables
            .iter()
            .map(|(name, value)| serde_json::json!({ "name": name, "value": value.expose() }))
            .collect();
        head(&list)
    }

    pub(super) async fn get_integration(&self, asked: GetIntegration) -> Answer {
        let Execution { environment, connection, .. } = &self.0.execution;
        let engine = &self.0.engine;
        let listed =
            engine.integration(environment.id, &connection.provider_config_key).await.map_err(refusal)?;
        let ListedIntegration { integration, .. } = &listed;
        let mut shown = json!({
            "unique_key": integration.unique_key,
            "provider": integration.provider,
            "display_name": listed.display_name(),
            "logo": engine.logo_url(&integration.provider),
            "forward_webhooks": integration.forward_webhooks,
            "created_at": integration.created_at.millis_zulu(),
            "updated_at": integration.updated_at.millis_zulu(),
        });
        if asked.webhook {
            shown["webhook_url"] = engine.webhook_url(environment, &listed.integration.unique_key).into();
        }
        if asked.credentials {
            let secret = engine.integration_credentials(&listed).await.map_err(refusal)?;
            if let Some(Value::Object(fields)) = secret.as_ref().map(|json| &json.0) {
                self.0.log.secrets.add_fields(fields);
            }
            shown["credentials"] = secret.map_or(Value::Null, |json| json.0);
        }
        head(&shown)
    }
}
