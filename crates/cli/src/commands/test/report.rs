//! What came of the tests, for people and as JSON.

use super::select::Case;
use crate::output::{self, DELETED, NEW, styled};
use bespoke_core::function::FunctionKind;
use bespoke_fixtures::{Difference, Unanswered, Verdict};
use bespoke_runtime::SourceMaps;
use serde_json::{Value, json};
use std::{fmt::Write as _, time::Duration};

/// Differences and lines of a stack that are shown of one test; `--json` has more.
const SHOWN: usize = 10;
/// Names of functions without a fixture that are shown.
const NAMES_SHOWN: usize = 20;

/// The result of `bespoke test`.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// By fixture.
    pub(super) tests: Vec<Test>,
    /// Functions without a fixture.
    pub(super) untested: Vec<String>,
    /// Fixtures without a function.
    pub(super) orphans: Vec<String>,
    pub(super) duration: Duration,
}

/// Whether a test passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Passed,
    Failed,
}

/// One fixture that was played.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) function: String,
    pub(super) kind: FunctionKind,
    pub(super) integration: String,
    pub(super) fixture: String,
    pub(super) status: Status,
    pub(super) duration: Duration,
    /// Why it could not be played, or how the run failed.
    pub(super) error: Option<String>,
    /// In the author's files.
    pub(super) stack: Option<String>,
    pub(super) differences: Vec<Difference>,
    pub(super) unanswered: Vec<Unanswered>,
    pub(super) log: Vec<String>,
}

impl Test {
    pub(super) fn new(case: &Case, status: Status) -> Self {
        Self {
            function: case.file.name.clone(),
            kind: case.file.kind,
            integration: case.file.integration.clone(),
            fixture: case.fixture.clone(),
            status,
            duration: Duration::ZERO,
            error: None,
            stack: None,
            differences: Vec::new(),
            unanswered: Vec::new(),
            log: Vec::new(),
        }
    }

    pub(super) fn with_error(self, message: impl Into<String>) -> Self {
        Self { error: Some(message.into()), ..self }
    }

    /// Takes over why the verdict is a bad one.
    pub(super) fn take(&mut self, verdict: Verdict, maps: impl FnOnce() -> SourceMaps) {
        if let Some(failure) = verdict.failure {
            let payload = failure.payload.get();
            let detail = if failure.message.is_empty() { payload.to_owned() } else { failure.message };
            self.error = Some(format!("{detail} ({})", failure.code));
            self.stack = failure.stack.map(|stack| maps().apply(&indented(&stack)));
        }
        self.differences = verdict.differences;
        self.unanswered = verdict.unanswered;
        self.log = verdict.log;
    }

    /// `hubspot/actions/create-contact`
    pub(super) fn name(&self) -> String {
        format!("{}/{}", self.integration, self.kind.place(&self.function))
    }

    /// Why it failed, several lines.
    pub(super) fn details(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail, here and below.
        for line in self.error.iter().flat_map(|error| error.lines()) {
            let _ = writeln!(text, "{line}");
        }
        for line in self.stack.iter().flat_map(|stack| stack.lines()).take(SHOWN) {
            let _ = writeln!(text, "{line}");
        }
        for difference in self.differences.iter().take(SHOWN) {
            let _ = writeln!(text, "{difference}");
        }
        if self.differences.len() > SHOWN {
            let _ = writeln!(text, "and {} more differences", self.differences.len() - SHOWN);
        }
        for Unanswered { request, nearest } in self.unanswered.iter().take(SHOWN) {
            let _ = writeln!(text, "no answer was recorded for {request}");
            for near in nearest {
                let _ = writeln!(text, "  recorded: {}", near.request);
                for difference in &near.differences {
                    let _ = writeln!(text, "    {difference}");
                }
            }
        }
        text
    }

    fn to_json(&self) -> Value {
        let differences = self.differences.iter().map(
            |Difference { at, expected, actual }| json!({ "at": at, "expected": expected, "actual": actual }),
        );
        let unanswered = self.unanswered.iter().map(|Unanswered { request, nearest }| {
            let nearest = nearest
                .iter()
                .map(|near| json!({ "request": near.request, "differences": near.differences }));
            json!({ "request": request, "nearest": nearest.collect::<Vec<_>>() })
        });
        json!({
            "function": self.name(),
            "fixture": self.fixture,
            "passed": self.status == Status::Passed,
            "milliseconds": self.duration.as_millis() as u64,
            "error": self.error,
            "stack": self.stack,
            "differences": differences.collect::<Vec<_>>(),
            "unanswered": unanswered.collect::<Vec<_>>(),
            "log": self.log,
        })
    }
}

impl Report {
    /// How many tests ended so.
    pub(super) fn count(&self, status: Status) -> usize {
        self.tests.iter().filter(|test| test.status == status).count()
    }

    pub(super) fn print(&self) {
        for test in self.tests.iter().filter(|test| test.status == Status::Failed) {
            output::line(format!("{} {}  {}", styled(DELETED, "FAILED"), test.name(), test.fixture));
            for line in test.details().lines() {
                output::line(format!("  {line}"));
            }
            output::line("");
        }
        list("fixture without a function", "fixtures without a function", &self.orphans);
        list("function without a fixture", "functions without a fixture", &self.untested);
        let failed = self.count(Status::Failed);
        let style = if failed == 0 { NEW } else { DELETED };
        let counts = format!("{} passed, {failed} failed", self.count(Status::Passed));
        output::line(format!("{} in {:.1} s", styled(style, counts), self.duration.as_secs_f64()));
    }

    pub(super) fn to_json(&self) -> Value {
        json!({
            "passed": self.count(Status::Passed),
            "failed": self.count(Status::Failed),
            "milliseconds": self.duration.as_millis() as u64,
            "tests": self.tests.iter().map(Test::to_json).collect::<Vec<_>>(),
            "functions_without_fixture": self.untested,
            "fixtures_without_function": self.orphans,
        })
    }
}

fn list(one: &str, many: &str, names: &[String]) {
    if names.is_empty() {
        return;
    }
    output::line(format!("{} {}:", names.len(), if names.len() == 1 { one } else { many }));
    for name in names.iter().take(NAMES_SHOWN) {
        output::line(format!("  {name}"));
    }
    if names.len() > NAMES_SHOWN {
        output::line(format!("  and {} more", names.len() - NAMES_SHOWN));
    }
}

/// Frames as the source maps know them.
fn indented(stack: &str) -> String {
    stack.lines().map(|line| format!("    {}", line.trim_start())).collect::<Vec<_>>().join("\n")
}
