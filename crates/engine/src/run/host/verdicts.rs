//! What comes of checking a run's data: it goes on, it goes on and the log says what is wrong, or it ends.

use super::RunHost;
use crate::{
    Failure,
    run::validate::{self, Verdict},
};
use bespoke_core::log::{Level, LogKind};
use bytes::Bytes;

impl RunHost {
    /// Whether the input is what the action declares, as strictly as its integration says.
    pub(in crate::run) fn check_input(&self) -> Result<(), Failure> {
        self.judge(validate::input(&self.0.execution))
    }

    /// The same for the output.
    pub(in crate::run) fn check_output(&self, output: &Bytes) -> Result<(), Failure> {
        self.judge(validate::output(&self.0.execution, output))
    }

    pub(super) fn judge<T>(&self, verdict: Verdict<T>) -> Result<(), T> {
        match verdict {
            Verdict::Good => Ok(()),
            Verdict::Refused(why) => Err(why),
            Verdict::Warn(lines) => {
                for message in lines {
                    self.0.log.line(LogKind::Log, Level::Warn, &message, None);
                }
                Ok(())
            }
        }
    }
}
