//! Configurations as files, one for each connection.

use crate::failure::{Failure, Result};
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// What a file says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigFile {
    /// The integration's key.
    #[serde(rename = "provider_config_key")]
    pub(super) integration: String,
    #[serde(rename = "connection_id")]
    pub(super) connection: String,
    /// The revision that was changed, if it was.
    pub(super) revision: i64,
    /// The document; an empty one where none was ever written.
    pub(super) metadata: Value,
}

impl ConfigFile {
    /// Where it belongs below `folder`.
    pub(super) fn path(&self, folder: &Path) -> PathBuf {
        folder.join(file_name(&self.integration)).join(format!("{}.json", file_name(&self.connection)))
    }

    /// Reads a file; nothing where there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.with_context(|| format!("{} cannot be read", path.display()))?,
        };
        let file: Self = serde_json::from_str(&text)
            .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
        if !file.metadata.is_object() {
            let message = format!("{}: `metadata` has to be an object", path.display());
            return Err(Failure::usage(message));
        }
        Ok(Some(file))
    }

    /// Writes it, whole or not at all.
    pub(super) fn write(&self, path: &Path) -> Result {
        let folder = path.parent().unwrap_or(Path::new("."));
        let written = || -> anyhow::Result<()> {
            fs::create_dir_all(folder)?;
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            io::Write::write_all(&mut file, format!("{:#}\n", serde_json::to_value(self)?).as_bytes())?;
            file.persist(path)?;
            Ok(())
        };
        Ok(written().with_context(|| format!("{} cannot be written", path.display()))?)
    }
}

/// All files below `folder`, in order: `<integration>/<connection>.json`.
pub(super) fn all(folder: &Path) -> Result<Vec<(PathBuf, ConfigFile)>> {
    let mut found = Vec::new();
    for integration in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
        for path in entries(&integration)? {
            if path.extension().is_some_and(|extension| extension == "json")
                && let Some(file) = ConfigFile::read(&path)?
            {
                found.push((path, file));
            }
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>();
    let mut paths = read().map_err(|error| {
        Failure::usage(format!(
            "{} cannot be read: {error}; `bespoke config export` makes it",
            folder.display()
        ))
    })?;
    paths.sort();
    Ok(paths)
}

/// An id as the name of a file: what some file system does not like is written as in a URL.
fn file_name(id: &str) -> String {
    let is_plain = |at: usize, byte: u8| {
        byte.is_ascii_alphanumeric() || b"-_@+".contains(&byte) || (byte == b'.' && at > 0)
    };
    let encoded =
        |(at, byte)| if is_plain(at, byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    id.bytes().enumerate().map(encoded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_a_file_of_its_own_in_the_folder() {
        assert_eq!(file_name("acme-1@eu.example"), "acme-1@eu.example");
        assert_eq!(file_name("../é %"), "%2E.%2F%C3%A9%20%25");
        assert_ne!(file_name("a/b"), file_name("a%2Fb"));
    }
}
