//! Drafts of an integration's schema, from the configurations that its customers have.

use crate::{Engine, Result};
use bespoke_core::{document::Document, id::EnvironmentId, schema_draft::SchemaDraft};

impl Engine {
    /// What the metadata of an integration's connections looks like now. Fails with [`crate::Error::NotFound`].
    pub async fn draft_metadata_schema(
        &self,
        environment: EnvironmentId,
        unique_key: &str,
    ) -> Result<SchemaDraft> {
        let integration = self.integration(environment, unique_key).await?.integration.id;
        let mut draft = SchemaDraft::default();
        let mut cursor = Some(Default::default());
        while let Some(from) = cursor {
            let (members, next) = self.store.fleet_page(environment, integration, from).await?;
            cursor = next;
            for metadata in members.into_iter().filter_map(|member| member.metadata) {
                draft.observe(&Document::from_stored(metadata).to_object());
            }
            // Thousands of documents were read meanwhile: others have their turn.
            tokio::task::yield_now().await;
        }
        Ok(draft)
    }
}
