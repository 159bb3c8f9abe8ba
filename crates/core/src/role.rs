//! What people may do in an environment, and the permissions that keys and people are granted.

/// The role of a user in one environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees everything that is no secret.
    Viewer,
    /// Also edits what connections are configured to do, and lets syncs and actions run.
    Support,
    /// Also changes integrations, functions, connections and their credentials.
    Developer,
    /// Also makes keys and invites members.
    Admin,
}

/// What a viewer may do.
const VIEWER: &[&str] = &[
    "environment:connections:list",
    "environment:connections:read",
    "environment:integrations:list",
    "environment:integrations:read",
    "environment:integrations:list_functions",
    "environment:functions:list",
    "environment:functions:read",
    "environment:logs:read",
    "environment:records:read",
    "environment:syncs:read",
    "environment:configure:read",
];

/// What a supporter may do besides.
const SUPPORT: &[&str] = &[
    "environment:connections:update",
    "environment:syncs:*",
    "environment:actions:execute",
    "environment:runs:cancel",
];

/// What a developer may do besides.
const DEVELOPER: &[&str] = &[
    "environment:connections:*",
    "environment:integrations:*",
    "environment:functions:*",
    "environment:deploy",
    "environment:variables:*",
    "environment:webhooks:*",
    "environment:configure:*",
    "environment:proxy",
    "environment:records:write",
];

/// What an administrator may do: everything. Members and keys are apart from `environment:*`, so that a key of an
/// application cannot make itself another one.
const ADMIN: &[&str] = &["environment:*", "members:*", "keys:*"];

impl Role {
    /// Every role, the weakest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Support, Self::Developer, Self::Admin];

    /// Its word in the API and the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Support => "support",
            Self::Developer => "developer",
            Self::Admin => "admin",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// What it is granted, as scopes; one that ends in `:*` covers all that begin so.
    pub fn scopes(self) -> Vec<&'static str> {
        let lists: &[&[&'static str]] = match self {
            Self::Viewer => &[VIEWER],
            Self::Support => &[VIEWER, SUPPORT],
            Self::Developer => &[VIEWER, SUPPORT, DEVELOPER],
            Self::Admin => &[ADMIN],
        };
        lists.concat()
    }

    /// Whether it is granted `scope`.
    pub fn has(self, scope: &str) -> bool {
        self.scopes().iter().any(|granted| covers(granted, scope))
    }
}

/// Whether `granted` covers `required`: the same text, or `prefix:*` whose prefix (with the colon) begins it.
pub fn covers(granted: &str, required: &str) -> bool {
    granted == required
        || granted
            .strip_suffix('*')
            .is_some_and(|prefix| prefix.ends_with(':') && required.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_covers_itself_and_a_star_covers_what_follows_its_colon() {
        assert!(covers("environment:*", "environment:connections:read"));
        assert!(covers("environment:connections:*", "environment:connections:read"));
        assert!(covers("environment:proxy", "environment:proxy"));
        assert!(!covers("environment:proxy", "environment:proxy:x"));
        assert!(!covers("environment:conn*", "environment:connections:read"));
        assert!(!covers("account:*", "environment:proxy"));
    }

    #[test]
    fn a_stronger_role_may_do_all_that_a_weaker_one_may() {
        for pair in Role::ALL.windows(2) {
            for scope in pair[0].scopes() {
                assert!(pair[1].has(scope), "{:?} lacks {scope}", pair[1]);
            }
        }
    }

    #[test]
    fn secrets_keys_and_members_are_not_for_everybody() {
        for scope in [
            "environment:connections:read_credentials",
            "environment:variables:read",
            "environment:webhooks:read",
        ] {
            assert!(
                !Role::Viewer.has(scope) && !Role::Support.has(scope) && Role::Developer.has(scope),
                "{scope}"
            );
        }
        for scope in ["members:read", "members:write", "keys:read", "keys:write"] {
            assert!(!Role::Developer.has(scope) && Role::Admin.has(scope), "{scope}");
        }
    }
}
