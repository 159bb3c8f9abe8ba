//! Every error that the API answers with: one table, one envelope.
//!
//! `{"error": {"code", "message", "errors"?, "payload"?, "upstream"?}}`. The codes and their statuses are those of
//! http-api.md §2; where an endpoint answers the same code with another status it says so with [`ApiError::status`].

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Value, json};

macro_rules! error_codes {
    ($($name:ident $text:literal $status:literal $meaning:literal;)+) => {
        /// The codes of the API's errors.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $name,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The text on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// The HTTP status that it has unless the endpoint says otherwise.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// What it means, for people: the message where none more exact is given.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)+ }
            }

            /// The code with this text.
            pub fn from_wire(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text)
            }
        }
    };
}

error_codes! {
    MissingAuthHeader          "missing_auth_header"          401 "The Authorization header is missing.";
    MalformedAuthHeader        "malformed_auth_header"        401 "The Authorization header holds no key.";
    InvalidSecretKeyFormat     "invalid_secret_key_format"    401 "The secret key is not a UUID v4.";
    UnknownAccount             "unknown_account"              401 "No environment has this secret key, or it was revoked.";
    NotSignedIn                "not_signed_in"                401 "Nobody is signed in here, or the session has ended.";
    WrongCredentials           "wrong_credentials"            401 "The e-mail address or the password is not right.";
    TooManyAttempts            "too_many_attempts"            429 "Too many attempts to sign in; `Retry-After` says how many seconds the next one has to wait.";
    CrossSiteRequest           "cross_site_request"           403 "A request with the cookie of a session has to come from the dashboard.";
    LastAdmin                  "last_admin"                   409 "The environment needs at least one administrator.";
    SignInFailed               "sign_in_failed"               401 "The sign-in at the issuer failed; the server's log says why.";
    NotInvited                 "not_invited"                  403 "Nobody has invited this person; an administrator can.";
    InvalidLink                "invalid_link"                 404 "The link was used, has expired, or was never given out.";
    Forbidden                  "forbidden"                    403 "The key lacks the scope that this operation needs.";
    TooManyRequests            "too_many_request"             429 "The environment's request limit, or an integration's limit of webhooks, is used up for this minute.";
    InvalidContentType         "invalid_content_type"         415 "The Content-Type must be application/json.";
    InvalidJson                "invalid_json"                 400 "The body is not valid JSON.";
    InvalidBody                "invalid_body"                 400 "The body does not have the shape that is expected; `errors` names the fields.";
    InvalidQueryParams         "invalid_query_params"         400 "The query does not have the shape that is expected; `errors` names the parameters.";
    InvalidUriParams           "invalid_uri_params"           400 "The path does not have the shape that is expected; `errors` names the parts.";
    InvalidHeaders             "invalid_headers"              400 "A header is missing or malformed; `errors` names it.";
    BodyTooLarge               "body_too_large"               413 "The body is larger than allowed.";
    MetadataTooLarge           "metadata_too_large"           413 "The metadata would be larger than 1 MiB.";
    MetadataConflict           "metadata_conflict"            412 "The metadata has another revision than `If-Match` says; `payload` has the newest and what changed.";
    PathNotAllowed             "path_not_allowed"             403 "The session of the configuration page may not see or set this; `payload.path` names it. Nothing was written.";
    ConfigureSessionEnded      "configure_session_ended"      401 "The session of the configuration page has ended, or there is none of this token.";
    PatchFailed                "patch_failed"                 409 "The JSON Patch does not fit the metadata, or its `test` found something else; nothing was written.";
    PromotionRefused           "promotion_refused"            409 "The value would be new to connections for which nothing counts at its path; `payload` has how many and some of their ids. Nothing was written.";
    UnknownRevision            "unknown_revision"             404 "The connection has no revision of this number.";
    NotFound                   "not_found"                    404 "There is nothing at this address.";
    MethodNotAllowed           "method_not_allowed"           405 "This address does not take this method.";
    Conflict                   "conflict"                     409 "It exists already, or was changed by someone else.";
    ConcurrentDeployment       "concurrent_deployment"        409 "Another deployment to this environment is under way.";
    AmbiguousFunction          "ambiguous_function"           409 "Several functions have this name; `type` tells which is meant.";
    InvalidCliVersion          "invalid_cli_version"          400 "This version of the CLI is too old: update the package `nango`.";
    DeployMissingJsonSchemaModel "deploy_missing_json_schema_model" 400 "A function names a schema that was not sent.";
    FunctionManagedByDeploy    "function_managed_by_deploy"   400 "The function belongs to a project; deploy the project without it.";
    UnknownEnvironment         "unknown_environment"          404 "No environment has this id.";
    WebhookInvalidSignature    "webhook_invalid_signature"    401 "The webhook does not prove that the provider sent it.";
    UnknownConnection          "unknown_connection"           404 "No connection has this id at this integration in this environment.";
    UnknownProviderConfig      "unknown_provider_config"      400 "No integration has this key in this environment.";
    UnknownProvider            "unknown_provider"             400 "The integration or its provider does not exist.";
    MissingProviderConfigKey   "missing_provider_config_key"  400 "The integration's key is missing.";
    MissingProviderConfig      "missing_provider_config"      400 "The integration's key is missing.";
    MissingAccessToken         "missing_access_token"         400 "The access token is missing.";
    MissingExpiresAt           "missing_expires_at"           400 "The end of the token is missing; `no_expiration` says that there is none.";
    InvalidExpiresAt           "invalid_expires_at"           400 "The end of the token is not a time.";
    MissingOauthToken          "missing_oauth_token"          400 "The OAuth token is missing.";
    MissingOauthTokenSecret    "missing_oauth_token_secret"   400 "The OAuth token's secret is missing.";
    MissingBasicUsername       "missing_basic_username"       400 "The user name is missing.";
    MissingApiKey              "missing_api_key"              400 "The API key is missing.";
    NoSyncsFound               "no_syncs_found"               400 "No sync of this name is deployed for this integration.";
    UnknownSync                "unknown_sync"                 400 "The connection has no sync of this name.";
    InvalidVariant             "invalid_variant"              400 "The variant `base` is there by itself and stays.";
    SyncVariantAlreadyExists   "sync_variant_already_exists"  400 "The sync has this variant at this connection already.";
    ResourceCapped             "resource_capped"              400 "There are as many as there may be.";
    DisabledResource           "disabled_resource"            404 "The function is disabled.";
    InvalidCredentials         "invalid_credentials"          400 "The provider refused the stored credentials; the user must connect again.";
    ConnectionTestFailed       "connection_test_failed"       400 "The provider refused the given credentials.";
    ConnectionValidationFailed "connection_validation_failed" 400 "A validate-connection function rejected the connection.";
    ConnectionRefreshBackoff   "connection_refresh_backoff"   424 "Refreshing the credentials failed a moment ago; it is tried again shortly.";
    ConnectionRefreshExhausted "connection_refresh_exhausted" 424 "Refreshing the credentials failed for days; the user must connect again.";
    RefreshTokenExternalError  "refresh_token_external_error" 400 "The provider refused to refresh the token; the user may have to connect again.";
    MissingApiUrl              "missing_api_url"              400 "The request names no endpoint.";
    UnsupportedProvider        "unsupported_provider"         400 "The provider has no base URL and none was given.";
    UnsupportedAuth            "unsupported_auth"             400 "Requests with this kind of credentials cannot be signed.";
    BaseUrlOverrideNotAllowed  "base_url_override_not_allowed" 400 "The base URL is not allowed.";
    EndpointOutsideBaseUrl     "endpoint_outside_base_url"    400 "The endpoint is a full URL that is not below the provider's base URL; use a base URL override.";
    InvalidHost                "invalid_host"                 400 "The connection's values make no valid host.";
    MissingTemplateValue       "missing_template_value"       400 "The connection lacks a value that the provider's definition needs.";
    DestinationNotAllowed      "destination_not_allowed"      400 "The target is a private address; the setting for outbound requests can permit it.";
    RedirectNotAllowed         "proxy_redirect_to_denied_host" 400 "The provider redirected to a private address.";
    FailedToGetConnection      "failed_to_get_connection"     400 "The connection could not be read.";
    ProviderUnreachable        "provider_unreachable"         502 "The provider did not answer.";
    UnknownError               "unknown_error"                400 "The request could not be made.";
    ActionFailure              "action_failure"               400 "The action could not be started.";
    ActionScriptFailure        "action_script_failure"        500 "The action did not start in time: too many of it go on for this connection.";
    ActionScriptRuntimeError   "action_script_runtime_error"  500 "The function threw an action error.";
    ScriptHttpError            "script_http_error"            424 "The function's request to the provider failed.";
    ScriptApiRateLimitError    "script_api_rate_limit_error"  424 "The function's request to this API was one too many for this minute.";
    ScriptNetworkError         "script_network_error"         500 "The function's request got no answer.";
    ScriptInternalError        "script_internal_error"        500 "The function threw an error.";
    ScriptInvalidError         "script_invalid_error"         500 "The function cannot be run.";
    ScriptOutputTooLarge       "script_output_too_large"      400 "The function's output is larger than 2 MiB.";
    InvalidMetadata            "invalid_metadata"             400 "The metadata does not fit the schema of its integration, which enforces it; `payload.problems` names the places. Nothing was written.";
    BreaksConfigurations       "breaks_configurations"        400 "Connections fit the deployed configuration of their integration, which enforces it, and would not fit the new one; `payload.migrations` names some. Nothing was deployed; `allow_invalid` deploys all the same.";
    InvalidConfiguration       "invalid_configuration"        400 "The connection's configuration does not fit the schema of its integration, which enforces it: nothing was run; `payload.problems` names the places.";
    InvalidActionInput         "invalid_action_input"         400 "The input is not what the action declares, and the integration enforces it; `payload.errors` names the places.";
    InvalidActionOutput        "invalid_action_output"        400 "The output is not what the action declares, and the integration enforces it; `payload.errors` names the places.";
    InvalidSyncRecord          "invalid_sync_record"          400 "A record is not what the sync declares, and the integration enforces it; `payload.errors` names the places.";
    IdempotencyKeyReused       "idempotency_key_reused"       422 "The Idempotency-Key was used for another request in the last 24 hours.";
    IdempotencyKeyInUse        "idempotency_key_in_use"       409 "The first request with this Idempotency-Key goes on; ask again in a moment.";
    IdempotencyKeyInterrupted  "idempotency_key_interrupted"  409 "The server stopped during the first request with this Idempotency-Key; nobody knows how far it got.";
    ScriptAborted              "script_aborted"               410 "The run was cancelled.";
    ExecutionTimeout           "execution_timeout"            500 "The run took longer than allowed.";
    FunctionOutOfMemory        "function_runtime_out_of_memory" 500 "The run needed more memory than allowed.";
    FunctionRuntimeOther       "function_runtime_other"       500 "The runtime failed.";
    ServerError                "server_error"                 500 "Something went wrong on the server; the log has the request id.";
    ServiceUnavailable         "service_unavailable"          503 "The server is stopping or its database does not answer.";
    GenericErrorSupport        "generic_error_support"        500 "Something went wrong on the server; the log has the request id.";
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    /// Kind of problem, e.g. `unrecognized_keys`, `invalid_type`, `too_big`.
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: String,
    /// Where: the keys from the top; indexes as texts.
    pub path: Vec<String>,
}

impl Issue {
    /// An issue at `path`.
    pub fn new<P: ToString>(
        code: &'static str,
        path: impl IntoIterator<Item = P>,
        message: impl Into<String>,
    ) -> Self {
        Self { code, message: message.into(), path: path.into_iter().map(|part| part.to_string()).collect() }
    }
}

/// An answer that is an error.
#[derive(Debug)]
pub struct ApiError {
    /// Which one.
    pub code: Code,
    /// Boxed, so that the results of all handlers stay small.
    rest: Box<Rest>,
}

#[derive(Debug)]
struct Rest {
    /// The code on the wire, where a function chose it.
    own_code: Option<String>,
    status: u16,
    message: String,
    issues: Vec<Issue>,
    payload: Option<Value>,
    upstream: Option<Value>,
    headers: Vec<(&'static str, String)>,
}

impl ApiError {
    /// The error of the table, with its own status and meaning.
    pub fn new(code: Code) -> Self {
        let rest = Rest {
            own_code: None,
            status: code.status(),
            message: code.meaning().to_owned(),
            issues: Vec::new(),
            payload: None,
            upstream: None,
            headers: Vec::new(),
        };
        Self { code, rest: Box::new(rest) }
    }

    /// With a more exact message.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.rest.message = message.into();
        self
    }

    /// With the status that this endpoint gives it.
    pub fn status(mut self, status: u16) -> Self {
        self.rest.status = status;
        self
    }

    /// With the fields that are wrong. Their first message becomes the error's.
    pub fn issues(mut self, issues: Vec<Issue>) -> Self {
        if let Some(first) = issues.first() {
            let place = first.path.join(".");
            self.rest.message =
                if place.is_empty() { first.message.clone() } else { format!("{place}: {}", first.message) };
        }
        self.rest.issues = issues;
        self
    }

    /// With one field that is wrong.
    pub fn issue(self, issue: Issue) -> Self {
        self.issues(vec![issue])
    }

    /// With data beside the message, as the older endpoints have it.
    pub fn payload(mut self, payload: Value) -> Self {
        self.rest.payload = Some(payload);
        self
    }

    /// With what the provider answered.
    pub fn upstream(mut self, upstream: Value) -> Self {
        self.rest.upstream = Some(upstream);
        self
    }

    /// With a response header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.rest.headers.push((name, value.into()));
        self
    }

    /// `invalid_body` at one field.
    pub fn body(code: &'static str, path: &[&str], message: impl Into<String>) -> Self {
        Self::new(Code::InvalidBody).issue(Issue::new(code, path, message))
    }

    /// `invalid_query_params` at one parameter.
    pub fn query(code: &'static str, path: &[&str], message: impl Into<String>) -> Self {
        Self::new(Code::InvalidQueryParams).issue(Issue::new(code, path, message))
    }

    /// The JSON of the answer.
    pub fn to_json(&self) -> Value {
        let code = self.rest.own_code.as_deref().unwrap_or(self.code.as_str());
        let mut error = json!({ "code": code, "message": self.rest.message });
        if !self.rest.issues.is_empty() {
            error["errors"] = json!(self.rest.issues);
        }
        if let Some(payload) = &self.rest.payload {
            error["payload"] = payload.clone();
        }
        if let Some(upstream) = &self.rest.upstream {
            error["upstream"] = upstream.clone();
        }
        json!({ "error": error })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.rest.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.to_json())).into_response();
        for (name, value) in self.rest.headers {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// What a use case's failure is on the wire. Endpoints that answer it with another code or status change it there.
impl From<bespoke_engine::Error> for ApiError {
    fn from(error: bespoke_engine::Error) -> Self {
        use bespoke_engine::{Error, KeyProblem, Resource, credentials::Reason};
        match error {
            Error::NotFound(Resource::Connection) => Self::new(Code::UnknownConnection),
            Error::NotFound(Resource::Integration) => Self::new(Code::UnknownProviderConfig),
            Error::NotFound(Resource::Provider) => Self::new(Code::UnknownProvider),
            Error::NotFound(Resource::Sync) => Self::new(Code::UnknownSync),
            Error::NotFound(Resource::Revision) => Self::new(Code::UnknownRevision),
            Error::NotFound(Resource::Link) => Self::new(Code::InvalidLink),
            Error::WrongCredentials => Self::new(Code::WrongCredentials),
            Error::TooManyAttempts(wait) => Self::new(Code::TooManyAttempts)
                .message(format!("Too many tries. Try again in {wait} s."))
                .header("retry-after", wait.to_string()),
            Error::LastAdmin => Self::new(Code::LastAdmin),
            Error::SignInFailed(_) => {
                tracing::warn!(error = bespoke_engine::error::chain(&error), "a sign-in failed");
                Self::new(Code::SignInFailed)
            }
            Error::NotInvited(_) => Self::new(Code::NotInvited),
            Error::NotFound(resource) => {
                Self::new(Code::NotFound).message(format!("{resource} does not exist."))
            }
            Error::Conflict(Resource::Deployment) => Self::new(Code::ConcurrentDeployment),
            Error::Conflict(Resource::Variant) => Self::new(Code::SyncVariantAlreadyExists),
            Error::TooMany { .. } => Self::new(Code::ResourceCapped).message(format!("{error}.")),
            Error::Conflict(resource) => {
                Self::new(Code::Conflict).message(format!("{resource} exists already."))
            }
            Error::UnknownIntegrations(ref keys) => {
                let payload = json!({ "providerConfigKeys": keys });
                Self::new(Code::UnknownProviderConfig).message(format!("{error}.")).payload(payload)
            }
            Error::Disabled(..) => Self::new(Code::DisabledResource).message(format!("{error}.")),
            Error::Invalid { path, code, message } => {
                Self::new(Code::InvalidBody).issue(Issue { code, message, path })
            }
            Error::MetadataTooLarge(_) => Self::new(Code::MetadataTooLarge).message(error.to_string()),
            Error::MetadataInvalid(ref problems) => Self::new(Code::InvalidMetadata)
                .message(
                    problems.first().map_or_else(|| error.to_string(), |problem| problem.message.clone()),
                )
                .payload(json!({ "problems": problems })),
            Error::BreaksConfigurations(ref migrations) => Self::new(Code::BreaksConfigurations)
                .message(error.to_string())
                .payload(json!({ "migrations": migrations })),
            Error::MetadataConflict => Self::new(Code::MetadataConflict),
            Error::PathNotAllowed(ref path) => Self::new(Code::PathNotAllowed)
                .message(format!("{path} may not be set here."))
                .payload(json!({ "path": path })),
            Error::NotPatched(problem) => Self::new(Code::PatchFailed).message(format!("{problem}.")),
            Error::NotPromotable(ref effects) => {
                let payload =
                    json!({ "count": effects.changed.count, "connection_ids": effects.changed.examples });
                let message = format!("Nothing was written: {error}.");
                Self::new(Code::PromotionRefused).message(message).payload(payload)
            }
            Error::CredentialsRefused(_) => Self::new(Code::ConnectionTestFailed).message(error.to_string()),
            Error::CredentialsUnusable(unusable) => Self::new(match unusable.reason {
                Reason::Refused(_) => Code::RefreshTokenExternalError,
                Reason::Backoff => Code::ConnectionRefreshBackoff,
                Reason::Exhausted => Code::ConnectionRefreshExhausted,
            })
            .message(unusable.reason.to_string()),
            Error::IdempotencyKey(problem) => match problem {
                KeyProblem::Reused => Self::new(Code::IdempotencyKeyReused),
                KeyProblem::Busy => Self::new(Code::IdempotencyKeyInUse).header("retry-after", "1"),
                KeyProblem::Interrupted => Self::new(Code::IdempotencyKeyInterrupted),
            },
            Error::Failed(failure) => Self::failure(*failure),
            Error::Proxy(error) => Self::proxy(&error),
            Error::ConnectionRejected { function, message } => {
                let payload = json!({ "function": function });
                Self::new(Code::ConnectionValidationFailed).message(message).payload(payload)
            }
            Error::WebhookRefused(problem) => Self::new(Code::WebhookInvalidSignature)
                .message(format!("The webhook was refused: {problem}.")),
            Error::TooManyWebhooks(wait) => Self::new(Code::TooManyRequests)
                .message(format!("{error}."))
                .header("retry-after", wait.to_string()),
            Error::Stopping => Self::new(Code::ServiceUnavailable),
            Error::Damaged(_) | Error::Store(_) => Self::internal(&error),
        }
    }
}

impl ApiError {
    /// An error that is ours: the chain goes to the log, the caller gets an id to ask about.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = bespoke_engine::error::chain(error), "a request failed");
        Self::new(Code::GenericErrorSupport)
    }

    /// Why a provider could not be asked.
    fn proxy(error: &bespoke_engine::proxy::Error) -> Self {
        let message = bespoke_engine::error::chain(error);
        match Code::from_wire(error.code()) {
            Some(code) => Self::new(code).message(message),
            None if error.is_network() => {
                Self::new(Code::ProviderUnreachable).message(message).payload(json!({ "code": error.code() }))
            }
            None => Self::new(Code::UnknownError).message(message).payload(json!({ "code": error.code() })),
        }
    }

    /// A function's failure: its own code, its payload and what the provider answered.
    pub fn failure(failure: bespoke_engine::Failure) -> Self {
        let known = Code::from_wire(&failure.code);
        let mut error = Self::new(known.unwrap_or(Code::FunctionRuntimeOther));
        // What a call of the function was refused with is the reason that its caller can do something about.
        error.rest.own_code = known.is_none().then_some(failure.code);
        error = error.status(failure.status).message(failure.message);
        error.rest.payload = serde_json::from_str(failure.payload.get()).ok();
        error.rest.upstream = failure.upstream.and_then(|upstream| serde_json::from_str(upstream.get()).ok());
        error
    }
}

/// A handler's answer.
pub type Result<T, E = ApiError> = std::result::Result<T, E>;
