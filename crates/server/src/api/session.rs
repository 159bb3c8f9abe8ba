//! Signing in to the dashboard and out again; the session is in a cookie.

use crate::{
    api::members::{RoleName, Roles},
    auth::granted,
    cookies,
    error::{ApiError, Code, Result},
    extract::{Json, Path},
    state::AppState,
    visitor::{SignedIn, Visitor},
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use bespoke_core::{time::Timestamp, user};
use bespoke_engine::{sessions::NewSession, users::Person};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How one can sign in.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SessionOptions {
    /// There is no user yet: the link that the server printed at its start makes the first one.
    setup: bool,
    /// By e-mail address and password.
    password: bool,
    /// At an issuer.
    oidc: Option<OidcOption>,
}

/// An issuer to sign in at.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OidcOption {
    /// Its name for people.
    label: String,
}

/// How one can sign in.
#[utoipa::path(get, path = "/session/options", tag = "session", security(()),
    responses((status = 200, body = SessionOptions)))]
pub async fn session_options(State(app): State<AppState>) -> Result<axum::Json<SessionOptions>> {
    let oidc = app.engine.issuer().map(|label| OidcOption { label: label.to_owned() });
    Ok(axum::Json(SessionOptions { setup: app.engine.needs_setup().await?, password: true, oidc }))
}

/// Who is signed in, and what they may do.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SessionInfo {
    /// The user.
    user: SessionUser,
    /// The environments that they have a role in, the oldest first.
    environments: Vec<SessionEnvironment>,
    /// When the session ends, if it is not used until then.
    expires_at: String,
}

/// A signed-in user.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SessionUser {
    /// Their id.
    id: Uuid,
    /// Their e-mail address.
    email: String,
    /// Their name.
    name: String,
}

/// An environment that a signed-in user has a role in.
#[derive(Serialize, utoipa::ToSchema)]
pub struct SessionEnvironment {
    /// Its name, for the header `Bespoke-Environment`.
    name: String,
    /// Their role.
    role: RoleName,
    /// What they may do, each scope by its whole name.
    scopes: Vec<&'static str>,
}

fn shown(signed_in: &user::SignedIn) -> axum::Json<SessionInfo> {
    let user::SignedIn { session, user, roles } = signed_in;
    let environments = roles.iter().map(|(environment, role)| SessionEnvironment {
        name: environment.name.clone(),
        role: (*role).into(),
        scopes: granted(*role),
    });
    axum::Json(SessionInfo {
        user: SessionUser { id: user.id, email: user.email.clone(), name: user.name.clone() },
        environments: environments.collect(),
        expires_at: session.expires_at.millis_zulu(),
    })
}

/// The answer to a sign-in: who it is, and the cookie.
fn opened(app: &AppState, status: StatusCode, new: &NewSession) -> Response {
    let cookie = cookies::session(&new.token, app.engine.public_url());
    (status, AppendHeaders([(header::SET_COOKIE, cookie)]), shown(&new.signed_in)).into_response()
}

/// Who becomes the first administrator.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetUp {
    /// Of the link that the server printed at its start.
    token: String,
    /// E-mail address.
    email: String,
    /// Name for people.
    name: String,
    /// At least 10 characters.
    password: String,
}

/// Makes the first administrator, of all environments, and signs them in.
#[utoipa::path(post, path = "/session/setup", tag = "session", security(()), request_body = SetUp,
    responses((status = 201, body = SessionInfo), (status = 400), (status = 404), (status = 409)))]
pub async fn set_up(
    State(app): State<AppState>,
    Visitor(visitor): Visitor,
    Json(body): Json<SetUp>,
) -> Result<Response> {
    let person = Person { name: body.name, password: body.password.into() };
    let new = app.engine.set_up(&body.token, &body.email, person, visitor).await?;
    Ok(opened(&app, StatusCode::CREATED, &new))
}

/// Who signs in.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// E-mail address.
    email: String,
    /// Password.
    password: String,
}

/// Signs in. What is wrong is not told; after several failures the next attempt has to wait.
#[utoipa::path(post, path = "/session", tag = "session", security(()), request_body = SignIn,
    responses((status = 200, body = SessionInfo), (status = 401), (status = 429)))]
pub async fn sign_in(
    State(app): State<AppState>,
    Visitor(visitor): Visitor,
    Json(body): Json<SignIn>,
) -> Result<Response> {
    let new = app.engine.sign_in(&body.email, body.password.into(), visitor).await?;
    Ok(opened(&app, StatusCode::OK, &new))
}

/// Who is signed in, and what they may do.
#[utoipa::path(get, path = "/session", tag = "session", security(("session" = [])),
    responses((status = 200, body = SessionInfo), (status = 401)))]
pub async fn read_session(SignedIn(signed_in): SignedIn) -> axum::Json<SessionInfo> {
    shown(&signed_in)
}

/// Signs out.
#[utoipa::path(delete, path = "/session", tag = "session", security(("session" = [])),
    responses((status = 204), (status = 401)))]
pub async fn sign_out(State(app): State<AppState>, SignedIn(signed_in): SignedIn) -> Result<Response> {
    app.engine.end_session(signed_in.user.id, signed_in.session.id).await?;
    let cookie = cookies::no_session(app.engine.public_url());
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(header::SET_COOKIE, cookie)])).into_response())
}

/// What a link offers.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Invite {
    /// The e-mail address that it is for.
    email: String,
    /// Their name, where they are a user: the link sets another password, or needs theirs.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// The roles, by environment.
    #[schema(value_type = std::collections::HashMap<String, RoleName>)]
    roles: Roles,
    /// Until when it holds.
    expires_at: String,
}

/// What the link of an invitation offers, or of another password.
#[utoipa::path(get, path = "/session/invites/{token}", tag = "session", security(()), params(("token" = String, Path)),
    responses((status = 200, body = Invite), (status = 404)))]
pub async fn read_invite(
    State(app): State<AppState>,
    Path(token): Path<String>,
) -> Result<axum::Json<Invite>> {
    let offer = app.engine.offer(&token).await?;
    Ok(axum::Json(Invite {
        email: offer.email,
        name: offer.name,
        roles: Roles::new(offer.roles),
        expires_at: offer.expires_at.millis_zulu(),
    }))
}

/// Who takes up an invitation.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvite {
    /// Name for people.
    #[serde(default)]
    name: String,
    /// At least 10 characters.
    password: String,
}

/// Takes up what a link offers, and signs in.
#[utoipa::path(post, path = "/session/invites/{token}", tag = "session", security(()), params(("token" = String, Path)),
    request_body = AcceptInvite,
    responses((status = 201, body = SessionInfo), (status = 400), (status = 401), (status = 404)))]
pub async fn accept_invite(
    State(app): State<AppState>,
    Visitor(visitor): Visitor,
    Path(token): Path<String>,
    Json(body): Json<AcceptInvite>,
) -> Result<Response> {
    let person = Person { name: body.name, password: body.password.into() };
    let new = app.engine.accept_offer(&token, person, visitor).await?;
    Ok(opened(&app, StatusCode::CREATED, &new))
}

/// Another password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    /// The password until now.
    current: String,
    /// At least 10 characters.
    new: String,
}

/// Changes one's password. One's other sessions end.
#[utoipa::path(put, path = "/session/password", tag = "session", security(("session" = [])),
    request_body = ChangePassword, responses((status = 204), (status = 400), (status = 401), (status = 429)))]
pub async fn change_password(
    State(app): State<AppState>,
    SignedIn(signed_in): SignedIn,
    Visitor(visitor): Visitor,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode> {
    let (current, new) = (body.current.into(), body.new.into());
    app.engine.change_password(&signed_in, current, new, &visitor.address).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One's sessions.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Sessions {
    /// The one that was used last first.
    data: Vec<ListedSession>,
}

/// One of one's sessions.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ListedSession {
    /// Its id.
    id: Uuid,
    /// When one signed in.
    created_at: String,
    /// When it was used last, to the minute.
    last_used_at: String,
    /// What the browser calls itself.
    user_agent: String,
    /// The network address that one signed in from.
    ip: String,
    /// Whether it is this one.
    current: bool,
}

/// One's sessions.
#[utoipa::path(get, path = "/session/list", tag = "session", security(("session" = [])),
    responses((status = 200, body = Sessions), (status = 401)))]
pub async fn list_sessions(
    State(app): State<AppState>,
    SignedIn(signed_in): SignedIn,
) -> Result<axum::Json<Sessions>> {
    let sessions = app.engine.sessions(signed_in.user.id).await?;
    let time = Timestamp::millis_zulu;
    let data = sessions.into_iter().map(|session| ListedSession {
        id: session.id,
        created_at: time(session.created_at),
        last_used_at: time(session.last_used_at),
        user_agent: session.user_agent,
        ip: session.address,
        current: session.id == signed_in.session.id,
    });
    Ok(axum::Json(Sessions { data: data.collect() }))
}

/// Ends one of one's sessions.
#[utoipa::path(delete, path = "/session/list/{id}", tag = "session", security(("session" = [])),
    params(("id" = Uuid, Path)), responses((status = 204), (status = 401), (status = 404)))]
pub async fn end_session(
    State(app): State<AppState>,
    SignedIn(signed_in): SignedIn,
    Path(id): Path<Uuid>,
) -> Result<StatusCode> {
    app.engine.end_session(signed_in.user.id, id).await.map_err(|error| match error {
        bespoke_engine::Error::NotFound(_) => {
            ApiError::new(Code::NotFound).message("You have no such session.")
        }
        error => error.into(),
    })?;
    Ok(StatusCode::NO_CONTENT)
}
