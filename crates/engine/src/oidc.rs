//! Signing in at an issuer (OIDC): authorization code with PKCE and a nonce.
//!
//! What is checked of the issuer's answers is the library's business; who its users are here is decided below.

use crate::{
    Engine, Error, Result,
    error::chain,
    http::{self, Body, Client},
    sessions::{NewSession, Visitor, new_token},
};
use bespoke_core::{
    role::Role,
    secret::Secret,
    token::Token,
    user::{self, User},
};
use bespoke_store::{NewToken, NewUser, TokenKind};
use futures_util::future::{BoxFuture, FutureExt as _};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse as _,
    core::{CoreAuthenticationFlow, CoreClient, CoreIdTokenClaims, CoreProviderMetadata},
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How long signing in at the issuer may take.
const HOLDS: Duration = Duration::from_secs(10 * 60);
/// How long the issuer may take to answer one request.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Largest answer of the issuer, in bytes.
const LARGEST: usize = 1024 * 1024;
/// Where the issuer sends people back to.
const CALLBACK: &str = "/session/oidc/callback";

/// An issuer to sign in at.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Its URL, below which `/.well-known/openid-configuration` is.
    pub url: String,
    /// What it knows this server as.
    pub client_id: String,
    /// By which this server proves it.
    pub client_secret: Option<Secret<String>>,
    /// Its name for people.
    pub label: String,
    /// What those become in every environment who nobody invited; `None`: they are not let in.
    pub role: Option<Role>,
}

/// A sign-in that has begun.
#[derive(Clone, Debug)]
pub struct Departure {
    /// Where the browser goes.
    pub address: String,
    /// What the browser has to bring back: nobody else's sign-in can be put in its place.
    pub token: Token,
}

/// What belongs to a sign-in that has begun.
#[derive(Serialize, Deserialize)]
struct Begun {
    state: String,
    nonce: String,
    verifier: String,
    /// Where in the dashboard the person wanted to go.
    next: Option<String>,
}

/// What is taken from the issuer's word.
struct Claims {
    subject: String,
    email: Option<String>,
    name: Option<String>,
}

impl Engine {
    /// The name of the issuer that people can sign in at.
    pub fn issuer(&self) -> Option<&str> {
        self.settings.oidc.as_ref().map(|issuer| issuer.label.as_str())
    }

    /// Begins a sign-in at the issuer.
    pub async fn begin_oidc(&self, next: Option<String>) -> Result<Departure> {
        let issuer =
            self.settings.oidc.as_ref().ok_or(Error::SignInFailed("no issuer is configured".into()))?;
        let client = CoreClient::from_provider_metadata(
            discover(self.proxy.client().clone(), issuer).await?,
            ClientId::new(issuer.client_id.clone()),
            secret(issuer),
        );
        let client = client.set_redirect_uri(self.callback()?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let (address, state, nonce) = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let begun = Begun {
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
            next,
        };
        let token = new_token()?;
        let new = NewToken {
            kind: TokenKind::Oidc,
            hash: token.hash(),
            expires_at: self.now().after(HOLDS),
            user: None,
            body: serde_json::to_string(&begun).map_err(|_| Error::Damaged("a sign-in"))?,
        };
        self.store.create_one_time_token(new).await?;
        Ok(Departure { address: address.to_string(), token })
    }

    /// Ends a sign-in at the issuer, who sent the browser back with `code` and `state`. The session, and where the person
    /// wanted to go.
    ///
    /// [`Error::SignInFailed`] where its word does not hold; [`Error::NotInvited`] where nobody let that person in.
    pub async fn finish_oidc(
        &self,
        token: &Token,
        code: String,
        state: &str,
        visitor: Visitor,
    ) -> Result<(NewSession, Option<String>)> {
        let failed = |why: &str| Error::SignInFailed(why.to_owned());
        let issuer = self.settings.oidc.as_ref().ok_or_else(|| failed("no issuer is configured"))?;
        let begun = self.store.take_one_time_token(TokenKind::Oidc, token.hash()).await?;
        let begun = begun.ok_or_else(|| failed("it did not begin here, or took too long"))?;
        let begun: Begun = serde_json::from_str(&begun.body).map_err(|_| Error::Damaged("a sign-in"))?;
        // Both are random and used once: how long the comparison takes tells nothing.
        if begun.state != state {
            return Err(failed("it is another sign-in than the one that began here"));
        }
        let next = begun.next.clone();
        let client = self.proxy.client().clone();
        let metadata = discover(client.clone(), issuer).await?;
        let claims = exchange(client, metadata, issuer, self.callback()?, code, begun).await?;
        let user = self.user_of(issuer, claims).await?;
        Ok((self.open_session(user, visitor).await?, next))
    }

    /// The user whom the issuer means: the one it meant before, the one with the address that it vouches for, or a new
    /// one where somebody invited them or everybody is let in.
    async fn user_of(&self, issuer: &Issuer, claims: Claims) -> Result<User> {
        if let Some(known) = self.store.user_by_subject(&claims.subject).await? {
            return Ok(known.user);
        }
        let email = claims.email.ok_or_else(|| {
            Error::SignInFailed("the issuer does not tell an e-mail address that it has verified".into())
        })?;
        if let Some(known) = self.store.user_by_email(&email).await? {
            if known.subject.is_some() {
                return Err(Error::SignInFailed(
                    "this address belongs to another account of the issuer".into(),
                ));
            }
            self.store.set_subject(known.user.id, &claims.subject).await?;
            return Ok(known.user);
        }
        let mut roles = self.store.roles_offered(&email).await?;
        if let Some(role) = issuer.role {
            // An invitation says it better: the first role of an environment counts.
            roles.extend(self.store.environments().await?.into_iter().map(|one| (one.id, role)));
        }
        // The first user has to be an administrator, and comes by the link that the server printed.
        if roles.is_empty() || !self.store.has_users().await? {
            return Err(Error::NotInvited(email));
        }
        let name = claims.name.unwrap_or_else(|| email.clone());
        let new = NewUser { id: self.ids.next(), email, name, subject: Some(claims.subject), password: None };
        let user = self.store.create_user(new, roles).await?;
        self.store.delete_invites_of(&user.email).await?;
        Ok(user)
    }

    fn callback(&self) -> Result<RedirectUrl> {
        RedirectUrl::new(format!("{}{CALLBACK}", self.public_url())).map_err(|error| failed(&error))
    }
}

/// Sends a request to the issuer by the client that everything goes out by.
async fn ask(client: Client, request: HttpRequest) -> std::result::Result<HttpResponse, http::Error> {
    let (parts, body) = request.into_parts();
    let url = url::Url::parse(&parts.uri.to_string())
        .map_err(|_| http::Error::BadUrl("the issuer's URL".to_owned()))?;
    let answer = client.send(http::Request {
        headers: parts.headers,
        body: Body::Bytes(body.into()),
        decompress: true,
        // What the issuer says has to come from where it is.
        follow_redirects: false,
        timeout: Some(TIMEOUT),
        ..http::Request::new(parts.method, url)
    });
    let answer = answer.await?;
    let (status, headers) = (answer.status, answer.headers.clone());
    let mut response = HttpResponse::new(answer.bytes(LARGEST).await?.to_vec());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// What the issuer says of itself, with its keys. Owns everything, as the library's futures are not `Send` otherwise.
fn discover(client: Client, issuer: &Issuer) -> BoxFuture<'static, Result<CoreProviderMetadata>> {
    let url = IssuerUrl::new(issuer.url.clone());
    async move {
        let ask = move |request| ask(client.clone(), request);
        let url = url.map_err(|error| failed(&error))?;
        CoreProviderMetadata::discover_async(url, &ask).await.map_err(|error| failed(&error))
    }
    .boxed()
}

/// Exchanges the code, and checks signature, issuer, audience, time and nonce of what comes back.
fn exchange(
    client: Client,
    metadata: CoreProviderMetadata,
    issuer: &Issuer,
    callback: RedirectUrl,
    code: String,
    begun: Begun,
) -> BoxFuture<'static, Result<Claims>> {
    let (id, secret) = (ClientId::new(issuer.client_id.clone()), secret(issuer));
    async move {
        let ask = move |request| ask(client.clone(), request);
        let client = CoreClient::from_provider_metadata(metadata, id, secret).set_redirect_uri(callback);
        let answer = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| failed(&error))?
            .set_pkce_verifier(PkceCodeVerifier::new(begun.verifier))
            .request_async(&ask)
            .await
            .map_err(|error| failed(&error))?;
        let id =
            answer.id_token().ok_or_else(|| Error::SignInFailed("the issuer sent no ID token".into()))?;
        let verifier = client.id_token_verifier();
        let claims: &CoreIdTokenClaims =
            id.claims(&verifier, &Nonce::new(begun.nonce)).map_err(|error| failed(&error))?;
        if let Some(expected) = claims.access_token_hash() {
            let algorithm = id.signing_alg().map_err(|error| failed(&error))?;
            let key = id.signing_key(&verifier).map_err(|error| failed(&error))?;
            let actual = AccessTokenHash::from_token(answer.access_token(), algorithm, key);
            if actual.map_err(|error| failed(&error))? != *expected {
                return Err(Error::SignInFailed(
                    "the access token is another one than the ID token's".into(),
                ));
            }
        }
        let is_doubted = claims.email_verified() == Some(false);
        let email = claims.email().filter(|_| !is_doubted).and_then(|email| user::email(email.as_str()));
        let name = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str().trim().to_owned());
        // A subject is unique at its issuer only.
        let subject = format!("{} {}", claims.issuer().as_str(), claims.subject().as_str());
        Ok(Claims { subject, email, name: name.filter(|name| !name.is_empty()) })
    }
    .boxed()
}

fn secret(issuer: &Issuer) -> Option<ClientSecret> {
    issuer.client_secret.as_ref().map(|secret| ClientSecret::new(secret.expose().clone()))
}

fn failed(error: &(dyn std::error::Error + 'static)) -> Error {
    Error::SignInFailed(chain(error))
}
