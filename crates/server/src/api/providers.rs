//! The catalogue of providers (http-api.md §6.4).

use crate::{
    api::integrations::Data,
    auth::{Key, scope},
    error::{ApiError, Code, Result},
    extract::{NoQuery, Path, Query, rules},
    state::AppState,
};
use axum::extract::State;
use bespoke_core::provider::Provider;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Which providers.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListProviders {
    /// Part of the name, in any case.
    search: Option<String>,
}

/// The providers, by name.
#[utoipa::path(get, path = "/providers", tag = "providers", params(ListProviders),
    responses((status = 200, description = "`data`: the definitions, with `name` and `logo_url`", body = Data<Vec<Object>>)))]
pub async fn list_providers(
    State(app): State<AppState>,
    _: Key<scope::AnyKey>,
    Query(query): Query<ListProviders>,
) -> Result<axum::Json<Data<Vec<Map<String, Value>>>>> {
    if let Some(search) = &query.search {
        rules::check(search, &rules::PROVIDER_CONFIG_KEY, &["search"])
            .map_err(|issue| ApiError::new(Code::InvalidQueryParams).issue(issue))?;
    }
    let found = app.engine.list_providers(query.search.as_deref().unwrap_or_default());
    let data = found.iter().map(|provider| shown(&app, provider)).collect();
    Ok(axum::Json(Data { data }))
}

/// One provider.
#[utoipa::path(get, path = "/providers/{provider}", tag = "providers", params(("provider" = String, Path)),
    responses((status = 200, description = "`data`: the definition, with `name` and `logo_url`", body = Data<Object>),
              (status = 404)))]
pub async fn get_provider(
    State(app): State<AppState>,
    _: Key<scope::AnyKey>,
    Path(name): Path<String>,
    _: NoQuery,
) -> Result<axum::Json<Data<Map<String, Value>>>> {
    let missing = |_| ApiError::new(Code::NotFound).message(format!("There is no provider \"{name}\"."));
    let provider = app.engine.provider(&name).map_err(missing)?;
    Ok(axum::Json(Data { data: shown(&app, &provider) }))
}

/// The definition as it is written, with its name and logo.
fn shown(app: &AppState, provider: &Provider) -> Map<String, Value> {
    let mut shown = provider.raw.clone();
    shown.insert("name".to_owned(), provider.name.clone().into());
    shown.insert("logo_url".to_owned(), app.engine.logo_url(&provider.name).into());
    shown
}
