//! Reading `index.ts`.

use crate::{project_folder, shop};
use bespoke_bundler::{Project, Selection};
use bespoke_core::function::FunctionKind;

#[test]
fn the_index_names_the_functions() {
    let project = shop();
    let found: Vec<_> = project.functions.iter().map(|file| (file.kind, file.path.as_str())).collect();
    assert_eq!(
        found,
        [
            (FunctionKind::Sync, "hubspot/syncs/contacts.ts"),
            (FunctionKind::Action, "hubspot/actions/create-contact.ts"),
            (FunctionKind::Sync, "zendesk/syncs/tickets.ts"),
            (FunctionKind::OnEvent, "zendesk/on-events/greet.ts"),
        ]
    );

    let selection = Selection {
        integration: Some("zendesk".to_owned()),
        kind: Some(FunctionKind::Sync),
        ..Selection::default()
    };
    let selected: Vec<_> = project.select(&selection).map(|file| file.name.as_str()).collect();
    assert_eq!(selected, ["tickets"]);
}

#[test]
fn every_bad_line_of_the_index_is_reported() {
    let folder = project_folder(&[
        (
            "index.ts",
            "import './hubspot/syncs/contacts.js';\n\
             import './hubspot/syncs/gone.js';\n\
             import './hubspot/sync/contacts.js';\n\
             import './hubspot/syncs/contacts.ts';\n\
             import './helpers.js';\n\
             import './hubspot/syncs/not a name.js';\n",
        ),
        ("hubspot/syncs/contacts.ts", ""),
    ]);
    let problems: Vec<_> =
        Project::read(folder.path()).unwrap_err().iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "index.ts:2:9: `hubspot/syncs/gone.ts` does not exist",
            "index.ts:3:9: `sync` in `./hubspot/sync/contacts.js` is not one of `syncs`, `actions`, `on-events`",
            "index.ts:4:9: `hubspot/syncs/contacts.ts` is imported twice",
            "index.ts:5:9: `./helpers.js` is not `./<integration>/<syncs|actions|on-events>/<name>.js`",
            "index.ts:6:9: `not a name` is not a function name: up to 255 of letters, digits, `_` and `-`",
        ]
    );
}

#[test]
fn a_folder_without_functions_is_no_project() {
    let empty = project_folder(&[]);
    let problem = Project::read(empty.path()).unwrap_err()[0].to_string();
    assert!(problem.starts_with("index.ts: a project lists its functions in `"), "{problem}");

    let idle = project_folder(&[("index.ts", "export {};\n")]);
    let problem = Project::read(idle.path()).unwrap_err()[0].to_string();
    assert!(problem.starts_with("index.ts: it imports no function"), "{problem}");
}
