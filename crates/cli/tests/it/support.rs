//! Running the binary, as a server and as a command.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

/// The key of `dev` at every server of these tests.
pub(crate) const KEY: &str = "11111111-1111-4111-8111-111111111111";

/// The binary, with nothing of our own environment that could change what it does.
pub(crate) fn bespoke(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bespoke"));
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// What it printed, after it was found to have done its work.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout
    }

    /// What it complained of, after it was found to have ended with `code`.
    #[track_caller]
    pub(crate) fn refused(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        self.stderr
    }
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) }
}

/// A running `bespoke serve` with a data folder of its own.
pub(crate) struct Server {
    pub(crate) url: String,
    /// What it printed until it was ready.
    pub(crate) greeting: Vec<String>,
    child: Child,
}

impl Server {
    /// A server on a new folder, with [`KEY`] as the key of `dev`.
    pub(crate) fn start(data: &TempDir) -> Self {
        Self::start_with(data.path(), &[("BESPOKE_SECRET_KEY_DEV", KEY)])
    }

    /// A server with these settings. Waits until it is ready.
    pub(crate) fn start_with(data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = bespoke(&["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]);
        command.envs(settings.iter().copied()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut greeting = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            if let Some(url) = line.strip_prefix("Bespoke is ready at ") {
                return Self { url: url.to_owned(), greeting, child };
            }
            greeting.push(line);
        }
        panic!("the server did not start: {}", child.wait().unwrap());
    }

    /// Stops it as an operator would. Its exit code.
    pub(crate) fn stop(mut self) -> i32 {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// A command that talks to it.
    pub(crate) fn client(&self, arguments: &[&str]) -> Command {
        let mut command = bespoke(arguments);
        command.env("BESPOKE_HOST", &self.url).env("BESPOKE_SECRET_KEY_DEV", KEY);
        command
    }

    /// A request with a key of its own: status and body.
    pub(crate) fn request(&self, method: &str, path: &str, key: &str, body: Option<&str>) -> (u16, String) {
        let work = async {
            drop(rustls::crypto::ring::default_provider().install_default());
            let client = reqwest::Client::builder().no_proxy().build().unwrap();
            let url = format!("{}{path}", self.url);
            let mut request = client.request(method.parse().unwrap(), url).bearer_auth(key);
            if let Some(body) = body {
                request = request.header("content-type", "application/json").body(body.to_owned());
            }
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    /// Makes an integration.
    pub(crate) fn integration(&self, unique_key: &str) {
        let body = format!(r#"{{"provider":"unauthenticated","unique_key":"{unique_key}"}}"#);
        let (status, body) = self.request("POST", "/integrations", KEY, Some(&body));
        assert_eq!(status, 200, "{body}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already where it was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A new folder.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}
