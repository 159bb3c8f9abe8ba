//! `bespoke members`, beside a running server.

use crate::support::{Server, bespoke, folder, run};

#[test]
fn an_operator_lets_people_in_beside_a_running_server() {
    let data = folder();
    let server = Server::start(&data);
    let members = |arguments: &[&str]| {
        let place = ["--data", data.path().to_str().unwrap()];
        let mut command = bespoke(&[&["members"], arguments, &place].concat());
        run(command.env("BESPOKE_PUBLIC_URL", &server.url))
    };
    let link = members(&["invite", "Ada@example.com"]).done();
    let path = link.trim().strip_prefix(&format!("{}/invite?token=", server.url)).unwrap();
    let (status, offer) = server.request("GET", &format!("/session/invites/{path}"), "none", None);
    assert!(status == 200 && offer.contains("ada@example.com") && offer.contains("prod"), "{offer}");
    assert!(members(&["list"]).done().contains("invited until"));

    let locked_out = members(&["reset-password", "ada@example.com"]).refused(2);
    assert!(locked_out.contains("nobody"), "{locked_out}");
    let body = r#"{"name":"Ada","password":"correct horse battery"}"#;
    assert_eq!(server.request("POST", &format!("/session/invites/{path}"), "none", Some(body)).0, 201);
    let listed = members(&["list", "--env", "prod"]).done();
    assert!(listed.contains("Ada") && listed.contains("admin"), "{listed}");
    let reset = members(&["reset-password", "ada@example.com"]).done();
    assert!(reset.starts_with(&format!("{}/invite?token=", server.url)), "{reset}");
    assert!(members(&["invite", "ada@example.com", "--role", "viewer"]).refused(2).contains("administrator"));
}
