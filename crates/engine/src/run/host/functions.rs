//! What functions do with other functions: run actions, trigger and start syncs.

use super::{Answer, RunHost, refusal};
use crate::{run::Execution, syncs::SyncSelection};
use bespoke_core::sync::{SyncName, TriggerOptions};
use bespoke_runtime::host::{Refusal, Reply, StartSync, SyncRef, TriggerAction, TriggerSync};
use bytes::Bytes;
use std::sync::Arc;

/// How deep actions may call actions.
const MAX_DEPTH: u8 = 8;

impl RunHost {
    pub(super) async fn trigger_action(&self, action: TriggerAction, input: Bytes) -> Answer {
        let Execution { environment, depth, .. } = &self.0.execution;
        if *depth >= MAX_DEPTH {
            return Err(Refusal::new(
                "action_failure",
                format!("Actions called each other {MAX_DEPTH} deep."),
            ));
        }
        let engine = Arc::clone(&self.0.engine);
        let called = crate::actions::ActionCall {
            environment: environment.clone(),
            provider_config_key: action.provider_config_key,
            connection_id: action.connection_id,
            name: action.action_name,
            input,
            idempotency_key: None,
        };
        let depth = depth + 1;
        // Boxed: an action that calls an action is a future inside itself.
        let output = Box::pin(engine.run_action(called, depth)).await.map_err(refusal)?;
        Ok(Reply { head: None, body: output })
    }

    pub(super) async fn trigger_sync(&self, asked: TriggerSync) -> Answer {
        let TriggerSync { provider_config_key, connection_id, sync, reset, empty_cache } = asked;
        let selection = SyncSelection {
            provider_config_key,
            connection_id: Some(connection_id),
            names: vec![name(sync)],
        };
        let (own, options) = (self.connection().environment, TriggerOptions { reset, empty_cache });
        self.0.engine.trigger_syncs(own, &selection, options).await.map_err(refusal)?;
        Ok(Reply::default())
    }

    pub(super) async fn start_sync(&self, asked: StartSync) -> Answer {
        let StartSync { provider_config_key, connection_id, syncs } = asked;
        let names = syncs.into_iter().map(name).collect();
        let selection = SyncSelection { provider_config_key, connection_id, names };
        self.0.engine.start_syncs(self.connection().environment, &selection).await.map_err(refusal)?;
        Ok(Reply::default())
    }
}

fn name(SyncRef { name, variant }: SyncRef) -> SyncName {
    match variant {
        Some(variant) => SyncName { name, variant },
        None => SyncName::parse(&name),
    }
}
