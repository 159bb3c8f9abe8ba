//! The schema.

use bespoke_store::{DatabaseUrl, Error};
use bespoke_testkit::both;
use tokio::join;
use uuid::Uuid;

both! {
    async fn opening_again_keeps_what_is_there(database) {
        let store = database.store().await;
        let dev = store.create_environment("dev", Uuid::from_u128(1)).await.unwrap();
        drop(store);
        let again = database.store().await;
        assert_eq!(again.environments().await.unwrap(), [dev]);
        again.ping().await.unwrap();
    }

    async fn several_nodes_start_at_once_on_an_empty_database(database) {
        if database.is_postgres() {
            database.administer("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        }
        let (one, two, three, four) =
            join!(database.store(), database.store(), database.store(), database.store());
        one.create_environment("dev", Uuid::from_u128(1)).await.unwrap();
        for store in [two, three, four] {
            assert_eq!(store.environments().await.unwrap().len(), 1);
        }
    }

    async fn a_topic_wakes_its_listeners(database) {
        let store = database.store().await;
        let mut listener = store.listen("topic");
        store.notify("topic").await.unwrap();
        listener.woken().await;
    }
}

#[test]
fn a_database_url_is_read_and_never_printed_whole() {
    let read = |text: &str| text.parse::<DatabaseUrl>();
    assert!(matches!(read("sqlite:/a/b.db"), Ok(DatabaseUrl::Sqlite(path)) if path.ends_with("a/b.db")));
    assert!(
        matches!(read("sqlite:///a/b.db"), Ok(DatabaseUrl::Sqlite(path)) if path.to_str() == Some("/a/b.db"))
    );
    let url = read("postgres://user:hunter2@host/db").unwrap();
    assert!(!format!("{url:?}").contains("hunter2"));
    assert!(matches!(read("mysql://host"), Err(Error::Refused(_))));
    assert!(matches!(read("sqlite:"), Err(Error::Refused(_))));
}
