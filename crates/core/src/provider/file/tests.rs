use super::*;
use crate::auth::AuthMode;
use serde_json::json;

const ACME: &str = "
# A lone definition.
display_name: Acme
auth_mode: API_KEY
categories: [crm]
docs: https://acme.example/docs
proxy:
    base_url: https://${connectionConfig.subdomain}.acme.example
    headers: &headers
        authorization: Bearer ${apiKey}
    retry: { after: retry-after, error_code: [429, 5xx] }
    paginate: { type: cursor, z_last: 1, a_first: 2 }
    verification:
        endpoint: /me
        headers: *headers
connection_config:
    subdomain: { type: string, pattern: '^[a-z]+$', order: 1 }
";

fn all(files: &[(&str, &str)]) -> Result<BTreeMap<String, Provider>, Error> {
    let entries: Vec<Vec<Entry>> =
        files.iter().map(|(file, text)| read(file, text)).collect::<Result<_, _>>()?;
    resolve_strictly(entries.into_iter().flatten().collect())
}

#[test]
fn a_lone_definition_is_named_after_its_file_and_kept_as_written() {
    let providers = all(&[("providers/acme.yaml", ACME)]).unwrap();
    let acme = &providers["acme"];
    assert_eq!(acme.definition.auth_mode, AuthMode::ApiKey);
    assert_eq!(acme.base_url(), Some("https://${connectionConfig.subdomain}.acme.example"));
    let keys: Vec<&String> = acme.raw["proxy"]["paginate"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["type", "z_last", "a_first"]);
    assert_eq!(acme.raw.keys().next().map(String::as_str), Some("display_name"));
    let verification = acme.definition.proxy.verification.as_ref().unwrap();
    assert_eq!(verification.endpoints, ["/me"]);
    assert_eq!(verification.headers["authorization"], "Bearer ${apiKey}");
    assert_eq!(acme.definition.connection_config["subdomain"].order, Some(1));
}

#[test]
fn a_map_holds_many_definitions_and_aliases_merge_over_their_target() {
    let many = "
one: { display_name: One, auth_mode: OAUTH2, token_url: https://t.example, proxy: { base_url: https://one.example, headers: { x-version: '1' } } }
two: { display_name: Two, alias: one, proxy: { base_url: https://two.example } }
key: { display_name: Key, alias: one, auth_mode: API_KEY }
";
    let providers = all(&[("mine.yaml", many)]).unwrap();
    let two = &providers["two"];
    assert_eq!(two.definition.display_name, "Two");
    assert_eq!(two.raw["proxy"], json!({"base_url": "https://two.example", "headers": {"x-version": "1"}}));
    assert!(two.raw.contains_key("token_url") && !two.raw.contains_key("alias"));
    let key = &providers["key"];
    assert!(!key.raw.contains_key("token_url") && key.base_url() == Some("https://one.example"));

    let replaced =
        all(&[("a.yaml", many), ("b.yaml", "one: { display_name: Mine, auth_mode: NONE }")]).unwrap();
    assert_eq!(replaced["one"].definition.display_name, "Mine");
}

#[test]
fn a_mistake_is_told_with_file_provider_and_field() {
    let check = |text: &str, expected: &str| {
        let error = all(&[("p/acme.yaml", text)]).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    };
    check("- 1", "p/acme.yaml: it must hold");
    check("acme: 1", "p/acme.yaml: provider `acme`: it must be a map");
    check("auth_mode: API_KEY", "p/acme.yaml: provider `acme`: missing field `display_name`");
    check(
        "{display_name: A, auth_mode: MAGIC}",
        "p/acme.yaml: provider `acme`: `auth_mode`: unknown variant `MAGIC`",
    );
    check(
        "{display_name: A, alias: nobody}",
        "p/acme.yaml: provider `acme`: `alias`: there is no provider \"nobody\"",
    );
    check(
        "{display_name: A, auth_mode: NONE, proxy: {retry: {error_code: ['9xx']}}}",
        "p/acme.yaml: provider `acme`: `proxy.retry.error_code`: ",
    );
    check(
        "{display_name: A, auth_mode: NONE, proxy: {base_url: 'https://${x'}}",
        "p/acme.yaml: provider `acme`: `proxy.base_url`: `${` is not closed",
    );
    check(
        "{display_name: A, auth_mode: NONE, proxy: {base_ulr: 'https://x'}}",
        "p/acme.yaml: provider `acme`: `proxy.base_ulr`: there is no such field",
    );
    check(
        "{display_name: A, auth_mode: NONE, colour: red}",
        "p/acme.yaml: provider `acme`: `colour`: there is no such field",
    );
    check(
        "{display_name: A, auth_mode: NONE, proxy: {base_url: 'https://${connectionConfig.host}'}}",
        "p/acme.yaml: provider `acme`: `proxy.base_url`: `connectionConfig.host` is not declared",
    );
    check("a: {b: [", "p/acme.yaml: ");
}

#[test]
fn a_users_file_may_have_fields_that_we_do_not_know() {
    let entries =
        read("mine.yaml", "x: {display_name: X, auth_mode: NONE, post_script: y, proxy: {new: 1}}").unwrap();
    let providers = resolve(entries).unwrap();
    assert_eq!(providers["x"].raw["post_script"], json!("y"));
}

#[test]
fn what_a_definition_takes_from_the_metadata_of_connections_is_known() {
    let one = "
one:
    display_name: One
    auth_mode: NONE
    proxy:
        base_url: https://${metadata.region.code}.one.example || https://one.example
        headers: { x-tenant: 'tenant ${metadata.tenant-id}.' }
";
    let providers = all(&[("providers.yaml", one)]).unwrap();
    let paths: Vec<String> = providers["one"].metadata_paths().into_iter().collect();
    assert_eq!(paths, ["/region/code", "/tenant-id"]);
}
