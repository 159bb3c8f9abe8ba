//! People, their roles in environments, and what invites them.

use crate::{
    Store,
    db::{Row, Tx, params},
    environments,
    error::{Error, Result},
};
use bespoke_core::{
    environment::Environment,
    id::EnvironmentId,
    role::Role,
    secret::Secret,
    time::Timestamp,
    user::{Invitation, Member, User},
};
use std::collections::HashMap;
use uuid::Uuid;

const COLUMNS: &str = "users.id, users.email, users.name, users.created_at, users.last_seen_at";

/// The columns that [`read`] reads.
pub(crate) fn columns() -> &'static str {
    COLUMNS
}

/// Reads a user from the [`COLUMNS`] that begin at `first`.
pub(crate) fn read(row: &Row<'_>, first: usize) -> Result<User> {
    Ok(User {
        id: row.get(first)?,
        email: row.get(first + 1)?,
        name: row.get(first + 2)?,
        created_at: row.get(first + 3)?,
        last_seen_at: row.get(first + 4)?,
    })
}

fn role(row: &Row<'_>, index: usize) -> Result<Role> {
    let word: String = row.get(index)?;
    Role::parse(&word).ok_or_else(|| Error::Corrupt(format!("`{word}` is not a role")))
}

/// A user to be stored.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Their id.
    pub id: Uuid,
    /// Their e-mail address, in lower case.
    pub email: String,
    /// Their name for people.
    pub name: String,
    /// What the issuer that they sign in with calls them.
    pub subject: Option<String>,
    /// The hash of their password, in the PHC format.
    pub password: Option<Secret<String>>,
}

/// A user and how they prove who they are.
#[derive(Clone, Debug)]
pub struct UserProof {
    /// The user.
    pub user: User,
    /// What the issuer that they sign in with calls them.
    pub subject: Option<String>,
    /// The hash of their password; they have none where they sign in elsewhere.
    pub password: Option<Secret<String>>,
}

/// An invitation to be stored.
#[derive(Clone, Debug)]
pub struct NewInvite {
    /// Its id.
    pub id: Uuid,
    /// Whom it is for: an e-mail address in lower case.
    pub email: String,
    /// What they will be.
    pub role: Role,
    /// The hash of its link.
    pub token_hash: [u8; 32],
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// How a change of a member ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// It was made.
    Done,
    /// There is no such member or invitation in this environment.
    Nobody,
    /// It would leave the environment without an administrator. Nothing was changed.
    LastAdmin,
}

impl Store {
    /// Whether there is any user.
    pub async fn has_users(&self) -> Result<bool> {
        self.db.look_up(any_user).await
    }

    /// Makes the first user, an administrator of every environment, with the token that a start printed. `None` where
    /// the token is none of those, or there is a user.
    pub async fn create_first_user(&self, token_hash: [u8; 32], new: NewUser) -> Result<Option<User>> {
        let now = self.now();
        self.db
            .write(move |tx| {
                // Two who come at the same time delete the same rows, and one of them finds none.
                let mut ours = false;
                tx.for_each(
                    "DELETE FROM one_time_tokens WHERE kind = 'setup' RETURNING token_hash, expires_at",
                    params![],
                    |row| {
                        let hash: [u8; 32] = row.get(0)?;
                        let end: Timestamp = row.get(1)?;
                        ours |= hash == token_hash && end > now;
                        Ok(())
                    },
                )?;
                if any_user(tx)? {
                    return Ok(None);
                }
                if !ours {
                    return Err(Error::NotFound("the link"));
                }
                let user = insert(tx, new, now)?;
                tx.execute(
                    "INSERT INTO user_roles (environment_id, user_id, role)
                     SELECT id, $1, 'admin' FROM environments",
                    params![user.id],
                )?;
                Ok(Some(user))
            })
            .await
    }

    /// Makes a user with roles in environments. [`Error::Conflict`] where the e-mail address or the subject is taken.
    pub async fn create_user(&self, new: NewUser, roles: Vec<(EnvironmentId, Role)>) -> Result<User> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let user = insert(tx, new, now)?;
                grant(tx, user.id, roles)?;
                Ok(user)
            })
            .await
    }

    /// Gives a user roles where they have none.
    pub async fn grant_roles(&self, user: Uuid, roles: Vec<(EnvironmentId, Role)>) -> Result<()> {
        self.db.write(move |tx| grant(tx, user, roles)).await
    }

    /// The user with this e-mail address, in lower case.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<UserProof>> {
        let email = email.to_owned();
        self.db.look_up(move |tx| find(tx, "email", params![&email])).await
    }

    /// The user whom the issuer calls `subject`.
    pub async fn user_by_subject(&self, subject: &str) -> Result<Option<UserProof>> {
        let subject = subject.to_owned();
        self.db.look_up(move |tx| find(tx, "subject", params![&subject])).await
    }

    /// The user with this id.
    pub async fn user(&self, id: Uuid) -> Result<Option<UserProof>> {
        self.db.look_up(move |tx| find(tx, "id", params![id])).await
    }

    /// Notes what the issuer calls a user. [`Error::Conflict`] where it calls another one so.
    pub async fn set_subject(&self, user: Uuid, subject: &str) -> Result<()> {
        let subject = subject.to_owned();
        self.db
            .write(move |tx| {
                let sql = "UPDATE users SET subject = $2 WHERE id = $1";
                tx.execute(sql, params![user, &subject]).map_err(|error| error.about("the user"))?;
                Ok(())
            })
            .await
    }

    /// Changes a user's password and ends all their sessions but `keep`.
    pub async fn set_password(&self, user: Uuid, hash: Secret<String>, keep: Option<Uuid>) -> Result<()> {
        self.db
            .write(move |tx| {
                tx.execute("UPDATE users SET password = $2 WHERE id = $1", params![user, hash.expose()])?;
                tx.execute("DELETE FROM one_time_tokens WHERE user_id = $1", params![user])?;
                match keep {
                    Some(keep) => tx.execute(
                        "DELETE FROM sessions WHERE user_id = $1 AND id <> $2",
                        params![user, keep],
                    )?,
                    None => tx.execute("DELETE FROM sessions WHERE user_id = $1", params![user])?,
                };
                Ok(())
            })
            .await
    }

    /// The roles of a user, the oldest environment first.
    pub async fn roles_of(&self, user: Uuid) -> Result<Vec<(Environment, Role)>> {
        self.db.look_up(move |tx| roles_of(tx, user)).await
    }

    /// The members of an environment by e-mail address, and behind them those who are invited to it.
    pub async fn members(&self, environment: EnvironmentId) -> Result<Vec<Member>> {
        let now = self.now();
        self.db
            .read(move |tx| {
                let mut roles: HashMap<Uuid, Vec<(String, Role)>> = HashMap::new();
                tx.for_each(
                    "SELECT other.user_id, environments.name, other.role FROM user_roles
                     JOIN user_roles other ON other.user_id = user_roles.user_id
                     JOIN environments ON environments.id = other.environment_id
                     WHERE user_roles.environment_id = $1",
                    params![environment],
                    |row| {
                        roles.entry(row.get(0)?).or_default().push((row.get(1)?, role(row, 2)?));
                        Ok(())
                    },
                )?;
                let mut members = tx.query(
                    &format!(
                        "SELECT {COLUMNS}, user_roles.role FROM user_roles
                         JOIN users ON users.id = user_roles.user_id WHERE user_roles.environment_id = $1"
                    ),
                    params![environment],
                    |row| {
                        let User { id, email, name, created_at: _, last_seen_at } = read(row, 0)?;
                        let (role, roles) = (role(row, 5)?, roles.remove(&id).unwrap_or_default());
                        Ok(Member { id, email, name, role, roles, last_seen_at, invited_until: None })
                    },
                )?;
                members.sort_by(|one, other| one.email.cmp(&other.email));
                let mut invited = tx.query(
                    "SELECT invites.id, invites.email, invites.role, invites.expires_at, environments.name
                     FROM invites JOIN environments ON environments.id = invites.environment_id
                     WHERE invites.environment_id = $1 AND invites.expires_at > $2",
                    params![environment, now],
                    |row| {
                        let role = role(row, 2)?;
                        Ok(Member {
                            id: row.get(0)?,
                            email: row.get(1)?,
                            name: String::new(),
                            role,
                            roles: vec![(row.get(4)?, role)],
                            last_seen_at: None,
                            invited_until: Some(row.get(3)?),
                        })
                    },
                )?;
                invited.sort_by(|one, other| one.email.cmp(&other.email));
                members.append(&mut invited);
                Ok(members)
            })
            .await
    }

    /// Keeps an invitation, in place of an earlier one of this e-mail address to this environment.
    pub async fn create_invite(&self, environment: EnvironmentId, new: NewInvite) -> Result<()> {
        let now = self.now();
        self.db
            .write(move |tx| {
                tx.execute(
                    "INSERT INTO invites (id, environment_id, email, role, created_at, expires_at, token_hash)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)
                     ON CONFLICT (environment_id, email) DO UPDATE SET id = excluded.id, role = excluded.role,
                         created_at = excluded.created_at, expires_at = excluded.expires_at,
                         token_hash = excluded.token_hash",
                    params![
                        new.id,
                        environment,
                        &new.email,
                        new.role.as_str(),
                        now,
                        new.expires_at,
                        &new.token_hash
                    ],
                )?;
                Ok(())
            })
            .await
    }

    /// What the link with this hash offers; `None` where it was used, or does not hold any more.
    pub async fn invitation(&self, token_hash: [u8; 32]) -> Result<Option<Invitation>> {
        let now = self.now();
        self.db.look_up(move |tx| invitation(tx, token_hash, now)).await
    }

    /// What is offered to an e-mail address by invitations that hold.
    pub async fn roles_offered(&self, email: &str) -> Result<Vec<(EnvironmentId, Role)>> {
        let (email, now) = (email.to_owned(), self.now());
        self.db
            .look_up(move |tx| {
                tx.query(
                    "SELECT environment_id, role FROM invites WHERE email = $1 AND expires_at > $2",
                    params![&email, now],
                    |row| Ok((row.get(0)?, role(row, 1)?)),
                )
            })
            .await
    }

    /// Uses up a link: makes `new`, or takes the user `known` who has its e-mail address, and gives them its roles.
    ///
    /// [`Error::NotFound`] where the link was used in the meantime, [`Error::Conflict`] where `new` is a user already.
    pub async fn accept_invitation(
        &self,
        token_hash: [u8; 32],
        new: Option<NewUser>,
        known: Option<User>,
    ) -> Result<User> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let Some(offered) = invitation(tx, token_hash, now)? else {
                    return Err(Error::NotFound("the invitation"));
                };
                if tx.execute("DELETE FROM invites WHERE token_hash = $1", params![&token_hash])? == 0 {
                    return Err(Error::NotFound("the invitation"));
                }
                let user = match (known, new) {
                    (Some(user), _) => user,
                    (None, Some(new)) => insert(tx, new, now)?,
                    (None, None) => return Err(Error::NotFound("the user")),
                };
                grant(tx, user.id, offered.roles.into_iter().map(|(id, _, role)| (id, role)).collect())?;
                Ok(user)
            })
            .await
    }

    /// Forgets the invitations of an e-mail address: they have been heeded.
    pub async fn delete_invites_of(&self, email: &str) -> Result<()> {
        let email = email.to_owned();
        self.db
            .write(move |tx| tx.execute("DELETE FROM invites WHERE email = $1", params![&email]).map(drop))
            .await
    }

    /// Changes the role of a member, or of an invitation, in an environment.
    pub async fn set_role(&self, environment: EnvironmentId, id: Uuid, role: Role) -> Result<MemberChange> {
        self.db
            .write(move |tx| {
                if role != Role::Admin && is_last_admin(tx, environment, id)? {
                    return Ok(MemberChange::LastAdmin);
                }
                let changed = tx.execute(
                    "UPDATE user_roles SET role = $3 WHERE environment_id = $1 AND user_id = $2",
                    params![environment, id, role.as_str()],
                )? + tx.execute(
                    "UPDATE invites SET role = $3 WHERE environment_id = $1 AND id = $2",
                    params![environment, id, role.as_str()],
                )?;
                Ok(if changed == 0 { MemberChange::Nobody } else { MemberChange::Done })
            })
            .await
    }

    /// Takes a member's role in an environment away, or an invitation to it. A user without any role is signed out.
    pub async fn remove_member(&self, environment: EnvironmentId, id: Uuid) -> Result<MemberChange> {
        self.db
            .write(move |tx| {
                if is_last_admin(tx, environment, id)? {
                    return Ok(MemberChange::LastAdmin);
                }
                let removed = tx.execute(
                    "DELETE FROM user_roles WHERE environment_id = $1 AND user_id = $2",
                    params![environment, id],
                )?;
                let invites = tx.execute(
                    "DELETE FROM invites WHERE environment_id = $1 AND id = $2",
                    params![environment, id],
                )?;
                let others = "SELECT 1 FROM user_roles WHERE user_id = $1 LIMIT 1";
                if removed > 0 && tx.value_opt::<i64>(others, params![id])?.is_none() {
                    tx.execute("DELETE FROM sessions WHERE user_id = $1", params![id])?;
                }
                Ok(if removed + invites == 0 { MemberChange::Nobody } else { MemberChange::Done })
            })
            .await
    }
}

/// The roles of a user, the oldest environment first.
pub(crate) fn roles_of(tx: &mut Tx, user: Uuid) -> Result<Vec<(Environment, Role)>> {
    let mut roles = tx.query(
        &format!(
            "SELECT user_roles.role, {} FROM user_roles
             JOIN environments ON environments.id = user_roles.environment_id WHERE user_roles.user_id = $1",
            environments::columns()
        ),
        params![user],
        |row| Ok((environments::read(row, 1)?, role(row, 0)?)),
    )?;
    roles.sort_by_key(|(environment, _)| environment.id);
    Ok(roles)
}

fn any_user(tx: &mut Tx) -> Result<bool> {
    Ok(tx.value_opt::<i64>("SELECT 1 FROM users LIMIT 1", params![])?.is_some())
}

fn insert(tx: &mut Tx, new: NewUser, now: Timestamp) -> Result<User> {
    let NewUser { id, email, name, subject, password } = new;
    tx.execute(
        "INSERT INTO users (id, email, name, created_at, subject, password) VALUES ($1, $2, $3, $4, $5, $6)",
        params![id, &email, &name, now, subject, password.as_ref().map(|hash| hash.expose().as_str())],
    )
    .map_err(|error| error.about("the user"))?;
    Ok(User { id, email, name, created_at: now, last_seen_at: None })
}

fn grant(tx: &mut Tx, user: Uuid, roles: Vec<(EnvironmentId, Role)>) -> Result<()> {
    for (environment, role) in roles {
        tx.execute(
            "INSERT INTO user_roles (environment_id, user_id, role) VALUES ($1, $2, $3)
             ON CONFLICT (environment_id, user_id) DO NOTHING",
            params![environment, user, role.as_str()],
        )?;
    }
    Ok(())
}

fn find(tx: &mut Tx, column: &'static str, params: &[crate::db::Value<'_>]) -> Result<Option<UserProof>> {
    tx.query_opt(
        &format!("SELECT {COLUMNS}, users.subject, users.password FROM users WHERE {column} = $1"),
        params,
        |row| {
            let password: Option<String> = row.get(6)?;
            Ok(UserProof { user: read(row, 0)?, subject: row.get(5)?, password: password.map(Secret::new) })
        },
    )
}

fn invitation(tx: &mut Tx, token_hash: [u8; 32], now: Timestamp) -> Result<Option<Invitation>> {
    let rows = tx.query(
        "SELECT invites.email, invites.expires_at, invites.environment_id, environments.name, invites.role
         FROM invites JOIN environments ON environments.id = invites.environment_id
         WHERE invites.token_hash = $1 AND invites.expires_at > $2",
        params![&token_hash, now],
        |row| {
            let (email, expires_at): (String, Timestamp) = (row.get(0)?, row.get(1)?);
            Ok((email, expires_at, (row.get::<EnvironmentId>(2)?, row.get::<String>(3)?, role(row, 4)?)))
        },
    )?;
    let Some((email, expires_at, _)) = rows.first().cloned() else { return Ok(None) };
    let mut roles: Vec<_> = rows.into_iter().map(|(.., role)| role).collect();
    roles.sort_by_key(|(environment, ..)| *environment);
    Ok(Some(Invitation { email, roles, expires_at }))
}

/// Whether nobody but `user` is an administrator. Locks the administrators, so that two cannot remove each other.
fn is_last_admin(tx: &mut Tx, environment: EnvironmentId, user: Uuid) -> Result<bool> {
    let lock = tx.for_update();
    let admins: Vec<Uuid> = tx.query(
        &format!("SELECT user_id FROM user_roles WHERE environment_id = $1 AND role = 'admin'{lock}"),
        params![environment],
        |row| row.get(0),
    )?;
    Ok(admins == [user])
}
