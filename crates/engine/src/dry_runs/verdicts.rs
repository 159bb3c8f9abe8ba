//! What a dry run makes of data that does not fit the declared schemas: what a real run would refuse is refused, and what
//! it would only log is told in the report.

use super::host::DryHost;
use crate::{
    Failure,
    run::validate::{self, Verdict},
};
use bespoke_core::record::NewRecord;
use bespoke_runtime::host::Refusal;
use bytes::Bytes;
use serde_json::Value;

impl DryHost {
    pub(super) fn check_input(&self) -> Result<(), Failure> {
        self.judge(validate::input(&self.0.execution))
    }

    pub(super) fn check_output(&self, output: &Bytes) -> Result<(), Failure> {
        self.judge(validate::output(&self.0.execution, output))
    }

    pub(super) fn check_records(&self, model: &str, records: &[NewRecord]) -> Result<(), Refusal> {
        self.judge(validate::records(&self.0.execution, model, records))
    }

    pub(super) fn check_checkpoint(&self, value: &Value) -> Result<(), Refusal> {
        self.judge(validate::checkpoint(&self.0.execution, value))
    }

    fn judge<T>(&self, verdict: Verdict<T>) -> Result<(), T> {
        match verdict {
            Verdict::Good => {}
            Verdict::Refused(why) => return Err(why),
            // No more than the places that a schema tells of.
            Verdict::Warn(lines) => self.seen().warnings.extend(lines),
        }
        Ok(())
    }
}
