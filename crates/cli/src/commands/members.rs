//! `bespoke members`: who may sign in to the dashboard, directly in the database.

use super::block_on;
use crate::{
    args::{KeysPlace, MembersArgs, MembersCommand},
    failure::{Failure, Result},
    node, output,
    settings::server_settings,
};
use bespoke_core::{role::Role, time::Timestamp, user::Member};
use bespoke_engine::{Engine, Error, Resource};
use bespoke_server::config::Flags;
use serde_json::{Value, json};
use std::sync::Arc;

/// Runs one of the sub-commands.
pub(crate) fn run(args: MembersArgs) -> Result {
    match args.command {
        MembersCommand::List { place } => block_on(list(place))?,
        MembersCommand::Invite { email, role, env, data } => block_on(invite(email, role, env, data))?,
        MembersCommand::ResetPassword { email, data } => block_on(reset_password(email, data))?,
    }
}

async fn list(place: KeysPlace) -> Result {
    let engine = open(place.data.clone()).await?;
    let environment = engine.environment(&place.env).await.map_err(failed)?;
    let members = engine.members(environment.id).await.map_err(failed)?;
    if place.json {
        output::json(&members.iter().map(shown).collect::<Vec<_>>());
        return Ok(());
    }
    let rows = members.into_iter().map(|member| {
        let seen = match (member.invited_until, member.last_seen_at) {
            (Some(end), _) => format!("invited until {}", end.millis_zulu()),
            (None, seen) => seen.map_or_else(|| "-".to_owned(), Timestamp::millis_zulu),
        };
        [member.email, member.name, member.role.as_str().to_owned(), seen]
    });
    output::table(["e-mail", "name", "role", "last seen"], rows, &["last seen"]);
    Ok(())
}

async fn invite(email: String, role: String, environments: Vec<String>, data: Option<String>) -> Result {
    let role = Role::parse(&role).ok_or_else(|| Failure::usage(format!("there is no role `{role}`")))?;
    match open(data).await?.admit(&email, role, &environments).await.map_err(failed)? {
        Some(link) => {
            output::note(format!("Give this link to {email}; it holds for seven days:"));
            output::line(link);
        }
        None => output::line(format!("{email} is a user already, and now has the role {}.", role.as_str())),
    }
    Ok(())
}

async fn reset_password(email: String, data: Option<String>) -> Result {
    let link = open(data).await?.password_link(&email).await.map_err(failed)?;
    output::note(format!("Give this link to {email}; it holds for a day and works once:"));
    output::line(link);
    Ok(())
}

/// The engine, which knows where the server is reached: links begin with that.
async fn open(data: Option<String>) -> Result<Arc<Engine>> {
    let settings = server_settings(Flags { data, ..Flags::default() })?;
    let engine = node::engine(&settings).await?;
    let url = settings.public_url.clone().unwrap_or_else(|| format!("http://{}", settings.listen));
    engine.is_reached_at(&url);
    Ok(engine)
}

fn shown(member: &Member) -> Value {
    json!({
        "id": member.id,
        "email": member.email,
        "name": member.name,
        "role": member.role.as_str(),
        "last_seen_at": member.last_seen_at.map(Timestamp::millis_zulu),
        "invite_expires_at": member.invited_until.map(Timestamp::millis_zulu),
    })
}

fn failed(error: Error) -> Failure {
    match error {
        Error::NotFound(Resource::Environment) => Failure::usage("there is no environment of this name"),
        Error::NotFound(Resource::User) => Failure::usage("nobody with this e-mail address may sign in"),
        Error::LastAdmin => Failure::usage("an environment would be left without an administrator"),
        Error::Invalid { message, .. } => Failure::usage(message),
        other => Failure::Other(other.into()),
    }
}
