//! Wake-ups: who waits for work hears of it at once, on this node and on the others.
//!
//! They are hints. A wake-up can be lost (a connection to PostgreSQL that breaks) and can come for nothing, so the truth
//! is what the tables say, looked at again every few seconds. Inside one node none is lost, if the order is kept:
//! **listen first, then look, then wait**. A [`Listener`] remembers what happened since it was made.

use crate::{
    db::Connector,
    error::{Cause, Error, Result},
    vault,
};
use postgres::fallible_iterator::FallibleIterator as _;
use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};
use tokio::sync::watch;

/// Tells the other nodes; `$1` is a JSON list of payloads.
pub(crate) const NOTIFY: &str = "SELECT pg_notify('bespoke', k.value) FROM json_each($1) k";
/// How long the listening thread waits before it looks whether it is still needed.
const PATIENCE: Duration = Duration::from_secs(5);
/// Wait between attempts to connect.
const RETRY: Duration = Duration::from_secs(1);

/// Topics and who listens to them. Clones share them.
#[derive(Clone)]
pub(crate) struct Wakeups(Arc<Shared>);

struct Shared {
    topics: Mutex<HashMap<String, watch::Sender<()>>>,
    /// Where there are other nodes: what they are to be told, and who tells.
    outgoing: Option<Mutex<BTreeSet<String>>>,
    node: String,
}

impl Wakeups {
    /// For one process.
    pub(crate) fn local() -> Self {
        Self(Arc::new(Shared { topics: Mutex::default(), outgoing: None, node: String::new() }))
    }

    /// For many nodes on one PostgreSQL. Starts a thread with a connection of its own, which lives as long as a clone.
    pub(crate) fn shared(connector: Arc<Connector>) -> Result<Self> {
        let shared = Arc::new(Shared {
            topics: Mutex::default(),
            outgoing: Some(Mutex::default()),
            node: vault::hex(vault::random::<8>()?),
        });
        let weak = Arc::downgrade(&shared);
        thread::Builder::new()
            .name("store-listener".to_owned())
            .spawn(move || listen_loop(&connector, &weak))
            .map_err(|error| Error::Unavailable(Cause::new(error)))?;
        Ok(Self(shared))
    }

    /// Listens to `topic` from now on.
    pub(crate) fn listen(&self, topic: &str) -> Listener {
        let mut topics = locked(&self.0.topics);
        // Topics that nobody listens to any more go away when there are many.
        if topics.len() >= 64 && topics.len().is_power_of_two() {
            topics.retain(|_, sender| sender.receiver_count() > 0);
        }
        let sender = topics.entry(topic.to_owned()).or_insert_with(|| watch::Sender::new(()));
        Listener(sender.subscribe())
    }

    /// Wakes this node's listeners, and makes a note for the others.
    pub(crate) fn wake(&self, topics: &[String]) {
        if topics.is_empty() {
            return;
        }
        self.wake_here(topics.iter().map(String::as_str));
        if let Some(outgoing) = &self.0.outgoing {
            locked(outgoing).extend(topics.iter().cloned());
        }
    }

    /// What is to be sent by [`NOTIFY`], if there is anything; the caller sends it.
    pub(crate) fn take_outgoing(&self) -> Option<String> {
        let topics = std::mem::take(&mut *locked(self.0.outgoing.as_ref()?));
        if topics.is_empty() {
            return None;
        }
        let payloads: Vec<String> = topics.iter().map(|topic| format!("{}:{topic}", self.0.node)).collect();
        serde_json::to_string(&payloads).ok()
    }

    fn wake_here<'t>(&self, woken: impl Iterator<Item = &'t str>) {
        let topics = locked(&self.0.topics);
        for topic in woken {
            if let Some(sender) = topics.get(topic) {
                sender.send_replace(());
            }
        }
    }

    /// After a gap in the connection anything may have happened.
    fn wake_all(&self) {
        locked(&self.0.topics).values().for_each(|sender| sender.send_replace(()));
    }
}

/// Hears of one topic. See the module for the order of listening and looking.
#[derive(Debug)]
pub struct Listener(watch::Receiver<()>);

impl Listener {
    /// Ends when the topic was woken since this was made or since the last call; any number of wake-ups count as one.
    ///
    /// Does not end where the store is gone. Safe to drop at any time.
    pub async fn woken(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// A panic while the lock is held leaves the map whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen_loop(connector: &Connector, shared: &Weak<Shared>) {
    while let Some(wakeups) = shared.upgrade().map(Wakeups) {
        let result = connector.connect().and_then(|mut client| {
            client.batch_execute("LISTEN bespoke")?;
            wakeups.wake_all();
            drop(wakeups);
            forward(&mut client, shared)
        });
        match result {
            Ok(()) => return,
            Err(error) => {
                tracing::debug!(%error, "listening to the other nodes failed; trying again");
                thread::sleep(RETRY);
            }
        }
    }
}

/// Wakes this node's listeners for what other nodes tell. Ends well when nobody is left to wake.
fn forward(client: &mut postgres::Client, shared: &Weak<Shared>) -> Result<(), postgres::Error> {
    loop {
        let notification = client.notifications().timeout_iter(PATIENCE).next()?;
        let Some(wakeups) = shared.upgrade().map(Wakeups) else { return Ok(()) };
        match notification {
            Some(notification) => {
                let Some((node, topic)) = notification.payload().split_once(':') else { continue };
                if node != wakeups.0.node {
                    wakeups.wake_here(std::iter::once(topic));
                }
            }
            // Silence, or a connection that ended without a word.
            None => client.check_connection()?,
        }
    }
}
