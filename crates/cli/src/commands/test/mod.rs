//! `bespoke test`: plays the functions of a project against their recorded fixtures.

mod bundles;
mod junit;
mod report;
mod select;

use super::block_on;
use crate::{
    args::TestArgs,
    failure::{Failure, Result},
    node, output,
};
use anyhow::Context as _;
use bespoke_bundler::{FunctionFile, Project};
use bespoke_core::time::{Clock as _, Timestamp};
use bespoke_engine::providers::Catalogue;
use bespoke_fixtures::{Fixture, Verdict, clock, play};
use bespoke_runtime::{Runtime, SourceMaps};
use bespoke_server::system::SystemClock;
use futures_util::stream::{self, StreamExt as _};
use report::{Report, Status, Test};
use select::Case;
use std::{
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

/// Runs of one integration at the same time; as many integrations are worked on as there are processors.
const RUNS_PER_INTEGRATION: usize = 4;

/// Tests what `args` names.
pub(crate) fn run(args: TestArgs) -> Result {
    let begin = Instant::now();
    let selection = select::targets(&args.targets)?;
    let project = Project::read(&selection.root).map_err(|diagnostics| Failure::Project {
        root: selection.root.clone(),
        diagnostics,
        consequence: "nothing was tested",
    })?;
    let plan = select::plan(&project, &selection)?;
    let bar = output::progress(plan.cases.len() as u64, "fixtures");
    let mut report = Report { untested: plan.untested, orphans: plan.orphans, ..Report::default() };
    report.tests = block_on(test_all(&project, plan.cases, args.jobs, args.update, &|| bar.inc(1)))??;
    bar.finish_and_clear();
    report.tests.sort_by(|a, b| (&a.fixture, a.kind).cmp(&(&b.fixture, b.kind)));
    report.duration = begin.elapsed();
    if let Some(path) = &args.junit {
        fs::write(path, junit::document(&report)?)
            .with_context(|| format!("`{}` cannot be written", path.display()))?;
    }
    if args.json {
        output::json(&report.to_json());
    } else {
        report.print();
    }
    let failed = report.count(Status::Failed);
    if failed == 0 { Ok(()) } else { Err(Failure::Tests) }
}

async fn test_all(
    project: &Project,
    cases: Vec<Case>,
    jobs: Option<NonZero<usize>>,
    update: bool,
    tick: &(dyn Fn() + Sync),
) -> anyhow::Result<Vec<Test>> {
    let jobs = jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZero::get);
    let mut options = node::runtime_options(jobs)?;
    options.runs_per_runner = RUNS_PER_INTEGRATION;
    let bench = Bench {
        runtime: Runtime::new(options),
        providers: Catalogue::load(&[])?,
        project: Arc::new(project.clone()),
        update,
        now: SystemClock.now(),
    };
    let bench = &bench;
    let tests: Vec<_> = stream::iter(select::by_integration(cases))
        .map(|cases| async move { bench.test_integration(cases, tick).await })
        .buffer_unordered(jobs)
        .concat()
        .await;
    bench.runtime.shutdown().await;
    Ok(tests)
}

/// What every test needs.
struct Bench {
    runtime: Runtime,
    providers: Catalogue,
    project: Arc<Project>,
    update: bool,
    now: Timestamp,
}

impl Bench {
    /// Tests the cases of one integration: bundled together, because functions share most of their code.
    async fn test_integration(&self, cases: Vec<Case>, tick: &(dyn Fn() + Sync)) -> Vec<Test> {
        let mut files: Vec<FunctionFile> = cases.iter().map(|case| case.file.clone()).collect();
        files.dedup();
        let bundles = bundles::make(&self.runtime, &self.project, files).await;
        let bundles = &bundles;
        stream::iter(cases)
            .map(|case| async move {
                let test = match bundles.of(&case.file) {
                    Ok(bundle) => self.test(&case, bundle).await,
                    Err(message) => Test::new(&case, Status::Failed).with_error(message),
                };
                tick();
                test
            })
            .buffer_unordered(RUNS_PER_INTEGRATION)
            .collect()
            .await
    }

    async fn test(&self, case: &Case, bundle: &bundles::Compiled) -> Test {
        let begin = Instant::now();
        let path = self.project.root().join(&case.fixture);
        let fixture = match fs::read_to_string(&path) {
            Ok(text) => Fixture::read(&text).map_err(|error| error.to_string()),
            Err(error) => Err(format!("the fixture cannot be read: {error}")),
        };
        let fixture = match fixture {
            Ok(fixture) => Arc::new(fixture),
            Err(message) => return Test::new(case, Status::Failed).with_error(message),
        };
        let provider = fixture.run.provider.as_ref().unwrap_or(&case.file.integration);
        let subject = bundle.subject(&case.file, self.providers.get(provider).cloned());
        let now = fixture.now.or_else(|| frozen(&path, &case.file)).or_else(|| fixture.time());
        let verdict = play(&self.runtime, &subject, &fixture, now.unwrap_or(self.now)).await;
        let updated = self.update && !verdict.passed() && verdict.failure.is_none();
        let status = if verdict.passed() || (updated && update(&path, &fixture, &verdict).is_ok()) {
            Status::Passed
        } else {
            Status::Failed
        };
        let maps = || SourceMaps::new(bundle.maps.iter().map(|(name, map)| (name.as_str(), map.as_bytes())));
        let mut test = Test { duration: begin.elapsed(), ..Test::new(case, status) };
        if status == Status::Failed {
            test.take(verdict, maps);
        }
        test
    }
}

/// When the test file beside the fixture makes time stand still, where there is one.
fn frozen(fixture: &Path, file: &FunctionFile) -> Option<Timestamp> {
    let folder = fixture.parent()?;
    let stem = fixture.file_name()?.to_str()?.strip_suffix(".test.json")?;
    let names = [format!("{}-{stem}.test.ts", file.integration), format!("{stem}.test.ts")];
    names.iter().find_map(|name| clock::frozen_in(&fs::read_to_string(folder.join(name)).ok()?))
}

/// Writes what came out as what is expected from now on; the rest of the file stays as it is.
fn update(path: &PathBuf, fixture: &Fixture, verdict: &Verdict) -> anyhow::Result<()> {
    let fixture = Fixture {
        output: verdict.output.clone(),
        saved: verdict.saved.clone(),
        deleted: verdict.deleted.clone(),
        ..fixture.clone()
    };
    Ok(fs::write(path, fixture.to_json())?)
}
