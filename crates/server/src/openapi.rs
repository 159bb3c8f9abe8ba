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
    modifiers(&SecretKey, &ProxyMethods),
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

/// Gives the methods of the proxy, which are one handler, names of their own: a document's operations need that.
struct ProxyMethods;

impl Modify for ProxyMethods {
    fn modify(&self, document: &mut OpenApi) {
        for item in document.paths.paths.values_mut() {
            let methods = [
                (&mut item.get, "proxy_get"),
                (&mut item.post, "proxy_post"),
                (&mut item.put, "proxy_put"),
                (&mut item.patch, "proxy_patch"),
                (&mut item.delete, "proxy_delete"),
                (&mut item.head, "proxy_head"),
            ];
            for (operation, name) in methods {
                if let Some(operation) =
                    operation.as_mut().filter(|one| one.operation_id.as_deref() == Some("proxy"))
                {
                    operation.operation_id = Some(name.to_owned());
                }
            }
        }
    }
}

/// The document before the routes are added.
pub fn document() -> OpenApi {
    Document::openapi()
}
