//! What functions get to see of a connection's credentials.

use crate::{
    deploy::{project, run_action},
    support::{KEY, Server, folder, run},
};
use serde_json::json;
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

const WHO_AM_I: &str = "\
import { createAction } from 'bespoke';
import { z } from 'zod';

export default createAction({
    description: 'Tells whose token the provider sees.',
    input: z.object({}),
    output: z.array(z.string()),
    exec: async (nango) => {
        const seen = (await nango.get({ endpoint: '/whoami' })).data.authorization;
        const { credentials } = await nango.getConnection();
        const forced = await nango.getConnection(undefined, undefined, { forceRefresh: true });
        const { data } = await nango.get({ endpoint: '/whoami' });
        return [seen, credentials.access_token, forced.credentials.access_token, data.authorization];
    },
});
";

/// A provider whose token endpoint counts, and which tells the `Authorization` that it sees. Its URL.
fn provider() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let issued = Arc::new(AtomicU32::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let issued = Arc::clone(&issued);
            std::thread::spawn(move || answer(stream.unwrap(), &issued));
        }
    });
    url
}

/// Whether a request's body has arrived, too.
fn is_whole(seen: &[u8]) -> bool {
    let text = String::from_utf8_lossy(seen);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn answer(mut stream: TcpStream, issued: &AtomicU32) {
    let mut seen = Vec::new();
    let mut chunk = [0; 4096];
    while !is_whole(&seen) {
        match stream.read(&mut chunk).unwrap() {
            0 => return,
            length => seen.extend_from_slice(&chunk[..length]),
        }
    }
    let head = String::from_utf8_lossy(&seen).into_owned();
    let body = if head.starts_with("POST /token ") {
        let token = format!("t{}", issued.fetch_add(1, Ordering::Relaxed) + 1);
        json!({ "access_token": token, "expires_in": 3600 })
    } else {
        let header = head.lines().find_map(|line| line.strip_prefix("authorization: "));
        json!({ "authorization": header })
    }
    .to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
}

#[test]
fn a_function_works_with_a_renewed_token() {
    let (data, provider) = (folder(), provider());
    let definition = format!(
        "display_name: CRM\nauth_mode: OAUTH2\ntoken_url: {provider}/token\nproxy: {{ base_url: \"{provider}\" }}\n"
    );
    let providers = data.path().join("test-crm.yaml");
    fs::write(&providers, definition).unwrap();
    let settings = [
        ("BESPOKE_SECRET_KEY_DEV", KEY),
        ("BESPOKE_PROVIDERS", providers.to_str().unwrap()),
        ("BESPOKE_OUTBOUND_ALLOW", "127.0.0.1"),
    ];
    let server = Server::start_with(data.path(), &settings);
    let client = json!({ "type": "OAUTH2", "client_id": "app", "client_secret": "s" });
    let integration =
        json!({ "provider": "test-crm", "unique_key": "crm", "credentials": client }).to_string();
    assert_eq!(server.request("POST", "/integrations", KEY, Some(&integration)).0, 200);
    let credentials = json!({ "type": "OAUTH2", "access_token": "t0", "refresh_token": "r0",
                              "expires_at": "2020-01-01T00:00:00Z" });
    let connection =
        json!({ "provider_config_key": "crm", "connection_id": "a", "credentials": credentials }).to_string();
    assert_eq!(server.request("POST", "/connections", KEY, Some(&connection)).0, 201);

    let project =
        project(&[("index.ts", "import './crm/actions/who.js';\n"), ("crm/actions/who.ts", WHO_AM_I)]);
    run(&mut server.client(&["deploy", project.path().to_str().unwrap(), "--yes"])).done();
    let output = run_action(&server, r#"{"action_name":"who","input":{}}"#);
    assert_eq!(output, r#"["Bearer t1","t1","t2","Bearer t2"]"#);
}
