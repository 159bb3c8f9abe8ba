//! Who asks, as far as it can be seen from outside.

use crate::{
    cookies,
    error::{ApiError, Code},
    state::AppState,
};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};
use bespoke_core::user;
use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

/// Address and browser of the one who asks.
pub struct Visitor(pub bespoke_engine::sessions::Visitor);

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let agent = parts.headers.get(header::USER_AGENT);
        Ok(Self(bespoke_engine::sessions::Visitor {
            address: address(peer, &parts.headers),
            user_agent: agent.and_then(|agent| agent.to_str().ok()).unwrap_or_default().to_owned(),
        }))
    }
}

/// The address of the client. Behind a proxy on a private address it is the one that the proxy saw: the last of
/// `X-Forwarded-For`, which a client cannot choose.
fn address(peer: Option<IpAddr>, headers: &HeaderMap) -> String {
    let Some(peer) = peer else { return String::new() };
    let peer = peer.to_canonical();
    let is_private = match peer {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    let forwarded = headers.get_all("x-forwarded-for").iter().next_back();
    let last =
        forwarded.and_then(|line| line.to_str().ok()?.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    last.filter(|_| is_private).unwrap_or(peer).to_string()
}

/// The user whose session the cookie holds. Answers 401 `not_signed_in` otherwise.
pub struct SignedIn(pub user::SignedIn);

impl FromRequestParts<AppState> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let token = cookies::token(&parts.headers, cookies::SESSION);
        let token = token.ok_or(ApiError::new(Code::NotSignedIn))?;
        let found = app.engine.session(&token).await?;
        found.map(Self).ok_or(ApiError::new(Code::NotSignedIn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proxy_near_by_is_believed() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "1.1.1.1, 2.2.2.2".parse().unwrap());
        let seen = |peer: &str| address(peer.parse().ok(), &headers);
        assert_eq!(seen("127.0.0.1"), "2.2.2.2");
        assert_eq!(seen("::ffff:10.0.0.1"), "2.2.2.2");
        assert_eq!(seen("9.9.9.9"), "9.9.9.9");
        headers.insert("x-forwarded-for", "nonsense".parse().unwrap());
        assert_eq!(address("10.0.0.1".parse().ok(), &headers), "10.0.0.1");
    }
}
