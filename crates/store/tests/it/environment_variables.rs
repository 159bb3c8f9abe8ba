//! Environment variables.

use bespoke_core::{id::EnvironmentId, secret::Secret};
use bespoke_store::{Error, Settings, Store, vault::Key};
use bespoke_testkit::{both, clock::ManualClock};
use std::sync::Arc;
use uuid::Uuid;

async fn environment(store: &Store, number: u128) -> EnvironmentId {
    store.create_environment(&format!("env{number}"), Uuid::from_u128(number)).await.unwrap().id
}

async fn variables(store: &Store, environment: EnvironmentId) -> Vec<(String, String)> {
    let all = store.environment_variables(environment).await.unwrap();
    all.into_iter().map(|(name, value)| (name, value.expose().clone())).collect()
}

both! {
    async fn variables_are_set_replaced_and_removed_in_one_environment(database) {
        let store = database.store().await;
        let (dev, prod) = (environment(&store, 1).await, environment(&store, 2).await);
        store.set_environment_variable(dev, "b", &Secret::from("first")).await.unwrap();
        store.set_environment_variable(dev, "B", &Secret::from("")).await.unwrap();
        store.set_environment_variable(dev, "b", &Secret::from("second ü")).await.unwrap();
        store.set_environment_variable(prod, "b", &Secret::from("other")).await.unwrap();
        let expected = [("B".to_owned(), String::new()), ("b".to_owned(), "second ü".to_owned())];
        assert_eq!(variables(&store, dev).await, expected);
        assert!(store.unset_environment_variable(dev, "b").await.unwrap());
        assert!(!store.unset_environment_variable(dev, "b").await.unwrap());
        assert_eq!(variables(&store, dev).await, expected[..1]);
        assert_eq!(variables(&store, prod).await, [("b".to_owned(), "other".to_owned())]);
        let nowhere = store.set_environment_variable(EnvironmentId(999), "a", &Secret::from("x")).await;
        assert!(matches!(nowhere, Err(Error::NotFound(_))), "{nowhere:?}");
    }

    async fn another_encryption_key_does_not_open_them(database) {
        let store = database.store().await;
        let dev = environment(&store, 1).await;
        store.set_environment_variable(dev, "a", &Secret::from("x")).await.unwrap();
        let with_keys = |keys| Store::open(Settings {
            url: database.url().parse().unwrap(),
            keys,
            clock: Arc::new(ManualClock::default()),
        });
        let foreign = with_keys(vec![Key::new([1; 32])]).await.unwrap();
        assert!(matches!(foreign.environment_variables(dev).await, Err(Error::Corrupt(_))));
        let rotated = with_keys(vec![Key::new([1; 32]), Key::new([7; 32])]).await.unwrap();
        assert_eq!(variables(&rotated, dev).await, [("a".to_owned(), "x".to_owned())]);
        assert!(matches!(with_keys(Vec::new()).await, Err(Error::Refused(_))));
    }
}
