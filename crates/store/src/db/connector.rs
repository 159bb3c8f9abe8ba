//! How to connect to PostgreSQL.

use crate::error::{Cause, Error, Result};
use postgres::{
    Client, Config, NoTls,
    config::{Host, SslMode},
};
use rustls_platform_verifier::BuilderVerifierExt;
use std::{str::FromStr as _, sync::Arc, time::Duration};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long one attempt to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long sent data may stay unacknowledged before the connection counts as lost.
const DEAD_PEER: Duration = Duration::from_secs(15);
/// What every session gets. The statements are short, so compiling them never pays; and none may wait for a lock, or hold
/// one, for as long as a caller would not wait.
///
/// Every statement is written for look-ups in indexes, in the order of an index where there is a page. So all that remains
/// to be chosen is which index; a plan does not depend on values, and the other methods are off. They would be chosen where
/// statistics are missing, or older than a customer who has just come, and then read all of a set of records for each
/// record or for each page. `tests/it/plans.rs` has the proof.
const SESSION: &str = "SET jit = off; SET client_min_messages = warning; SET lock_timeout = '10s'; \
                       SET idle_in_transaction_session_timeout = '60s'; \
                       SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; \
                       SET enable_bitmapscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";

/// A checked connection URL and what TLS needs.
pub(crate) struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Connector {
    /// Reads the URL. [`Error::Refused`] where it is malformed; the text never has the password.
    ///
    /// TLS by `sslmode`: `disable`; `prefer` (the default: if the server offers it; never on this machine itself);
    /// `require`, `verify-ca`, `verify-full`. Wherever TLS is used, the certificate and its name are verified against
    /// the system's trusted roots.
    pub(crate) fn new(url: &str) -> Result<Self> {
        let url = url
            .replace("sslmode=verify-full", "sslmode=require")
            .replace("sslmode=verify-ca", "sslmode=require");
        let mut config = Config::from_str(&url)
            .map_err(|error| Error::Refused(format!("the database URL is malformed ({error})")))?;
        config.connect_timeout(CONNECT_TIMEOUT).keepalives_idle(DEAD_PEER).tcp_user_timeout(DEAD_PEER);
        if config.get_application_name().is_none() {
            config.application_name("bespoke");
        }
        if config.get_ssl_mode() == SslMode::Prefer && config.get_hosts().iter().all(is_this_machine) {
            config.ssl_mode(SslMode::Disable);
        }
        let tls = if config.get_ssl_mode() == SslMode::Disable { None } else { Some(tls()?) };
        Ok(Self { config, tls })
    }

    /// A new session.
    pub(crate) fn connect(&self) -> Result<Client, postgres::Error> {
        let mut client = match &self.tls {
            Some(tls) => self.config.connect(tls.clone())?,
            None => self.config.connect(NoTls)?,
        };
        tracing::trace!(target: "bespoke_store::sql", sql = SESSION);
        client.batch_execute(SESSION)?;
        Ok(client)
    }
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn tls() -> Result<MakeRustlsConnect> {
    let config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .map_err(|error| Error::Unavailable(Cause::new(error)))?
            .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_follows_sslmode_and_the_host() {
        let mode = |url: &str| Connector::new(url).unwrap().config.get_ssl_mode();
        assert_eq!(mode("postgres://a@localhost/b"), SslMode::Disable);
        assert_eq!(mode("postgres://a@localhost/b?sslmode=require"), SslMode::Require);
        assert_eq!(mode("postgres://a@db.example.com/b"), SslMode::Prefer);
        assert_eq!(mode("postgres://a@db.example.com/b?sslmode=verify-full"), SslMode::Require);
        assert_eq!(mode("postgres://a@db.example.com/b?sslmode=disable"), SslMode::Disable);
    }

    #[test]
    fn a_malformed_url_is_refused_without_its_password() {
        let error = Connector::new("postgres://user:hunter2@host:port/db").err().unwrap().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
