//! `native.parseJson`, `native.encodeUtf8` and `native.decode`: text to bytes and back.

use crate::ops::bytes;
use encoding_rs::Encoding;
use rquickjs::{ArrayBuffer, Ctx, Error, Exception, Function, Object, Result, String as JsString, Value};

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "parseJson",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, buffer: ArrayBuffer<'js>| parse_json(&ctx, &buffer))?,
    )?;
    native.set(
        "encodeUtf8",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, text: JsString<'js>| {
            bytes::buffer(&ctx, lossy(&ctx, &text)?.as_bytes())
        })?,
    )?;
    native.set(
        "decode",
        Function::new(
            ctx.clone(),
            |ctx: Ctx<'js>, label: String, buffer: ArrayBuffer<'js>, fatal: bool, ignore_bom: bool| {
                decode(&ctx, &label, &buffer, fatal, ignore_bom)
            },
        )?,
    )
}

fn parse_json<'js>(ctx: &Ctx<'js>, buffer: &ArrayBuffer<'js>) -> Result<Value<'js>> {
    let mut text = bytes::copy(ctx, buffer)?;
    // Byte order marks are not JSON, but some providers send them.
    if text.starts_with(b"\xef\xbb\xbf") {
        text.drain(..3);
    }
    if let Err(error) = std::str::from_utf8(&text) {
        return Err(Exception::throw_syntax(
            ctx,
            &format!("the JSON is not UTF-8 at byte {}", error.valid_up_to()),
        ));
    }
    ctx.json_parse(text).map_err(|error| match error {
        Error::InvalidString(_) => Exception::throw_syntax(ctx, "the JSON has a zero byte"),
        error => error,
    })
}

fn decode(
    ctx: &Ctx<'_>,
    label: &str,
    buffer: &ArrayBuffer<'_>,
    fatal: bool,
    ignore_bom: bool,
) -> Result<String> {
    let encoding = Encoding::for_label(label.as_bytes())
        .ok_or_else(|| Exception::throw_range(ctx, &format!("the encoding label '{label}' is not known")))?;
    let bytes = bytes::copy(ctx, buffer)?;
    let bytes = bytes.as_slice();
    let (text, had_errors) = match (fatal, ignore_bom) {
        (_, true) => encoding.decode_without_bom_handling(bytes),
        (_, false) => encoding.decode_with_bom_removal(bytes),
    };
    if fatal && had_errors {
        return Err(Exception::throw_type(ctx, "the bytes are not valid in this encoding"));
    }
    Ok(text.into_owned())
}

/// A JavaScript string as UTF-8. Halves of surrogate pairs, which UTF-8 cannot express, become U+FFFD.
pub(crate) fn lossy<'js>(ctx: &Ctx<'js>, text: &JsString<'js>) -> Result<String> {
    match text.to_string() {
        Err(Error::Utf8(_)) => {}
        done => return done,
    }
    // JSON.stringify writes exactly the halves as escapes of their own, and everything else but controls as it is.
    let json = ctx.json_stringify(text.clone())?.ok_or(Error::Unknown)?.to_string()?;
    serde_json::from_str(&replace_halves(&json)).map_err(|_| Error::Unknown)
}

/// Replaces `\udXXX` escapes in a JSON string.
fn replace_halves(json: &str) -> String {
    let mut replaced = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        replaced.push_str(&rest[..at]);
        rest = &rest[at..];
        let is_half =
            rest.len() >= 6 && rest.as_bytes()[1] == b'u' && rest.as_bytes()[2].eq_ignore_ascii_case(&b'd');
        if is_half {
            replaced.push('\u{fffd}');
            rest = &rest[6..];
        } else {
            // The character after a backslash is ASCII in every escape.
            replaced.push_str(&rest[..2]);
            rest = &rest[2..];
        }
    }
    replaced.push_str(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;
    use rquickjs::{Context, Runtime};

    fn check(expression: &str, expected: &str) {
        let runtime = Runtime::new().unwrap();
        Context::full(&runtime).unwrap().with(|ctx| {
            let text: JsString = ctx.eval(expression).unwrap();
            assert_eq!(lossy(&ctx, &text).unwrap(), expected, "{expression}");
        });
    }

    #[test]
    fn strings_become_utf8() {
        check("'a\\u00e9😀'", "aé😀");
        check("'a\\ud83d'", "a\u{fffd}");
        check("'\\ude00\\\\ud83d\\n\\u0001😀\"'", "\u{fffd}\\ud83d\n\u{1}😀\"");
    }
}
