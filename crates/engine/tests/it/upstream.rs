//! A provider: a real HTTP server on a free port of loopback.

use axum::{Router, body::Body, extract::Request, response::Response};
use bytes::Bytes;
use std::{
    future::Future,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::task::JoinHandle;

/// What the provider was asked.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    /// A header's text, or nothing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// The server. It stops when it is dropped.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Upstream {
    /// A server that notes each request and answers with what `answer` makes of it and of its number, counted from 0.
    pub(crate) async fn start(answer: impl Fn(usize, &Seen) -> Response + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let answer = Arc::new(answer);
        Self::streaming(seen, move |request| {
            let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
            async move {
                let (head, body) = request.into_parts();
                let one = Seen {
                    method: head.method.to_string(),
                    target: head.uri.to_string(),
                    headers: head.headers,
                    body: axum::body::to_bytes(body, usize::MAX).await.unwrap(),
                };
                let mut noted = noted.lock().unwrap();
                noted.push(one.clone());
                answer(noted.len() - 1, &one)
            }
        })
        .await
    }

    /// A server that sends each body back as it comes.
    pub(crate) async fn echo() -> Self {
        Self::streaming(Arc::default(), |request: Request| async move { Response::new(request.into_body()) })
            .await
    }

    async fn streaming<A, F>(seen: Arc<Mutex<Vec<Seen>>>, answer: A) -> Self
    where
        A: Fn(Request) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response> + Send + 'static,
    {
        // Small buffers in the kernel, so that a test of streaming sees what is kept elsewhere.
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        socket.set_send_buffer_size(64 * 1024).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(64).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(answer);
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, seen, task }
    }

    /// Everything that it was asked so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Its URL, by address.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// An answer with a status, headers and a body.
pub(crate) fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Body>) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response.body(body.into()).unwrap()
}
