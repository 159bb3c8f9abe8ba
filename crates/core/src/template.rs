//! Text with `${…}` places, as provider definitions and endpoints use it: `https://${connectionConfig.subdomain}.example.com`.
//!
//! A place is either a name (`accessToken`, `metadata.region.code`) or a function of another template
//! (`${base64(${credentials.username}:${credentials.password})}`). A name nobody knows is an error that names it: a request to
//! `https://.example.com` helps no one.

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Gives the value of a name; `None` where the name has none.
pub type Names<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Why a template cannot be read or filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A `${` or a function's `(` has no end.
    #[error("`${{` is not closed")]
    Unclosed,
    /// What stands between `${` and `}` is no name.
    #[error("`{0}` is not a name")]
    BadName(String),
    /// There is no such function.
    #[error("`{0}` is not a function; there are base64 and urlencode")]
    UnknownFunction(String),
    /// The name has no value here.
    #[error("`{0}` has no value")]
    Unknown(String),
}

/// A text with places, read once and filled in many times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
    Call(Function, Template),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Base64,
    UrlEncode,
}

impl Function {
    fn named(name: &str) -> Option<Self> {
        match name {
            "base64" => Some(Self::Base64),
            "urlencode" => Some(Self::UrlEncode),
            _ => None,
        }
    }

    fn apply(self, text: &str) -> String {
        match self {
            Self::Base64 => STANDARD.encode(text),
            Self::UrlEncode => url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
        }
    }
}

impl Template {
    /// Reads a template. Text without `${` is a template too, and stays as it is.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            if start > 0 {
                parts.push(Part::Text(rest[..start].to_owned()));
            }
            let length = closing_brace(&rest[start + 2..]).ok_or(Error::Unclosed)?;
            parts.push(place(rest[start + 2..start + 2 + length].trim())?);
            rest = &rest[start + 2 + length + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// Fills in the places. The error names the first name without a value.
    pub fn render(&self, names: &Names<'_>) -> Result<String, Error> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Name(name) => text.push_str(&names(name).ok_or_else(|| Error::Unknown(name.clone()))?),
                Part::Call(function, argument) => text.push_str(&function.apply(&argument.render(names)?)),
            }
        }
        Ok(text)
    }

    /// The names it needs, in order, repeated where they are used twice.
    pub fn names(&self) -> Vec<&str> {
        self.0
            .iter()
            .flat_map(|part| match part {
                Part::Text(_) => Vec::new(),
                Part::Name(name) => vec![name.as_str()],
                Part::Call(_, argument) => argument.names(),
            })
            .collect()
    }
}

/// Reads and fills in a template in one go.
pub fn render(text: &str, names: &Names<'_>) -> Result<String, Error> {
    Template::parse(text)?.render(names)
}

/// Fills in the first of `a || b || c` whose names all have values; where none has, the error is the last one's.
pub fn render_first(text: &str, names: &Names<'_>) -> Result<String, Error> {
    alternatives(text)
        .map(|alternative| render(alternative, names))
        .reduce(Result::or)
        .unwrap_or(Ok(String::new()))
}

/// The texts of `a || b || c`. A text without `||` is its own only alternative.
pub fn alternatives(text: &str) -> impl Iterator<Item = &str> {
    text.split("||").map(str::trim)
}

/// Where the `}` of a place is, given the text after its `${`; a place may hold others.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(index),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn place(inner: &str) -> Result<Part, Error> {
    let Some((function, argument)) = inner.split_once('(') else {
        return if is_name(inner) {
            Ok(Part::Name(inner.to_owned()))
        } else {
            Err(Error::BadName(inner.to_owned()))
        };
    };
    let argument = argument.strip_suffix(')').ok_or(Error::Unclosed)?;
    let known =
        Function::named(function.trim()).ok_or_else(|| Error::UnknownFunction(function.to_owned()))?;
    Ok(Part::Call(known, Template::parse(argument)?))
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.split('.').all(|part| {
            !part.is_empty()
                && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '[' | ']'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(name: &str) -> Option<String> {
        Some(
            match name {
                "apiKey" => "k1",
                "connectionConfig.subdomain" => "acme",
                "credentials.username" => "ann",
                "credentials.password" => "p:w",
                "metadata.region.code" => "eu-1",
                "metadata.text" => "a b&c",
                _ => return None,
            }
            .to_owned(),
        )
    }

    #[test]
    fn places_are_filled_in_and_what_cannot_be_is_named() {
        let check = |text: &str, expected: Result<&str, Error>| {
            assert_eq!(render(text, &names), expected.map(str::to_owned), "{text}");
        };
        check("", Ok(""));
        check("no places, {braces} and $5", Ok("no places, {braces} and $5"));
        check(
            "https://${connectionConfig.subdomain}.example.com/${ apiKey }",
            Ok("https://acme.example.com/k1"),
        );
        check("${metadata.region.code}${apiKey}", Ok("eu-1k1"));
        check("Basic ${base64(${credentials.username}:${credentials.password})}", Ok("Basic YW5uOnA6dw=="));
        check("${base64(${base64(x)})}", Ok("ZUE9PQ=="));
        check("?q=${urlencode(${metadata.text})}", Ok("?q=a+b%26c"));
        check("ünïcode ${apiKey} ✓", Ok("ünïcode k1 ✓"));
        check("${connectionConfig.region}", Err(Error::Unknown("connectionConfig.region".to_owned())));
        check("${base64(${nobody})}", Err(Error::Unknown("nobody".to_owned())));
        check("${apiKey", Err(Error::Unclosed));
        check("${base64(x}", Err(Error::Unclosed));
        check("${}", Err(Error::BadName(String::new())));
        check("${a b}", Err(Error::BadName("a b".to_owned())));
        check("${sha9(x)}", Err(Error::UnknownFunction("sha9".to_owned())));
    }

    #[test]
    fn the_first_alternative_that_can_be_filled_in_is_taken() {
        let check = |text: &str, expected: Result<&str, Error>| {
            assert_eq!(render_first(text, &names), expected.map(str::to_owned), "{text}");
        };
        check("https://a.example", Ok("https://a.example"));
        check("https://${connectionConfig.domain} || https://a.example", Ok("https://a.example"));
        check(
            "https://${connectionConfig.subdomain}.example || https://a.example",
            Ok("https://acme.example"),
        );
        check("${one} || ${two}", Err(Error::Unknown("two".to_owned())));
    }

    #[test]
    fn a_template_tells_the_names_it_needs() {
        let template = Template::parse("${a.b}/${base64(${c}:${d})}").unwrap();
        assert_eq!(template.names(), ["a.b", "c", "d"]);
    }
}
