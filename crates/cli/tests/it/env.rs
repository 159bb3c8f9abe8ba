//! `bespoke env`.

use crate::support::{KEY, Server, bespoke, folder, run};
use serde_json::json;
use std::fs;

#[test]
fn variables_are_set_listed_and_unset() {
    let data = folder();
    let server = Server::start(&data);
    let env = |arguments: &[&str]| run(&mut server.client(&[&["env"], arguments].concat()));
    assert_eq!(env(&["set", "B=x=y", "A=two words"]).done(), "set B, A in dev\n");
    let listed: serde_json::Value = serde_json::from_str(&env(&["list", "--json"]).done()).unwrap();
    assert_eq!(listed, json!([{ "name": "A", "value": "two words" }, { "name": "B", "value": "x=y" }]));
    let table = env(&["list"]).done();
    assert!(table.contains("two words") && !table.contains('\u{1b}'), "{table:?}");
    env(&["unset", "A"]).done();
    assert!(env(&["unset", "A"]).refused(1).contains("not_found"));
    assert!(env(&["set", "novalue"]).refused(2).contains("`novalue` is not NAME=VALUE"));
    let prod = env(&["list", "--env", "prod"]).refused(2);
    assert!(prod.contains("set BESPOKE_SECRET_KEY_PROD or NANGO_SECRET_KEY_PROD"), "{prod}");
}

#[test]
fn settings_are_read_from_dot_env_and_do_not_override() {
    let (data, project) = (folder(), folder());
    let server = Server::start(&data);
    let text = format!("NANGO_HOSTPORT={}\nNANGO_SECRET_KEY_DEV={KEY}\n", server.url);
    fs::write(project.path().join(".env"), text).unwrap();
    let list = || {
        let mut command = bespoke(&["env", "list", "--json"]);
        command.current_dir(project.path());
        command
    };
    assert_eq!(run(&mut list()).done(), "[]\n");
    let other = run(list().env("NANGO_HOSTPORT", "http://127.0.0.1:1")).refused(1);
    assert!(other.contains("no answer from http://127.0.0.1:1"), "{other}");
}
