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
        let mut draft = SchemaDraft::default();
        self.each_of_fleet(environment, unique_key, |member| {
            if let Some(metadata) = member.metadata {
                draft.observe(&Document::from_stored(metadata).to_object());
            }
        })
        .await?;
        Ok(draft)
    }
}
