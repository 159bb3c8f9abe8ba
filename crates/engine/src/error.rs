//! What can go wrong in a use case, by what the caller can do about it. No word of HTTP.

use bespoke_runtime::Failure;
use std::fmt;

/// The engine's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A thing that can be missing or in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// An environment.
    Environment,
    /// A provider definition.
    Provider,
    /// An integration.
    Integration,
    /// A connection.
    Connection,
    /// A sync, action or on-event function.
    Function,
    /// A sync of a connection.
    Sync,
    /// A variant of a sync.
    Variant,
    /// A revision of a connection's metadata.
    Revision,
    /// A run.
    Run,
    /// An API key.
    ApiKey,
    /// A deployment.
    Deployment,
    /// Something that the backend was told.
    Delivery,
    /// A user.
    User,
    /// A member of an environment, or an invitation to it.
    Member,
    /// A session of a user.
    Session,
    /// A link that can be used once.
    Link,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "the environment",
            Self::Provider => "the provider",
            Self::Integration => "the integration",
            Self::Connection => "the connection",
            Self::Function => "the function",
            Self::Sync => "the sync",
            Self::Variant => "the variant",
            Self::Revision => "the revision",
            Self::Run => "the run",
            Self::ApiKey => "the API key",
            Self::Delivery => "the delivery",
            Self::Deployment => "the deployment",
            Self::User => "the user",
            Self::Member => "the member",
            Self::Session => "the session",
            Self::Link => "the link",
        })
    }
}

/// What can go wrong in a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not there, or belongs to another environment, which is the same.
    #[error("{0} does not exist")]
    NotFound(Resource),
    /// A deployment has functions for integrations that do not exist.
    #[error("no integration has the key {}", .0.join(", "))]
    UnknownIntegrations(Vec<String>),
    /// It is there already.
    #[error("{0} exists already")]
    Conflict(Resource),
    /// There are as many as there may be.
    #[error("there may be no more than {max} of {resource}")]
    TooMany {
        /// Of what.
        resource: Resource,
        /// How many there may be.
        max: usize,
    },
    /// It may not run.
    #[error("{0} {1} is disabled")]
    Disabled(Resource, String),
    /// A value is not acceptable.
    #[error("{}: {message}", path.join("."))]
    Invalid {
        /// Where, from the top of the request's body.
        path: Vec<String>,
        /// Kind of problem, e.g. `custom`, `too_small`.
        code: &'static str,
        /// What is wrong, for people.
        message: String,
    },
    /// The metadata would be too large.
    #[error("the metadata would have {0} bytes; {max} are allowed", max = bespoke_core::document::MAX_BYTES)]
    MetadataTooLarge(usize),
    /// The metadata does not fit the schema of its integration, which enforces it.
    #[error("the metadata is not valid: {}", .0.first().map_or("", |problem| &problem.message))]
    MetadataInvalid(Vec<crate::configuration::Problem>),
    /// A deployment brings configurations that connections would no longer fit, where the integration enforces them.
    #[error("the deployment breaks the configuration of {} connections", .0.iter().map(|planned| planned.broken).sum::<u64>())]
    BreaksConfigurations(Vec<bespoke_core::function::PlannedMigration>),
    /// The metadata has another revision than the writer expects.
    #[error("the metadata was changed by someone else")]
    MetadataConflict,
    /// An end customer may not see or set what is at this JSON pointer.
    #[error("{0} may not be set")]
    PathNotAllowed(String),
    /// A JSON Patch does not fit the metadata.
    #[error("the patch does not fit the metadata: {0}")]
    NotPatched(String),
    /// A value that is to become a default would be new to connections.
    #[error("the value would be new to {} connections, such as {}", .0.changed.count, .0.changed.examples.join(", "))]
    NotPromotable(Box<bespoke_core::promotion::Effects>),
    /// An idempotency key does not lead to an answer.
    #[error("{0}")]
    IdempotencyKey(crate::idempotency::KeyProblem),
    /// The function failed; how and why is in there.
    #[error("the function failed with {}", .0.code)]
    Failed(Box<Failure>),
    /// The provider does not accept the given credentials; the text says how it was found out.
    #[error("the provider did not accept the credentials: {0}")]
    CredentialsRefused(String),
    /// A function of the integration that judges credentials does not accept these.
    #[error("the function {function} rejected the connection: {message}")]
    ConnectionRejected {
        /// The function's name.
        function: String,
        /// What it says.
        message: String,
    },
    /// The connection's credentials have ended and are not renewed.
    #[error("{}", .0.reason)]
    CredentialsUnusable(Box<crate::credentials::Unusable>),
    /// There is no answer of the provider.
    #[error("the provider could not be asked")]
    Proxy(#[source] crate::proxy::Error),
    /// Stored data cannot be used.
    #[error("stored data is damaged: {0}")]
    Damaged(&'static str),
    /// A webhook does not come from who it says; the text says how that shows.
    #[error("the webhook was refused: {0}")]
    WebhookRefused(String),
    /// An integration takes no more webhooks for so many seconds.
    #[error("the integration takes no more webhooks for {0} seconds")]
    TooManyWebhooks(i64),
    /// The e-mail address or the password is wrong; nobody is told which.
    #[error("the e-mail address or the password is not right")]
    WrongCredentials,
    /// The next attempt to sign in has to wait so many seconds.
    #[error("too many attempts to sign in; the next one in {0} seconds")]
    TooManyAttempts(u64),
    /// The issuer's word that somebody signs in does not hold; the text says why.
    #[error("the sign-in at the issuer failed: {0}")]
    SignInFailed(String),
    /// The issuer knows the person with this address, but nobody has let them in here.
    #[error("nobody has invited {0}")]
    NotInvited(String),
    /// Nobody could manage the environment any more.
    #[error("the environment needs an administrator")]
    LastAdmin,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// The database failed.
    #[error("the database failed")]
    Store(#[source] bespoke_store::Error),
}

impl Error {
    /// A value at `path` is not acceptable.
    pub fn invalid(path: &[&str], code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid {
            path: path.iter().map(|&part| part.to_owned()).collect(),
            code,
            message: message.into(),
        }
    }
}

impl From<crate::proxy::Error> for Error {
    fn from(error: crate::proxy::Error) -> Self {
        Self::Proxy(error)
    }
}

impl From<bespoke_store::Error> for Error {
    fn from(error: bespoke_store::Error) -> Self {
        Self::Store(error)
    }
}

/// The error and what caused it, in one line: for logs.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let errors = std::iter::successors(Some(error), |error| error.source());
    errors.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
