//! The parts of a server, put together from its settings: shared by `serve` and by the commands on its database.

use crate::failure::{Failure, Result};
use anyhow::Context as _;
use bespoke_core::time::Clock;
use bespoke_engine::{
    Engine, Parts,
    http::{Client, OutboundPolicy},
    providers::Catalogue,
    proxy::Proxy,
    sleep::TokioSleeper,
};
use bespoke_runtime::{Options, Runtime};
use bespoke_server::{
    config::Settings,
    system::{SystemClock, random_ids},
};
use bespoke_store::{DatabaseUrl, Store, vault::Key};
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

const DATABASE_FILE: &str = "bespoke.db";
const KEY_FILE: &str = "encryption.key";
const LOCK_FILE: &str = "server.lock";

/// Runs at once in one runner process: few enough that losing a process hurts few.
const RUNS_PER_RUNNER: usize = 16;
/// How long a runner process without runs stays.
const RUNNER_IDLE: Duration = Duration::from_mins(1);

/// Opens the database and puts the engine together. Nothing runs by itself yet.
pub(crate) async fn engine(settings: &Settings) -> Result<Arc<Engine>> {
    let policy = OutboundPolicy::parse(&settings.outbound_allow.join(","))
        .map_err(|error| Failure::usage(format!("BESPOKE_OUTBOUND_ALLOW: {error}")))?;
    let providers = Catalogue::load(&settings.providers)
        .map_err(|error| Failure::Usage(anyhow::Error::new(error).context("BESPOKE_PROVIDERS")))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = Store::open(bespoke_store::Settings {
        url: database_url(settings)?,
        keys: encryption_keys(settings)?,
        clock: Arc::clone(&clock),
    })
    .await
    .context("the database cannot be opened")?;
    Ok(Engine::new(Parts {
        store,
        runtime: Runtime::new(runtime_options(settings.runners)?),
        providers,
        proxy: Proxy::new(Client::new(policy), Arc::clone(&clock), Arc::new(TokioSleeper)),
        clock,
        ids: random_ids(),
        settings: bespoke_engine::Settings {
            run_memory: settings.run_memory,
            run_cpu: settings.run_cpu,
            action_timeout: settings.action_timeout,
            sync_timeout: settings.sync_timeout,
            log_retention: settings.log_retention,
            run_retention: settings.run_retention,
            log_requests: settings.log_requests,
            webhook_limit: settings.webhook_limit,
            workers: settings.workers,
            oidc: settings.oidc.clone(),
            ..bespoke_engine::Settings::default()
        },
    }))
}

/// Makes this process the only server on its SQLite database, for as long as the file is open: a second one would take
/// the first one's runs for those of a dead process. With PostgreSQL any number of nodes is fine.
pub(crate) fn only_server(settings: &Settings) -> Result<Option<fs::File>> {
    if settings.database_url.is_some() {
        return Ok(None);
    }
    make_folder(&settings.data)?;
    let path = settings.data.join(LOCK_FILE);
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.with_context(|| format!("the lock file {} cannot be opened", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Err(Failure::usage(format!(
            "BESPOKE_DATA (--data): another `bespoke serve` uses the folder `{}`; several nodes need PostgreSQL",
            settings.data.display()
        ))),
        Err(fs::TryLockError::Error(error)) => Err(Failure::Other(
            anyhow::Error::new(error).context(format!("the lock file {} cannot be locked", path.display())),
        )),
    }
}

/// Runners of this very program.
pub(crate) fn runtime_options(max_runners: usize) -> anyhow::Result<Options> {
    Ok(Options {
        program: this_program()?,
        arguments: vec!["runner".into()],
        max_runners,
        runs_per_runner: RUNS_PER_RUNNER,
        idle: RUNNER_IDLE,
    })
}

fn this_program() -> anyhow::Result<PathBuf> {
    // Not the path: the file may have been replaced by a newer version, whose runners speak another protocol.
    let linux = PathBuf::from("/proc/self/exe");
    if linux.exists() {
        Ok(linux)
    } else {
        std::env::current_exe().context("this program's file cannot be found")
    }
}

fn database_url(settings: &Settings) -> Result<DatabaseUrl> {
    if let Some(url) = &settings.database_url {
        return Ok(DatabaseUrl::Postgres(url.clone()));
    }
    make_folder(&settings.data)?;
    Ok(DatabaseUrl::Sqlite(settings.data.join(DATABASE_FILE)))
}

fn make_folder(folder: &Path) -> Result {
    // The folder holds every secret of the installation.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        Failure::usage(format!(
            "BESPOKE_DATA (--data): the folder `{}` cannot be made: {error}",
            folder.display()
        ))
    })
}

/// The key of the settings, and with SQLite the one in the key file, which is made where there is none at all.
fn encryption_keys(settings: &Settings) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    if let Some(key) = &settings.encryption_key {
        let bytes = key.expose().as_slice().try_into().context("BESPOKE_ENCRYPTION_KEY must be 32 bytes")?;
        keys.push(Key::new(bytes));
    }
    if settings.database_url.is_some() {
        if keys.is_empty() {
            let message = "BESPOKE_ENCRYPTION_KEY is required with PostgreSQL: the base64 of 32 bytes, the same on all nodes; \
                           `openssl rand -base64 32` makes one";
            return Err(Failure::usage(message));
        }
        return Ok(keys);
    }
    let path = settings.data.join(KEY_FILE);
    if path.exists() {
        let text = fs::read_to_string(&path)
            .with_context(|| format!("the key file {} cannot be read", path.display()))?;
        keys.push(
            Key::from_base64(&text).with_context(|| format!("the key file {} is damaged", path.display()))?,
        );
    } else if keys.is_empty() {
        if settings.data.join(DATABASE_FILE).exists() {
            return Err(Failure::usage(format!(
                "the key file {} is gone; without it (or its content in BESPOKE_ENCRYPTION_KEY) the database's secrets cannot be read",
                path.display()
            )));
        }
        keys.push(make_key_file(&path)?);
    }
    Ok(keys)
}

fn make_key_file(path: &Path) -> Result<Key> {
    let key = Key::random().context("no random numbers")?;
    let written =
        fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).and_then(|mut file| {
            writeln!(file, "{}", key.to_base64().expose())?;
            file.sync_all()
        });
    written.with_context(|| format!("the key file {} cannot be written", path.display()))?;
    tracing::info!(path = %path.display(), "made the key file {}: keep a copy of it apart from the database's", path.display());
    Ok(key)
}
