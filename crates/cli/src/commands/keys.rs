//! `bespoke keys`: the secret keys of an environment, directly in the database.

use super::block_on;
use crate::{
    args::{KeysArgs, KeysCommand, KeysPlace},
    failure::{Failure, Result},
    node, output,
    settings::server_settings,
};
use bespoke_core::{environment::ApiKey, id::ApiKeyId, time::Timestamp};
use bespoke_engine::{Engine, Error, Resource};
use bespoke_server::config::Flags;
use serde_json::{Value, json};
use std::sync::Arc;

/// Runs one of the sub-commands.
pub(crate) fn run(args: KeysArgs) -> Result {
    match args.command {
        KeysCommand::Create { place, name } => block_on(create(place, name))?,
        KeysCommand::List { place } => block_on(list(place))?,
        KeysCommand::Revoke { place, id } => block_on(revoke(place, ApiKeyId(id)))?,
    }
}

async fn create(place: KeysPlace, name: String) -> Result {
    let made =
        open(&place).await?.create_api_key(&place.env, &name).await.map_err(|error| failed(&place, error))?;
    if place.json {
        let mut key = shown(&made.key);
        key["secret"] = made.secret.expose().into();
        output::json(&key);
    } else {
        output::note(format!("Key {} of {}. Its secret is shown only now:", made.key.id, place.env));
        output::line(made.secret.expose());
    }
    Ok(())
}

async fn list(place: KeysPlace) -> Result {
    let keys = open(&place).await?.api_keys(&place.env).await.map_err(|error| failed(&place, error))?;
    if place.json {
        output::json(&keys.iter().map(shown).collect::<Vec<_>>());
    } else {
        let time = |time: Option<Timestamp>| time.map_or_else(|| "-".to_owned(), Timestamp::millis_zulu);
        output::table(
            ["id", "name", "created", "last used", "revoked"],
            keys.into_iter().map(|key| {
                let ApiKey { id, display_name, created_at, last_used_at, revoked_at, .. } = key;
                [id.to_string(), display_name, created_at.millis_zulu(), time(last_used_at), time(revoked_at)]
            }),
            &["created", "last used"],
        );
    }
    Ok(())
}

async fn revoke(place: KeysPlace, id: ApiKeyId) -> Result {
    open(&place).await?.revoke_api_key(&place.env, id).await.map_err(|error| failed(&place, error))?;
    if place.json {
        output::json(&json!({ "id": id, "revoked": true }));
    } else {
        output::line(format!("Key {id} of {} opens nothing any more.", place.env));
    }
    Ok(())
}

async fn open(place: &KeysPlace) -> Result<Arc<Engine>> {
    node::engine(&server_settings(Flags { data: place.data.clone(), ..Flags::default() })?).await
}

fn shown(key: &ApiKey) -> Value {
    json!({
        "id": key.id,
        "display_name": key.display_name,
        "scopes": key.scopes,
        "created_at": key.created_at.millis_zulu(),
        "last_used_at": key.last_used_at.map(Timestamp::millis_zulu),
        "revoked_at": key.revoked_at.map(Timestamp::millis_zulu),
    })
}

fn failed(place: &KeysPlace, error: Error) -> Failure {
    match error {
        Error::NotFound(Resource::Environment) => {
            let message =
                "there is no environment `{}`; the first start of `bespoke serve` makes dev and prod";
            Failure::usage(message.replace("{}", &place.env))
        }
        Error::NotFound(Resource::ApiKey) => {
            Failure::usage(format!("no key of {} has this id, or it was revoked before", place.env))
        }
        other => Failure::Other(other.into()),
    }
}
