//! The handle itself, on both databases.

use super::*;
use bespoke_core::{id::EnvironmentId, time::Timestamp};
use bespoke_testkit::{both, database::Database};
use std::time::Duration;
use tokio::{task::JoinSet, time::timeout};
use uuid::Uuid;

/// Long for a machine under load, short for a person.
const SOON: Duration = Duration::from_secs(20);

fn open(database: &Database) -> Db {
    Db::open(&database.url().parse().unwrap()).unwrap()
}

/// A database with a table `t (id, text)`.
async fn with_table(database: &Database) -> Db {
    let db = open(database);
    db.write(|tx| tx.batch("CREATE TABLE t (id BIGINT PRIMARY KEY, text TEXT)")).await.unwrap();
    db
}

fn insert(tx: &mut Tx, id: i64) -> Result<u64> {
    tx.execute("INSERT INTO t (id, text) VALUES ($1, $2)", params![id, format!("row {id}")])
}

async fn ids(db: &Db) -> Vec<i64> {
    db.read(|tx| tx.query("SELECT id FROM t ORDER BY id", &[], |row| row.get(0))).await.unwrap()
}

both! {
    async fn one_of_many_failing_closures_takes_back_only_its_own(database) {
        let db = with_table(&database).await;
        let mut calls = JoinSet::new();
        for id in 0..200 {
            let db = db.clone();
            calls.spawn(async move {
                let result = db.write(move |tx| {
                    insert(tx, id)?;
                    assert!(id != 100, "a closure that panics");
                    if id == 50 { Err(Error::NotFound("fifty")) } else { Ok(()) }
                }).await;
                (id, result)
            });
        }
        for (id, result) in calls.join_all().await {
            match id {
                50 => assert!(matches!(result, Err(Error::NotFound("fifty")))),
                100 => assert!(matches!(result, Err(Error::Failed(_)))),
                _ => result.unwrap(),
            }
        }
        assert_eq!(ids(&db).await, (0..200).filter(|id| ![50, 100].contains(id)).collect::<Vec<_>>());
    }

    async fn a_thousand_writes_at_once_lose_nothing(database) {
        let db = with_table(&database).await;
        db.write(|tx| tx.execute("INSERT INTO t (id, text) VALUES (0, '')", &[])).await.unwrap();
        let mut calls = JoinSet::new();
        for _ in 0..1_000 {
            let db = db.clone();
            calls.spawn(async move {
                db.write(|tx| tx.execute("UPDATE t SET text = text || $1 WHERE id = 0", params!["x"])).await
            });
        }
        for result in calls.join_all().await {
            assert_eq!(result.unwrap(), 1);
        }
        let length: i64 = db.read(|tx| {
            tx.query_one("SELECT length(text) FROM t", &[], |row| row.get(0))
        }).await.unwrap();
        assert_eq!(length, 1_000);
    }

    async fn a_read_sees_what_was_committed_before_it(database) {
        let db = with_table(&database).await;
        for id in 0..100_i64 {
            db.write(move |tx| insert(tx, id)).await.unwrap();
            let found: Option<i64> = db
                .read(move |tx| tx.value_opt("SELECT id FROM t WHERE id = $1", params![id]))
                .await
                .unwrap();
            assert_eq!(found, Some(id));
        }
    }

    async fn an_error_rolls_back_and_a_panic_leaves_the_thread_alive(database) {
        let db = with_table(&database).await;
        for _ in 0..20 {
            let refused = db.write(|tx| {
                insert(tx, 1)?;
                Err::<(), _>(Error::NotFound("it"))
            }).await;
            assert!(matches!(refused, Err(Error::NotFound("it"))));
            let panicked = db.write(|tx| {
                insert(tx, 2)?;
                panic!("on purpose") as Result<()>
            }).await;
            assert!(matches!(&panicked, Err(Error::Failed(cause)) if cause.to_string().contains("on purpose")));
            assert!(db.read(|_| panic!("in a read") as Result<()>).await.is_err());
        }
        assert!(ids(&db).await.is_empty());
        db.write(|tx| insert(tx, 3)).await.unwrap();
        assert_eq!(ids(&db).await, [3]);
    }

    async fn a_failed_statement_spoils_its_transaction(database) {
        let db = with_table(&database).await;
        db.write(|tx| insert(tx, 1)).await.unwrap();
        let result = db.write(|tx| {
            insert(tx, 2)?;
            assert!(matches!(insert(tx, 1), Err(Error::Conflict(_))));
            assert!(matches!(insert(tx, 3), Err(Error::Failed(_))), "nothing goes on after it");
            Ok(())
        }).await;
        assert!(matches!(result, Err(Error::Failed(_))));
        assert_eq!(ids(&db).await, [1]);
    }

    async fn a_commit_that_fails_is_told_and_keeps_nothing(database) {
        let db = with_table(&database).await;
        db.write(|tx| tx.batch(
            "CREATE TABLE late (id BIGINT NOT NULL REFERENCES t (id) DEFERRABLE INITIALLY DEFERRED)"
        )).await.unwrap();
        let result = db.write(|tx| {
            insert(tx, 1)?;
            tx.execute("INSERT INTO late (id) VALUES (2)", &[])
        }).await;
        assert!(matches!(result, Err(Error::NotFound(_))), "{result:?}");
        assert!(ids(&db).await.is_empty());
        db.write(|tx| insert(tx, 3)).await.unwrap();
        assert_eq!(ids(&db).await, [3]);
    }

    async fn a_read_changes_nothing(database) {
        let db = with_table(&database).await;
        assert!(matches!(db.read(|tx| insert(tx, 1)).await, Err(Error::Failed(_))));
        assert!(matches!(db.read(|tx| tx.batch("DELETE FROM t")).await, Err(Error::Failed(_))));
        let returning = "INSERT INTO t (id) VALUES (1) RETURNING id";
        assert!(matches!(db.read(|tx| tx.value_opt::<i64>(returning, &[])).await, Err(Error::Failed(_))));
        assert!(ids(&db).await.is_empty());
    }

    async fn errors_are_by_what_the_caller_can_do(database) {
        let db = with_table(&database).await;
        db.write(|tx| {
            tx.batch("CREATE TABLE child (id BIGINT NOT NULL REFERENCES t (id), n BIGINT CHECK (n > 0))")
        }).await.unwrap();
        let run = |sql: &'static str| db.write(move |tx| tx.execute(sql, &[]));
        run("INSERT INTO t (id) VALUES (1)").await.unwrap();
        let named = run("INSERT INTO t (id) VALUES (1)").await.map_err(|error| error.about("the row")).unwrap_err();
        assert_eq!(named.to_string(), "the row exists already or was changed by someone else");
        assert!(matches!(run("INSERT INTO child (id) VALUES (9)").await, Err(Error::NotFound(_))));
        assert!(matches!(run("INSERT INTO child (id, n) VALUES (1, -1)").await, Err(Error::Refused(_))));
        assert!(matches!(run("INSERT INTO child (id) VALUES (NULL)").await, Err(Error::Refused(_))));
        assert!(matches!(run("INSERT INTO nowhere (id) VALUES (1)").await, Err(Error::Failed(_))));
        assert!(matches!(
            db.write(|tx| tx.execute("INSERT INTO t (id) VALUES ($1)", params![1, 2])).await,
            Err(Error::Failed(_))
        ));
    }

    async fn values_come_back_as_they_went_in(database) {
        let db = open(&database);
        let kind = if database.is_postgres() { "BYTEA" } else { "BLOB" };
        db.write(move |tx| {
            tx.batch(&format!(
                "CREATE TABLE v (i BIGINT, small INT, b BOOLEAN, r DOUBLE PRECISION, s TEXT, x {kind})"
            ))
        }).await.unwrap();
        let uuid = Uuid::from_u128(7);
        db.write(move |tx| {
            let sql = "INSERT INTO v (i, small, b, r, s, x) VALUES ($1, $2, $3, $4, $5, $6)";
            tx.execute(sql, params![Timestamp(i64::MAX), 7_u32, true, 1.5, "ü 'quoted' $1", &[0_u8, 255]])?;
            tx.execute(sql, params![EnvironmentId(-1), None::<i64>, false, None::<f64>, uuid, None::<Vec<u8>>])?;
            tx.execute(sql, params![None::<i64>, None::<i64>, None::<bool>, 2.0, Value::json(&["a"])?, Vec::new()])
        }).await.unwrap();
        db.read(move |tx| {
            let mut number = 0;
            tx.for_each("SELECT i, small, b, r, s, x FROM v ORDER BY s DESC", &[], |row| {
                number += 1;
                match number {
                    1 => {
                        assert_eq!(row.get::<Timestamp>(0)?, Timestamp(i64::MAX));
                        assert_eq!((row.get::<u32>(1)?, row.get::<bool>(2)?), (7, true));
                        assert!((row.get::<f64>(3)? - 1.5).abs() < f64::EPSILON);
                        assert_eq!(row.get::<&str>(4)?, "ü 'quoted' $1");
                        assert_eq!(row.get::<[u8; 2]>(5)?, [0, 255]);
                        assert!(matches!(row.get::<i64>(4), Err(Error::Corrupt(_))));
                        assert!(matches!(row.get::<u16>(0), Err(Error::Corrupt(_))));
                    }
                    2 => {
                        assert_eq!(row.json::<Vec<String>>(4)?, ["a"]);
                        assert_eq!(row.get::<Option<i64>>(0)?, None);
                        assert_eq!(row.get::<Vec<u8>>(5)?, Vec::<u8>::new());
                    }
                    _ => {
                        assert_eq!(row.get::<EnvironmentId>(0)?, EnvironmentId(-1));
                        assert_eq!(row.get::<Uuid>(4)?, uuid);
                        assert_eq!((row.get::<Option<u32>>(1)?, row.get::<Option<Vec<u8>>>(5)?), (None, None));
                        assert!(matches!(row.get::<i64>(1), Err(Error::Corrupt(_))));
                    }
                }
                Ok(())
            })?;
            assert_eq!(number, 3);
            Ok(())
        }).await.unwrap();
    }

    async fn many_rows_go_in_and_are_looked_up_in_one_statement(database) {
        let db = with_table(&database).await;
        db.write(|tx| {
            let sql = multi_row("INSERT INTO t (text, id) VALUES ", "($1, ?)", " ON CONFLICT DO NOTHING", 1, 1_000);
            let mut values = vec![Value::from("shared")];
            values.extend((0..1_000_i64).map(Value::from));
            assert_eq!(tx.execute(&sql, &values)?, 1_000);
            assert_eq!(tx.execute(&sql, &values)?, 0);
            Ok(())
        }).await.unwrap();
        let found: Vec<(i64, Option<String>)> = db.read(|tx| {
            tx.query(
                "SELECT CAST(k.value AS BIGINT), (SELECT t.text FROM t WHERE t.id = CAST(k.value AS BIGINT) AND t.text = $2)
                 FROM json_each($1) k",
                params!["[1, 5000, 999]", "shared"],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
        }).await.unwrap();
        assert_eq!(found, [(1, Some("shared".into())), (5000, None), (999, Some("shared".into()))]);
    }

    async fn one_row_is_taken_by_one_transaction(database) {
        let db = with_table(&database).await;
        db.write(|tx| (0..50).try_for_each(|id| insert(tx, id).map(drop))).await.unwrap();
        let mut calls = JoinSet::new();
        for _ in 0..20 {
            let db = db.clone();
            calls.spawn(async move {
                db.write(|tx| {
                    let sql = format!(
                        "DELETE FROM t WHERE id IN (SELECT id FROM t ORDER BY id LIMIT $1{}) RETURNING id",
                        tx.skip_locked()
                    );
                    tx.query(&sql, params![5], |row| row.get::<i64>(0))
                }).await.unwrap()
            });
        }
        let mut taken = calls.join_all().await.concat();
        taken.sort_unstable();
        taken.extend(ids(&db).await);
        assert_eq!(taken, (0..50).collect::<Vec<_>>());
    }

    async fn a_wake_up_comes_with_the_commit(database) {
        let db = with_table(&database).await;
        let mut listener = db.wakeups().listen("work");
        let mut other = db.wakeups().listen("other");
        let refused = db.write(|tx| {
            tx.wake("work");
            Err::<(), _>(Error::NotFound("it"))
        }).await;
        assert!(refused.is_err());
        db.write(|tx| { tx.wake("work"); insert(tx, 1) }).await.unwrap();
        db.write(|tx| { tx.wake("work"); insert(tx, 2) }).await.unwrap();
        // Woken before anyone waited: it is remembered, once.
        timeout(SOON, listener.woken()).await.unwrap();
        if !database.is_postgres() {
            // (A new listening connection may wake everything once.)
            assert!(timeout(Duration::from_millis(100), listener.woken()).await.is_err());
            assert!(timeout(Duration::from_millis(1), other.woken()).await.is_err());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_node_is_woken() {
    let Some(database) = Database::postgres().await else { return };
    let (here, there) = (open(&database), open(&database));
    let mut listener = there.wakeups().listen("work");
    // The first one says that the other node listens now.
    timeout(SOON, listener.woken()).await.unwrap();
    for _ in 0..5 {
        here.write(|tx| {
            tx.wake("work");
            Ok(())
        })
        .await
        .unwrap();
        timeout(SOON, listener.woken()).await.unwrap();
    }
    // Its own connection breaks: it comes back and wakes everyone, as something may have been missed.
    database
        .administer("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN bespoke'");
    timeout(SOON, listener.woken()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_is_replaced() {
    let Some(database) = Database::postgres().await else { return };
    let db = with_table(&database).await;
    let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for id in 0..20_i64 {
        // Every worker has a session by the end of the first rounds.
        database.administer(end_all);
        db.write(move |tx| insert(tx, id)).await.unwrap();
        database.administer(end_all);
        assert_eq!(ids(&db).await.len() as i64, id + 1);
        database.administer(end_all);
        let mut seen = 0;
        db.read(move |tx| {
            tx.for_each("SELECT id FROM t", &[], |_| {
                seen += 1;
                Ok(())
            })?;
            assert_eq!(seen, id + 1);
            Ok(())
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_stop_in_the_middle_are_an_error() {
    let Some(database) = Database::postgres().await else { return };
    let db = open(&database);
    let result = db
        .read(|tx| {
            // Enough rows before the end to be delivered first.
            tx.for_each(
                "SELECT CASE WHEN n = 200000 THEN CAST(pg_terminate_backend(pg_backend_pid()) AS TEXT) END
                 FROM generate_series(1, 400000) n",
                &[],
                |_| Ok(()),
            )
        })
        .await;
    assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_lost_inside_a_transaction_keeps_nothing() {
    let Some(database) = Database::postgres().await else { return };
    let db = with_table(&database).await;
    let result = db
        .write(|tx| {
            insert(tx, 1)?;
            tx.query("SELECT pg_terminate_backend(pg_backend_pid())", &[], |_| Ok(()))
        })
        .await;
    assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
    assert!(ids(&db).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_unavailable() {
    let url = "postgres://nobody@127.0.0.1:1/nowhere".parse().unwrap();
    let db = Db::open(&url).unwrap();
    for _ in 0..3 {
        let result = db.read(|tx| tx.query_one("SELECT 1", &[], |_| Ok(()))).await;
        assert!(matches!(result, Err(Error::Unavailable(_))), "{result:?}");
    }
}
