//! `bespoke config export`, `plan` and `apply`: configurations as files beside the code.

use crate::{
    config::connect,
    support::{Ended, KEY, Server, folder, run},
};
use serde_json::{Value, json};
use std::fs;

#[test]
fn configurations_are_files_that_are_planned_and_applied() {
    let data = folder();
    let server = Server::start(&data);
    server.integration("crm");
    server.integration("erp");
    for (integration, id) in [("crm", "acme"), ("crm", "a/b"), ("erp", "acme")] {
        connect(&server, integration, id);
    }
    let place = folder();
    let bespoke = |arguments: &[&str]| -> Ended { run(server.client(arguments).current_dir(place.path())) };
    let config = |arguments: &[&str]| bespoke(&[&["config"], arguments].concat());
    config(&["set", "acme", "-i", "crm", "field=cf_1", "limit=5"]).done();

    let missing = config(&["plan"]).refused(2);
    assert!(
        missing.contains("config cannot be read") && missing.contains("bespoke config export"),
        "{missing}"
    );
    assert_eq!(config(&["export"]).done(), "3 configurations in config: 3 written\n");
    assert_eq!(config(&["export"]).done(), "3 configurations in config: 0 written\n");
    let path = place.path().join("config/crm/acme.json");
    let text = fs::read_to_string(&path).unwrap();
    let expected = "{\n  \"provider_config_key\": \"crm\",\n  \"connection_id\": \"acme\",\n  \"revision\": 2,\n  \
        \"metadata\": {\n    \"field\": \"cf_1\",\n    \"limit\": 5\n  }\n}\n";
    assert_eq!(text, expected);
    assert!(
        place.path().join("config/crm/a%2Fb.json").is_file()
            && place.path().join("config/erp/acme.json").is_file()
    );
    assert!(
        config(&["plan"])
            .done()
            .ends_with("dev: 0 to change, 0 refused, 3 the same, 0 older than the server's\n")
    );

    // A changed file is a change of the server.
    let edit = |from: &str, to: &str| {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(&path, text.replace(from, to)).unwrap();
    };
    edit("cf_1", "cf_2");
    let plan = config(&["plan"]).done();
    assert!(
        plan.starts_with("acme (crm) of revision 2\n~ field: \"cf_1\" → \"cf_2\"\ndev: 1 to change"),
        "{plan}"
    );
    assert!(config(&["export"]).refused(1).is_empty());
    assert!(config(&["apply"]).refused(2).contains("add --yes; nothing was written"));
    let applied = config(&["apply", "--yes", "--reason", "release 12"]).done();
    assert!(applied.ends_with("acme (crm) revision 3\n"), "{applied}");
    assert!(fs::read_to_string(&path).unwrap().contains("\"revision\": 3"));
    assert!(config(&["history", "acme", "-i", "crm"]).done().contains("release 12"));
    assert!(config(&["apply", "--yes"]).done().starts_with("dev: 0 to change"));

    // What somebody else has changed is only brought here where nobody has changed it here.
    config(&["set", "acme", "-i", "crm", "limit=6"]).done();
    let behind = config(&["plan"]).done();
    assert!(behind.ends_with("0 to change, 0 refused, 2 the same, 1 older than the server's\n"), "{behind}");
    edit("cf_2", "cf_3");
    let conflict = config(&["plan"]);
    assert_eq!(conflict.code, 1);
    assert!(
        conflict.stdout.starts_with(
            "conflict: acme (crm): somebody else has changed it, revision 3 → 4. The file against what is there now:\n\
             ~ field: \"cf_2\" → \"cf_3\"\n~ limit: 6 → 5\n"
        ),
        "{conflict:?}"
    );
    assert!(config(&["apply", "--yes"]).refused(1).contains("1 file cannot be applied; nothing was written"));
    assert_eq!(config(&["get", "acme", "-i", "crm", "field"]).done(), "cf_2\n");
    let kept = config(&["export", "-i", "crm"]);
    assert_eq!(kept.code, 1);
    assert!(
        kept.stdout.contains("kept: config/crm/acme.json has changes that are not on the server"),
        "{kept:?}"
    );
    assert!(fs::read_to_string(&path).unwrap().contains("cf_3"));
    let forced = config(&["export", "-c", "acme", "-i", "crm", "--force"]).done();
    assert_eq!(forced, "1 configuration in config: 1 written\n");
    assert!(fs::read_to_string(&path).unwrap().contains("\"limit\": 6"));

    // One that cannot be applied holds up all.
    edit("cf_2", "cf_4");
    let gone = server.request("DELETE", "/connections/acme?provider_config_key=erp", KEY, None);
    assert_eq!(gone.0, 200, "{gone:?}");
    let plan = config(&["plan", "--json"]);
    let entries: Value = serde_json::from_str(&plan.stdout).unwrap();
    let outcomes: Vec<&Value> = entries.as_array().unwrap().iter().map(|entry| &entry["outcome"]).collect();
    assert_eq!((plan.code, outcomes), (1, vec![&json!("unchanged"), &json!("changed"), &json!("missing")]));
    assert_eq!(entries[1]["patch"], json!([{ "op": "replace", "path": "/field", "value": "cf_4" }]));
    assert!(config(&["apply", "--yes"]).refused(1).contains("nothing was written"));
    let only = config(&["apply", "--yes", "-i", "crm"]).done();
    assert!(only.ends_with("acme (crm) revision 5\n"), "{only}");
    fs::write(&path, "{").unwrap();
    assert!(config(&["plan"]).refused(2).contains("config/crm/acme.json: EOF while parsing"));
    assert!(config(&["export", "-c", "nobody"]).refused(2).contains("there is no connection `nobody`"));
}
