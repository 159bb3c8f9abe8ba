//! Requests that functions make: to the provider with the customer's credentials, and anywhere without.

use super::{Answer, RunHost};
use bespoke_runtime::host::{Http, UncontrolledFetch};
use bytes::Bytes;

impl RunHost {
    pub(super) async fn http(&self, request: Http, body: Bytes) -> Answer {
        let connection =
            self.connection_named(request.provider_config_key.clone(), request.connection_id.clone()).await?;
        let provider = &self.connection().provider;
        self.0.engine.request_for_run(&connection, provider, request, body, &self.0.log).await
    }

    pub(super) async fn uncontrolled_fetch(&self, request: UncontrolledFetch, body: Bytes) -> Answer {
        self.0.engine.fetch_for_run(request, body, &self.0.log).await
    }
}
