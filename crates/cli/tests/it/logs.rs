//! `bespoke logs`, `bespoke runs` and `bespoke trigger`: what an author does after a deployment.

use crate::{
    deploy::project,
    support::{KEY, Server, folder, run},
};
use serde_json::{Value, json};
use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
};

const GREET: &str = "\
import { createAction } from 'bespoke';
import { z } from 'zod';

export default createAction({
    description: 'Greets.',
    input: z.object({ name: z.string() }),
    output: z.string(),
    exec: async (nango, input) => {
        await nango.log(`greeting ${input.name}`, { loud: false });
        if (input.name === 'nobody') {
            throw new Error('there is nobody');
        }
        return `Hello, ${input.name}`;
    },
});
";

const HELLO: &str = "\
import { createOnEvent } from 'bespoke';

export default createOnEvent({
    description: 'Bids farewell.',
    event: 'pre-connection-deletion',
    exec: async () => {},
});
";

const TICK: &str = "\
import { createSync } from 'bespoke';
import { z } from 'zod';

export default createSync({
    description: 'Ticks.',
    frequency: 'every day',
    autoStart: false,
    models: { Tick: z.object({ id: z.string() }) },
    exec: async (nango) => {
        await nango.log('ticking');
        await nango.batchSave([{ id: '1' }], 'Tick');
    },
});
";

#[test]
fn functions_are_triggered_and_their_runs_and_logs_are_shown() {
    let data = folder();
    let server = Server::start(&data);
    let bespoke = |arguments: &[&str]| run(&mut server.client(arguments));
    let empty = bespoke(&["runs"]);
    assert!(empty.stderr.contains("Nothing has run in dev yet") && empty.done().is_empty());
    let undeployed = bespoke(&["trigger", "greet", "a"]).refused(2);
    assert!(undeployed.contains("nothing is deployed to dev"), "{undeployed}");

    let project = project(&[
        (
            "index.ts",
            "import './crm/actions/greet.js';\nimport './crm/on-events/hello.js';\nimport './crm/syncs/tick.js';\n",
        ),
        ("crm/actions/greet.ts", GREET),
        ("crm/on-events/hello.ts", HELLO),
        ("crm/syncs/tick.ts", TICK),
    ]);
    server.integration("crm");
    let connection =
        json!({ "provider_config_key": "crm", "connection_id": "a", "credentials": { "type": "NONE" } });
    assert_eq!(server.request("POST", "/connections", KEY, Some(&connection.to_string())).0, 201);
    bespoke(&["deploy", project.path().to_str().unwrap(), "--yes"]).done();

    let unknown = bespoke(&["trigger", "great", "a"]).refused(2);
    assert!(unknown.contains("no sync or action `great`") && unknown.contains("crm/greet"), "{unknown}");
    assert_eq!(
        bespoke(&["trigger", "greet", "a", "--input", r#"{"name":"Ada"}"#]).done(),
        "\"Hello, Ada\"\n"
    );
    let failed = bespoke(&["trigger", "crm/greet", "a", "--input", r#"{"name":"nobody"}"#]).refused(12);
    assert!(failed.contains("the function failed: there is nobody (script_internal_error)"), "{failed}");
    assert!(failed.contains("crm/actions/greet.ts:11"), "{failed}");
    let waits = bespoke(&["trigger", "crm/on-events/hello", "a"]).refused(2);
    assert!(waits.contains("runs when its event happens"), "{waits}");
    assert!(bespoke(&["trigger", "greet", "a", "--input", "{"]).refused(2).contains("--input is not JSON"));
    assert_eq!(bespoke(&["trigger", "greet", "b"]).code, 1);
    let tick = bespoke(&["trigger", "tick", "a"]).done();
    assert!(
        tick.contains("ticking") && tick.contains("sync succeeded in ") && tick.contains("Tick: 1 added"),
        "{tick}"
    );
    let queued = bespoke(&["trigger", "tick", "a", "--async", "--json"]).done();
    assert!(serde_json::from_str::<Value>(&queued).unwrap()["id"].is_string(), "{queued}");

    let table = bespoke(&["runs", "--kind", "action"]).done();
    let rows: Vec<_> = table.lines().collect();
    assert_eq!(rows.len(), 3, "{table}");
    assert!(
        rows[1].contains("failed") && rows[1].contains("crm/greet") && rows[2].contains("succeeded"),
        "{table}"
    );
    let mut narrow = server.client(&["runs"]);
    let narrow = run(narrow.env("COLUMNS", "60")).done();
    assert!(narrow.lines().all(|line| line.chars().count() <= 60), "{narrow}");
    assert!(
        narrow.contains("crm/greet") && narrow.contains("succeeded") && !narrow.contains("took"),
        "{narrow}"
    );
    let runs: Value =
        serde_json::from_str(&bespoke(&["runs", "list", "--status", "failed", "--json"]).done()).unwrap();
    let id = runs[0]["id"].as_str().unwrap();
    let shown = bespoke(&["runs", "show", &id[..8]]).done();
    assert!(shown.contains("crm/actions/greet.ts:11"), "the stack is at the author's line: {shown}");
    assert!(shown.contains("greeting nobody") && shown.contains("action failed after"), "{shown}");
    assert_eq!(bespoke(&["runs", "show", "last"]).code, 0);
    assert!(bespoke(&["runs", "show", "nonsense!"]).refused(2).contains("nor its beginning"));
    assert!(bespoke(&["runs", "cancel", &id[..8]]).refused(1).contains("had ended already: it is failed"));

    let found = bespoke(&["logs", "greet", "ada"]).done();
    assert!(found.contains("crm/greet/a greeting Ada\n") && found.contains(r#"{"loud":false}"#), "{found}");
    assert!(!found.contains('\u{1b}') && !found.contains("nobody"), "{found}");
    let errors: Value =
        serde_json::from_str(&bespoke(&["logs", "--level", "error", "--json"]).done()).unwrap();
    assert_eq!((errors.as_array().unwrap().len(), &errors[0]["run_id"]), (1, &json!(id)));
    assert!(bespoke(&["logs", "unheard"]).stderr.contains("No line matches"));
    assert!(bespoke(&["logs", "--since", "never"]).refused(2).contains("neither a duration"));

    let mut follower = server.client(&["logs", "--follow", "--json", "--kind", "log"]);
    let mut follower = follower.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut next =
        || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap()["message"].clone();
    assert_eq!(next(), "greeting Ada");
    bespoke(&["trigger", "greet", "a", "--input", r#"{"name":"Grace"}"#]).done();
    while next() != "greeting Grace" {}
    follower.kill().unwrap();
    follower.wait().unwrap();
    assert_eq!(server.stop(), 0);
}
