//! Signing in at an issuer (OIDC). These are addresses for a browser: they answer with the way onward.

use crate::{
    cookies,
    error::{ApiError, Result},
    extract::Query,
    state::AppState,
    visitor::Visitor,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use bespoke_engine::Error;
use serde::Deserialize;

/// Where a sign-in goes that failed.
const FAILED: &str = "/sign-in?reason=oidc";

/// Where to go afterwards.
#[derive(Deserialize, utoipa::IntoParams)]
pub struct BeginOidc {
    /// A page of the dashboard.
    next: Option<String>,
}

/// Begins to sign in at the issuer: sends the browser there.
#[utoipa::path(get, path = "/session/oidc", tag = "session", security(()), params(BeginOidc), responses((status = 302)))]
pub async fn begin_oidc(State(app): State<AppState>, Query(query): Query<BeginOidc>) -> Result<Response> {
    let next = query.next.filter(|next| is_page(next));
    match app.engine.begin_oidc(next).await {
        Ok(departure) => {
            let cookie = cookies::departure(&departure.token, app.engine.public_url());
            Ok(onward(&departure.address, [(header::SET_COOKIE, cookie)]))
        }
        Err(error) => refused(error),
    }
}

/// What the issuer sends the browser back with.
#[derive(Deserialize, utoipa::IntoParams)]
pub struct FinishOidc {
    /// To be exchanged for its word.
    code: Option<String>,
    /// Which sign-in it is.
    state: Option<String>,
}

/// Ends the sign-in at the issuer: sends the browser to the dashboard, signed in, or back to the beginning.
#[utoipa::path(get, path = "/session/oidc/callback", tag = "session", security(()), params(FinishOidc),
    responses((status = 302)))]
pub async fn finish_oidc(
    State(app): State<AppState>,
    Visitor(visitor): Visitor,
    headers: HeaderMap,
    Query(query): Query<FinishOidc>,
) -> Result<Response> {
    let token = cookies::token(&headers, cookies::DEPARTURE);
    let (Some(token), Some(code), Some(state)) = (token, query.code, query.state) else {
        return refused(Error::SignInFailed("the issuer sent no code, or the browser no cookie".to_owned()));
    };
    match app.engine.finish_oidc(&token, code, &state, visitor).await {
        Ok((new, next)) => {
            let url = app.engine.public_url();
            let session = (header::SET_COOKIE, cookies::session(&new.token, url));
            let departed = (header::SET_COOKIE, cookies::no_departure(url));
            Ok(onward(next.as_deref().unwrap_or("/app"), [departed, session]))
        }
        Err(error) => refused(error),
    }
}

/// A page of the dashboard and nothing that a browser could take for another server.
fn is_page(next: &str) -> bool {
    let after = next.strip_prefix("/app");
    after.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
        && !next.contains(['\\', '\r', '\n'])
}

fn refused(error: Error) -> Result<Response> {
    match error {
        Error::SignInFailed(_) | Error::NotInvited(_) => {
            tracing::warn!(error = bespoke_engine::error::chain(&error), "a sign-in failed");
            Ok(onward(FAILED, []))
        }
        other => Err(ApiError::from(other)),
    }
}

fn onward<const N: usize>(address: &str, headers: [(header::HeaderName, HeaderValue); N]) -> Response {
    let location = HeaderValue::from_str(address).unwrap_or_else(|_| HeaderValue::from_static("/sign-in"));
    let headers = AppendHeaders(headers);
    (StatusCode::FOUND, [(header::LOCATION, location)], headers).into_response()
}
