//! What the runner process may still do once it runs functions: compute, and talk on the descriptors that it has.
//!
//! The engine is C code that runs other people's programs. Should one of them break out of it, it finds a process
//! without files, network, other programs, environment variables or credentials, and with a bounded address space.
//!
//! Linux has the whole of it. Other systems get the resource limits only; there the engine and the process boundary
//! are all that separates functions from the machine, which is fine for development and not for other people's code.

use rustix::process::{Resource, Rlimit, setrlimit};
use std::io;

/// Descriptors the process may have: the three standard ones, two of the socket, and room for none of a function's.
const MAX_DESCRIPTORS: u64 = 16;

/// Confines this process for good. Called before there is a second thread; threads inherit it.
pub(crate) fn enter(address_space: u64) -> io::Result<()> {
    prefer_as_victim();
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Nofile, MAX_DESCRIPTORS)?;
    limit(Resource::As, address_space)?;
    filter_system_calls()
}

fn limit(resource: Resource, value: u64) -> io::Result<()> {
    setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })?;
    Ok(())
}

/// When the machine is out of memory, Linux shall end a runner and not the server.
fn prefer_as_victim() {
    // It stays as it was where there is no such file: nothing depends on it.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}

#[cfg(not(target_os = "linux"))]
fn filter_system_calls() -> io::Result<()> {
    Ok(())
}

/// Every system call that is not on the list answers EPERM.
#[cfg(target_os = "linux")]
fn filter_system_calls() -> io::Result<()> {
    use seccompiler::SeccompAction::{Allow, Errno};

    // clone3 passes its flags in memory, which a filter cannot read. "Not there" makes the C library use clone, whose
    // flags the second filter reads. The stricter answer of two filters counts.
    let no_clone3 = [(libc::SYS_clone3, Vec::new())].into();
    linux::install(no_clone3, Allow, Errno(libc::ENOSYS as u32)).map_err(io::Error::other)?;
    let allowed = linux::allowed().map_err(|error| io::Error::other(seccompiler::Error::from(error)))?;
    linux::install(allowed, Errno(libc::EPERM as u32), Allow).map_err(io::Error::other)
}

#[cfg(target_os = "linux")]
mod linux {
    use seccompiler::{
        BackendError, BpfProgram, Error, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Is,
        SeccompCondition as Condition, SeccompFilter, SeccompRule,
    };
    use std::collections::BTreeMap;

    type Rules = BTreeMap<libc::c_long, Vec<SeccompRule>>;

    /// Installs a filter: `matched` for the calls in `rules`, `otherwise` for all others.
    pub(super) fn install(
        rules: Rules,
        otherwise: SeccompAction,
        matched: SeccompAction,
    ) -> Result<(), Error> {
        let architecture = std::env::consts::ARCH.try_into()?;
        let program: BpfProgram = SeccompFilter::new(rules, otherwise, matched, architecture)?.try_into()?;
        seccompiler::apply_filter(&program)
    }

    /// The calls that a runner needs, with the arguments that they may have.
    pub(super) fn allowed() -> Result<Rules, BackendError> {
        let mut rules: Rules = ALWAYS.iter().map(|&call| (call, Vec::new())).collect();
        let own_process = u64::from(std::process::id());
        // A new thread, but no new process.
        rules.insert(
            libc::SYS_clone,
            one(0, Is::MaskedEq(libc::CLONE_THREAD as u64), libc::CLONE_THREAD as u64)?,
        );
        // Names of threads.
        rules.insert(libc::SYS_prctl, one(0, Is::Eq, libc::PR_SET_NAME as u64)?);
        // No memory that can be written and run.
        for call in [libc::SYS_mmap, libc::SYS_mprotect] {
            rules.insert(call, one(2, Is::MaskedEq(libc::PROT_EXEC as u64), 0)?);
        }
        // Signals to itself only: abort.
        rules.insert(libc::SYS_tgkill, one(0, Is::Eq, own_process)?);
        // Descriptors can be copied, so that each thread has its own handle.
        rules.insert(libc::SYS_fcntl, one(1, Is::Eq, libc::F_DUPFD_CLOEXEC as u64)?);
        Ok(rules)
    }

    fn one(argument: u8, comparison: Is, value: u64) -> Result<Vec<SeccompRule>, BackendError> {
        Ok(vec![SeccompRule::new(vec![Condition::new(argument, Width::Qword, comparison, value)?])?])
    }

    const ALWAYS: &[libc::c_long] = &[
        // The socket to the parent, and stderr.
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_recvfrom,
        libc::SYS_recvmsg,
        libc::SYS_sendto,
        libc::SYS_sendmsg,
        libc::SYS_shutdown,
        libc::SYS_close,
        libc::SYS_ppoll,
        // Memory.
        libc::SYS_brk,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        // Threads. clone3 is answered by the other filter.
        libc::SYS_clone3,
        libc::SYS_futex,
        libc::SYS_set_robust_list,
        libc::SYS_rseq,
        libc::SYS_gettid,
        libc::SYS_getpid,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_membarrier,
        libc::SYS_exit,
        libc::SYS_exit_group,
        // Signals, as far as the C library and Rust's stack guard handle them.
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        // Time and chance.
        libc::SYS_clock_gettime,
        libc::SYS_clock_getres,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_getrandom,
        libc::SYS_getrusage,
    ];
}

/// Tries, inside the sandbox, what a function that broke out of the engine would try. One line an attempt.
pub(crate) fn self_test() -> String {
    fn line<T>(name: &str, result: io::Result<T>) -> String {
        match result {
            Ok(_) => format!("{name}: allowed\n"),
            Err(error) => format!("{name}: {:?}\n", error.kind()),
        }
    }
    let thread = std::thread::Builder::new().spawn(|| 40 + 2).map(|thread| thread.join().ok());
    [
        line("open", std::fs::File::open("/etc/hostname")),
        line("create", std::fs::File::create("/tmp/bespoke-sandbox-self-test")),
        line("list", std::fs::read_dir("/")),
        line("remove", std::fs::remove_file("/tmp/bespoke-sandbox-self-test")),
        line("connect", std::net::TcpStream::connect("127.0.0.1:9")),
        line("bind", std::net::TcpListener::bind("127.0.0.1:0")),
        line("unix socket", std::os::unix::net::UnixStream::connect("/run/none")),
        line("execute", std::process::Command::new("/bin/true").spawn()),
        line("signal", signal_parent()),
        line("thread", thread),
    ]
    .concat()
}

fn signal_parent() -> io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    // CONT does nothing to a process that is not stopped.
    Ok(kill_process(Pid::INIT, Signal::CONT)?)
}
