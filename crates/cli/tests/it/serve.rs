//! Starting and stopping.

use crate::support::{Server, bespoke, folder, run};
use std::{fs, os::unix::fs::PermissionsExt as _};

#[test]
fn settings_that_cannot_be_used_stop_the_start_and_are_named() {
    let data = folder();
    let refused = |settings: &[(&str, &str)]| {
        let mut command =
            bespoke(&["serve", "--listen", "127.0.0.1:0", "--data", data.path().to_str().unwrap()]);
        run(command.envs(settings.iter().copied())).refused(2)
    };
    let both = refused(&[("BESPOKE_LITSEN", "x"), ("BESPOKE_WORKERS", "none")]);
    assert!(
        both.contains("BESPOKE_LITSEN is not a setting") && both.contains("BESPOKE_WORKERS must be"),
        "{both}"
    );
    for (name, value) in [
        ("BESPOKE_LOG", "bespoke=loud"),
        ("BESPOKE_ENCRYPTION_KEY", "c2hvcnQ="),
        ("BESPOKE_OUTBOUND_ALLOW", "10.0.0.0/99"),
        ("BESPOKE_PROVIDERS", "/no/such/file.yaml"),
        ("BESPOKE_SECRET_KEY_NOWHERE", "11111111-1111-4111-8111-111111111111"),
    ] {
        let complaint = refused(&[(name, value)]);
        let named = name.strip_suffix("NOWHERE").unwrap_or(name);
        assert!(complaint.contains(named), "{name}: {complaint}");
    }
    let postgres = refused(&[("BESPOKE_DATABASE_URL", "postgres://127.0.0.1:1/x")]);
    assert!(postgres.contains("BESPOKE_ENCRYPTION_KEY is required with PostgreSQL"), "{postgres}");
    let flag = run(&mut bespoke(&["serve", "--listen", "here"])).refused(2);
    assert!(flag.contains("BESPOKE_LISTEN"), "{flag}");
}

#[test]
fn a_first_start_makes_keys_and_a_private_key_file_and_a_second_one_keeps_them() {
    let data = folder();
    let first = Server::start_with(data.path(), &[]);
    let [dev, prod, setup] = first.greeting.as_slice() else { panic!("{:?}", first.greeting) };
    let link = format!("Create the first administrator: {}/setup?token=", first.url);
    assert!(setup.starts_with(&link), "{setup}");
    assert!(
        dev.starts_with("Secret key of dev, shown only now: ") && prod.contains("of prod"),
        "{dev} {prod}"
    );
    let key = dev.rsplit(' ').next().unwrap().to_owned();
    assert_eq!(first.request("GET", "/connections", &key, None).0, 200);
    let mode = fs::metadata(data.path().join("encryption.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let token = setup.rsplit('=').next().unwrap().to_owned();
    assert_eq!(first.stop(), 0);

    let second = Server::start_with(data.path(), &[]);
    let [again] = second.greeting.as_slice() else { panic!("{:?}", second.greeting) };
    assert!(again.starts_with("Create the first administrator: ") && !again.ends_with(&token), "another one");
    assert_eq!(second.request("GET", "/connections", &key, None).0, 200);
    assert_eq!(second.stop(), 0);

    fs::remove_file(data.path().join("encryption.key")).unwrap();
    let lost = run(&mut bespoke(&["serve", "--data", data.path().to_str().unwrap()])).refused(2);
    assert!(lost.contains("encryption.key is gone"), "{lost}");
}

#[test]
fn help_lists_every_setting() {
    let help = run(&mut bespoke(&["serve", "--help"])).done();
    for setting in bespoke_server::config::SETTINGS {
        assert!(help.contains(setting.name), "{}", setting.name);
    }
    assert!(!run(&mut bespoke(&["--help"])).done().contains("runner"), "it is not for people");
}
