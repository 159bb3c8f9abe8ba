//! The result for machines that read `JUnit` XML.

use super::report::{Report, Status, Test};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;

/// The document: a suite per integration.
pub(super) fn document(report: &Report) -> anyhow::Result<String> {
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for test in &report.tests {
        let suite =
            suites.entry(&test.integration).or_insert_with(|| TestSuite::new(test.integration.clone()));
        suite.add_test_case(case(test));
    }
    let mut document = quick_junit::Report::new("bespoke test");
    document.set_time(report.duration);
    document.add_test_suites(suites.into_values());
    Ok(document.to_string()?)
}

fn case(test: &Test) -> TestCase {
    let status = match test.status {
        Status::Passed => TestCaseStatus::success(),
        Status::Failed => {
            let details = test.details();
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_message(details.lines().next().unwrap_or_default().to_owned())
                .set_description(details);
            status
        }
    };
    let mut case = TestCase::new(test.name(), status);
    case.set_classname(test.fixture.clone()).set_time(test.duration);
    case
}
