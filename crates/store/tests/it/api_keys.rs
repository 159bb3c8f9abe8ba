//! API keys.

use bespoke_core::{
    environment::{ApiKey, Environment},
    id::{ApiKeyId, EnvironmentId},
    time::{Clock as _, Timestamp},
};
use bespoke_store::{Error, NewApiKey, Store};
use bespoke_testkit::{both, clock::ManualClock};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

fn key(number: u8) -> NewApiKey {
    NewApiKey {
        display_name: format!("key {number}"),
        hash: [number; 32],
        scopes: vec!["environment:*".to_owned(), "environment:proxy".to_owned()],
        expires_at: None,
    }
}

async fn with_environment(store: &Store) -> Environment {
    store.create_environment("dev", Uuid::from_u128(1)).await.unwrap()
}

both! {
    async fn a_key_opens_its_environment_until_it_is_revoked(database) {
        let clock = ManualClock::default();
        let store = database.store_at(Arc::new(clock.clone())).await;
        let environment = with_environment(&store).await;
        let made = store.create_api_key(environment.id, key(1)).await.unwrap();
        let expected = ApiKey {
            id: made.id,
            environment: environment.id,
            display_name: "key 1".to_owned(),
            scopes: key(1).scopes,
            created_at: clock.now(),
            last_used_at: None,
            revoked_at: None,
            expires_at: None,
        };
        assert_eq!(made, expected);
        assert_eq!(store.api_key_by_hash([1; 32]).await.unwrap(), Some((made.clone(), environment.clone())));
        assert_eq!(store.api_key_by_hash([2; 32]).await.unwrap(), None);

        clock.advance(Duration::from_secs(1));
        assert!(!store.revoke_api_key(EnvironmentId(made.environment.0 + 1), made.id).await.unwrap());
        assert!(store.revoke_api_key(environment.id, made.id).await.unwrap());
        assert!(!store.revoke_api_key(environment.id, made.id).await.unwrap(), "once");
        assert_eq!(store.api_key_by_hash([1; 32]).await.unwrap(), None);
        assert_eq!(
            store.api_keys(environment.id).await.unwrap(),
            [ApiKey { revoked_at: Some(clock.now()), ..expected }]
        );
    }

    async fn a_hash_is_stored_once_and_needs_an_environment(database) {
        let store = database.store().await;
        let environment = with_environment(&store).await;
        store.create_api_key(environment.id, key(1)).await.unwrap();
        let twice = store.create_api_key(environment.id, key(1)).await;
        assert!(matches!(twice, Err(Error::Conflict(_))), "{twice:?}");
        let nowhere = store.create_api_key(EnvironmentId(999), key(2)).await;
        assert!(matches!(nowhere, Err(Error::NotFound(_))), "{nowhere:?}");
    }

    async fn the_last_use_only_moves_forward(database) {
        let store = database.store().await;
        let environment = with_environment(&store).await;
        let id = store.create_api_key(environment.id, key(1)).await.unwrap().id;
        store.touch_api_keys(vec![(id, Timestamp(50)), (ApiKeyId(999), Timestamp(50))]).await.unwrap();
        store.touch_api_keys(vec![(id, Timestamp(40))]).await.unwrap();
        assert_eq!(store.api_keys(environment.id).await.unwrap()[0].last_used_at, Some(Timestamp(50)));
    }
}
