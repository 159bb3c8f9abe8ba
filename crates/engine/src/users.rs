//! People who sign in to the dashboard: the first one, those who are invited, and their roles in environments.

use crate::{
    Engine, Error, Resource, Result, passwords,
    sessions::{NewSession, Visitor, new_token},
};
use bespoke_core::{
    environment::Environment,
    id::EnvironmentId,
    role::Role,
    secret::Secret,
    time::Timestamp,
    token::Token,
    user::{self, Member},
};
use bespoke_store::{MemberChange, NewInvite, NewToken, NewUser, TokenKind};
use std::time::Duration;
use uuid::Uuid;

/// How long the link of a start holds that makes the first administrator; the next start prints another one.
const SETUP_HOLDS: Duration = Duration::from_hours(7 * 24);
/// How long an invitation holds.
const INVITE_HOLDS: Duration = Duration::from_hours(7 * 24);
/// How long the link to choose another password holds.
const RESET_HOLDS: Duration = Duration::from_hours(24);
/// Most characters of a name.
const LONGEST_NAME: usize = 200;

/// What a person says of themselves who becomes a user.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// The password that they choose.
    pub password: Secret<String>,
}

/// What a link from an operator or an administrator offers.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The e-mail address that it is for.
    pub email: String,
    /// Their name, where they are known.
    pub name: Option<String>,
    /// The roles that they have or get, by the name of the environment.
    pub roles: Vec<(String, Role)>,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// A member who was added.
#[derive(Clone, Debug)]
pub struct NewMember {
    /// The member.
    pub member: Member,
    /// The link to give them; none where they are a user already.
    pub link: Option<String>,
}

impl Engine {
    /// Whether there is no user yet.
    pub async fn needs_setup(&self) -> Result<bool> {
        Ok(!self.store.has_users().await?)
    }

    /// The address at which the first administrator is made, new at each call; `None` where there is a user.
    pub async fn setup_link(&self) -> Result<Option<String>> {
        if self.store.has_users().await? {
            return Ok(None);
        }
        let token = self.one_time(TokenKind::Setup, SETUP_HOLDS, None).await?;
        Ok(Some(format!("{}/setup?token={}", self.public_url(), token.expose())))
    }

    /// Makes the first administrator, of all environments, and signs them in.
    ///
    /// [`Error::NotFound`] where the link does not hold, [`Error::Conflict`] where there is a user already.
    pub async fn set_up(
        &self,
        token: &str,
        email: &str,
        person: Person,
        visitor: Visitor,
    ) -> Result<NewSession> {
        let token = Token::parse(token).ok_or(Error::NotFound(Resource::Link))?;
        let email = checked_email(email)?;
        let new = self.new_user(email, person).await?;
        match self.store.create_first_user(token.hash(), new).await {
            Ok(Some(user)) => self.open_session(user, visitor).await,
            Ok(None) => Err(Error::Conflict(Resource::User)),
            Err(bespoke_store::Error::NotFound(_)) => Err(Error::NotFound(Resource::Link)),
            Err(error) => Err(error.into()),
        }
    }

    /// The members of an environment, and those who are invited.
    pub async fn members(&self, environment: EnvironmentId) -> Result<Vec<Member>> {
        Ok(self.store.members(environment).await?)
    }

    /// Makes a person a member of an environment: at once where they are a user, by a link otherwise.
    ///
    /// [`Error::Conflict`] where they are a member already; an invitation is replaced, and its old link ends.
    pub async fn add_member(&self, environment: &Environment, email: &str, role: Role) -> Result<NewMember> {
        let email = checked_email(email)?;
        if let Some(known) = self.store.user_by_email(&email).await? {
            let id = known.user.id;
            if self.store.roles_of(id).await?.iter().any(|(one, _)| one.id == environment.id) {
                return Err(Error::Conflict(Resource::Member));
            }
            self.store.grant_roles(id, vec![(environment.id, role)]).await?;
            return Ok(NewMember { member: self.member(environment.id, id).await?, link: None });
        }
        let (id, link) = self.invite(&email, role, std::slice::from_ref(environment)).await?;
        Ok(NewMember { member: self.member(environment.id, id).await?, link: Some(link) })
    }

    /// The link that makes somebody a user with this role in all of these environments, and the id of its first
    /// invitation.
    pub(crate) async fn invite(
        &self,
        email: &str,
        role: Role,
        environments: &[Environment],
    ) -> Result<(Uuid, String)> {
        let (token, expires_at) = (new_token()?, self.now().after(INVITE_HOLDS));
        let mut first = None;
        for environment in environments {
            let id = self.ids.next();
            let new = NewInvite { id, email: email.to_owned(), role, token_hash: token.hash(), expires_at };
            self.store.create_invite(environment.id, new).await?;
            first.get_or_insert(id);
        }
        let link = format!("{}/invite?token={}", self.public_url(), token.expose());
        first.map(|id| (id, link)).ok_or(Error::NotFound(Resource::Environment))
    }

    /// Changes the role of a member or of an invitation. [`Error::LastAdmin`] where nobody could manage the environment
    /// any more.
    pub async fn set_role(&self, environment: EnvironmentId, id: Uuid, role: Role) -> Result<Member> {
        changed(self.store.set_role(environment, id, role).await?)?;
        self.member(environment, id).await
    }

    /// Takes a member's role in an environment away, or an invitation to it back. See [`Engine::set_role`].
    pub async fn remove_member(&self, environment: EnvironmentId, id: Uuid) -> Result<()> {
        changed(self.store.remove_member(environment, id).await?)
    }

    async fn member(&self, environment: EnvironmentId, id: Uuid) -> Result<Member> {
        let members = self.store.members(environment).await?;
        members.into_iter().find(|member| member.id == id).ok_or(Error::NotFound(Resource::Member))
    }

    /// What a link offers that an administrator or an operator gave somebody: an invitation, or another password.
    pub async fn offer(&self, token: &str) -> Result<Offer> {
        let token = Token::parse(token).ok_or(Error::NotFound(Resource::Link))?;
        if let Some(invitation) = self.store.invitation(token.hash()).await? {
            let known = self.store.user_by_email(&invitation.email).await?;
            let roles = invitation.roles.into_iter().map(|(_, name, role)| (name, role)).collect();
            let name = known.map(|known| known.user.name);
            return Ok(Offer { email: invitation.email, name, roles, expires_at: invitation.expires_at });
        }
        let reset = self.store.one_time_token(TokenKind::Reset, token.hash()).await?;
        let reset = reset.ok_or(Error::NotFound(Resource::Link))?;
        let user = reset.user.ok_or(Error::NotFound(Resource::Link))?;
        let known = self.store.user(user).await?.ok_or(Error::NotFound(Resource::Link))?;
        let roles = self.store.roles_of(user).await?;
        Ok(Offer {
            email: known.user.email,
            name: Some(known.user.name),
            roles: roles.into_iter().map(|(environment, role)| (environment.name, role)).collect(),
            expires_at: reset.expires_at,
        })
    }

    /// Takes up what a link offers, and signs the person in.
    ///
    /// An invitation makes a user. Where one with its address has come about in the meantime, the password has to be
    /// theirs: a link alone opens nobody's account. The link for another password sets it and ends all sessions.
    pub async fn accept_offer(&self, token: &str, person: Person, visitor: Visitor) -> Result<NewSession> {
        let token = Token::parse(token).ok_or(Error::NotFound(Resource::Link))?;
        let Some(invitation) = self.store.invitation(token.hash()).await? else {
            return self.reset_password(&token, person, visitor).await;
        };
        let (new, known) = if self.store.user_by_email(&invitation.email).await?.is_some() {
            (None, Some(self.prove(&invitation.email, person.password, &visitor.address).await?))
        } else {
            (Some(self.new_user(invitation.email, person).await?), None)
        };
        match self.store.accept_invitation(token.hash(), new, known).await {
            Ok(user) => self.open_session(user, visitor).await,
            Err(bespoke_store::Error::NotFound(_)) => Err(Error::NotFound(Resource::Link)),
            Err(bespoke_store::Error::Conflict(_)) => Err(Error::Conflict(Resource::User)),
            Err(error) => Err(error.into()),
        }
    }

    async fn reset_password(&self, token: &Token, person: Person, visitor: Visitor) -> Result<NewSession> {
        passwords::check(&person.password, "password")?;
        let hash = passwords::hash(person.password).await?;
        let taken = self.store.take_one_time_token(TokenKind::Reset, token.hash()).await?;
        let user = taken.and_then(|taken| taken.user).ok_or(Error::NotFound(Resource::Link))?;
        self.store.set_password(user, hash, None).await?;
        let known = self.store.user(user).await?.ok_or(Error::NotFound(Resource::Link))?;
        self.open_session(known.user, visitor).await
    }

    /// For an operator at the database: the link by which this user chooses another password.
    pub async fn password_link(&self, email: &str) -> Result<String> {
        let email = checked_email(email)?;
        let known = self.store.user_by_email(&email).await?.ok_or(Error::NotFound(Resource::User))?;
        let token = self.one_time(TokenKind::Reset, RESET_HOLDS, Some(known.user.id)).await?;
        Ok(format!("{}/invite?token={}", self.public_url(), token.expose()))
    }

    /// For an operator at the database: gives a person this role in these environments (all where none is named), at
    /// once where they are a user. The link to give them otherwise.
    pub async fn admit(&self, email: &str, role: Role, environments: &[String]) -> Result<Option<String>> {
        let email = checked_email(email)?;
        let mut chosen = self.store.environments().await?;
        if let Some(unknown) = environments.iter().find(|name| chosen.iter().all(|one| &one.name != *name)) {
            tracing::debug!(environment = unknown, "no such environment");
            return Err(Error::NotFound(Resource::Environment));
        }
        chosen.retain(|one| environments.is_empty() || environments.contains(&one.name));
        if let Some(known) = self.store.user_by_email(&email).await? {
            let roles: Vec<_> = chosen.iter().map(|one| (one.id, role)).collect();
            self.store.grant_roles(known.user.id, roles.clone()).await?;
            for (environment, role) in roles {
                changed(self.store.set_role(environment, known.user.id, role).await?)?;
            }
            return Ok(None);
        }
        let (_, link) = self.invite(&email, role, &chosen).await?;
        Ok(Some(link))
    }

    async fn new_user(&self, email: String, person: Person) -> Result<NewUser> {
        let name = checked_name(&person.name)?;
        passwords::check(&person.password, "password")?;
        let password = Some(passwords::hash(person.password).await?);
        Ok(NewUser { id: self.ids.next(), email, name, subject: None, password })
    }

    async fn one_time(&self, kind: TokenKind, holds: Duration, user: Option<Uuid>) -> Result<Token> {
        let token = new_token()?;
        let expires_at = self.now().after(holds);
        let new = NewToken { kind, hash: token.hash(), expires_at, user, body: "{}".to_owned() };
        self.store.create_one_time_token(new).await?;
        Ok(token)
    }
}

fn checked_email(text: &str) -> Result<String> {
    user::email(text).ok_or_else(|| Error::invalid(&["email"], "invalid_format", "Must be an e-mail address"))
}

fn checked_name(text: &str) -> Result<String> {
    let name = text.trim();
    match name.chars().count() {
        0 => Err(Error::invalid(&["name"], "too_small", "Must not be empty")),
        count if count > LONGEST_NAME => {
            Err(Error::invalid(&["name"], "too_big", format!("Must have at most {LONGEST_NAME} characters")))
        }
        _ => Ok(name.to_owned()),
    }
}

fn changed(change: MemberChange) -> Result<()> {
    match change {
        MemberChange::Done => Ok(()),
        MemberChange::Nobody => Err(Error::NotFound(Resource::Member)),
        MemberChange::LastAdmin => Err(Error::LastAdmin),
    }
}
