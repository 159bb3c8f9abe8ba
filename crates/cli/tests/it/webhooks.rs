//! `bespoke webhooks`.

use crate::support::{Server, folder, run};
use serde_json::{Value, json};

#[test]
fn settings_are_set_and_shown() {
    let data = folder();
    let server = Server::start(&data);
    let webhooks = |arguments: &[&str]| run(&mut server.client(&[&["webhooks"], arguments].concat()));
    let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
    let url = "https://app.example.com/hook";
    let set = read(webhooks(&["set", "--url", url, "--on-sync-error", "false", "--json"]).done());
    assert_eq!((&set["primary_url"], &set["on_sync_error"]), (&json!(url), &json!(false)));
    let always = read(webhooks(&["set", "--on-sync-completion-always", "--json"]).done());
    assert_eq!((&always["on_sync_completion_always"], &always["primary_url"]), (&json!(true), &json!(url)));
    let shown = read(webhooks(&["show", "--json"]).done());
    assert_eq!(shown, always);
    assert!(webhooks(&["show"]).done().contains(url));
    let rotated = read(webhooks(&["rotate-key", "--json"]).done());
    assert_ne!(rotated["webhook_signing_key"], shown["webhook_signing_key"]);
    assert_eq!(read(webhooks(&["set", "--url", "", "--json"]).done())["primary_url"], Value::Null);
    assert!(webhooks(&["set", "--url", "nonsense"]).refused(1).contains("primary_url"));
    webhooks(&["set"]).refused(2);
}
