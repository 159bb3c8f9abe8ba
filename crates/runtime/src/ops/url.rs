//! `native.url` and `native.setUrlPart`: the WHATWG rules of URLs.

use rquickjs::prelude::Opt;
use rquickjs::{Ctx, Function, Object, Result, Value};
use url::{Url, quirks};

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "url",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, href: String, base: Opt<Option<String>>| {
            parts(&ctx, parse(&href, base.0.flatten().as_deref()))
        })?,
    )?;
    native.set(
        "setUrlPart",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, href: String, part: String, value: String| {
            parts(&ctx, with_part(&href, &part, &value))
        })?,
    )
}

fn parse(href: &str, base: Option<&str>) -> Option<Url> {
    match base {
        Some(base) => Url::parse(base).ok()?.join(href).ok(),
        None => Url::parse(href).ok(),
    }
}

/// The URL with one part set, as the setters of the URL class do it: a value that does not fit changes nothing.
fn with_part(href: &str, part: &str, value: &str) -> Option<Url> {
    let mut url = Url::parse(href).ok()?;
    // What the setters answer says only whether the value fitted.
    let _ = match part {
        "href" => return Url::parse(value).ok(),
        "protocol" => quirks::set_protocol(&mut url, value),
        "username" => quirks::set_username(&mut url, value),
        "password" => quirks::set_password(&mut url, value),
        "host" => quirks::set_host(&mut url, value),
        "hostname" => quirks::set_hostname(&mut url, value),
        "port" => quirks::set_port(&mut url, value),
        "pathname" => {
            quirks::set_pathname(&mut url, value);
            Ok(())
        }
        "search" => {
            quirks::set_search(&mut url, value);
            Ok(())
        }
        "hash" => {
            quirks::set_hash(&mut url, value);
            Ok(())
        }
        _ => return None,
    };
    Some(url)
}

fn parts<'js>(ctx: &Ctx<'js>, url: Option<Url>) -> Result<Value<'js>> {
    let Some(url) = url else { return Ok(Value::new_null(ctx.clone())) };
    let parts = Object::new(ctx.clone())?;
    parts.set("href", quirks::href(&url))?;
    parts.set("protocol", quirks::protocol(&url))?;
    parts.set("username", quirks::username(&url))?;
    parts.set("password", quirks::password(&url))?;
    parts.set("host", quirks::host(&url))?;
    parts.set("hostname", quirks::hostname(&url))?;
    parts.set("port", quirks::port(&url))?;
    parts.set("pathname", quirks::pathname(&url))?;
    parts.set("search", quirks::search(&url))?;
    parts.set("hash", quirks::hash(&url))?;
    parts.set("origin", quirks::origin(&url))?;
    Ok(parts.into_value())
}
