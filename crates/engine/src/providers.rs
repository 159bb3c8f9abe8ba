//! The catalogue: the providers that we ship, and the operator's own.

use bespoke_core::provider::{
    Provider,
    file::{self, Entry},
};
use include_dir::{Dir, include_dir};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The definitions that we ship, one file each.
static SHIPPED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../../providers");

/// Why the catalogue cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A definition is wrong; the message names file, provider and field.
    #[error(transparent)]
    Definition(#[from] file::Error),
    /// A file or folder cannot be read.
    #[error("{path}: it cannot be read")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// All known providers by name. It does not change while the server runs; cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Catalogue(Arc<BTreeMap<String, Arc<Provider>>>);

impl Catalogue {
    /// The shipped providers, and those of `paths` (files, or folders with `.yaml` and `.yml` files) added to and overriding them.
    /// Among `paths` later ones win.
    pub fn load(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut entries = shipped()?;
        for path in paths {
            for file in files(path)? {
                let text = fs::read_to_string(&file).map_err(unreadable(&file))?;
                entries.extend(file::read(&file.to_string_lossy(), &text)?);
            }
        }
        Ok(Self::new(file::resolve(entries)?))
    }

    /// A catalogue of these providers only.
    pub fn new(providers: BTreeMap<String, Provider>) -> Self {
        Self(Arc::new(providers.into_iter().map(|(name, provider)| (name, Arc::new(provider))).collect()))
    }

    /// The provider of this name.
    pub fn get(&self, name: &str) -> Option<&Arc<Provider>> {
        self.0.get(name)
    }

    /// All providers whose name or display name holds this text, in whatever case; by name. Empty text finds all.
    pub fn search<'a>(&'a self, text: &str) -> impl Iterator<Item = &'a Arc<Provider>> + use<'a> {
        let text = text.to_lowercase();
        self.0.values().filter(move |provider| {
            provider.name.to_lowercase().contains(&text)
                || provider.definition.display_name.to_lowercase().contains(&text)
        })
    }

    /// All providers, by name.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.0.values()
    }
}

fn shipped() -> Result<Vec<Entry>, file::Error> {
    let mut entries = Vec::new();
    for file in SHIPPED.files().filter(|file| is_yaml(file.path())) {
        let path = format!("providers/{}", file.path().display());
        entries.extend(file::read(&path, file.contents_utf8().unwrap_or_default())?);
    }
    Ok(entries)
}

/// The definition files at a path, by name.
fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !fs::metadata(path).map_err(unreadable(path))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries: io::Result<Vec<PathBuf>> =
        fs::read_dir(path).map_err(unreadable(path))?.map(|entry| Ok(entry?.path())).collect();
    let mut files = entries.map_err(unreadable(path))?;
    files.retain(|file| is_yaml(file) && file.is_file());
    files.sort();
    Ok(files)
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Unreadable { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bespoke_core::auth::AuthMode;

    #[test]
    fn every_shipped_definition_is_valid_to_the_letter() {
        let entries = shipped().unwrap();
        let providers = file::resolve_strictly(entries).unwrap_or_else(|error| panic!("{error}"));
        assert!(providers.len() >= 30, "{}", providers.len());
        for provider in providers.values() {
            let definition = &provider.definition;
            let name = &provider.name;
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
            assert!(!definition.categories.is_empty(), "{name} is in no category");
            assert!(
                definition.docs.is_some() || name.starts_with("private-") || name == "unauthenticated",
                "{name} has no docs"
            );
            assert!(provider.base_url().is_some() || name == "unauthenticated", "{name} has no base URL");
            if definition.auth_mode == AuthMode::OAuth2 {
                assert!(
                    definition.authorization_url.is_some() && definition.token_url.is_some(),
                    "{name} has no OAuth URLs"
                );
            }
            let orders: Vec<i64> =
                definition.connection_config.values().filter_map(|field| field.order).collect();
            let mut distinct = orders.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(orders.len(), distinct.len(), "{name} has two fields at one place");
        }
    }

    #[test]
    fn the_operators_files_add_and_override() {
        let folder = std::env::temp_dir().join(format!("bespoke-providers-{}", std::process::id()));
        fs::create_dir_all(folder.join("more")).unwrap();
        let many = folder.join("many.yaml");
        fs::write(&many, "hubspot: {display_name: Ours, auth_mode: API_KEY}\nacme: {display_name: Acme CRM, alias: hubspot}\n").unwrap();
        fs::write(folder.join("more/solo.yml"), "display_name: Solo\nauth_mode: NONE\n").unwrap();
        fs::write(folder.join("more/readme.txt"), "not a definition").unwrap();

        let catalogue = Catalogue::load(&[many, folder.join("more")]).unwrap();
        assert_eq!(catalogue.get("hubspot").unwrap().definition.display_name, "Ours");
        assert_eq!(catalogue.get("acme").unwrap().definition.auth_mode, AuthMode::ApiKey);
        assert_eq!(catalogue.get("solo").unwrap().definition.auth_mode, AuthMode::None);
        let found: Vec<&str> = catalogue.search("ACME c").map(|provider| provider.name.as_str()).collect();
        assert_eq!(found, ["acme"]);
        assert!(catalogue.get("github").is_some());

        let missing = Catalogue::load(&[folder.join("nowhere")]).unwrap_err().to_string();
        assert!(missing.contains("nowhere"), "{missing}");
        fs::remove_dir_all(folder).unwrap();
    }
}
