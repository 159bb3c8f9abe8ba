//! Assembles the headers of a request.

use super::{Error, names::Lookup};
use crate::http::{HeaderMap, HeaderName, HeaderValue, header};
use bespoke_core::{
    auth::{Authorization, Credentials},
    provider::Provider,
    template::Template,
};

/// What axios accepts; some APIs answer with XML to those who do not mind.
const ACCEPT: HeaderValue = HeaderValue::from_static("application/json, text/plain, */*");
/// Headers about this one connection or this one body, which the client makes itself.
const CLIENTS_OWN: [HeaderName; 9] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::EXPECT,
    HeaderName::from_static("keep-alive"),
];

/// The headers of a request.
#[derive(Debug)]
pub(super) struct Headers {
    pub(super) all: HeaderMap,
    /// Those of them that the provider's definition fills with credentials.
    pub(super) credentials: Vec<HeaderName>,
}

/// Later ones win: what we send by default, what the credentials are, what the provider's definition says, what the caller says.
pub(super) fn assemble(
    provider: &Provider,
    credentials: &Credentials,
    names: &Lookup<'_>,
    own: HeaderMap,
    content_type: Option<HeaderValue>,
) -> Result<Headers, Error> {
    let mut headers = Headers { all: HeaderMap::new(), credentials: Vec::new() };
    headers.all.insert(header::ACCEPT, ACCEPT);
    if let Some(content_type) = content_type {
        headers.all.insert(header::CONTENT_TYPE, content_type);
    }
    from_provider(provider, names, &mut headers)?;
    // Credentials of a two-step flow are placed by the definition or, where it places none, as Bearer token.
    let placed = matches!(credentials, Credentials::TwoStep(_)) && !headers.credentials.is_empty();
    if let Authorization::Header(value) = credentials.authorization()?
        && !placed
        && !headers.all.contains_key(header::AUTHORIZATION)
    {
        headers.all.insert(header::AUTHORIZATION, secret(&header::AUTHORIZATION, value.expose())?);
    }
    for name in own.keys().filter(|name| !CLIENTS_OWN.contains(*name)) {
        headers.all.remove(name);
        for value in own.get_all(name) {
            headers.all.append(name.clone(), value.clone());
        }
    }
    Ok(headers)
}

/// Fills in the definition's headers. One that needs credentials which are not there is an error, one that needs optional
/// configuration which is not there is left out.
fn from_provider(provider: &Provider, names: &Lookup<'_>, headers: &mut Headers) -> Result<(), Error> {
    for (name, text) in &provider.definition.proxy.headers {
        let name: HeaderName = name.to_lowercase().parse().map_err(|_| Error::InvalidHeader(name.clone()))?;
        let template = Template::parse(text).map_err(Error::template(text))?;
        let is_secret = template.names().into_iter().any(Lookup::is_credential);
        match template.render(&|name| names.find(name)) {
            Ok(value) if is_secret => {
                headers.all.insert(name.clone(), secret(&name, &value)?);
                headers.credentials.push(name);
            }
            Ok(value) => {
                let value =
                    HeaderValue::from_str(&value).map_err(|_| Error::InvalidHeader(name.to_string()))?;
                headers.all.insert(name, value);
            }
            Err(source) if is_secret => return Err(Error::template(text)(source)),
            Err(_) => {}
        }
    }
    Ok(())
}

fn secret(name: &HeaderName, value: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(value).map_err(|_| Error::InvalidHeader(name.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{connection, provider};
    use super::*;
    use serde_json::{Value, json};

    fn assembled(
        definition: Value,
        credentials: Value,
        own: &[(&'static str, &'static str)],
    ) -> Result<Headers, Error> {
        let provider = provider(definition);
        let connection = connection(json!({"tenant": "t1"}));
        let credentials = Credentials::from_json(credentials).unwrap();
        let names = Lookup::new(&provider, &connection, &credentials);
        let own = own
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect();
        assemble(&provider, &credentials, &names, own, Some(HeaderValue::from_static("application/json")))
    }

    #[test]
    fn later_headers_win() {
        let check = |definition: Value,
                     credentials: Value,
                     own: &[(&'static str, &'static str)],
                     expected: &[(&str, &str)]| {
            let headers = assembled(definition, credentials, own).unwrap().all;
            let mut got: Vec<(&str, &str)> = headers
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "accept" | "content-type"))
                .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
                .collect();
            got.sort_unstable();
            assert_eq!(got, expected);
        };
        let key = || json!({"type": "API_KEY", "apiKey": "k"});
        let oauth = || json!({"type": "OAUTH2", "access_token": "t"});
        check(json!({}), oauth(), &[], &[("authorization", "Bearer t")]);
        check(json!({}), key(), &[], &[]);
        check(json!({"headers": {"X-Api-Key": "${apiKey}"}}), key(), &[], &[("x-api-key", "k")]);
        check(
            json!({"headers": {"authorization": "Token ${accessToken}"}}),
            oauth(),
            &[],
            &[("authorization", "Token t")],
        );
        check(json!({}), oauth(), &[("authorization", "mine")], &[("authorization", "mine")]);
        check(
            json!({"headers": {"a": "1"}}),
            key(),
            &[("a", "2"), ("host", "evil"), ("connection", "close")],
            &[("a", "2")],
        );
        check(json!({"headers": {"a": "1"}}), key(), &[("a", "2"), ("a", "3")], &[("a", "2"), ("a", "3")]);
        check(
            json!({"headers": {"x-tenant": "${connectionConfig.tenant}", "x-none": "${connectionConfig.none}"}}),
            key(),
            &[],
            &[("x-tenant", "t1")],
        );
        let two_step = || json!({"type": "TWO_STEP", "token": "t", "raw": {}});
        check(json!({}), two_step(), &[], &[("authorization", "Bearer t")]);
        check(json!({"headers": {"x-session": "${accessToken}"}}), two_step(), &[], &[("x-session", "t")]);
    }

    #[test]
    fn credentials_are_marked_and_must_be_there() {
        let key = json!({"type": "API_KEY", "apiKey": "k"});
        let headers =
            assembled(json!({"headers": {"x-key": "${apiKey}", "x-v": "1"}}), key.clone(), &[]).unwrap();
        assert_eq!(headers.credentials, ["x-key"]);
        assert!(headers.all["x-key"].is_sensitive() && !headers.all["x-v"].is_sensitive());
        assert_eq!(headers.all["content-type"], "application/json");

        let missing = assembled(json!({"headers": {"x-key": "${credentials.other}"}}), key, &[]).unwrap_err();
        assert_eq!(missing.code(), "missing_template_value");
        let unsupported =
            assembled(json!({}), json!({"type": "TBA", "token_id": "i", "token_secret": "s"}), &[]);
        assert_eq!(unsupported.unwrap_err().code(), "unsupported_auth");
        let broken = assembled(json!({}), json!({"type": "OAUTH2", "access_token": "a\nb"}), &[]);
        assert_eq!(broken.unwrap_err().code(), "invalid_header");
    }
}
