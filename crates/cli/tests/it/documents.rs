//! What the binary prints about itself.

use crate::support::{bespoke, run};
use bespoke_server::{config::SETTINGS, error::Code};

#[test]
fn the_openapi_document_and_the_reference_pages_are_whole() {
    let document = run(&mut bespoke(&["openapi"])).done();
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert!(document["paths"]["/deployments/plan"]["post"].is_object());

    let settings = run(&mut bespoke(&["reference", "settings"])).done();
    assert!(
        SETTINGS.iter().all(|setting| settings.contains(&format!("| `{}` |", setting.name))),
        "{settings}"
    );
    let errors = run(&mut bespoke(&["reference", "errors"])).done();
    assert!(Code::ALL.iter().all(|code| errors.contains(&format!("| `{}` |", code.as_str()))), "{errors}");
}
