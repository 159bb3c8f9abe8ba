//! `bespoke deploy`: bundles a project, shows what would change, and deploys it.

use super::block_on;
use crate::{
    args::{DeployArgs, ServerArgs},
    client::Client,
    failure::{Failure, Result},
    output::{self, CHANGED, DELETED, NEW, styled},
    project::{self, Builder, Built},
    settings::ClientSettings,
};
use anstyle::Style;
use bespoke_bundler::Selection;
use bespoke_core::{
    configuration::{ConnectionMigration, MigrationOutcome},
    function::{DeployPlan, DeployScope, Deployment, PlannedConflict, PlannedFunction, PlannedMigration},
    validation::Mode,
};
use reqwest::Method;
use std::{collections::BTreeMap, path::Path, time::Instant};

/// Deploys the project of `args`.
pub(crate) fn run(args: DeployArgs) -> Result {
    let begin = Instant::now();
    // Before the work: a missing key is not found out after bundling.
    let client = Client::new(ClientSettings::load(&args.server, &args.folder)?)?;
    let mut deployment = build(&args)?;
    deployment.allow_invalid = args.allow_invalid;
    block_on(deploy(&args, &client, &deployment, begin))?
}

/// What did not happen where the project has errors.
const NOTHING: &str = "nothing was deployed";

/// Bundles the functions and reads their definitions.
fn build(args: &DeployArgs) -> Result<Deployment> {
    let project = project::read(&args.folder, NOTHING)?;
    let selection = Selection {
        integration: args.integration.clone(),
        name: args.function.clone(),
        ..Selection::default()
    };
    let functions = project.select(&selection).count();
    if functions == 0 {
        return Err(Failure::usage(nothing_selected(args, &args.folder)));
    }
    let _busy = output::busy(format!("Bundling {}", output::count(functions, "function", "functions")));
    let Built { bundle, definitions } = Builder::new()?.build(&project, &selection, NOTHING)?;
    Ok(bundle.into_deployment(definitions, scope(args)))
}

fn nothing_selected(args: &DeployArgs, root: &Path) -> String {
    let named = [("integration", &args.integration), ("name", &args.function)];
    let named = named.into_iter().filter_map(|(what, value)| Some(format!("{what} `{}`", value.as_ref()?)));
    format!(
        "the project in `{}` has no function with {}",
        root.display(),
        named.collect::<Vec<_>>().join(" and ")
    )
}

/// Naming one function says nothing about the others.
fn scope(args: &DeployArgs) -> DeployScope {
    match (&args.function, &args.integration) {
        (Some(_), _) => DeployScope::Named,
        (None, Some(integration)) => DeployScope::Integration(integration.clone()),
        (None, None) => DeployScope::All,
    }
}

async fn deploy(args: &DeployArgs, client: &Client, deployment: &Deployment, begin: Instant) -> Result {
    let plan: DeployPlan =
        client.ask_with(Method::POST, "/deployments/plan", deployment).await.map_err(Failure::Deploy)?;
    let ServerArgs { env, json, .. } = &args.server;
    if !json {
        show(&plan, env, client.host());
    }
    if plan.is_empty() {
        finish(args, &plan, begin);
        return Ok(());
    }
    confirm(args, &plan)?;
    let busy = output::busy("Deploying");
    let plan: DeployPlan =
        client.ask_with(Method::POST, "/deployments", deployment).await.map_err(Failure::Deploy)?;
    drop(busy);
    finish(args, &plan, begin);
    Ok(())
}

pub(super) fn show(plan: &DeployPlan, environment: &str, host: &str) {
    output::line(format!("Plan for {environment} at {host}:"));
    let parts: [(&str, Style, &[PlannedFunction]); 3] =
        [("new", NEW, &plan.new), ("changed", CHANGED, &plan.changed), ("deleted", DELETED, &plan.deleted)];
    for (word, style, functions) in parts {
        for PlannedFunction { integration, kind, name, version, .. } in functions {
            // Padded here: the codes of a colour would count.
            output::line(format!(
                "  {} {integration}/{}@{version}",
                styled(style, format!("{word:<8}")),
                kind.place(name)
            ));
        }
    }
    if !plan.unchanged.is_empty() {
        output::line(format!("  {} unchanged", plan.unchanged.len()));
    }
    conflicts(plan);
    migrations(&plan.migrations);
    let touched = plan.new.iter().chain(&plan.changed).chain(&plan.deleted);
    let connections: BTreeMap<&str, u64> =
        touched.map(|function| (function.integration.as_str(), function.connections)).collect();
    for (integration, connections) in connections.into_iter().filter(|(_, connections)| *connections > 0) {
        let word = if connections == 1 { "connection" } else { "connections" };
        output::line(format!("  affects {connections} {word} of {integration}"));
    }
}

/// Functions that contradict each other are told, and may be deployed: each may be right for customers of its own.
fn conflicts(plan: &DeployPlan) {
    for PlannedConflict { integration, conflict } in &plan.conflicts {
        output::line(format!(
            "  {} {integration}: no configuration fits `{}`:",
            styled(DELETED, "conflict"),
            conflict.path
        ));
        for place in &conflict.places {
            let types: Vec<&str> = place.types.iter().map(String::as_str).collect();
            output::line(format!("             {} declares {}", place.function, types.join(" or ")));
        }
    }
}

/// What new configurations do to connections.
fn migrations(planned: &[PlannedMigration]) {
    for PlannedMigration { integration, mode, from, to, valid, fixed, broken, invalid_already, examples } in
        planned
    {
        let versions = from.map_or_else(|| format!("version {to}"), |from| format!("version {from} → {to}"));
        let mut parts = vec![format!("{valid} fit as they are")];
        let more =
            [(fixed, "are fixed by migrate"), (broken, "BREAK"), (invalid_already, "do not fit as before")];
        parts.extend(
            more.iter().filter(|(count, _)| **count > 0).map(|(count, what)| format!("{count} {what}")),
        );
        output::line(format!("  config   {integration} {versions}, {}: {}", mode.as_str(), parts.join(", ")));
        examples.iter().for_each(example);
    }
}

fn example(ConnectionMigration { connection_id, outcome, diff, problems, .. }: &ConnectionMigration) {
    let (style, word) = match outcome {
        MigrationOutcome::Valid => (NEW, "fits"),
        MigrationOutcome::Fixed => (CHANGED, "fixed"),
        MigrationOutcome::Broken => (DELETED, "broken"),
        MigrationOutcome::InvalidAlready => (DELETED, "invalid"),
    };
    output::line(format!("    {} {connection_id}", styled(style, format!("{word:<8}"))));
    let operations = diff.as_array().into_iter().flatten();
    for operation in operations {
        let word = |name: &str| operation[name].as_str().unwrap_or_default();
        let value = match word("op") {
            "move" | "copy" => format!(" from {}", word("from")),
            "remove" => String::new(),
            _ => format!(" {}", operation["value"]),
        };
        output::line(format!("             {} {}{value}", word("op"), word("path")));
    }
    for problem in problems {
        output::line(format!("             {}", problem.message));
    }
}

fn confirm(args: &DeployArgs, plan: &DeployPlan) -> Result {
    let refused = |message: &str| Err(Failure::Deploy(anyhow::Error::msg(message.to_owned())));
    let breaks = |planned: &&PlannedMigration| planned.mode == Mode::Enforce && planned.broken > 0;
    if let Some(planned) = plan.migrations.iter().find(breaks).filter(|_| !args.allow_invalid) {
        return refused(&format!(
            "version {} of {}/config.ts would no longer fit connections ({}), and the integration enforces it; \
             write a step of `migrate`, or add --allow-invalid",
            planned.to, planned.integration, planned.broken
        ));
    }
    if args.yes {
        if !plan.deleted.is_empty() && !args.allow_deletes {
            return refused(
                "the plan deletes functions with their syncs; add --allow-deletes to --yes, or --integration or --function to deploy less",
            );
        }
        return Ok(());
    }
    if !output::can_ask() {
        return Err(Failure::usage("nobody can be asked here: add --yes to deploy without asking"));
    }
    let question =
        if plan.deleted.is_empty() { "Deploy?" } else { "Deploy, and delete functions with their syncs?" };
    if output::confirm(question)? { Ok(()) } else { refused("not confirmed; nothing was deployed") }
}

fn finish(args: &DeployArgs, plan: &DeployPlan, begin: Instant) {
    if args.server.json {
        output::json(plan);
        return;
    }
    if plan.is_empty() {
        output::line("Everything is deployed already.");
        return;
    }
    for PlannedFunction { name, version, .. } in plan.new.iter().chain(&plan.changed) {
        output::line(format!("{name}@{version}"));
    }
    let count = plan.new.len() + plan.changed.len();
    let functions = if count == 1 { "function" } else { "functions" };
    output::line(format!(
        "Deployed {count} {functions} to {} in {:.1} s.",
        args.server.env,
        begin.elapsed().as_secs_f64()
    ));
}
