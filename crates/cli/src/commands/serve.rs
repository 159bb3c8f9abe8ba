//! `bespoke serve`: the server, from its settings to a graceful stop.

use super::block_on;
use crate::{
    args::ServeArgs,
    failure::{Failure, Result},
    node, output,
    settings::server_settings,
};
use anyhow::Context as _;
use bespoke_server::{
    config::{Flags, LogFormat, Settings},
    serve::Server,
};
use std::{io::IsTerminal as _, time::Duration};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// How long requests in flight may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(30);

/// Serves until it is told to stop.
pub(crate) fn run(args: ServeArgs) -> Result {
    let ServeArgs { listen, data, log_format } = args;
    let settings = server_settings(Flags { listen, data, log_format })?;
    start_log(&settings)?;
    block_on(serve(settings))?
}

async fn serve(settings: Settings) -> Result {
    // From here on a signal stops gracefully, even while the start goes on.
    let mut signals = Signals::new().context("signals cannot be received")?;
    let _only = node::only_server(&settings)?;
    let engine = node::engine(&settings).await?;
    let made = engine.prepare_environments(&settings.secret_keys).await.map_err(|error| match error {
        bespoke_engine::Error::NotFound(_) => {
            Failure::usage("a BESPOKE_SECRET_KEY_<ENV> names an environment that does not exist")
        }
        bespoke_engine::Error::Conflict(_) => Failure::usage(
            "the key of a BESPOKE_SECRET_KEY_<ENV> was revoked, or belongs to another environment: give another one",
        ),
        other => Failure::Other(anyhow::Error::new(other).context("the environments cannot be prepared")),
    })?;
    let server = Server::bind(&settings, engine.clone()).await.map_err(|error| {
        Failure::usage(format!("BESPOKE_LISTEN (--listen): cannot listen on {}: {error}", settings.listen))
    })?;
    let background = engine.start().await.context("interrupted runs cannot be taken up")?;
    for key in made {
        if !settings.secret_keys.contains_key(&key.environment.name) {
            output::line(format!(
                "Secret key of {}, shown only now: {}",
                key.environment.name,
                key.secret.expose()
            ));
        }
    }
    let setup = engine.setup_link().await.context("the link to the first administrator cannot be made")?;
    if let Some(link) = setup {
        output::line(format!("Create the first administrator: {link}"));
    }
    output::line(format!("Bespoke is ready at {}", server.public_url()));
    tracing::info!(address = %server.address, "listening on {}", server.address);

    let stop = CancellationToken::new();
    let mut serving = tokio::spawn(server.run(stop.clone().cancelled_owned()));
    let ended = tokio::select! {
        ended = &mut serving => Some(ended),
        () = signals.next() => None,
    };
    let result = if let Some(ended) = ended {
        ended.context("the server panicked")?.context("the server failed")
    } else {
        tracing::info!("stopping: requests in flight finish first");
        stop.cancel();
        tokio::select! {
            ended = &mut serving => ended.context("the server panicked")?.context("the server failed"),
            () = signals.next() => { tracing::warn!("stopping at once"); Ok(()) }
            () = tokio::time::sleep(GRACE) => { tracing::warn!("requests still in flight are given up"); Ok(()) }
        }
    };
    background.stop().await;
    tracing::info!("stopped");
    Ok(result?)
}

fn start_log(settings: &Settings) -> Result {
    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|error| Failure::usage(format!("BESPOKE_LOG is not a log filter: {error}")))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

/// SIGINT and SIGTERM.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
