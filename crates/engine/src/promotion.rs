//! Folding a value that nearly all customers have into the defaults of an integration.

use crate::{Engine, Error, Resource, Result, metadata::failed};
use bespoke_core::{
    document::Document,
    id::EnvironmentId,
    promotion::{Effects, Promoting, Promotion},
    revision::Provenance,
};
pub use bespoke_store::Promoted;
use serde_json::Value;

/// How often a promotion is tried anew where connections were changed between the look at them and the write.
const TRIES: usize = 3;

/// A value that is to become a default.
#[derive(Clone, Debug)]
pub struct Promote {
    /// JSON pointer.
    pub path: String,
    /// The value.
    pub value: Value,
    /// Only tell what would come of it.
    pub is_dry_run: bool,
    /// Where it comes from.
    pub provenance: Provenance,
}

impl Engine {
    /// Makes a value the default of an integration without changing what counts for any connection: those that have it as
    /// their own lose it, those for whom something else counted get that as their own.
    ///
    /// Fails with [`Error::NotFound`], [`Error::Invalid`], [`Error::NotPromotable`] where it would be new to connections,
    /// and [`Error::MetadataTooLarge`].
    pub async fn promote(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        promote: Promote,
    ) -> Result<Promoted> {
        let Promote { path, value, is_dry_run, provenance } = promote;
        for _ in 0..TRIES {
            let configuration = self.configuration(environment, provider_config_key).await?;
            if configuration.secrets().has(&path) {
                return Err(Error::invalid(&["path"], "custom", "Is secret: each connection has its own"));
            }
            let promotion = Promotion::new(&path, value.clone(), configuration.fold()).map_err(|unfit| {
                let field = if value.is_object() { "value" } else { "path" };
                Error::invalid(&[field], "custom", unfit.to_string())
            })?;
            let defaults = self.metadata_defaults(environment, provider_config_key).await?;
            let promoting = promotion.clone().over(defaults.to_object());
            // Looked at before others have to wait for it.
            let effects = self.promotion_effects(environment, provider_config_key, &promoting).await?;
            if effects.changed.count > 0 {
                return Err(Error::NotPromotable(Box::new(effects)));
            }
            if is_dry_run {
                let defaults =
                    Document::from_object(promoting.defaults()).map_err(|error| failed(error.into()))?;
                return Ok(Promoted { defaults, effects });
            }
            let promoted = self
                .store
                .promote_metadata(environment, provider_config_key, promotion, provenance.clone())
                .await;
            match promoted {
                Err(bespoke_store::Error::Conflict(_)) => {}
                Err(bespoke_store::Error::NotFound(_)) => return Err(Error::NotFound(Resource::Integration)),
                other => return other.map_err(failed),
            }
        }
        Err(Error::MetadataConflict)
    }

    async fn promotion_effects(
        &self,
        environment: EnvironmentId,
        provider_config_key: &str,
        promoting: &Promoting,
    ) -> Result<Effects> {
        let mut effects = Effects::default();
        self.each_of_fleet(environment, provider_config_key, |member| {
            let own = member.metadata.map(|text| Document::from_stored(text).to_object());
            effects.add(&promoting.fate(own.as_ref()), &member.connection_id);
        })
        .await?;
        Ok(effects)
    }
}
