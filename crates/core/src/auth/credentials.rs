//! Credentials of a connection, one struct per kind. They reach JSON only through [`Credentials::to_json`] (to be sealed, or shown
//! to a key that may read them) and are never printed.

use crate::{secret::Secret, time::Timestamp};
use serde_json::{Map, Value};
use std::fmt;

/// Why JSON is no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCredentials {
    /// There is no `type`, or it is none of http-api.md §4.2.
    #[error("`type` must be an auth mode")]
    UnknownType,
    /// A field is missing or has another type.
    #[error("`{field}` {problem}")]
    Field {
        /// The field's name on the wire.
        field: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// JSON that holds secrets, such as a provider's token response: `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq)]
pub struct SecretJson(pub Value);

impl fmt::Debug for SecretJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// A value that can be a field of credentials.
trait Field: Sized {
    fn read(map: &mut Map<String, Value>, name: &str) -> Result<Self, BadCredentials>;
    fn write(&self, map: &mut Map<String, Value>, name: &str);
}

fn bad<T>(name: &str, problem: &'static str) -> Result<T, BadCredentials> {
    Err(BadCredentials::Field { field: name.to_owned(), problem })
}

impl Field for Secret<String> {
    fn read(map: &mut Map<String, Value>, name: &str) -> Result<Self, BadCredentials> {
        match Option::<Self>::read(map, name)? {
            Some(text) => Ok(text),
            None => bad(name, "is missing"),
        }
    }

    fn write(&self, map: &mut Map<String, Value>, name: &str) {
        map.insert(name.to_owned(), self.expose().clone().into());
    }
}

impl Field for Option<Secret<String>> {
    fn read(map: &mut Map<String, Value>, name: &str) -> Result<Self, BadCredentials> {
        match map.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(Secret::new(text))),
            Some(_) => bad(name, "must be text"),
        }
    }

    fn write(&self, map: &mut Map<String, Value>, name: &str) {
        if let Some(text) = self {
            text.write(map, name);
        }
    }
}

impl Field for Option<Timestamp> {
    fn read(map: &mut Map<String, Value>, name: &str) -> Result<Self, BadCredentials> {
        match map.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => match Timestamp::parse(&text) {
                Some(time) => Ok(Some(time)),
                None => bad(name, "must be a time as in 2026-01-31T12:00:00Z"),
            },
            Some(_) => bad(name, "must be a time as in 2026-01-31T12:00:00Z"),
        }
    }

    fn write(&self, map: &mut Map<String, Value>, name: &str) {
        if let Some(time) = self {
            map.insert(name.to_owned(), time.millis_zulu().into());
        }
    }
}

impl Field for SecretJson {
    fn read(map: &mut Map<String, Value>, name: &str) -> Result<Self, BadCredentials> {
        Ok(Self(map.remove(name).unwrap_or_else(|| Value::Object(Map::new()))))
    }

    fn write(&self, map: &mut Map<String, Value>, name: &str) {
        map.insert(name.to_owned(), self.0.clone());
    }
}

impl Field for Option<SecretJson> {
    fn read(map: &mut Map<String, Value>, name: &str) -> Result<Self, BadCredentials> {
        Ok(map.remove(name).filter(|value| !value.is_null()).map(SecretJson))
    }

    fn write(&self, map: &mut Map<String, Value>, name: &str) {
        if let Some(value) = self {
            value.write(map, name);
        }
    }
}

/// One line per kind of credentials: the struct, its `type` on the wire and its fields. `other` keeps every field that the kind does not
/// know, because some providers define their own.
macro_rules! credentials {
    ($($(#[doc = $doc:literal])+ $kind:ident $wire:literal {
        $($(#[doc = $field_doc:literal])+ $field:ident $name:literal: $type:ty,)*
    })+) => {
        $($(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $kind {
            $($(#[doc = $field_doc])+ pub $field: $type,)*
            /// Fields that this kind does not know, kept as they came.
            pub other: SecretJson,
        })+

        /// The credentials of a connection.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Credentials {
            $($(#[doc = $doc])+ $kind($kind),)+
        }

        impl Credentials {
            /// Reads `{"type": …, …}` as it comes from the API or out of the vault.
            pub fn from_json(value: Value) -> Result<Self, BadCredentials> {
                let Value::Object(mut map) = value else { return Err(BadCredentials::UnknownType) };
                match map.remove("type").as_ref().and_then(Value::as_str) {
                    $(Some($wire) => Ok(Self::$kind($kind {
                        $($field: <$type as Field>::read(&mut map, $name)?,)*
                        other: SecretJson(Value::Object(map)),
                    })),)+
                    _ => Err(BadCredentials::UnknownType),
                }
            }

            /// Writes what [`Self::from_json`] reads. The result holds the secrets: seal it or show it to who may see it.
            pub fn to_json(&self) -> Map<String, Value> {
                let mut map = Map::new();
                map.insert("type".to_owned(), self.type_name().into());
                match self {
                    $(Self::$kind(kind) => {
                        $(kind.$field.write(&mut map, $name);)*
                        if let Value::Object(other) = &kind.other.0 {
                            map.extend(other.clone());
                        }
                    })+
                }
                map
            }

            /// The `type` on the wire.
            pub const fn type_name(&self) -> &'static str {
                match self { $(Self::$kind(_) => $wire,)+ }
            }
        }
    };
}

credentials! {
    /// Tokens of OAuth 2, and of OAuth 2 at MCP servers.
    OAuth2 "OAUTH2" {
        /// Sent as Bearer token.
        access_token "access_token": Secret<String>,
        /// Renews the access token.
        refresh_token "refresh_token": Option<Secret<String>>,
        /// When the access token ends; missing where it does not, or nobody knows.
        expires_at "expires_at": Option<Timestamp>,
        /// The provider's token response.
        raw "raw": SecretJson,
        /// The customer's own OAuth client.
        config_override "config_override": Option<SecretJson>,
    }
    /// A token from OAuth 2 client credentials.
    OAuth2Cc "OAUTH2_CC" {
        /// Sent as Bearer token.
        token "token": Option<Secret<String>>,
        /// When the token ends.
        expires_at "expires_at": Option<Timestamp>,
        /// The customer's client.
        client_id "client_id": Option<Secret<String>>,
        /// Its secret.
        client_secret "client_secret": Option<Secret<String>>,
        /// Its certificate, PEM.
        client_certificate "client_certificate": Option<Secret<String>>,
        /// The certificate's key, PEM.
        client_private_key "client_private_key": Option<Secret<String>>,
        /// The provider's token response.
        raw "raw": SecretJson,
    }
    /// A token pair that signs requests (OAuth 1.0a).
    OAuth1 "OAUTH1" {
        /// The token.
        oauth_token "oauth_token": Secret<String>,
        /// Its secret.
        oauth_token_secret "oauth_token_secret": Secret<String>,
        /// The provider's token response.
        raw "raw": SecretJson,
    }
    /// User name and password.
    Basic "BASIC" {
        /// The user name; some APIs put a key here.
        username "username": Secret<String>,
        /// The password; some APIs want none.
        password "password": Option<Secret<String>>,
    }
    /// A key.
    ApiKey "API_KEY" {
        /// The key.
        api_key "apiKey": Secret<String>,
    }
    /// A token of an installed app.
    App "APP" {
        /// Sent as Bearer token.
        access_token "access_token": Secret<String>,
        /// When the token ends.
        expires_at "expires_at": Option<Timestamp>,
        /// The provider's token response.
        raw "raw": SecretJson,
        /// What the app signed to get the token.
        jwt_token "jwtToken": Option<Secret<String>>,
    }
    /// A provider's own form.
    Custom "CUSTOM" {
        /// What the provider gave.
        raw "raw": SecretJson,
        /// Credentials of the installed app, where it has both.
        app "app": Option<SecretJson>,
        /// Credentials of the user, where it has both.
        user "user": Option<SecretJson>,
    }
    /// A token pair made by hand that signs requests.
    Tba "TBA" {
        /// The token.
        token_id "token_id": Secret<String>,
        /// Its secret.
        token_secret "token_secret": Secret<String>,
        /// The customer's own OAuth client.
        config_override "config_override": Option<SecretJson>,
    }
    /// A token that we sign.
    Jwt "JWT" {
        /// Sent as Bearer token.
        token "token": Option<Secret<String>>,
        /// When the token ends.
        expires_at "expires_at": Option<Timestamp>,
    }
    /// A session of bill.com.
    Bill "BILL" {
        /// The user name.
        username "username": Secret<String>,
        /// The password.
        password "password": Secret<String>,
        /// The organisation.
        organization_id "organization_id": Secret<String>,
        /// The developer key.
        dev_key "dev_key": Secret<String>,
        /// The session.
        session_id "session_id": Option<Secret<String>>,
        /// The session's user.
        user_id "user_id": Option<Secret<String>>,
        /// When the session ends.
        expires_at "expires_at": Option<Timestamp>,
        /// The provider's answer.
        raw "raw": SecretJson,
    }
    /// Credentials that were exchanged for a token.
    TwoStep "TWO_STEP" {
        /// Sent as Bearer token, unless the provider's headers say otherwise.
        token "token": Option<Secret<String>>,
        /// Renews the token.
        refresh_token "refresh_token": Option<Secret<String>>,
        /// When the token ends.
        expires_at "expires_at": Option<Timestamp>,
        /// The provider's token response.
        raw "raw": SecretJson,
    }
    /// User name and password that sign a token.
    Signature "SIGNATURE" {
        /// The user name.
        username "username": Secret<String>,
        /// The password.
        password "password": Secret<String>,
        /// Sent as Bearer token.
        token "token": Option<Secret<String>>,
        /// When the token ends.
        expires_at "expires_at": Option<Timestamp>,
    }
    /// Keys of AWS that sign requests.
    AwsSigV4 "AWS_SIGV4" {
        /// The role that is assumed.
        role_arn "role_arn": Option<Secret<String>>,
        /// The region that is signed for.
        region "region": Option<Secret<String>>,
        /// The service that is signed for.
        service "service": Option<Secret<String>>,
        /// The key.
        access_key_id "access_key_id": Option<Secret<String>>,
        /// Its secret.
        secret_access_key "secret_access_key": Option<Secret<String>>,
        /// The session.
        session_token "session_token": Option<Secret<String>>,
        /// When the session ends.
        expires_at "expires_at": Option<Timestamp>,
        /// What the customer's role wants to see.
        external_id "external_id": Option<Secret<String>>,
        /// The provider's answer.
        raw "raw": SecretJson,
    }
    /// Nothing.
    Unauthenticated "NONE" {
    }
}

impl Credentials {
    /// No credentials.
    pub fn none() -> Self {
        Self::Unauthenticated(Unauthenticated { other: SecretJson::default() })
    }

    /// A field as text, by its name on the wire; `accessToken` stands for whatever token the kind sends. For templates.
    pub fn text(&self, name: &str) -> Option<String> {
        if name == "accessToken" {
            return self.bearer_token().map(|token| token.expose().clone());
        }
        let map = self.to_json();
        let mut keys = name.split('.');
        let first = map.get(keys.next()?)?;
        let found = keys.try_fold(first, |value, key| value.get(key))?;
        match found {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => None,
        }
    }

    /// The token that this kind of credentials sends as `Authorization: Bearer …`.
    pub fn bearer_token(&self) -> Option<&Secret<String>> {
        match self {
            Self::OAuth2(kind) => Some(&kind.access_token),
            Self::App(kind) => Some(&kind.access_token),
            Self::OAuth2Cc(kind) => kind.token.as_ref(),
            Self::Jwt(kind) => kind.token.as_ref(),
            Self::TwoStep(kind) => kind.token.as_ref(),
            Self::Signature(kind) => kind.token.as_ref(),
            Self::OAuth1(_)
            | Self::Basic(_)
            | Self::ApiKey(_)
            | Self::Custom(_)
            | Self::Tba(_)
            | Self::Bill(_)
            | Self::AwsSigV4(_)
            | Self::Unauthenticated(_) => None,
        }
    }

    /// When they end, where that is known.
    pub fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::OAuth2(kind) => kind.expires_at,
            Self::OAuth2Cc(kind) => kind.expires_at,
            Self::App(kind) => kind.expires_at,
            Self::Jwt(kind) => kind.expires_at,
            Self::Bill(kind) => kind.expires_at,
            Self::TwoStep(kind) => kind.expires_at,
            Self::Signature(kind) => kind.expires_at,
            Self::AwsSigV4(kind) => kind.expires_at,
            Self::OAuth1(_)
            | Self::Basic(_)
            | Self::ApiKey(_)
            | Self::Custom(_)
            | Self::Tba(_)
            | Self::Unauthenticated(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_is_read_and_written_alike_and_prints_no_secret() {
        let kinds = [
            json!({"type": "OAUTH2", "access_token": "s3cret", "refresh_token": "s3cret", "expires_at": "2026-01-31T12:00:00.000Z",
                "raw": {"access_token": "s3cret"}, "config_override": {"client_id": "s3cret"}}),
            json!({"type": "OAUTH2_CC", "token": "s3cret", "client_id": "c", "client_secret": "s3cret", "raw": {}}),
            json!({"type": "OAUTH1", "oauth_token": "s3cret", "oauth_token_secret": "s3cret", "raw": {}}),
            json!({"type": "BASIC", "username": "s3cret", "password": "s3cret"}),
            json!({"type": "API_KEY", "apiKey": "s3cret"}),
            json!({"type": "APP", "access_token": "s3cret", "raw": {}, "jwtToken": "s3cret"}),
            json!({"type": "CUSTOM", "raw": {}, "app": {"access_token": "s3cret"}}),
            json!({"type": "TBA", "token_id": "s3cret", "token_secret": "s3cret"}),
            json!({"type": "JWT", "token": "s3cret", "privateKey": {"id": "s3cret"}}),
            json!({"type": "BILL", "username": "u", "password": "s3cret", "organization_id": "o", "dev_key": "s3cret", "raw": {}}),
            json!({"type": "TWO_STEP", "token": "s3cret", "raw": {}, "company": "s3cret"}),
            json!({"type": "SIGNATURE", "username": "u", "password": "s3cret", "token": "s3cret"}),
            json!({"type": "AWS_SIGV4", "role_arn": "r", "region": "eu", "secret_access_key": "s3cret", "raw": {}}),
            json!({"type": "NONE"}),
        ];
        for json in kinds {
            let credentials = Credentials::from_json(json.clone()).unwrap();
            assert_eq!(Value::Object(credentials.to_json()), json);
            assert!(!format!("{credentials:?}").contains("s3cret"), "{credentials:?}");
        }
    }

    #[test]
    fn a_mistake_names_the_field() {
        let check = |json: Value, expected: &str| {
            assert_eq!(Credentials::from_json(json).unwrap_err().to_string(), expected);
        };
        check(json!({"apiKey": "k"}), "`type` must be an auth mode");
        check(json!({"type": "KEY"}), "`type` must be an auth mode");
        check(json!("k"), "`type` must be an auth mode");
        check(json!({"type": "API_KEY"}), "`apiKey` is missing");
        check(json!({"type": "API_KEY", "apiKey": 5}), "`apiKey` must be text");
        check(
            json!({"type": "OAUTH2", "access_token": "t", "expires_at": "soon"}),
            "`expires_at` must be a time as in 2026-01-31T12:00:00Z",
        );
    }

    #[test]
    fn templates_reach_every_field() {
        let two_step = Credentials::from_json(
            json!({"type": "TWO_STEP", "token": "t", "company": "acme", "raw": {"a": {"b": 7}}}),
        )
        .unwrap();
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(two_step.text(name).as_deref(), expected, "{name}");
        };
        check("accessToken", Some("t"));
        check("company", Some("acme"));
        check("raw.a.b", Some("7"));
        check("raw.a", None);
        check("password", None);
    }
}
