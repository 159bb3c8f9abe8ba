//! Resolves host names and drops every address that may not be reached. The client connects to what comes out of here and to nothing
//! else, so there is no gap between check and use.

use super::policy::OutboundPolicy;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::{io, net::SocketAddr, sync::Arc};

/// The addresses of a name are all private.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a public address")]
pub(super) struct Denied(pub(super) String);

/// A name could not be resolved.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` could not be resolved")]
pub(super) struct Unresolved {
    name: String,
    #[source]
    source: io::Error,
}

impl Unresolved {
    /// Whether the name server did not answer, so that asking again may help.
    pub(super) fn is_temporary(&self) -> bool {
        // The standard library keeps the resolver's code to itself; its text is glibc's and musl's for EAI_AGAIN.
        let text = self.source.to_string();
        text.contains("Temporary failure") || text.contains("Try again")
    }
}

/// Resolves names for connections to one port. The client does not tell the port, and rules may name one, so there is a client and a
/// resolver for each port that a rule names.
#[derive(Clone)]
pub(super) struct GuardedResolver {
    pub(super) policy: Arc<OutboundPolicy>,
    /// 0 stands for all ports that no rule names.
    pub(super) port: u16,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { policy, port } = self.clone();
        Box::pin(async move {
            let name = name.as_str();
            let found = tokio::net::lookup_host((name, 0))
                .await
                .map_err(|source| Unresolved { name: name.to_owned(), source })?;
            let any = policy.allows_name(name, port);
            let allowed: Vec<SocketAddr> =
                found.filter(|address| any || policy.allows_address(address.ip(), port)).collect();
            if allowed.is_empty() {
                return Err(Denied(name.to_owned()).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
