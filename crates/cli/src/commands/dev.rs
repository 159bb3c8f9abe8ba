//! `bespoke dev`: on every save, compiles what changed and deploys it; shows the log meanwhile.

mod changes;
mod checks;

use super::{logs, query_string};
use crate::{
    args::DevArgs,
    client::Client,
    failure::{Failure, Result},
    output::{self, CHANGED, NEW, QUIET, styled},
    project::{self, Builder, Built, types},
    settings::ClientSettings,
};
use bespoke_bundler::{Project, Selection};
use bespoke_core::{
    function::{DeployPlan, DeployScope},
    time::Clock as _,
};
use bespoke_server::system::SystemClock;
use changes::Changes;
use checks::TypeChecks;
use reqwest::Method;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

/// Until the log is asked for again where the server is not there yet.
const AGAIN: Duration = Duration::from_secs(2);

const NOTHING: &str = "nothing was deployed";

/// A project that is deployed as it changes.
struct Dev<'a> {
    args: &'a DevArgs,
    client: Arc<Client>,
    builder: Builder,
    /// The files that each function was made of last, by the function's own file.
    sources: BTreeMap<String, BTreeSet<String>>,
    /// Checks the types of what was deployed, where that is wanted.
    types: Option<TypeChecks>,
    /// Functions whose last build failed: they are built again with whatever changes next.
    broken: bool,
}

/// Deploys the project of `args` until it is stopped.
pub(crate) fn run(args: DevArgs) -> Result {
    let client = Arc::new(Client::new(ClientSettings::load(&args.server, &args.folder)?)?);
    // Listen first, then look: what is saved during the first build is not missed.
    let mut changes = Changes::watch(&args.folder)?;
    types::refresh(&args.folder)?;
    let host = client.host().to_owned();
    let types = (!args.no_types).then(|| TypeChecks::start(args.folder.clone(), args.server.json));
    let mut dev =
        Dev { args: &args, client, builder: Builder::new()?, sources: BTreeMap::new(), types, broken: false };
    dev.say(&format!(
        "Deploying {} to {} at {host} on every save; Ctrl-C stops.",
        args.folder.display(),
        args.server.env
    ));
    dev.round(None)?;
    if !args.server.json && !args.no_logs {
        dev.builder.spawn(show_log(Arc::clone(&dev.client)));
    }
    while let Some(files) = changes.next() {
        dev.round(Some(&files))?;
    }
    Ok(())
}

/// Shows what is logged from now on.
async fn show_log(client: Arc<Client>) {
    let query = query_string(&[("from", Some(SystemClock.now().millis_zulu()))]);
    // Whoever cannot deploy is told why by the deployment.
    while logs::follow_but(&client, &query, is_own).await.is_err() {
        tokio::time::sleep(AGAIN).await;
    }
}

/// Whether a line only says what was told already.
fn is_own(line: &logs::Line) -> bool {
    line.is_event("deployed functions")
}

impl Dev<'_> {
    /// Builds and deploys what `changed` touches, or everything. Only what saving a file cannot repair ends it.
    fn round(&mut self, changed: Option<&BTreeSet<String>>) -> Result {
        match self.deploy(changed) {
            Err(failure @ (Failure::Project { .. } | Failure::Deploy(_))) => {
                self.broken = true;
                output::failure(&failure, self.args.server.json);
                Ok(())
            }
            other => other,
        }
    }

    fn deploy(&mut self, changed: Option<&BTreeSet<String>>) -> Result {
        let begin = Instant::now();
        let project = project::read(&self.args.folder, NOTHING)?;
        let selection = self.selection(&project, changed);
        if project.select(&selection).next().is_none() {
            return Ok(());
        }
        let Built { bundle, definitions } = self.builder.build(&project, &selection, NOTHING)?;
        let sources: Vec<_> =
            bundle.functions.iter().map(|each| (each.file.path.clone(), bundle.sources(each))).collect();
        // Named: a line that is gone from index.ts for a moment must not delete a customer's records.
        let deployment = bundle.into_deployment(definitions, DeployScope::Named);
        let sent = self.client.ask_with(Method::POST, "/deployments", &deployment);
        let plan: DeployPlan = self.builder.block_on(sent).map_err(Failure::Deploy)?;
        self.sources.extend(sources);
        self.broken = false;
        self.tell(&plan, begin);
        self.types.iter().for_each(TypeChecks::ask);
        Ok(())
    }

    /// The functions that the changed files are part of; all of them where that cannot be told.
    fn selection(&self, project: &Project, changed: Option<&BTreeSet<String>>) -> Selection {
        let everything = Selection::default();
        let Some(changed) = changed.filter(|_| !self.broken) else { return everything };
        let known = |file: &String| self.sources.values().any(|sources| sources.contains(file));
        if !changed.iter().all(|file| file == "index.ts" || known(file)) {
            return everything;
        }
        let paths = project.functions.iter().map(|file| file.path.clone());
        let touched =
            paths.filter(|path| self.sources.get(path).is_none_or(|sources| !sources.is_disjoint(changed)));
        Selection { files: Some(touched.collect()), ..everything }
    }

    fn tell(&self, plan: &DeployPlan, begin: Instant) {
        if self.args.server.json {
            output::json_line(plan);
            return;
        }
        let took = styled(QUIET, format!("{} ms", begin.elapsed().as_millis()));
        let changes = plan.new.iter().map(|line| (NEW, "new", line));
        let changes = changes.chain(plan.changed.iter().map(|line| (CHANGED, "changed", line)));
        for (style, word, line) in changes {
            let name = format!("{}/{}@{}", line.integration, line.kind.place(&line.name), line.version);
            output::line(format!("{} {name}", styled(style, format!("{word:<8}"))));
        }
        let count = plan.new.len() + plan.changed.len();
        output::line(match count {
            0 => format!("Nothing to deploy {took}"),
            count => format!("Deployed {} {took}", output::count(count, "function", "functions")),
        });
    }

    fn say(&self, text: &str) {
        if !self.args.server.json {
            output::line(text);
        }
    }
}
