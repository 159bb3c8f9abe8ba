//! Starting and stopping the server.

use crate::{config::Settings, router::router, state::AppState};
use axum::{extract::Request, serve::ListenerExt as _};
use bespoke_engine::{Engine, RateLimit};
use std::{future::Future, net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// A server that listens but does not answer yet.
pub struct Server {
    listener: TcpListener,
    app: AppState,
    body_limit: usize,
    /// Where it listens; with port 0 in the settings, the port that was free.
    pub address: SocketAddr,
}

impl Server {
    /// Binds the address of `settings`.
    pub async fn bind(settings: &Settings, engine: Arc<Engine>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let address = listener.local_addr()?;
        let public_url = settings.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
        engine.is_reached_at(&public_url);
        let app = AppState {
            engine,
            rate_limit: Arc::new(RateLimit::new(settings.rate_limit)),
            closing: CancellationToken::new(),
        };
        Ok(Self { listener, app, body_limit: settings.body_limit, address })
    }

    /// Where the server is reached from outside.
    pub fn public_url(&self) -> &str {
        self.app.engine.public_url()
    }

    /// Answers until `stop` resolves; then takes no new connections and lets the requests in flight finish.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()> {
        let closing = self.app.closing.clone();
        let stop = async move {
            stop.await;
            closing.cancel();
        };
        let (router, routes) = router(self.app, self.body_limit);
        // Paths are rewritten before the router sees them; a layer of the router itself would come too late.
        let service = router.map_request(move |request: Request| routes.apply(request));
        let service = axum::ServiceExt::<Request>::into_make_service_with_connect_info::<SocketAddr>(service);
        // Small writes go out at once: an answer that streams would otherwise wait for the client's delayed acknowledgement.
        let listener = self.listener.tap_io(|connection| {
            if let Err(error) = connection.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
        });
        axum::serve(listener, service).with_graceful_shutdown(stop).await
    }
}
