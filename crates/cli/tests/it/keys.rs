//! `bespoke keys`, beside a running server.

use crate::support::{KEY, Server, bespoke, folder, run};
use serde_json::Value;

#[test]
fn keys_are_made_listed_and_revoked_beside_a_running_server() {
    let data = folder();
    let server = Server::start(&data);
    let keys = |arguments: &[&str]| {
        let place = ["--data", data.path().to_str().unwrap()];
        run(&mut bespoke(&[&["keys"], arguments, &place].concat()))
    };
    let made: Value = serde_json::from_str(&keys(&["create", "--name", "ci", "--json"]).done()).unwrap();
    let secret = made["secret"].as_str().unwrap();
    assert_eq!(server.request("GET", "/connections", secret, None).0, 200);

    let listed = keys(&["list"]).done();
    assert!(listed.contains("ci") && listed.contains("preset") && !listed.contains(secret), "{listed}");
    let id = made["id"].to_string();
    keys(&["revoke", &id]).done();
    assert_eq!(server.request("GET", "/connections", secret, None).0, 401);
    assert_eq!(server.request("GET", "/connections", KEY, None).0, 200);
    let again = keys(&["revoke", &id]).refused(2);
    assert!(again.contains("revoked before"), "{again}");
    let elsewhere = keys(&["revoke", "1", "--env", "prod"]).refused(2);
    assert!(elsewhere.contains("no key of prod"), "{elsewhere}");
    let nowhere = keys(&["create", "--env", "stage"]).refused(2);
    assert!(nowhere.contains("no environment `stage`"), "{nowhere}");

    let plain = keys(&["create", "--env", "prod"]);
    assert!(plain.stderr.contains("shown only now"), "{plain:?}");
    let secret = plain.done();
    assert_eq!(server.request("GET", "/connections", secret.trim(), None).0, 200);
}
