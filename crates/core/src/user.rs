//! People who sign in to the dashboard.

use crate::{environment::Environment, id::EnvironmentId, role::Role, time::Timestamp};
use uuid::Uuid;

/// A person who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Their id.
    pub id: Uuid,
    /// Their e-mail address, in lower case: no two have the same.
    pub email: String,
    /// Their name for people.
    pub name: String,
    /// When they were made.
    pub created_at: Timestamp,
    /// When they were seen last; noted now and then, not at every request.
    pub last_seen_at: Option<Timestamp>,
}

/// A sign-in of a user at one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id, which opens nothing.
    pub id: Uuid,
    /// When they signed in.
    pub created_at: Timestamp,
    /// When it was used last; noted now and then, not at every request.
    pub last_used_at: Timestamp,
    /// When it ends by itself, if it is not used.
    pub expires_at: Timestamp,
    /// What the browser calls itself.
    pub user_agent: String,
    /// The network address that they signed in from.
    pub address: String,
}

/// A session with its user and what they may do now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// Whose it is.
    pub user: User,
    /// Their roles, by environment, the oldest environment first.
    pub roles: Vec<(Environment, Role)>,
}

impl SignedIn {
    /// Their role in the environment of this name, with the environment.
    pub fn role_in(&self, environment: &str) -> Option<(&Environment, Role)> {
        self.roles.iter().find(|(one, _)| one.name == environment).map(|(one, role)| (one, *role))
    }
}

/// A user with a role in an environment, or one who is invited to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The id of the user, or of the invitation.
    pub id: Uuid,
    /// Their e-mail address, in lower case.
    pub email: String,
    /// Their name; empty for those who are invited.
    pub name: String,
    /// Their role in the environment.
    pub role: Role,
    /// Their roles by the names of environments.
    pub roles: Vec<(String, Role)>,
    /// When they were seen last.
    pub last_seen_at: Option<Timestamp>,
    /// Until when the invitation holds, where they have not accepted it.
    pub invited_until: Option<Timestamp>,
}

/// What a link offers to the person who opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The e-mail address that it is for.
    pub email: String,
    /// The roles that they get, by environment.
    pub roles: Vec<(EnvironmentId, String, Role)>,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// Longest e-mail address.
const MAX_EMAIL: usize = 254;

/// An e-mail address as it is stored: in lower case, without spaces around it. `None` where it cannot be one.
pub fn email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.rsplit_once('@')?;
    let plain =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    let fits =
        text.len() <= MAX_EMAIL && plain(local) && plain(domain) && !local.contains(['@', '<', '>', ',']);
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::email;

    #[test]
    fn an_email_address_has_two_sides_and_one_spelling() {
        assert_eq!(email(" Ada@Example.COM ").as_deref(), Some("ada@example.com"));
        for wrong in ["", "ada", "@example.com", "ada@", "a b@example.com", "a@b@c", "Ada <ada@example.com>"]
        {
            assert_eq!(email(wrong), None, "{wrong}");
        }
    }
}
