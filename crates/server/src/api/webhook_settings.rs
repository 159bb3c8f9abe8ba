//! Where the backend hears of what happened (http-api.md §15.1).
//!
//! Rotating the key is Nango's; reading and setting the rest is ours (there it is in the dashboard only).

use crate::{
    api::integrations::Data,
    auth::{Key, scope},
    error::Result,
    extract::{Json, NoQuery},
    state::AppState,
};
use axum::extract::State;
use bespoke_core::webhook::WebhookSettings as Settings;
use bespoke_engine::UpdateWebhookSettings;
use serde::{Deserialize, Serialize};

/// The webhook settings of the environment.
#[derive(Serialize, utoipa::ToSchema)]
pub struct WebhookSettings {
    /// Where everything goes.
    primary_url: Option<String>,
    /// Where everything goes as well.
    secondary_url: Option<String>,
    /// Tell of new connections.
    on_auth_creation: bool,
    /// Tell of credentials that could not be renewed.
    on_auth_refresh_error: bool,
    /// Tell of syncs that changed nothing, too.
    on_sync_completion_always: bool,
    /// Tell of failed syncs.
    on_sync_error: bool,
    /// Tell of ended async actions.
    on_async_action_completion: bool,
    /// Tell of changed metadata.
    on_metadata_change: bool,
    /// The key of the HMAC in `X-Nango-Hmac-Sha256`.
    webhook_signing_key: String,
}

fn shown(settings: &Settings) -> axum::Json<Data<WebhookSettings>> {
    let data = WebhookSettings {
        primary_url: settings.primary_url.clone(),
        secondary_url: settings.secondary_url.clone(),
        on_auth_creation: settings.on_auth_creation,
        on_auth_refresh_error: settings.on_auth_refresh_error,
        on_sync_completion_always: settings.on_sync_completion_always,
        on_sync_error: settings.on_sync_error,
        on_async_action_completion: settings.on_async_action_completion,
        on_metadata_change: settings.on_metadata_change,
        webhook_signing_key: settings.signing_key.expose().clone(),
    };
    axum::Json(Data { data })
}

/// The webhook settings of the environment.
#[utoipa::path(get, path = "/environment/webhooks", tag = "environment",
    responses((status = 200, body = Data<WebhookSettings>)))]
pub async fn read_webhook_settings(
    State(app): State<AppState>,
    key: Key<scope::WebhooksRead>,
    _: NoQuery,
) -> Result<axum::Json<Data<WebhookSettings>>> {
    Ok(shown(&app.engine.webhook_settings(key.environment.id).await?))
}

/// What to change of the webhook settings.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchWebhookSettings {
    /// Where everything goes; an empty text takes it back.
    primary_url: Option<String>,
    /// Where everything goes as well; an empty text takes it back.
    secondary_url: Option<String>,
    /// Tell of new connections.
    on_auth_creation: Option<bool>,
    /// Tell of credentials that could not be renewed.
    on_auth_refresh_error: Option<bool>,
    /// Tell of syncs that changed nothing, too.
    on_sync_completion_always: Option<bool>,
    /// Tell of failed syncs.
    on_sync_error: Option<bool>,
    /// Tell of ended async actions.
    on_async_action_completion: Option<bool>,
    /// Tell of changed metadata.
    on_metadata_change: Option<bool>,
}

/// Changes the webhook settings of the environment.
#[utoipa::path(patch, path = "/environment/webhooks", tag = "environment", request_body = PatchWebhookSettings,
    responses((status = 200, body = Data<WebhookSettings>), (status = 400)))]
pub async fn update_webhook_settings(
    State(app): State<AppState>,
    key: Key<scope::WebhooksWrite>,
    _: NoQuery,
    Json(body): Json<PatchWebhookSettings>,
) -> Result<axum::Json<Data<WebhookSettings>>> {
    let update = UpdateWebhookSettings {
        primary_url: body.primary_url,
        secondary_url: body.secondary_url,
        on_auth_creation: body.on_auth_creation,
        on_auth_refresh_error: body.on_auth_refresh_error,
        on_sync_completion_always: body.on_sync_completion_always,
        on_sync_error: body.on_sync_error,
        on_async_action_completion: body.on_async_action_completion,
        on_metadata_change: body.on_metadata_change,
    };
    Ok(shown(&app.engine.update_webhook_settings(key.environment.id, update).await?))
}

/// A new signing key.
#[derive(Serialize, utoipa::ToSchema)]
pub struct RotatedKey {
    /// The key of the HMAC in `X-Nango-Hmac-Sha256`.
    webhook_signing_key: String,
}

/// Replaces the key that signs webhooks to the backend.
#[utoipa::path(post, path = "/environment/webhook-signing-key/rotate", tag = "environment",
    responses((status = 200, body = Data<RotatedKey>)))]
pub async fn rotate_webhook_signing_key(
    State(app): State<AppState>,
    key: Key<scope::WebhookSigningKeyRotate>,
    _: NoQuery,
) -> Result<axum::Json<Data<RotatedKey>>> {
    let made = app.engine.rotate_webhook_signing_key(key.environment.id).await?;
    Ok(axum::Json(Data { data: RotatedKey { webhook_signing_key: made.expose().clone() } }))
}
