//! Runs: the durable queue and the history of executions.
//!
//! A run's state changes only in this file. A worker holds a run by a lease: the node's token, the attempt and an end
//! time. Token and attempt are the fence: whoever lost the lease can no longer finish the run, whatever it still does. Only
//! a running run has a token.
//! Nothing is held across the network or a script; a node that dies leaves leases that end, and [`Store::rescue_runs`]
//! puts those runs back.
//!
//! Two topics wake those who wait: [`QUEUED`] when there is something to claim, [`CANCELLED`] when a running one was
//! cancelled.

mod list;
mod reads;

pub use list::{ListedRun, RunCursor, RunsQuery};
pub use reads::FleetReads;

use crate::{
    Store,
    db::{Row, Tx, params},
    error::{Error, Result},
    lanes::{self, Lane},
    notices, syncs,
};
use bespoke_core::{
    id::{ConnectionId, EnvironmentId, FunctionId},
    paths_read::PathsRead,
    run::{Run, RunKind, RunState},
    sync::Counts,
    time::Timestamp,
};
use std::{collections::BTreeMap, time::Duration};
use uuid::Uuid;

/// Woken when a run was queued.
pub const QUEUED: &str = "runs.queued";
/// Woken when a running run was cancelled.
pub const CANCELLED: &str = "runs.cancelled";

/// How often a run is taken up again after its node or its process was lost, before it counts as failed.
pub const MAX_TAKE_UPS: u32 = 8;

const COLUMNS: &str = "id, environment_id, kind, connection_id, function_name, function_id, sync_id, state, run_at, \
     take_ups, attempt, max_attempts, input, output, error, result, metadata_revision, created_at, started_at, finished_at, \
     lane";
/// Where [`COLUMNS`] have the lane.
const LANE: usize = 20;

/// A run to be queued.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its id.
    pub id: Uuid,
    /// The environment that it belongs to.
    pub environment: EnvironmentId,
    /// What it executes.
    pub kind: RunKind,
    /// The connection that it runs for.
    pub connection: ConnectionId,
    /// The function's name.
    pub function_name: String,
    /// The sync that it belongs to; a sync has one active run at most.
    pub sync: Option<Uuid>,
    /// When it may start.
    pub run_at: Timestamp,
    /// How often it may be tried, at least 1.
    pub max_attempts: u32,
    /// What it gets, as JSON text.
    pub input: Option<String>,
    /// Where it waits for others of its connection; a run of a sync has none. Only the queue looks at it.
    pub lane: Option<Lane>,
    /// When it is asked for.
    pub now: Timestamp,
}

/// A run that was executed without being queued, to be kept as history.
#[derive(Clone, Debug)]
pub struct DirectRun {
    /// What a queued run has.
    pub run: NewRun,
    /// The version that ran.
    pub function: FunctionId,
    /// How it ended.
    pub finish: Finish,
    /// The metadata revision that it ran with.
    pub metadata_revision: i64,
    /// When it ended.
    pub finished_at: Timestamp,
}

/// A run that a worker holds.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The run, in state running.
    pub run: Run,
    /// The holder's token.
    pub token: Uuid,
    /// Which take-up this is; with the token it is the fence.
    pub take_up: u32,
    /// The lane that it has a place in.
    lane: Option<String>,
}

/// Proves that a run is still held: what it does counts only while its lease is the one that it was claimed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fence {
    run: Uuid,
    token: Uuid,
    take_up: u32,
}

impl Claim {
    /// The proof that this claim still holds.
    pub fn fence(&self) -> Fence {
        Fence { run: self.run.id, token: self.token, take_up: self.take_up }
    }
}

/// Fails with [`Error::Conflict`] where the run was cancelled or taken over; holds it as it is until the transaction ends.
///
/// Comes before any lock of records: a deleted sync takes its runs along first, and then its records.
pub(crate) fn check_fence(tx: &mut Tx, fence: Fence) -> Result<()> {
    let sql = format!(
        "SELECT id FROM runs WHERE id = $1 AND lease_token = $2 AND take_ups = $3 AND state = 'running'{}",
        tx.for_share()
    );
    match tx.value_opt::<Uuid>(&sql, params![fence.run, fence.token, fence.take_up])? {
        Some(_) => Ok(()),
        None => Err(Error::Conflict("the run".into())),
    }
}

/// How an execution ended.
#[derive(Clone, Debug)]
pub struct Finish {
    /// Succeeded, failed or cancelled; queued puts the run back.
    pub state: RunState,
    /// When it may start again, where it is put back.
    pub run_at: Option<Timestamp>,
    /// Whether this attempt counts: a lost process is not the function's fault.
    pub counts: bool,
    /// What it answered, as JSON text.
    pub output: Option<String>,
    /// Why it failed, as JSON text.
    pub error: Option<String>,
    /// What it did to the records, by model.
    pub result: BTreeMap<String, Counts>,
    /// What became of its checkpoint.
    pub checkpoint: CheckpointRange,
    /// What it read of its configuration; `None` where nothing ran.
    pub reads: Option<PathsRead>,
}

/// A run's checkpoint at its start and at its end, each a JSON object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckpointRange {
    /// What it began with; `None` where there was none, or the run did not ask.
    pub from: Option<String>,
    /// What it left; `None` where it left none.
    pub to: Option<String>,
}

impl CheckpointRange {
    /// As JSON, `{from, to}`; `None` where the run had nothing to do with a checkpoint.
    pub fn to_json(&self) -> Result<Option<serde_json::Value>> {
        if *self == Self::default() {
            return Ok(None);
        }
        let read = |text: &Option<String>| match text {
            Some(text) => {
                serde_json::from_str(text).map_err(|_| Error::Corrupt("a checkpoint is not JSON".to_owned()))
            }
            None => Ok(serde_json::Value::Null),
        };
        Ok(Some(serde_json::json!({ "from": read(&self.from)?, "to": read(&self.to)? })))
    }
}

/// Queues a run. False where its sync has an active run already, or its id is known; then nothing happens.
pub(crate) fn enqueue(tx: &mut Tx, run: &NewRun) -> Result<bool> {
    enqueue_for_event(tx, run, None)
}

/// Queues a run for an event of a provider: the event's id, and which element of it.
pub(crate) fn enqueue_for_event(tx: &mut Tx, run: &NewRun, event: Option<(i64, i64)>) -> Result<bool> {
    let parked = match &run.lane {
        Some(lane) => !lanes::has_room(tx, run.connection, lane, run.now)?,
        None => false,
    };
    let inserted = tx.execute(
        "INSERT INTO runs (id, environment_id, kind, connection_id, integration_id, function_name, sync_id, state, run_at,
                           take_ups, attempt, max_attempts, input, created_at, lane, lane_width, parked, event_id,
                           event_item)
         VALUES ($1, $2, $3, $4, (SELECT integration_id FROM connections WHERE id = $4), $5, $6, 'queued', $7, 0, 0, $8, $9,
                 $10, $11, $12, $13, $14, $15)
         ON CONFLICT DO NOTHING",
        params![
            run.id,
            run.environment,
            run.kind.as_str(),
            run.connection,
            &run.function_name,
            run.sync,
            run.run_at,
            run.max_attempts,
            run.input.as_deref(),
            run.now,
            run.lane.as_ref().map(|lane| lane.name.as_str()),
            run.lane.as_ref().map_or(1, |lane| lane.width),
            parked,
            event.map(|(id, _)| id),
            event.map(|(_, item)| item)
        ],
    )?;
    if inserted > 0 {
        tx.wake(QUEUED);
    }
    Ok(inserted > 0)
}

/// The run of a sync that is queued or goes on.
pub(crate) fn active_of_sync(tx: &mut Tx, sync: Uuid) -> Result<Option<(Uuid, RunState)>> {
    let sql = "SELECT id, state FROM runs WHERE sync_id = $1 AND state IN ('queued', 'running')";
    tx.query_opt(sql, params![sync], |row| Ok((row.get(0)?, word(row.get(1)?)?)))
}

/// Cancels the active run of a sync, if there is one. A running one is stopped by its node as soon as it hears of it.
pub(crate) fn cancel_for_sync(tx: &mut Tx, sync: Uuid, now: Timestamp) -> Result<bool> {
    // Runs of syncs are in no lane.
    cancel(tx, "sync_id", sync, now)
}

/// Cancels the active run whose `column` has this value.
fn cancel(tx: &mut Tx, column: &str, value: Uuid, now: Timestamp) -> Result<bool> {
    let sql = format!(
        "UPDATE runs SET state = 'cancelled', finished_at = $2, lease_token = NULL, leased_until = NULL
         WHERE {column} = $1 AND state IN ('queued', 'running')"
    );
    let cancelled = tx.execute(&sql, params![value, now])?;
    if cancelled > 0 {
        tx.wake(CANCELLED);
    }
    Ok(cancelled > 0)
}

/// Keeps runs that were executed without being queued.
pub(crate) fn record(tx: &mut Tx, runs: &[DirectRun]) -> Result<()> {
    for DirectRun { run, function, finish, metadata_revision, finished_at } in runs {
        tx.execute(
            "INSERT INTO runs (id, environment_id, kind, connection_id, integration_id, function_name, function_id,
                               state, run_at, take_ups, attempt, max_attempts, error, result,
                               metadata_revision, created_at, started_at, finished_at, paths_read)
             SELECT $1, $2, $3, id, integration_id, $5, $6, $7, $8, 1, 1, 1, $9, $10, $11, $8, $8, $12, $13
             FROM connections WHERE id = $4",
            params![
                run.id,
                run.environment,
                run.kind.as_str(),
                run.connection,
                &run.function_name,
                *function,
                finish.state.as_str(),
                run.now,
                finish.error.as_deref(),
                to_json(&finish.result)?,
                *metadata_revision,
                *finished_at,
                reads::text(finish)?
            ],
        )?;
    }
    Ok(())
}

impl Store {
    /// Queues a run. False where its sync has an active run already.
    pub async fn enqueue_run(&self, run: NewRun) -> Result<bool> {
        self.db.write(move |tx| enqueue(tx, &run)).await
    }

    /// Takes up to `limit` due runs for the holder of `token`, oldest first, until `lease` has passed.
    ///
    /// A run is given to one caller only.
    pub async fn claim_runs(&self, token: Uuid, limit: u32, lease: Duration) -> Result<Vec<Claim>> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let due = tx.one_of(&format!(
                    "SELECT id FROM runs WHERE state = 'queued' AND NOT parked AND run_at <= $3
                     ORDER BY run_at, id LIMIT $4{}",
                    tx.skip_locked()
                ));
                let sql = format!(
                    "UPDATE runs SET state = 'running', take_ups = take_ups + 1, lease_token = $1, leased_until = $2,
                                     started_at = $3
                     WHERE id {due} RETURNING {COLUMNS}"
                );
                let mut claims =
                    tx.query(&sql, params![token, now.after(lease), now, limit], |row| read_claim(row, token))?;
                claims.sort_by_key(|claim| (claim.run.run_at, claim.run.id));
                Ok(claims)
            })
            .await
    }

    /// When the next queued run may start; `None` where nothing is queued.
    pub async fn next_run_at(&self) -> Result<Option<Timestamp>> {
        self.db
            .read(|tx| {
                tx.value_opt(
                    "SELECT run_at FROM runs WHERE state = 'queued' AND NOT parked ORDER BY run_at, id LIMIT 1",
                    &[],
                )
            })
            .await
    }

    /// Extends the leases of everything that the holder of `token` runs, and tells which runs those are: what it
    /// executes besides was cancelled or taken over, and is to be stopped.
    pub async fn extend_leases(&self, token: Uuid, lease: Duration) -> Result<Vec<Uuid>> {
        let until = self.now().after(lease);
        self.db
            .write(move |tx| {
                tx.query(
                    "UPDATE runs SET leased_until = $2 WHERE state = 'running' AND lease_token = $1 RETURNING id",
                    params![token, until],
                    |row| row.get(0),
                )
            })
            .await
    }

    /// Ends an execution. False where the lease was lost: then nothing is written.
    ///
    /// The sync's next slot is set in the same transaction.
    pub async fn finish_run(&self, claim: &Claim, finish: Finish) -> Result<bool> {
        let (now, claim) = (self.now(), claim.clone());
        self.db.write(move |tx| finish_claimed(tx, &claim, &finish, now)).await
    }

    /// Cancels a queued or running run; what waited for it goes on. A running one is stopped by its node as soon as it hears
    /// of it. False where there is no such run, or it has ended.
    pub async fn cancel_run(&self, environment: EnvironmentId, id: Uuid) -> Result<bool> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let found = tx.query_opt(
                    "SELECT connection_id, sync_id, lane FROM runs WHERE id = $2 AND environment_id = $1",
                    params![environment, id],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
                )?;
                let Some((connection, sync, lane)): Option<Held> = found else { return Ok(false) };
                lock(tx, connection, sync, lane.as_deref())?;
                if !cancel(tx, "id", id, now)? {
                    return Ok(false);
                }
                if let Some(lane) = lane {
                    lanes::admit(tx, &lane, now)?;
                }
                if let Some(sync) = sync {
                    syncs::run_finished(tx, sync, now, RunState::Cancelled, now)?;
                }
                Ok(true)
            })
            .await
    }

    /// Notes which version and which metadata revision a claimed run executes.
    pub async fn begin_run(&self, claim: &Claim, function: FunctionId, metadata_revision: i64) -> Result<()> {
        let (id, token, take_up) = (claim.run.id, claim.token, claim.take_up);
        self.db
            .write(move |tx| {
                tx.execute(
                    "UPDATE runs SET function_id = $4, metadata_revision = $5
                     WHERE id = $1 AND lease_token = $2 AND take_ups = $3",
                    params![id, token, take_up, function, metadata_revision],
                )?;
                Ok(())
            })
            .await
    }

    /// Ends every lease. Only for a database of which the caller is the only user.
    pub async fn expire_leases(&self) -> Result<()> {
        let past = self.now().before(Duration::from_secs(1));
        self.db
            .write(move |tx| {
                tx.execute(
                    "UPDATE runs SET leased_until = $1 WHERE state = 'running' AND leased_until > $1",
                    params![past],
                )?;
                tx.execute(
                    "UPDATE lane_guests SET leased_until = $1 WHERE leased_until > $1",
                    params![past],
                )?;
                tx.execute(
                    "UPDATE connection_trials SET leased_until = $1 WHERE leased_until > $1",
                    params![past],
                )?;
                Ok(())
            })
            .await
    }

    /// Puts back what a node held that stopped answering. Those that were taken up [`MAX_TAKE_UPS`] times fail with the
    /// JSON text `lost`. How many it were.
    pub async fn rescue_runs(&self, lost: String) -> Result<usize> {
        let now = self.now();
        self.db
            .write(move |tx| {
                let sql = format!(
                    "SELECT {COLUMNS}, lease_token FROM runs WHERE state = 'running' AND leased_until < $1
                     ORDER BY leased_until LIMIT 100{}",
                    tx.skip_locked()
                );
                let mut claims = tx.query(&sql, params![now], |row| read_claim(row, row.get(LANE + 1)?))?;
                // In one order, because each may lock its connection.
                claims.sort_by_key(|claim| claim.run.connection);
                for claim in &claims {
                    let finish = if claim.take_up >= MAX_TAKE_UPS {
                        Finish::failed(lost.clone())
                    } else {
                        Finish::again(now)
                    };
                    finish_claimed(tx, claim, &finish, now)?;
                }
                Ok(claims.len())
            })
            .await
    }

    /// The run with this id.
    pub async fn run(&self, environment: EnvironmentId, id: Uuid) -> Result<Option<Run>> {
        self.db
            .look_up(move |tx| {
                tx.query_opt(
                    &format!("SELECT {COLUMNS} FROM runs WHERE id = $2 AND environment_id = $1"),
                    params![environment, id],
                    read,
                )
            })
            .await
    }

    /// What the run of this id did to its checkpoint.
    pub async fn checkpoint_of_run(&self, environment: EnvironmentId, id: Uuid) -> Result<CheckpointRange> {
        self.db
            .read(move |tx| {
                let range = tx.query_opt(
                    "SELECT checkpoint_from, checkpoint_to FROM runs WHERE id = $2 AND environment_id = $1",
                    params![environment, id],
                    |row| Ok(CheckpointRange { from: row.get(0)?, to: row.get(1)? }),
                )?;
                Ok(range.unwrap_or_default())
            })
            .await
    }

    /// Deletes ended runs older than `keep`, a thousand at a time. How many it were.
    pub async fn prune_runs(&self, keep: Duration) -> Result<u64> {
        let before = self.now().before(keep);
        self.db
            .write(move |tx| {
                let old =
                    tx.one_of("SELECT id FROM runs WHERE finished_at < $1 ORDER BY finished_at LIMIT 1000");
                tx.execute(&format!("DELETE FROM runs WHERE id {old}"), params![before])
            })
            .await
    }
}

impl Finish {
    /// It succeeded.
    pub fn succeeded(output: Option<String>, result: BTreeMap<String, Counts>) -> Self {
        Self {
            state: RunState::Succeeded,
            run_at: None,
            counts: true,
            output,
            error: None,
            result,
            checkpoint: CheckpointRange::default(),
            reads: None,
        }
    }

    /// It failed, with the failure as JSON text.
    pub fn failed(error: String) -> Self {
        Self {
            state: RunState::Failed,
            run_at: None,
            counts: true,
            output: None,
            error: Some(error),
            result: BTreeMap::new(),
            checkpoint: CheckpointRange::default(),
            reads: None,
        }
    }

    /// It is put back without the attempt being counted.
    pub fn again(run_at: Timestamp) -> Self {
        Self {
            state: RunState::Queued,
            run_at: Some(run_at),
            counts: false,
            output: None,
            error: None,
            result: BTreeMap::new(),
            checkpoint: CheckpointRange::default(),
            reads: None,
        }
    }
}

/// What a run may hold up: the connection that its lane is of, its sync, its lane.
type Held = (ConnectionId, Option<Uuid>, Option<String>);

/// Locks what a run that ends holds up, before the run itself and always in this order.
fn lock(tx: &mut Tx, connection: ConnectionId, sync: Option<Uuid>, lane: Option<&str>) -> Result<()> {
    if lane.is_some() {
        lanes::lock(tx, connection)?;
    }
    match sync {
        Some(sync) => syncs::lock(tx, sync),
        None => Ok(()),
    }
}

fn finish_claimed(tx: &mut Tx, claim: &Claim, finish: &Finish, now: Timestamp) -> Result<bool> {
    let finished_at = finish.state.is_final().then_some(now);
    lock(tx, claim.run.connection, claim.run.sync, claim.lane.as_deref())?;
    let changed = tx.execute(
        "UPDATE runs SET state = $4, run_at = coalesce($5, run_at), attempt = attempt + $6, output = $7, error = $8,
                         result = $9, finished_at = $10, lease_token = NULL, leased_until = NULL,
                         checkpoint_from = $11, checkpoint_to = $12, paths_read = $13
         WHERE id = $1 AND lease_token = $2 AND take_ups = $3",
        params![
            claim.run.id,
            claim.token,
            claim.take_up,
            finish.state.as_str(),
            finish.run_at,
            i64::from(finish.counts),
            finish.output.as_deref(),
            finish.error.as_deref(),
            to_json(&finish.result)?,
            finished_at,
            finish.checkpoint.from.as_deref(),
            finish.checkpoint.to.as_deref(),
            reads::text(finish)?
        ],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    if finish.state == RunState::Queued {
        tx.wake(QUEUED);
    }
    if finished_at.is_some() {
        notices::run_ended(tx, &claim.run, finish, now)?;
    }
    if let (Some(lane), Some(_)) = (&claim.lane, finished_at) {
        lanes::admit(tx, lane, now)?;
    }
    if let (Some(sync), Some(_)) = (claim.run.sync, finished_at) {
        let started_at = claim.run.started_at.unwrap_or(now);
        syncs::run_finished(tx, sync, started_at, finish.state, now)?;
    }
    Ok(true)
}

fn read_claim(row: &Row<'_>, token: Uuid) -> Result<Claim> {
    let take_up = row.get::<i64>(9)?.try_into().unwrap_or(u32::MAX);
    Ok(Claim { run: read(row)?, token, take_up, lane: row.get(LANE)? })
}

/// Reads a run from [`COLUMNS`].
fn read(row: &Row<'_>) -> Result<Run> {
    let small = |index| row.get::<i64>(index).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    Ok(Run {
        id: row.get(0)?,
        environment: row.get(1)?,
        kind: word(row.get(2)?)?,
        connection: row.get(3)?,
        function_name: row.get(4)?,
        function: row.get(5)?,
        sync: row.get(6)?,
        state: word(row.get(7)?)?,
        run_at: row.get(8)?,
        attempt: small(10)?,
        max_attempts: small(11)?,
        input: row.get(12)?,
        output: row.get(13)?,
        error: row.get(14)?,
        result: read_result(row, 15)?,
        metadata_revision: row.get(16)?,
        created_at: row.get(17)?,
        started_at: row.get(18)?,
        finished_at: row.get(19)?,
    })
}

/// Reads the counts by model from a `result` column.
pub(crate) fn read_result(row: &Row<'_>, index: usize) -> Result<BTreeMap<String, Counts>> {
    match row.get::<Option<&str>>(index)? {
        None => Ok(BTreeMap::new()),
        Some(_) => row.json(index),
    }
}

fn word<T: std::str::FromStr>(text: &str) -> Result<T> {
    text.parse().map_err(|_| Error::Corrupt(format!("a run is `{text}`")))
}

fn to_json(result: &BTreeMap<String, Counts>) -> Result<String> {
    serde_json::to_string(result).map_err(|_| Error::failed("counts are not JSON"))
}
