//! The outbound client.

use crate::upstream::{Upstream, answer};
use bespoke_engine::http::{Body, Client, Error, HeaderName, HeaderValue, Method, OutboundPolicy, Request};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// `{"hello":"world"}`, compressed by gzip.
const GZIPPED: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 202, 72, 205, 201, 201, 87, 178, 82, 42, 207, 47, 202, 73, 81,
    170, 5, 0, 209, 65, 9, 216, 17, 0, 0, 0,
];

fn client(allow: &str) -> Client {
    Client::new(OutboundPolicy::parse(allow).unwrap())
}

fn get(url: &str) -> Request {
    Request::new(Method::GET, url.parse().unwrap())
}

/// The status, or the error's code.
async fn ask(client: &Client, url: &str) -> String {
    match client.send(get(url)).await {
        Ok(response) => response.status.as_u16().to_string(),
        Err(error) => error.code().to_owned(),
    }
}

#[tokio::test]
async fn private_addresses_are_refused_however_they_are_written() {
    let upstream = Upstream::start(|_, _| answer(200, &[], "secret")).await;
    let port = upstream.address.port();
    let client = client("");
    for host in
        ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "127.1", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"]
    {
        assert_eq!(
            ask(&client, &format!("http://{host}:{port}/")).await,
            "destination_not_allowed",
            "{host}"
        );
    }
    assert_eq!(ask(&client, "http://169.254.169.254/latest/meta-data/").await, "destination_not_allowed");
    assert_eq!(ask(&client, "file:///etc/passwd").await, "ERR_INVALID_URL");
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn the_operator_opens_hosts_addresses_and_ports() {
    let upstream = Upstream::start(|_, _| answer(200, &[], "")).await;
    let port = upstream.address.port();
    let check = async |allow: String, host: &str, expected: &str| {
        assert_eq!(ask(&client(&allow), &format!("http://{host}:{port}/")).await, expected, "{allow} {host}");
    };
    check("127.0.0.0/8".to_owned(), "127.0.0.1", "200").await;
    check("127.0.0.0/8".to_owned(), "localhost", "200").await;
    check(format!("127.0.0.1:{port}"), "127.0.0.1", "200").await;
    check(format!("127.0.0.1:{port}"), "localhost", "200").await;
    check(format!("localhost:{port}"), "localhost", "200").await;
    check("localhost".to_owned(), "localhost", "200").await;
    check(format!("localhost:{}", port ^ 1), "localhost", "destination_not_allowed").await;
    check(format!("127.0.0.1:{}", port ^ 1), "localhost", "destination_not_allowed").await;
    check(format!("localhost:{port}"), "127.0.0.1", "destination_not_allowed").await;
}

#[tokio::test]
async fn redirects_are_checked_at_every_hop() {
    let private = Upstream::start(|_, _| answer(200, &[], "secret")).await;
    let target = private.url("/");
    let public = Upstream::start(move |_, _| answer(302, &[("location", &target)], "")).await;
    let only_first = client(&public.address.to_string());
    assert_eq!(ask(&only_first, &public.url("/")).await, "proxy_redirect_to_denied_host");
    assert!(private.seen().is_empty());

    let circle = Upstream::start(|_, _| answer(302, &[("location", "/again")], "")).await;
    assert_eq!(ask(&client("127.0.0.1"), &circle.url("/")).await, "ERR_FR_TOO_MANY_REDIRECTS");
    assert_eq!(circle.seen().len(), 6);
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_origin() {
    let other = Upstream::start(|_, _| answer(200, &[], "")).await;
    let target = other.url("/file");
    let upstream = Upstream::start(move |_, _| answer(307, &[("location", &target)], "")).await;
    for forward in [false, true] {
        let mut request = Request::new(Method::POST, upstream.url("/").parse().unwrap());
        for name in ["authorization", "x-key", "x-plain"] {
            request.headers.insert(HeaderName::from_static(name), HeaderValue::from_static("v"));
        }
        request.credential_headers = vec![HeaderName::from_static("x-key")];
        request.forward_credentials = forward;
        request.body = Bytes::from_static(b"again").into();
        let response = client("127.0.0.1").send(request).await.unwrap();
        assert_eq!(response.url.path(), "/file");

        let seen = other.seen().pop().unwrap();
        assert_eq!((seen.method.as_str(), &seen.body[..]), ("POST", &b"again"[..]));
        assert_eq!(seen.header("x-plain"), Some("v"));
        assert_eq!(seen.header("authorization").is_some(), forward);
        assert_eq!(seen.header("x-key").is_some(), forward);
    }
}

#[tokio::test]
async fn a_streamed_body_is_sent_once_so_its_redirect_is_the_answer() {
    let upstream = Upstream::start(|_, _| answer(307, &[("location", "/there")], "")).await;
    let mut request = Request::new(Method::PUT, upstream.url("/").parse().unwrap());
    let chunks = stream::iter([Ok(Bytes::from_static(b"abc"))]).boxed();
    request.body = Body::Stream { stream: chunks, length: Some(3) };
    let response = client("127.0.0.1").send(request).await.unwrap();
    assert_eq!(response.status, 307);
    let seen = upstream.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("content-length"), Some("3"));
    assert_eq!(seen[0].header("transfer-encoding"), None);
}

#[tokio::test]
async fn fifty_megabytes_stream_through_both_ways_without_being_kept() {
    const CHUNK: usize = 64 * 1024;
    const CHUNKS: usize = 800;
    static ZEROS: [u8; CHUNK] = [0; CHUNK];
    let upstream = Upstream::echo().await;
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let chunks = stream::iter(0..CHUNKS).map(move |_| {
        counter.fetch_add(CHUNK, Ordering::SeqCst);
        Ok(Bytes::from_static(&ZEROS))
    });
    let mut request = Request::new(Method::POST, upstream.url("/").parse().unwrap());
    request.body = Body::Stream { stream: chunks.boxed(), length: None };
    let mut response = client("127.0.0.1").send(request).await.unwrap();
    let (mut received, mut most_on_the_way) = (0, 0);
    while let Some(chunk) = response.body.try_next().await.unwrap() {
        received += chunk.len();
        most_on_the_way = most_on_the_way.max(sent.load(Ordering::SeqCst) - received);
    }
    assert_eq!(received, CHUNK * CHUNKS);
    // What is on the way sits in the buffers of sockets and of HTTP, which the kernel lets grow to some MB.
    assert!(most_on_the_way < CHUNK * CHUNKS / 2, "{most_on_the_way} bytes were kept somewhere");
}

#[tokio::test]
async fn compressed_answers_are_unpacked_only_when_asked_for() {
    let upstream = Upstream::start(|_, _| answer(200, &[("content-encoding", "gzip")], GZIPPED)).await;
    for decompress in [false, true] {
        let mut request = get(&upstream.url("/"));
        request.decompress = decompress;
        let response = client("127.0.0.1").send(request).await.unwrap();
        assert_eq!(response.headers.contains_key("content-encoding"), !decompress);
        let body = response.bytes(1024).await.unwrap();
        assert_eq!(&body[..], if decompress { br#"{"hello":"world"}"# } else { GZIPPED });
    }
    let seen = upstream.seen();
    assert_eq!(seen[0].header("accept-encoding"), None);
    assert!(seen[1].header("accept-encoding").unwrap().contains("gzip"));
}

#[tokio::test]
async fn a_body_is_kept_up_to_a_limit_and_can_be_looked_into() {
    let upstream = Upstream::start(|_, _| answer(200, &[], "0123456789")).await;
    let client = client("127.0.0.1");
    let fits = client.send(get(&upstream.url("/"))).await.unwrap().bytes(10).await.unwrap();
    assert_eq!(&fits[..], b"0123456789");
    let error = client.send(get(&upstream.url("/"))).await.unwrap().bytes(9).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 9 }));

    let mut response = client.send(get(&upstream.url("/"))).await.unwrap();
    assert!(response.peek(1).await.starts_with(b"0"));
    assert_eq!(&response.bytes(10).await.unwrap()[..], b"0123456789");
}

/// A server that reads a request and then writes these bytes and closes.
async fn raw(reply: &'static [u8]) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/?key=s3cret", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.read(&mut [0; 4096]).await;
            let _ = socket.write_all(reply).await;
        }
    });
    url
}

#[tokio::test]
async fn failures_have_the_codes_of_node() {
    let client = client("127.0.0.1");
    let free = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    assert_eq!(ask(&client, &free).await, "ECONNREFUSED");
    assert_eq!(ask(&client, &raw(b"").await).await, "ECONNRESET");
    assert_eq!(ask(&client, &raw(b"this is no HTTP\r\n\r\n").await).await, "EPROTO");
    // Where there is no network at all, the name server is what cannot be reached.
    let unknown = ask(&client, "http://no-such-host.invalid/").await;
    assert!(["ENOTFOUND", "EAI_AGAIN"].contains(&unknown.as_str()), "{unknown}");
    let https = raw(b"HTTP/1.1 200 OK\r\n\r\n").await.replace("http:", "https:");
    assert_eq!(ask(&client, &https).await, "EPROTO");

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut request = get(&format!("http://{}/", silent.local_addr().unwrap()));
    request.timeout = Some(Duration::from_millis(20));
    assert_eq!(client.send(request).await.unwrap_err().code(), "ETIMEDOUT");

    let cut = raw(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc").await;
    let error = client.send(get(&cut)).await.unwrap().bytes(100).await.unwrap_err();
    assert_eq!(error.code(), "ECONNRESET");
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
}
