//! How many actions go on at once for a connection.
//!
//! Queued actions of a connection go on one after the other, in the order in which they were asked for. An action that
//! declares `limits.concurrency` has a lane of its own instead, in which those whose callers wait count too.

use crate::{Engine, Error, Failure, Result, error::chain};
use bespoke_core::{function::Definition, id::ConnectionId};
use bespoke_store::{FREED, Lane};
use serde_json::json;
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use uuid::Uuid;

/// Wake-ups are hints; a lane is looked at this often all the same.
const POLL: Duration = Duration::from_secs(1);

/// Places that this node holds for callers who wait.
#[derive(Default)]
pub(crate) struct Guests(Mutex<HashSet<Uuid>>);

impl Guests {
    fn all(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in a lane; dropping it gives it back.
pub(crate) struct Place {
    engine: Arc<Engine>,
    run: Uuid,
    is_held: bool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_held {
            return;
        }
        self.engine.guests.all().remove(&self.run);
        let (engine, run) = (Arc::clone(&self.engine), self.run);
        // Without a runtime the server is gone, and the place with its lease.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let leave = async move {
                if let Err(error) = engine.store.leave_lane(run).await {
                    tracing::error!(run = %run, error = chain(&error), "a place in a lane was not given back; its lease ends");
                }
            };
            runtime.spawn(self.engine.actions.track_future(leave));
        }
    }
}

/// The lane that a queued action waits in.
pub(crate) fn lane_of_queued(definition: &Definition, connection: ConnectionId) -> Lane {
    let own = definition.limits().concurrency;
    own.map_or_else(
        || Lane::of_connection(connection),
        |width| Lane::of_action(connection, &definition.name, width),
    )
}

impl Engine {
    /// Waits for a place in the lane of an action whose caller waits. `None` where it has none.
    ///
    /// Fails with [`Error::Failed`], `action_script_failure`, where there is none within [`crate::Settings::start_timeout`].
    pub(crate) async fn place(
        self: &Arc<Self>,
        run: Uuid,
        connection: ConnectionId,
        definition: &Definition,
    ) -> Result<Option<Place>> {
        let Some(width) = definition.limits().concurrency else { return Ok(None) };
        let lane = Lane::of_action(connection, &definition.name, width);
        let deadline = tokio::time::Instant::now() + self.settings.start_timeout;
        let mut freed = self.store.listen(FREED);
        loop {
            // Held before it is known: if the caller gives up in between, the place is given back.
            let mut place = Place { engine: Arc::clone(self), run, is_held: true };
            if self.store.enter_lane(run, connection, lane.clone(), self.settings.lease).await? {
                self.guests.all().insert(run);
                return Ok(Some(place));
            }
            place.is_held = false;
            tokio::select! {
                () = freed.woken() => {}
                () = tokio::time::sleep(POLL) => {}
                () = tokio::time::sleep_until(deadline) => {
                    return Err(not_started(width, self.settings.start_timeout));
                }
            }
        }
    }

    /// Keeps the places of callers who wait.
    pub(crate) async fn keep_places(&self) -> Result<()> {
        let runs: Vec<Uuid> = self.guests.all().iter().copied().collect();
        if !runs.is_empty() {
            self.store.stay_in_lanes(runs, self.settings.lease).await?;
        }
        Ok(())
    }
}

fn not_started(width: u32, waited: Duration) -> Error {
    let message = format!(
        "The action did not start within {} seconds: {width} of it at once are allowed for a connection, and others go on.",
        waited.as_secs_f32()
    );
    let payload = serde_json::value::to_raw_value(&json!({ "error": message }));
    Error::Failed(Box::new(Failure {
        code: "action_script_failure".to_owned(),
        status: 500,
        message,
        payload: payload.unwrap_or_else(|_| serde_json::value::RawValue::NULL.to_owned()),
        upstream: None,
        stack: None,
    }))
}
