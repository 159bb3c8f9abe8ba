//! The settings of the commands that talk to a server: which one, and with which key.
//!
//! They come from flags, from the environment, and from `.env` files, in this order.

use crate::{
    args::ServerArgs,
    failure::{Failure, Result},
};
use bespoke_core::environment::SecretKey;
use bespoke_server::config::{Flags, Settings};
use std::{collections::BTreeMap, path::Path};
use url::Url;

const DEFAULT_HOST: &str = "http://127.0.0.1:3003";
const HOST: [&str; 2] = ["BESPOKE_HOST", "NANGO_HOSTPORT"];
const KEY: [&str; 2] = ["BESPOKE_SECRET_KEY_", "NANGO_SECRET_KEY_"];

/// Which server, and with which key.
#[derive(Debug)]
pub(crate) struct ClientSettings {
    /// The server's address, without a slash at the end.
    pub(crate) host: String,
    /// The environment's key.
    pub(crate) key: SecretKey,
}

impl ClientSettings {
    /// Reads them for `args`; `.env` is looked for in `folder` and in the current folder.
    pub(crate) fn load(args: &ServerArgs, folder: &Path) -> Result<Self> {
        let mut variables: BTreeMap<String, String> = process_variables().collect();
        for folder in [folder, Path::new(".")] {
            for (name, value) in dot_env(folder)? {
                variables.entry(name).or_insert(value);
            }
        }
        Self::read(args, &variables)
    }

    fn read(args: &ServerArgs, variables: &BTreeMap<String, String>) -> Result<Self> {
        let set =
            |name: &str| variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let (from, host) = match (&args.host, HOST.into_iter().find_map(|name| Some((name, set(name)?)))) {
            (Some(host), _) => ("--host", host.as_str()),
            (None, Some(found)) => found,
            (None, None) => ("the default", DEFAULT_HOST),
        };
        let url =
            Url::parse(host).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        if url.is_none() {
            return Err(Failure::usage(format!("{from} must be a URL such as {DEFAULT_HOST}, not `{host}`")));
        }
        let environment: String = args
            .env
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
            .collect();
        let names = KEY.map(|prefix| format!("{prefix}{environment}"));
        let Some((name, text)) = names.iter().find_map(|name| Some((name, set(name)?))) else {
            let message = format!(
                "no key for the environment `{env}`: set {} or {}, or put it into `.env`; `bespoke serve` shows keys when \
                 it makes them, and `bespoke keys create --env {env}` beside the server makes one",
                names[0],
                names[1],
                env = args.env
            );
            return Err(Failure::usage(message));
        };
        let key =
            SecretKey::parse(text).ok_or_else(|| Failure::usage(format!("{name} must be a UUID v4")))?;
        Ok(Self { host: host.trim_end_matches('/').to_owned(), key })
    }
}

/// The settings of a server, for the commands that are one or share its database.
pub(crate) fn server_settings(flags: Flags) -> Result<Settings> {
    Settings::load(process_variables(), flags).map_err(|problems| Failure::Usage(problems.into()))
}

/// How wide the environment says that the terminal is; else the terminal is asked.
pub(crate) fn columns() -> Option<u16> {
    process_variables()
        .find(|(name, _)| name == "COLUMNS")?
        .1
        .trim()
        .parse()
        .ok()
        .filter(|columns| *columns > 0)
}

/// What the user edits texts with.
pub(crate) fn editor() -> String {
    let set =
        |wanted: &str| process_variables().find(|(name, value)| name == wanted && !value.trim().is_empty());
    ["VISUAL", "EDITOR"].into_iter().find_map(set).map_or_else(|| "vi".to_owned(), |(_, value)| value)
}

/// The process's environment variables; those that are not Unicode are none of ours.
fn process_variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// The variables in a folder's `.env`; none where there is no such file.
fn dot_env(folder: &Path) -> Result<Vec<(String, String)>> {
    let path = folder.join(".env");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let failed =
        |error: dotenvy::Error| Failure::usage(format!("{} cannot be read: {error}", path.display()));
    dotenvy::from_path_iter(&path).map_err(failed)?.collect::<std::result::Result<_, _>>().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "6f1c1c1e-7a49-4f5c-9f5e-0123456789ab";
    const OTHER: &str = "7f1c1c1e-7a49-4f5c-9f5e-0123456789ab";

    fn read(env: &str, host: Option<&str>, variables: &[(&str, &str)]) -> Result<ClientSettings, String> {
        let args = ServerArgs { env: env.to_owned(), host: host.map(str::to_owned), json: false };
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        ClientSettings::read(&args, &variables).map_err(|failure| match failure {
            Failure::Usage(error) => error.to_string(),
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn ours_go_before_nangos_and_flags_before_both() {
        let both = [("NANGO_HOSTPORT", "http://n/"), ("NANGO_SECRET_KEY_DEV", OTHER)];
        let nango = read("dev", None, &both).unwrap();
        assert_eq!((nango.host.as_str(), nango.key.expose()), ("http://n", OTHER));
        let ours = read(
            "dev",
            None,
            &[&both[..], &[("BESPOKE_HOST", "http://b:1"), ("BESPOKE_SECRET_KEY_DEV", ONE)]].concat(),
        );
        let ours = ours.unwrap();
        assert_eq!((ours.host.as_str(), ours.key.expose()), ("http://b:1", ONE));
        assert_eq!(read("dev", Some("https://f"), &both).unwrap().host, "https://f");
        assert_eq!(read("my-env", None, &[("BESPOKE_SECRET_KEY_MY_ENV", ONE)]).unwrap().host, DEFAULT_HOST);
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let error = |env, host, variables: &[(&str, &str)]| read(env, host, variables).unwrap_err();
        assert!(error("prod", None, &[]).contains("set BESPOKE_SECRET_KEY_PROD or NANGO_SECRET_KEY_PROD"));
        assert!(
            error("dev", None, &[("BESPOKE_SECRET_KEY_DEV", "x")])
                .contains("BESPOKE_SECRET_KEY_DEV must be a UUID")
        );
        assert!(error("dev", Some("here"), &[]).starts_with("--host must be a URL"));
        assert!(
            error("dev", None, &[("NANGO_HOSTPORT", "localhost:3003")]).starts_with("NANGO_HOSTPORT must")
        );
    }
}
