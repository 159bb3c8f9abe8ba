//! Who calls: by an API key, or signed in to the dashboard; in which environment, and with which scopes.
//!
//! [`guard`] runs before every route that needs one of them, in the order of http-api.md §2.3: content type, key, rate limit.
//! The scope is part of a handler's signature: [`Key`]`<scope::ConnectionsRead>`. A handler without one does not compile
//! against the route list's test.

use crate::{
    cookies, cross_site,
    error::{ApiError, Code},
    state::AppState,
};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, Method, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bespoke_core::{
    environment::{ApiKey, Environment},
    role::{Role, covers},
    time::Timestamp,
    user::User,
};
use bespoke_engine::Allowance;
use serde_json::json;
use std::{marker::PhantomData, sync::Arc};

/// Names the environment that a user who is signed in to the dashboard works in. A browser sends it for our own pages
/// only.
pub const ENVIRONMENT: &str = "bespoke-environment";

/// Who a request comes from, and the environment that it is about.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who it is.
    pub principal: Principal,
    /// The only environment whose rows exist for this request.
    pub environment: Environment,
}

/// Who can make requests.
#[derive(Clone, Debug)]
pub enum Principal {
    /// A backend or an operator, by a key.
    Key(ApiKey),
    /// A person in the dashboard, with their role in the environment.
    User(User, Role),
}

/// The caller, who has the scope `S`. Answers 403 `forbidden` otherwise.
pub struct Key<S: Scope>(pub Arc<Caller>, PhantomData<S>);

impl<S: Scope> std::ops::Deref for Key<S> {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

/// A permission that a handler's signature can name. Holding any one of [`Scope::ANY_OF`] is enough.
pub trait Scope: Send + Sync + 'static {
    /// The scopes, each of which is enough.
    const ANY_OF: &'static [&'static str];
}

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident [$($text:literal),+];)+) => {
        /// The scopes of http-api.md §2.3, as types for handlers' signatures.
        pub mod scope {
            use super::Scope;
            $(
                $(#[$doc])*
                pub struct $name;
                impl Scope for $name {
                    const ANY_OF: &'static [&'static str] = &[$($text),+];
                }
            )+

            /// Every scope.
            pub const ALL: &[&[&str]] = &[$(&[$($text),+]),+];
        }
    };
}

scopes! {
    /// Nothing beyond a valid key.
    AnyKey ["environment:"];
    /// List connections.
    ConnectionsList ["environment:connections:list", "environment:connections:list_credentials"];
    /// Read a connection.
    ConnectionsRead ["environment:connections:read", "environment:connections:read_credentials"];
    /// Import a connection.
    ConnectionsCreate ["environment:connections:create"];
    /// Change a connection or its metadata.
    ConnectionsUpdate ["environment:connections:update"];
    /// Delete a connection.
    ConnectionsDelete ["environment:connections:delete"];
    /// List integrations.
    IntegrationsList ["environment:integrations:list", "environment:integrations:list_credentials"];
    /// Read an integration.
    IntegrationsRead ["environment:integrations:read", "environment:integrations:read_credentials"];
    /// Create an integration.
    IntegrationsCreate ["environment:integrations:create"];
    /// Change an integration.
    IntegrationsUpdate ["environment:integrations:update"];
    /// Delete an integration.
    IntegrationsDelete ["environment:integrations:delete"];
    /// List an integration's functions.
    FunctionsList ["environment:functions:list"];
    /// Read a function and its code.
    FunctionsRead ["environment:functions:read"];
    /// Enable or disable a function.
    FunctionsUpdate ["environment:functions:update", "environment:deploy"];
    /// Delete a function.
    FunctionsDelete ["environment:functions:delete"];
    /// Read the definitions of all functions.
    ScriptsRead ["environment:integrations:list_functions"];
    /// Read the log and the runs.
    LogsRead ["environment:logs:read"];
    /// Cancel runs.
    RunsCancel ["environment:runs:cancel"];
    /// Read records.
    RecordsRead ["environment:records:read"];
    /// Prune records.
    RecordsWrite ["environment:records:write"];
    /// Trigger, start and pause syncs.
    SyncsExecute ["environment:syncs:execute"];
    /// Read the status of syncs.
    SyncsRead ["environment:syncs:read"];
    /// Change a sync's frequency.
    SyncsUpdate ["environment:syncs:update"];
    /// Make variants of syncs.
    SyncsVariantCreate ["environment:syncs:variant:create"];
    /// Delete variants of syncs.
    SyncsVariantDelete ["environment:syncs:variant:delete"];
    /// Trigger actions and read their results.
    ActionsExecute ["environment:actions:execute"];
    /// Use the proxy.
    Proxy ["environment:proxy"];
    /// Deploy functions.
    Deploy ["environment:deploy"];
    /// Read environment variables.
    VariablesRead ["environment:variables:read"];
    /// Set and unset environment variables.
    VariablesWrite ["environment:variables:write"];
    /// Read the webhook settings, the signing key among them.
    WebhooksRead ["environment:webhooks:read"];
    /// Change the webhook settings.
    WebhooksWrite ["environment:webhooks:write"];
    /// Replace the key that signs webhooks.
    WebhookSigningKeyRotate ["environment:webhook_signing_key:rotate"];
    /// Read where the page for end customers may be shown.
    ConfigureRead ["environment:configure:read"];
    /// Change where the page for end customers may be shown.
    ConfigureWrite ["environment:configure:write"];
    /// List the members of the environment.
    MembersRead ["members:read"];
    /// Invite members, change their roles, remove them.
    MembersWrite ["members:write"];
    /// List the secret keys of the environment.
    KeysRead ["keys:read"];
    /// Make and revoke secret keys.
    KeysWrite ["keys:write"];
}

/// Every scope by its whole name.
fn scopes() -> impl Iterator<Item = &'static str> {
    scope::ALL.iter().flat_map(|scopes| scopes.iter().copied()).filter(|scope| !scope.ends_with(':'))
}

/// What a role is granted, each scope by its whole name, in order.
pub fn granted(role: Role) -> Vec<&'static str> {
    let mut granted: Vec<_> = scopes().filter(|scope| role.has(scope)).collect();
    granted.sort_unstable();
    granted.dedup();
    granted
}

/// Whether a key can be granted this: a scope, or `prefix:*` that covers one.
pub fn is_scope(text: &str) -> bool {
    scopes().any(|scope| covers(text, scope))
}

impl Caller {
    /// Whether the caller has `scope`.
    pub fn has(&self, scope: &str) -> bool {
        match &self.principal {
            Principal::Key(key) => key.scopes.iter().any(|granted| covers(granted, scope)),
            Principal::User(_, role) => role.has(scope),
        }
    }

    /// Why the caller may not do what needs `scope`.
    fn lacks(&self, scope: &str) -> ApiError {
        ApiError::new(Code::Forbidden).message(match &self.principal {
            Principal::Key(_) => format!("The key lacks the scope {scope}."),
            Principal::User(_, role) => {
                format!("The role {} in {} lacks the scope {scope}.", role.as_str(), self.environment.name)
            }
        })
    }
}

impl<S: Scope> FromRequestParts<AppState> for Key<S> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, ApiError> {
        let caller =
            parts.extensions.get::<Arc<Caller>>().cloned().ok_or(ApiError::new(Code::MissingAuthHeader))?;
        let allowed = S::ANY_OF.iter().any(|scope| scope.ends_with(':') || caller.has(scope));
        if allowed {
            return Ok(Self(caller, PhantomData));
        }
        Err(caller.lacks(S::ANY_OF[0]))
    }
}

/// Checks content type, key or session, and rate limit, and leaves the [`Caller`] for the handler.
pub async fn guard(State(app): State<AppState>, mut request: Request, next: Next) -> Response {
    if let Err(error) = check_content_type(&request) {
        return error.into_response();
    }
    let caller = match authenticate(&app, request.method(), request.headers()).await {
        Ok(caller) => caller,
        Err(error) => return error.payload(json!({})).into_response(),
    };
    let allowance = app.rate_limit.take(caller.environment.id, app.engine.now());
    let mut response = if allowance.exceeded {
        too_many(&request, allowance, app.engine.now())
    } else {
        request.extensions_mut().insert(Arc::new(caller));
        next.run(request).await
    };
    for (name, value) in [
        ("x-ratelimit-limit", i64::from(allowance.limit)),
        ("x-ratelimit-remaining", i64::from(allowance.remaining)),
        ("x-ratelimit-reset", allowance.reset),
    ] {
        response.headers_mut().insert(name, HeaderValue::from(value));
    }
    response
}

fn too_many(request: &Request, allowance: Allowance, now: Timestamp) -> Response {
    let body = json!({ "error": {
        "code": Code::TooManyRequests.as_str(), "method": request.method().as_str(), "path": request.uri().path(),
    }});
    let mut response = (axum::http::StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(allowance.wait(now)));
    response
}

/// First path segments below which a body must be JSON where a content type is given (http-api.md §1).
const JSON_ONLY: &[&str] = &[
    "oauth",
    "api-auth",
    "auth",
    "providers",
    "environments",
    "integrations",
    "connection",
    "connections",
    "environment-variables",
    "environment",
    "sync",
    "records",
    "scripts",
    "functions",
    "action",
    "deployments",
    "dry-runs",
    "members",
    "keys",
    "configure",
];

fn check_content_type(request: &Request) -> Result<(), ApiError> {
    let Some(content_type) = request.headers().get(header::CONTENT_TYPE) else { return Ok(()) };
    let first = request.uri().path().trim_start_matches('/').split('/').next().unwrap_or_default();
    // What a patch is comes in its own kinds of JSON.
    let kinds = ["application/json", "application/merge-patch+json"];
    let is_json = content_type
        .to_str()
        .is_ok_and(|text| kinds.iter().any(|kind| text.to_ascii_lowercase().starts_with(kind)));
    if is_json || request.method() == Method::OPTIONS || !JSON_ONLY.contains(&first) {
        return Ok(());
    }
    Err(ApiError::new(Code::InvalidContentType))
}

/// By the `Authorization` header where there is one, and by the session's cookie otherwise.
async fn authenticate(app: &AppState, method: &Method, headers: &HeaderMap) -> Result<Caller, ApiError> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        return by_key(app, value).await;
    }
    let token = cookies::token(headers, cookies::SESSION);
    let environment = headers.get(ENVIRONMENT).and_then(|name| name.to_str().ok());
    match (token, environment) {
        (None, None) => Err(ApiError::new(Code::MissingAuthHeader)),
        (None, Some(_)) => Err(ApiError::new(Code::NotSignedIn)),
        (Some(token), environment) => {
            cross_site::check(app, method, headers)?;
            let Some(environment) = environment else {
                let reads = matches!(*method, Method::GET | Method::HEAD);
                return Err(if reads {
                    ApiError::new(Code::MissingAuthHeader)
                } else {
                    cross_site::refused("the header Bespoke-Environment is missing")
                });
            };
            let signed_in = app.engine.session(&token).await?.ok_or(ApiError::new(Code::NotSignedIn))?;
            // Whether there is an environment of another name is not told.
            let Some((environment, role)) = signed_in.role_in(environment) else {
                return Err(ApiError::new(Code::Forbidden).message("You have no role in this environment."));
            };
            let environment = environment.clone();
            Ok(Caller { principal: Principal::User(signed_in.user, role), environment })
        }
    }
}

async fn by_key(app: &AppState, value: &HeaderValue) -> Result<Caller, ApiError> {
    let text = value.to_str().map_err(|_| ApiError::new(Code::MalformedAuthHeader))?;
    // The scheme word is optional: whatever follows the last `Bearer ` is the key.
    let key = text.rsplit("Bearer ").next().unwrap_or_default().trim();
    if key.is_empty() || key == "Bearer" {
        return Err(ApiError::new(Code::MalformedAuthHeader));
    }
    let key = bespoke_core::environment::SecretKey::parse(key)
        .ok_or(ApiError::new(Code::InvalidSecretKeyFormat))?;
    match app.engine.authenticate(&key).await? {
        Some((key, environment)) => Ok(Caller { principal: Principal::Key(key), environment }),
        None => Err(ApiError::new(Code::UnknownAccount)),
    }
}
