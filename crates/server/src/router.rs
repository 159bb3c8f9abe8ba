//! Every route of the product, in one list.
//!
//! The same registration makes the OpenAPI document, so a route cannot be missing from it.

use crate::{
    api, auth, cross_site, dashboard, error::ApiError, error::Code, normalize::Routes, openapi,
    state::AppState,
};
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use std::time::Duration;
use tower_http::{catch_panic::CatchPanicLayer, cors::CorsLayer};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Largest body of a request to sign in or out, in bytes.
const SESSION_BODY_LIMIT: usize = 64 * 1024;

/// Routes that anybody may call.
fn public() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(api::health::health))
        .routes(routes!(api::health::ready))
        .routes(routes!(api::webhooks::receive_webhook))
}

/// Routes of the end customers' page: each of them asks for its session's token.
fn configure() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(api::configure::read_configure_session))
        .routes(routes!(api::configure::list_configure_options))
        .routes(routes!(api::configure::preview_configure))
        .routes(routes!(api::configure::patch_configure))
}

/// Routes that sign people in and out; who is signed in is in each handler's signature.
fn session() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(api::session::session_options))
        .routes(routes!(api::session::set_up))
        .routes(routes!(api::session::sign_in, api::session::read_session, api::session::sign_out))
        .routes(routes!(api::session::read_invite, api::session::accept_invite))
        .routes(routes!(api::session::change_password))
        .routes(routes!(api::session::list_sessions))
        .routes(routes!(api::session::end_session))
        .routes(routes!(api::oidc::begin_oidc))
        .routes(routes!(api::oidc::finish_oidc))
}

/// Routes that need an API key or a session; the scope is in each handler's signature.
fn guarded() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(api::actions::trigger_action))
        .routes(routes!(api::actions::read_action_result))
        .routes(routes!(api::activity::read_activity))
        .routes(routes!(api::connections::list_connections, api::connections::create_connection))
        .routes(routes!(api::connections::list_connections_alias, api::connections::create_connection_legacy))
        .routes(routes!(
            api::connections::get_connection,
            api::connections::update_connection,
            api::connections::delete_connection
        ))
        .routes(routes!(api::connections::get_connection_alias, api::connections::delete_connection_alias))
        .routes(routes!(api::configure::create_configure_session))
        .routes(routes!(api::configure::list_metadata_options))
        .routes(routes!(api::deployments::plan_deployment))
        .routes(routes!(api::deployments::deploy))
        .routes(routes!(api::dry_runs::dry_run))
        .routes(routes!(api::environment_variables::list_environment_variables))
        .routes(routes!(
            api::environment_variables::set_environment_variable,
            api::environment_variables::unset_environment_variable
        ))
        .routes(routes!(
            api::webhook_settings::read_webhook_settings,
            api::webhook_settings::update_webhook_settings
        ))
        .routes(routes!(
            api::configure_settings::read_configure_settings,
            api::configure_settings::update_configure_settings
        ))
        .routes(routes!(api::webhook_settings::rotate_webhook_signing_key))
        .routes(routes!(api::webhook_deliveries::list_webhook_deliveries))
        .routes(routes!(api::webhook_deliveries::read_webhook_delivery))
        .routes(routes!(api::webhook_deliveries::replay_webhook_delivery))
        .routes(routes!(api::retention::read_retention))
        .routes(routes!(api::fleet::list_fleet_connections))
        .routes(routes!(api::functions::list_functions))
        .routes(routes!(
            api::functions::read_function,
            api::functions::update_function,
            api::functions::delete_function
        ))
        .routes(routes!(api::functions::read_function_code))
        .routes(routes!(api::functions::list_function_versions))
        .routes(routes!(api::scripts_config::scripts_config))
        .routes(routes!(api::integrations::list_integrations, api::integrations::create_integration))
        .routes(routes!(api::integrations::quickstart_integration))
        .routes(routes!(
            api::integrations::get_integration,
            api::integrations::update_integration,
            api::integrations::delete_integration
        ))
        .routes(routes!(
            api::configuration::read_metadata_defaults,
            api::configuration::replace_metadata_defaults,
            api::configuration::patch_metadata_defaults
        ))
        .routes(routes!(api::configuration::read_metadata_schema, api::configuration::set_metadata_schema))
        .routes(routes!(api::keys::list_keys, api::keys::create_key))
        .routes(routes!(api::keys::revoke_key))
        .routes(routes!(api::members::list_members, api::members::add_member))
        .routes(routes!(api::members::update_member, api::members::remove_member))
        .routes(routes!(api::logs::list_logs))
        .routes(routes!(api::metadata::set_metadata, api::metadata::update_metadata))
        // A connection may be called `metadata`.
        .route(
            "/connections/metadata",
            get(api::connections::get_connection_named_metadata)
                .delete(api::connections::delete_connection_named_metadata),
        )
        .routes(routes!(api::metadata::set_metadata_alias, api::metadata::update_metadata_alias))
        .routes(routes!(api::metadata::set_connection_metadata, api::metadata::update_connection_metadata))
        .routes(routes!(
            api::metadata::current::read_metadata,
            api::metadata::current::replace_metadata,
            api::metadata::current::patch_metadata
        ))
        .routes(routes!(api::metadata::draft::draft_metadata_schema))
        .routes(routes!(api::metadata::migrations::migrate_metadata))
        .routes(routes!(api::metadata::fleet::read_fleet))
        .routes(routes!(api::metadata::fleet::change_fleet))
        .routes(routes!(api::metadata::promote::promote_metadata))
        .routes(routes!(api::metadata::revisions::list_metadata_revisions))
        .routes(routes!(api::metadata::revisions::read_metadata_revision))
        .routes(routes!(api::metadata::revisions::diff_metadata))
        .routes(routes!(api::metadata::revisions::restore_metadata))
        .routes(routes!(api::metadata::preview::preview_metadata))
        .routes(routes!(api::metadata::verify::verify_metadata_revisions))
        .routes(routes!(api::providers::list_providers))
        .routes(routes!(api::providers::get_provider))
        .routes(routes!(api::records::list_records))
        .routes(routes!(api::records::list_record_models))
        .routes(routes!(api::records::list_record_versions))
        .routes(routes!(api::records::prune_records))
        .routes(routes!(api::runs::list_runs))
        .routes(routes!(api::runs::read_run))
        .routes(routes!(api::runs::cancel_run))
        .routes(routes!(api::sync_deploy::confirm_sync_deploy))
        .routes(routes!(api::sync_deploy::sync_deploy))
        .routes(routes!(api::sync_variants::create_sync_variant, api::sync_variants::delete_sync_variant))
        .routes(routes!(api::syncs::trigger_syncs))
        .routes(routes!(api::syncs::start_syncs))
        .routes(routes!(api::syncs::pause_syncs))
        .routes(routes!(api::syncs::sync_status))
        .routes(routes!(api::syncs::update_frequency))
}

fn all() -> OpenApiRouter<AppState> {
    let open = OpenApiRouter::with_openapi(openapi::document()).merge(public()).merge(session());
    open.merge(configure()).merge(guarded())
}

/// The OpenAPI document of the API.
pub fn openapi_document() -> OpenApi {
    all().into_openapi()
}

/// The routes as a service, and the list for [`crate::normalize`].
pub fn router(app: AppState, body_limit: usize) -> (Router, Routes) {
    let document = openapi_document();
    let routes = Routes::new(document.paths.paths.keys().map(String::as_str));
    let (public, _) = public().merge(configure()).split_for_parts();
    let (session, _) = session().split_for_parts();
    let session = session.layer(middleware::from_fn_with_state(app.clone(), cross_site::layer));
    let (guarded, _) = guarded().split_for_parts();
    let proxy = api::proxy::router();
    let router = guarded
        .layer(DefaultBodyLimit::max(body_limit))
        .merge(proxy)
        .layer(middleware::from_fn_with_state(app.clone(), auth::guard))
        .merge(public.layer(DefaultBodyLimit::max(body_limit)))
        .merge(session.layer(DefaultBodyLimit::max(SESSION_BODY_LIMIT)))
        .merge(dashboard::pages())
        .fallback(dashboard::file)
        .method_not_allowed_fallback(unknown_method)
        .layer(middleware::map_response(security_headers))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(cors())
        .layer(middleware::from_fn(empty_preflight))
        .with_state(app);
    (router, routes)
}

async fn unknown_method() -> ApiError {
    ApiError::new(Code::MethodNotAllowed)
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text =
        panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = text.unwrap_or("unknown"), "a handler panicked");
    ApiError::new(Code::GenericErrorSupport).into_response()
}

async fn security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // A page says itself who may show it in a frame.
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The answer to a preflight request is 204, as it has no body.
async fn empty_preflight(request: Request, next: Next) -> Response {
    let is_preflight = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = next.run(request).await;
    if is_preflight && response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::NO_CONTENT;
    }
    response
}

/// As http-api.md §1 lists it.
fn cors() -> CorsLayer {
    let name = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(tower_http::cors::Any)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::HEAD])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            header::ORIGIN,
            header::IF_MATCH,
            name("x-requested-with"),
            name("nango-activity-log-id"),
            name("nango-is-dry-run"),
            name("nango-is-sync"),
            name("provider-config-key"),
            name("connection-id"),
            name("sentry-trace"),
            name("baggage"),
        ])
        .expose_headers([
            header::AUTHORIZATION,
            header::ETAG,
            header::CONTENT_TYPE,
            header::CONTENT_LENGTH,
            name("x-nango-signature"),
            name("x-ratelimit-limit"),
            name("x-ratelimit-remaining"),
            name("x-ratelimit-reset"),
        ])
        .max_age(Duration::from_secs(600))
}
