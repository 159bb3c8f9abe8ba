//! The log: every line is found by what it says and where it comes from, none is lost to another of the same moment.

use crate::fixtures::{CRM, World};
use bespoke_core::{
    id::EnvironmentId,
    log::{Level, LogId, LogKind, LogLine, LogOrigin, words},
    time::Clock as _,
};
use bespoke_store::{LogQuery, Order};
use bespoke_testkit::both;
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

impl World {
    fn line(&self, number: i64, message: &str) -> LogLine {
        LogLine {
            id: LogId(LogId::first_at(self.clock.now()).0 + number),
            origin: Arc::new(origin(self.environment, "acme", "contacts")),
            kind: LogKind::Log,
            level: Level::Info,
            status: None,
            message: message.to_owned(),
            meta: None,
        }
    }

    async fn write(&self, lines: Vec<LogLine>) {
        self.store.write_logs(lines, Vec::new()).await.unwrap();
    }

    async fn found(&self, query: LogQuery) -> Vec<String> {
        let lines = self.store.logs(self.environment, query).await.unwrap();
        lines.into_iter().map(|line| line.message).collect()
    }

    async fn search(&self, text: &str) -> Vec<String> {
        self.found(LogQuery { words: words([text]), ..LogQuery::default() }).await
    }
}

fn origin(environment: EnvironmentId, connection: &str, function: &str) -> LogOrigin {
    LogOrigin {
        environment,
        provider_config_key: Some(CRM.to_owned()),
        connection_id: Some(connection.to_owned()),
        function: Some(function.to_owned()),
        run: Some(Uuid::from_u128(7)),
    }
}

both! {
    async fn lines_are_found_by_beginnings_of_their_words(database) {
        let world = World::new(&database).await;
        let mut detailed = world.line(4, "detailed");
        detailed.meta = Some(r#"{"customer_name":"Özlem Çelik","path":["a/b"]}"#.to_owned());
        world.write(vec![
            world.line(1, "Saved 12 contacts of Acme-Corp"),
            world.line(2, "GET https://api.crm.example/v1/contacts?page_size=10"),
            world.line(3, "日本語 is said, \0 and 'quotes' \"too\""),
            detailed,
        ]).await;
        assert_eq!(world.search("contact").await.len(), 2);
        assert_eq!(world.search("CONTACTS acme").await, ["Saved 12 contacts of Acme-Corp"]);
        assert_eq!(world.search("v1/contacts").await, ["GET https://api.crm.example/v1/contacts?page_size=10"]);
        assert_eq!(world.search("日本").await.len(), 1);
        assert_eq!(world.search("quotes'; DROP").await.len(), 0);
        assert_eq!(world.search("özlem customer_name").await, ["detailed"]);
        assert!(world.search("ontacts").await.is_empty(), "the middle of a word is not searched for");
        let mine = LogQuery { words: words(["said"]), connection_id: Some("acme".to_owned()), ..LogQuery::default() };
        assert_eq!(world.found(mine.clone()).await.len(), 1);
        assert!(world.found(LogQuery { connection_id: Some("acme2".to_owned()), ..mine.clone() }).await.is_empty());
        let other = world.store.create_environment("prod", Uuid::from_u128(9)).await.unwrap().id;
        assert!(world.store.logs(other, mine).await.unwrap().is_empty());
        assert!(world.store.logs(other, LogQuery::default()).await.unwrap().is_empty());
    }

    async fn filters_narrow_and_pages_follow_each_other(database) {
        let world = World::new(&database).await;
        let mut lines = Vec::new();
        for number in 0..200_i64 {
            let mut line = world.line(number, &format!("line {number}"));
            let connection = if number % 2 == 0 { "acme" } else { "other one" };
            line.origin = Arc::new(origin(world.environment, connection, "contacts"));
            line.level = if number % 10 == 0 { Level::Error } else { Level::Info };
            line.kind = if number % 4 == 0 { LogKind::Http } else { LogKind::Log };
            line.status = (number % 4 == 0).then_some(if number % 10 == 0 { 404 } else { 200 });
            lines.push(line);
        }
        world.write(lines.clone()).await;
        let count = async |query: LogQuery| world.found(LogQuery { limit: 1_000, ..query }).await.len();
        let all = LogQuery::default();
        assert_eq!(count(LogQuery { connection_id: Some("other one".to_owned()), ..all.clone() }).await, 100);
        assert_eq!(count(LogQuery { level: Some(Level::Warn), ..all.clone() }).await, 20);
        assert_eq!(count(LogQuery { status: Some(400..=499), ..all.clone() }).await, 10);
        assert_eq!(count(LogQuery { status: Some(200..=200), ..all.clone() }).await, 40);
        assert_eq!(count(LogQuery { kind: Some(LogKind::Log), ..all.clone() }).await, 150);
        assert_eq!(count(LogQuery { run: Some(Uuid::from_u128(8)), ..all.clone() }).await, 0);
        let mut seen = Vec::new();
        let mut query = LogQuery { limit: 7, ..all.clone() };
        loop {
            let page = world.store.logs(world.environment, query.clone()).await.unwrap();
            let Some(last) = page.last() else { break };
            query.before = last.id;
            seen.extend(page);
        }
        let mut newest_first = lines.clone();
        newest_first.reverse();
        assert_eq!(seen, newest_first);
        let oldest = LogQuery { order: Order::OldestFirst, after: lines[3].id, limit: 2, ..all };
        assert_eq!(world.found(oldest).await, ["line 4", "line 5"]);
    }

    async fn lines_of_one_moment_are_all_kept(database) {
        let world = World::new(&database).await;
        world.write((0..9).map(|number| world.line(number, "one")).collect()).await;
        world.write((4..12).map(|number| world.line(number, "two")).collect()).await;
        assert_eq!((world.search("one").await.len(), world.search("two").await.len()), (9, 8));
    }

    async fn old_lines_and_their_words_go_away(database) {
        let world = World::new(&database).await;
        world.write(vec![world.line(0, "old")]).await;
        world.clock.advance(Duration::from_secs(3_600));
        world.write(vec![world.line(0, "young")]).await;
        assert_eq!(world.store.prune_logs(Duration::from_secs(3_599)).await.unwrap(), 1);
        assert_eq!(world.store.prune_logs(Duration::from_secs(3_599)).await.unwrap(), 0);
        assert_eq!(world.found(LogQuery::default()).await, ["young"]);
        assert!(world.search("old").await.is_empty());
        assert_eq!(world.search("young").await, ["young"]);
    }
}

#[test]
fn the_databases_know_the_same_kinds_and_levels() {
    let check = |column: &str, words: Vec<&str>| {
        let list = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(", ");
        format!("CHECK ({column} IN ({list}))")
    };
    for ddl in [
        include_str!("../../migrations/sqlite/0011_logs.sql"),
        include_str!("../../migrations/postgres/0011_logs.sql"),
    ] {
        assert!(ddl.contains(&check("kind", LogKind::ALL.iter().map(|kind| kind.as_str()).collect())));
        assert!(ddl.contains(&check("level", Level::ALL.iter().map(|level| level.as_str()).collect())));
    }
}
