//! Who may sign in to an environment, and what they may do there.

use crate::{
    auth::{Key, scope},
    error::Result,
    extract::{Json, NoQuery, Path},
    state::AppState,
};
use axum::{extract::State, http::StatusCode};
use bespoke_core::{role::Role, time::Timestamp, user};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A role.
#[derive(Clone, Copy, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RoleName {
    /// Sees everything that is no secret.
    Viewer,
    /// Also edits configurations, and lets syncs and actions run.
    Support,
    /// Also changes integrations, functions, connections and their credentials.
    Developer,
    /// Also makes keys and invites members.
    Admin,
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Viewer => Self::Viewer,
            Role::Support => Self::Support,
            Role::Developer => Self::Developer,
            Role::Admin => Self::Admin,
        }
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Viewer => Self::Viewer,
            RoleName::Support => Self::Support,
            RoleName::Developer => Self::Developer,
            RoleName::Admin => Self::Admin,
        }
    }
}

/// Roles by the names of environments.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Roles(BTreeMap<String, RoleName>);

impl Roles {
    /// Of these.
    pub fn new(roles: Vec<(String, Role)>) -> Self {
        Self(roles.into_iter().map(|(environment, role)| (environment, role.into())).collect())
    }
}

/// A member of the environment, or one who is invited.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Member {
    /// Their id.
    id: Uuid,
    /// Their e-mail address.
    email: String,
    /// Their name; empty for those who are invited.
    name: String,
    /// Their role in this environment.
    role: RoleName,
    /// Their roles in all environments.
    #[schema(value_type = std::collections::HashMap<String, RoleName>)]
    roles: Roles,
    /// When they were seen last, to the minute.
    last_seen_at: Option<String>,
    /// Whether they have not accepted their invitation yet.
    pending: bool,
    /// Until when their invitation holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    invite_expires_at: Option<String>,
}

impl From<user::Member> for Member {
    fn from(member: user::Member) -> Self {
        Self {
            id: member.id,
            email: member.email,
            name: member.name,
            role: member.role.into(),
            roles: Roles::new(member.roles),
            last_seen_at: member.last_seen_at.map(Timestamp::millis_zulu),
            pending: member.invited_until.is_some(),
            invite_expires_at: member.invited_until.map(Timestamp::millis_zulu),
        }
    }
}

/// The members of the environment.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Members {
    /// By e-mail address; those who are invited come last.
    data: Vec<Member>,
}

/// The members of the environment.
#[utoipa::path(get, path = "/members", tag = "members", responses((status = 200, body = Members)))]
pub async fn list_members(
    State(app): State<AppState>,
    key: Key<scope::MembersRead>,
    _: NoQuery,
) -> Result<axum::Json<Members>> {
    let members = app.engine.members(key.environment.id).await?;
    Ok(axum::Json(Members { data: members.into_iter().map(Member::from).collect() }))
}

/// Who becomes a member.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostMember {
    /// E-mail address.
    email: String,
    /// Role.
    role: RoleName,
}

/// A new member.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NewMember {
    /// The member.
    #[serde(flatten)]
    member: Member,
    /// The link to give them; null where they are a user already.
    invite_link: Option<String>,
}

/// Makes somebody a member: at once where they are a user, by a link to give them otherwise. Where they are invited
/// already, the link before holds no longer.
#[utoipa::path(post, path = "/members", tag = "members", request_body = PostMember,
    responses((status = 201, body = NewMember), (status = 400), (status = 409)))]
pub async fn add_member(
    State(app): State<AppState>,
    key: Key<scope::MembersWrite>,
    _: NoQuery,
    Json(body): Json<PostMember>,
) -> Result<(StatusCode, axum::Json<NewMember>)> {
    let added = app.engine.add_member(&key.environment, &body.email, body.role.into()).await?;
    let member = NewMember { member: added.member.into(), invite_link: added.link };
    Ok((StatusCode::CREATED, axum::Json(member)))
}

/// What changes of a member.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchMember {
    /// Role.
    role: RoleName,
}

/// Changes a member's role in this environment. The last administrator stays one.
#[utoipa::path(patch, path = "/members/{id}", tag = "members", params(("id" = Uuid, Path)),
    request_body = PatchMember, responses((status = 200, body = Member), (status = 404), (status = 409)))]
pub async fn update_member(
    State(app): State<AppState>,
    key: Key<scope::MembersWrite>,
    Path(id): Path<Uuid>,
    _: NoQuery,
    Json(body): Json<PatchMember>,
) -> Result<axum::Json<Member>> {
    Ok(axum::Json(app.engine.set_role(key.environment.id, id, body.role.into()).await?.into()))
}

/// Removes a member from this environment, or takes an invitation back. The last administrator stays.
#[utoipa::path(delete, path = "/members/{id}", tag = "members", params(("id" = Uuid, Path)),
    responses((status = 204), (status = 404), (status = 409)))]
pub async fn remove_member(
    State(app): State<AppState>,
    key: Key<scope::MembersWrite>,
    Path(id): Path<Uuid>,
    _: NoQuery,
) -> Result<StatusCode> {
    app.engine.remove_member(key.environment.id, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
