//! What the OpenAPI document says besides the routes.

use utoipa::{
    Modify, OpenApi as _,
    openapi::{
        OpenApi,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Bespoke",
        description = "Self-hosted integrations that adapt to each customer. Compatible with Nango's API.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    // Routed apart from the others: its path is the provider's.
    paths(crate::api::proxy::proxy),
    modifiers(&SecretKey),
    security(("secret_key" = []), ("session" = []))
)]
struct Document;

struct SecretKey;

impl Modify for SecretKey {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The environment's secret key, a UUID v4."))
            .build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("secret_key", SecurityScheme::Http(scheme));
        let cookie = ApiKeyValue::with_description(
            crate::cookies::SESSION,
            "A session of the dashboard; `Bespoke-Environment` names the environment.",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The token of a session of the configuration page, `bcs_…`."))
            .build();
        components.add_security_scheme("configure_session", SecurityScheme::Http(scheme));
    }
}

/// The document before the routes are added.
pub fn document() -> OpenApi {
    Document::openapi()
}
