//! Other functions that a dry run wants started: none is, and each is told.

use super::{host::DryHost, report::RefusedTrigger};
use bespoke_runtime::host::{Refusal, Reply, StartSync, SyncRef, TriggerAction, TriggerSync};

impl DryHost {
    /// The function needs the action's output, and there is none.
    pub(super) fn trigger_action(&self, action: TriggerAction) -> Refusal {
        let TriggerAction { provider_config_key: integration, connection_id, action_name } = action;
        let message = format!("A dry run starts nothing else, so the action `{action_name}` did not run.");
        self.refuse(RefusedTrigger {
            what: "trigger_action".to_owned(),
            integration,
            connection_id: Some(connection_id),
            names: vec![action_name],
        });
        Refusal::new("dry_run_trigger_refused", message)
    }

    /// Nobody waits for what a sync does, so the function goes on.
    pub(super) fn trigger_sync(&self, asked: TriggerSync) -> Reply {
        let TriggerSync { provider_config_key: integration, connection_id, sync, .. } = asked;
        self.refuse(RefusedTrigger {
            what: "trigger_sync".to_owned(),
            integration,
            connection_id: Some(connection_id),
            names: vec![name(sync)],
        });
        Reply::default()
    }

    pub(super) fn start_sync(&self, asked: StartSync) -> Reply {
        let StartSync { provider_config_key: integration, connection_id, syncs } = asked;
        let names = syncs.into_iter().map(name).collect();
        self.refuse(RefusedTrigger { what: "start_sync".to_owned(), integration, connection_id, names });
        Reply::default()
    }

    fn refuse(&self, trigger: RefusedTrigger) {
        self.seen().refused.push(trigger);
    }
}

fn name(SyncRef { name, variant }: SyncRef) -> String {
    variant.map_or(name.clone(), |variant| format!("{name}::{variant}"))
}
