//! Requests that another site makes a browser send: its cookies must not count there.

use crate::{
    cookies,
    error::{ApiError, Code},
    state::AppState,
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use url::Url;

/// Refuses a request that a page of another origin makes; and one that changes something and does not say where it comes
/// from, as every browser does.
pub fn check(app: &AppState, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(origin) = headers.get(header::ORIGIN) else {
        let reads = matches!(*method, Method::GET | Method::HEAD);
        return if reads { Ok(()) } else { Err(refused("it has no Origin")) };
    };
    let origin = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok());
    let ours = origin.is_some_and(|origin| is_ours(&origin, app.engine.public_url(), headers));
    if ours { Ok(()) } else { Err(refused("its Origin is neither BESPOKE_PUBLIC_URL nor the Host")) }
}

/// The same for the addresses that sign people in and out: before there is a cookie, a client that is no browser need
/// not say where it comes from.
pub async fn layer(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_browser =
        headers.contains_key(header::ORIGIN) || cookies::token(headers, cookies::SESSION).is_some();
    match check(&app, request.method(), headers) {
        Err(error) if is_browser => error.into_response(),
        _ => next.run(request).await,
    }
}

/// That it is no request of our own pages.
pub fn refused(why: &str) -> ApiError {
    ApiError::new(Code::CrossSiteRequest)
        .message(format!("The request does not come from the dashboard: {why}."))
}

fn is_ours(origin: &Url, public_url: &str, headers: &HeaderMap) -> bool {
    if Url::parse(public_url).is_ok_and(|public| public.origin() == origin.origin()) {
        return true;
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    // The scheme is the browser's affair: behind a proxy that ends TLS it is not seen here.
    let host = host.and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok());
    host.is_some_and(|host| host.origin() == origin.origin())
}
