//! What the process itself may do.

use crate::support::RUNNER;
use std::process::Command;

#[test]
#[cfg(target_os = "linux")]
fn the_process_has_neither_files_nor_network_nor_other_programs() {
    let run = Command::new(RUNNER).arg("--self-test").output().unwrap();
    let report = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    for attempt in ["open", "create", "list", "remove", "connect", "bind", "unix socket", "execute", "signal"]
    {
        assert!(report.contains(&format!("{attempt}: PermissionDenied")), "{report}");
    }
    assert!(report.contains("thread: allowed"), "{report}");
}
