//! The settings of `bespoke serve`: one table, read from the environment and overridden by flags.
//!
//! A setting that is not in the table, or has a value that cannot be read, stops the start with its name.

use base64::Engine as _;
use bespoke_core::{environment::SecretKey, role::Role, secret::Secret};
use bespoke_engine::oidc::Issuer;
use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, time::Duration};

/// One setting that the environment can carry.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Name of the environment variable.
    pub name: &'static str,
    /// What holds where it is not set, as text for people.
    pub default: &'static str,
    /// What it does.
    pub meaning: &'static str,
}

macro_rules! settings {
    ($($constant:ident $name:literal default $default:literal $meaning:literal;)+) => {
        $(const $constant: &str = $name;)+
        /// Every setting; `docs/reference/settings.md` is made from it.
        pub const SETTINGS: &[Setting] = &[$(Setting { name: $name, default: $default, meaning: $meaning },)+];
    };
}

settings! {
    LISTEN "BESPOKE_LISTEN" default "127.0.0.1:3003" "Address and port to listen on. Port 0 takes a free one.";
    DATA "BESPOKE_DATA" default "./bespoke-data" "Folder for the SQLite database and the key file.";
    DATABASE_URL "BESPOKE_DATABASE_URL" default "SQLite in the data folder" "`postgres://…`: keep everything in PostgreSQL; any number of nodes may share it.";
    ENCRYPTION_KEY "BESPOKE_ENCRYPTION_KEY" default "with SQLite a key file in the data folder, made at first start" "Base64 of 32 bytes: seals credentials and secrets. Required with PostgreSQL.";
    PROVIDERS "BESPOKE_PROVIDERS" default "only the shipped ones" "Comma-separated files or folders of provider definitions; they add to and override the shipped ones.";
    OUTBOUND_ALLOW "BESPOKE_OUTBOUND_ALLOW" default "no private address" "Comma-separated hosts, host:port pairs or CIDRs that may be reached although they are private.";
    PUBLIC_URL "BESPOKE_PUBLIC_URL" default "http:// and the listen address" "Where this server is reached from outside.";
    SECRET_KEY "BESPOKE_SECRET_KEY_<ENV>" default "a random key, printed once at the first start" "Secret key that the environment has from the start, a UUID v4; `BESPOKE_SECRET_KEY_DEV`, `BESPOKE_SECRET_KEY_PROD`.";
    LOG "BESPOKE_LOG" default "info" "What is logged: a level, or a filter such as `info,bespoke_engine=debug`.";
    LOG_FORMAT "BESPOKE_LOG_FORMAT" default "text" "`text` for people or `json` for machines.";
    RATE_LIMIT "BESPOKE_RATE_LIMIT" default "600000" "Requests per minute that each environment may make to this node.";
    WEBHOOK_LIMIT "BESPOKE_WEBHOOK_LIMIT" default "3000" "Webhooks per minute that each integration takes on this node; one of more than 16 KiB counts once for each 16 KiB. Beyond it the provider is answered 429 and sends again later.";
    BODY_LIMIT "BESPOKE_BODY_LIMIT" default "75" "Largest request body in MiB (the proxy streams and has no limit).";
    RUN_MEMORY "BESPOKE_RUN_MEMORY" default "256" "Memory that one run may use, in MiB.";
    RUN_CPU "BESPOKE_RUN_CPU" default "5m" "Processor time that one run may use; waiting does not count.";
    ACTION_TIMEOUT "BESPOKE_ACTION_TIMEOUT" default "15m" "How long an action may take.";
    SYNC_TIMEOUT "BESPOKE_SYNC_TIMEOUT" default "24h" "How long a sync may take.";
    LOG_RETENTION "BESPOKE_LOG_RETENTION" default "14d" "How long lines of the log that `GET /logs` searches are kept, and what the backend was told by webhook.";
    RUN_RETENTION "BESPOKE_RUN_RETENTION" default "30d" "How long runs are kept after their end.";
    LOG_REQUESTS "BESPOKE_LOG_REQUESTS" default "1000" "Successful requests of one run of a sync that are logged before only every hundredth is. Failed ones always are.";
    WORKERS "BESPOKE_WORKERS" default "32" "Queued runs (syncs, async actions) that this node executes at once.";
    OIDC_ISSUER "BESPOKE_OIDC_ISSUER" default "none" "URL of an OpenID Connect issuer that people can sign in at; its redirect URI is the public URL with `/session/oidc/callback`.";
    OIDC_CLIENT_ID "BESPOKE_OIDC_CLIENT_ID" default "none" "What the issuer knows this server as. Required with an issuer.";
    OIDC_CLIENT_SECRET "BESPOKE_OIDC_CLIENT_SECRET" default "none" "By which this server proves it to the issuer.";
    OIDC_LABEL "BESPOKE_OIDC_LABEL" default "the issuer's host" "Name of the issuer on the sign-in page.";
    OIDC_ROLE "BESPOKE_OIDC_ROLE" default "invited" "Who may come in from the issuer: `invited` for those with an invitation only, or the role that everybody else of the issuer gets in every environment: `viewer`, `support`, `developer`, `admin`.";
    RUNNERS "BESPOKE_RUNNERS" default "16" "Most runner processes at once. One environment per process, many runs in each.";
}

/// Read by the client commands, so that it is no mistake when it is set for the server too.
const CLIENT_ONLY: &[&str] = &["BESPOKE_HOST"];
/// Read by the tests.
const TEST_ONLY: &str = "BESPOKE_TEST_";

/// The format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Everything that `bespoke serve` can be told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Folder for the database and the key file.
    pub data: PathBuf,
    /// `postgres://…`; SQLite in `data` otherwise.
    pub database_url: Option<Secret<String>>,
    /// The key that seals secrets.
    pub encryption_key: Option<Secret<Vec<u8>>>,
    /// Files and folders of provider definitions.
    pub providers: Vec<PathBuf>,
    /// Private targets that may be reached.
    pub outbound_allow: Vec<String>,
    /// Where this server is reached from outside.
    pub public_url: Option<String>,
    /// Keys to have from the start, by environment.
    pub secret_keys: BTreeMap<String, SecretKey>,
    /// Log filter.
    pub log: String,
    /// Log format.
    pub log_format: LogFormat,
    /// Requests per minute and environment.
    pub rate_limit: u32,
    /// Webhooks per minute and integration.
    pub webhook_limit: u32,
    /// Largest request body in bytes.
    pub body_limit: usize,
    /// Memory of one run in bytes.
    pub run_memory: usize,
    /// Processor time of one run.
    pub run_cpu: Duration,
    /// Time that an action may take.
    pub action_timeout: Duration,
    /// Time that a sync may take.
    pub sync_timeout: Duration,
    /// How long lines of the log are kept.
    pub log_retention: Duration,
    /// How long ended runs are kept.
    pub run_retention: Duration,
    /// Successful requests of a run of a sync that are all logged.
    pub log_requests: u64,
    /// Queued runs at once.
    pub workers: usize,
    /// Runner processes at once.
    pub runners: usize,
    /// Where people can sign in besides by password.
    pub oidc: Option<Issuer>,
}

/// Flags that override the environment.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--listen`.
    pub listen: Option<String>,
    /// `--data`.
    pub data: Option<String>,
    /// `--log-format`.
    pub log_format: Option<String>,
}

/// Settings that cannot be used: each line names one.
#[derive(Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Problems {}

impl Settings {
    /// Reads the settings from the process's environment variables, overridden by `flags`.
    pub fn load(
        environment: impl IntoIterator<Item = (String, String)>,
        flags: Flags,
    ) -> Result<Self, Problems> {
        let mut reader = Reader::default();
        for (name, value) in environment {
            reader.accept(name, value);
        }
        for (name, value) in [(LISTEN, flags.listen), (DATA, flags.data), (LOG_FORMAT, flags.log_format)] {
            if let Some(value) = value {
                reader.values.insert(name.to_owned(), value);
            }
        }
        let settings = Self {
            listen: reader.parse(LISTEN, "127.0.0.1:3003", "an address and port such as 127.0.0.1:3003"),
            data: PathBuf::from(reader.text(DATA).unwrap_or_else(|| "./bespoke-data".to_owned())),
            database_url: reader.database_url(),
            encryption_key: reader.encryption_key(),
            providers: reader.list(PROVIDERS).into_iter().map(PathBuf::from).collect(),
            outbound_allow: reader.list(OUTBOUND_ALLOW),
            public_url: reader.public_url(),
            secret_keys: std::mem::take(&mut reader.secret_keys),
            log: reader.text(LOG).unwrap_or_else(|| "info".to_owned()),
            log_format: reader.log_format(),
            rate_limit: reader.positive(RATE_LIMIT, "600000"),
            webhook_limit: reader.positive(WEBHOOK_LIMIT, "3000"),
            body_limit: reader.positive::<usize>(BODY_LIMIT, "75") * 1024 * 1024,
            run_memory: reader.positive::<usize>(RUN_MEMORY, "256") * 1024 * 1024,
            run_cpu: reader.duration(RUN_CPU, "5m"),
            action_timeout: reader.duration(ACTION_TIMEOUT, "15m"),
            sync_timeout: reader.duration(SYNC_TIMEOUT, "24h"),
            log_retention: reader.duration(LOG_RETENTION, "14d"),
            run_retention: reader.duration(RUN_RETENTION, "30d"),
            log_requests: reader.positive(LOG_REQUESTS, "1000"),
            workers: reader.positive(WORKERS, "32"),
            runners: reader.positive(RUNNERS, "16"),
            oidc: reader.issuer(),
        };
        if reader.problems.is_empty() { Ok(settings) } else { Err(Problems(reader.problems)) }
    }
}

#[derive(Default)]
struct Reader {
    values: BTreeMap<String, String>,
    secret_keys: BTreeMap<String, SecretKey>,
    problems: Vec<String>,
}

impl Reader {
    fn accept(&mut self, name: String, value: String) {
        if let Some(environment) = name.strip_prefix(SECRET_KEY.trim_end_matches("<ENV>")) {
            match SecretKey::parse(&value) {
                Some(key) => {
                    self.secret_keys.insert(environment.to_ascii_lowercase(), key);
                }
                None => self.problems.push(format!("{name} must be a UUID v4")),
            }
        } else if SETTINGS.iter().any(|setting| setting.name == name) {
            self.values.insert(name, value);
        } else if name.starts_with("BESPOKE_")
            && !CLIENT_ONLY.contains(&name.as_str())
            && !name.starts_with(TEST_ONLY)
        {
            self.problems.push(format!("{name} is not a setting; `bespoke serve --help` lists them"));
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn list(&self, name: &str) -> Vec<String> {
        let text = self.text(name).unwrap_or_default();
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    fn parse<T: std::str::FromStr>(&mut self, name: &str, default: &str, expected: &str) -> T {
        let text = self.text(name).unwrap_or_else(|| default.to_owned());
        if let Ok(value) = text.parse() {
            return value;
        }
        self.problems.push(format!("{name} must be {expected}, not `{text}`"));
        default.parse().unwrap_or_else(|_| unreachable!("the default of {name} parses"))
    }

    fn positive<T: std::str::FromStr + Default + PartialOrd>(&mut self, name: &str, default: &str) -> T {
        let value: T = self.parse(name, default, "a whole number above 0");
        if value <= T::default() {
            self.problems.push(format!("{name} must be a whole number above 0"));
        }
        value
    }

    fn duration(&mut self, name: &str, default: &str) -> Duration {
        let text = self.text(name).unwrap_or_else(|| default.to_owned());
        bespoke_core::time::parse_duration(&text).unwrap_or_else(|| {
            self.problems.push(format!("{name} must be a duration such as 30s, 15m or 24h, not `{text}`"));
            Duration::ZERO
        })
    }

    fn database_url(&mut self) -> Option<Secret<String>> {
        let url = self.text(DATABASE_URL)?;
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            self.problems
                .push(format!("{DATABASE_URL} must begin with postgres:// (leave it out for SQLite)"));
        }
        Some(url.into())
    }

    fn encryption_key(&mut self) -> Option<Secret<Vec<u8>>> {
        let text = self.text(ENCRYPTION_KEY)?;
        match base64::engine::general_purpose::STANDARD.decode(&text) {
            Ok(key) if key.len() == 32 => Some(Secret::new(key)),
            _ => {
                self.problems.push(format!(
                    "{ENCRYPTION_KEY} must be the base64 of 32 bytes: `openssl rand -base64 32` makes one"
                ));
                None
            }
        }
    }

    fn public_url(&mut self) -> Option<String> {
        let text = self.text(PUBLIC_URL)?;
        match url::Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {}
            _ => self.problems.push(format!("{PUBLIC_URL} must be an http or https URL, not `{text}`")),
        }
        Some(text.trim_end_matches('/').to_owned())
    }

    fn issuer(&mut self) -> Option<Issuer> {
        let url = self.text(OIDC_ISSUER)?;
        let parsed = url::Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if parsed.is_none() {
            self.problems.push(format!("{OIDC_ISSUER} must be an http or https URL, not `{url}`"));
        }
        let client_id = self.text(OIDC_CLIENT_ID).unwrap_or_default();
        if client_id.is_empty() {
            self.problems.push(format!("{OIDC_CLIENT_ID} is required where {OIDC_ISSUER} is set"));
        }
        let role = match self.text(OIDC_ROLE).as_deref() {
            None | Some("invited") => None,
            Some(word) => {
                let role = Role::parse(word);
                if role.is_none() {
                    self.problems.push(format!(
                        "{OIDC_ROLE} must be `invited`, `viewer`, `support`, `developer` or `admin`, not `{word}`"
                    ));
                }
                role
            }
        };
        let host = parsed.as_ref().and_then(url::Url::host_str).unwrap_or_default();
        Some(Issuer {
            label: self.text(OIDC_LABEL).unwrap_or_else(|| host.to_owned()),
            client_secret: self.text(OIDC_CLIENT_SECRET).map(Secret::new),
            url,
            client_id,
            role,
        })
    }

    fn log_format(&mut self) -> LogFormat {
        match self.text(LOG_FORMAT).as_deref() {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(other) => {
                self.problems
                    .push(format!("{LOG_FORMAT} (--log-format) must be `text` or `json`, not `{other}`"));
                LogFormat::Text
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(values: &[(&str, &str)]) -> Result<Settings, Problems> {
        let values: Vec<_> =
            values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::load(values, Flags::default())
    }

    #[test]
    fn nothing_set_is_a_good_start() {
        let settings = load(&[("PATH", "/bin"), ("BESPOKE_HOST", "http://elsewhere")]).unwrap();
        assert_eq!(settings.listen.port(), 3003);
        assert_eq!(settings.run_memory, 256 * 1024 * 1024);
    }

    #[test]
    fn every_problem_names_its_setting() {
        let Problems(problems) = load(&[
            ("BESPOKE_LISTEN", "here"),
            ("BESPOKE_LITSEN", "127.0.0.1:1"),
            ("BESPOKE_ENCRYPTION_KEY", "c2hvcnQ="),
            ("BESPOKE_DATABASE_URL", "mysql://x"),
            ("BESPOKE_SECRET_KEY_DEV", "secret"),
            ("BESPOKE_WORKERS", "0"),
            ("BESPOKE_RUN_CPU", "soon"),
            ("BESPOKE_PUBLIC_URL", "example.com"),
        ])
        .unwrap_err();
        for name in [
            "LISTEN",
            "LITSEN",
            "ENCRYPTION_KEY",
            "DATABASE_URL",
            "SECRET_KEY_DEV",
            "WORKERS",
            "RUN_CPU",
            "PUBLIC_URL",
        ] {
            assert!(
                problems.iter().any(|problem| problem.starts_with(&format!("BESPOKE_{name} "))),
                "{name}: {problems:?}"
            );
        }
        assert_eq!(problems.len(), 8, "{problems:?}");
    }
}
